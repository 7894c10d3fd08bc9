"""What every page of the admin has in common: admins may, services decide, one log keeps it.

Whoever gets past the door of the site (``access.may_run_admin_pages``) may do what a class here
offers; Django's own permissions for models count nothing. Django's own log of the admin stays
empty: the audit log has it all, and the button *History* leads there.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.access import may_run_admin_pages
from accounts.errors import DomainError
from accounts.models import User
from accounts.web.language import translated

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
    ModelForm = forms.ModelForm[Any]
else:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline
    ModelForm = forms.ModelForm

EMPTY = "-"
SHOWN_ROWS = 100
"""How many rows of something that may have any number a page shows."""


class Offered:
    """What may be done here: looking at it, and what the class says."""

    may_add = False
    may_change = False
    may_delete = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether it is in the list of what there is."""
        return may_run_admin_pages(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """All can be looked at."""
        return may_run_admin_pages(request.user)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As ``may_add`` says."""
        return self.may_add and may_run_admin_pages(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As ``may_change`` says."""
        return self.may_change and may_run_admin_pages(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """As ``may_delete`` says."""
        return self.may_delete and may_run_admin_pages(request.user)


class PortalInline(Offered, TabularInline):
    """Rows on the page of another."""

    extra = 0


class PortalAdmin(Offered, ModelAdmin):
    """A page of the admin that shows the refusals of services as messages.

    All that one page asks for is one transaction: after a refusal nothing has changed.
    """

    empty_value_display = EMPTY
    show_full_result_count = False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save; back to the same page with the reason where a service refuses."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as refusal:
            messages.error(request, translated(refusal.detail))
            return HttpResponseRedirect(request.get_full_path())

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask, then delete; back to the list with the reason where a service refuses."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except DomainError as refusal:
            messages.error(request, translated(refusal.detail))
            return HttpResponseRedirect(changelist_url(self.model))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What would go too; whether it may is a question for the services alone."""
        going, counts, _, protected = super().get_deleted_objects(objs, request)
        return going, counts, set(), protected

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Those of the class; Django's own would delete many rows past the services."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What the audit log has about it."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            return HttpResponseRedirect(changelist_url(self.model))
        about = {"object_type__exact": self.opts.model_name, "object": self.audit_name(obj)}
        return HttpResponseRedirect(f"{reverse(AUDIT_LOG)}?{urlencode(about)}")

    def audit_name(self, obj: Any) -> str:
        """How the audit log calls ``obj``."""
        return str(obj)

    def construct_change_message(self, *args: Any, **kwargs: Any) -> Any:
        """Nothing: the services write down what changed."""
        return ""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: the services write down what was added."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Nothing: the services write down what changed."""

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Nothing: the services write down what was deleted."""


def admin_of(request: HttpRequest) -> User:
    """The admin who is asking: past the door it can be nobody else."""
    return cast("User", request.user)


AUDIT_LOG = "admin:accounts_auditevent_changelist"


def changelist_url(model: type[Model], **filters: object) -> str:
    """Where the list of ``model`` is, with ``filters``."""
    meta = model._meta  # noqa: SLF001
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return f"{url}?{urlencode(filters)}" if filters else url


def link_to(obj: Model | None, text: str = "") -> SafeString | str:
    """A link to the page of ``obj``; nothing for None."""
    if obj is None:
        return EMPTY
    meta = obj._meta  # noqa: SLF001
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[obj.pk])
    return format_html('<a href="{}">{}</a>', url, text or str(obj))


def links(objects: Iterable[Model], *, total: int) -> SafeString | str:
    """A line for each of ``objects``, and how many more there are."""
    return lines([link_to(obj) for obj in objects], total=total)


def lines(texts: list[Any], *, total: int) -> SafeString | str:
    """``texts`` below each other, and how many more of ``total`` there are."""
    more = [f"and {total - len(texts)} more"] if total > len(texts) else []
    rows = [(text,) for text in [*texts, *more]]
    return format_html_join("", "<div>{}</div>", rows) or EMPTY
