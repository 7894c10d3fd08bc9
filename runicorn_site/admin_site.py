"""The admin of the portal: who gets in, and its first page."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from accounts.access import may_run_admin_pages, needs_first_admin
from accounts.limits import may_try_login
from accounts.logins import note_refused_login
from accounts.models import AuditEvent, User
from accounts.services import recording_password
from runicorn_site.guessing import count_failure, too_often

RECENT_EVENTS = 12


class AdminLogin(AuthenticationForm):
    """Lets in admins only; no other mark on the account counts."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "These are not the name and the password of an admin.",
    }
    request: HttpRequest

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse whoever is no admin as if the password were wrong: nobody may try them here."""
        if may_run_admin_pages(user):
            return
        note_refused_login(user=user)
        count_failure(self.request, user.get_username())
        raise self.get_invalid_login_error()


class PortalAdminSite(admin.AdminSite):
    """For people whose role everywhere is admin."""

    site_title = site_header = "Runicorn Portal"
    index_title = "Administration"
    index_template = "admin/portal_index.html"
    login_form = AdminLogin

    def has_permission(self, request: HttpRequest) -> bool:
        """The one door: every page asks here."""
        return may_run_admin_pages(request.user)

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Log in, as often as an address may try; while there is no admin, make one first."""
        if request.method != "POST" and needs_first_admin():
            return HttpResponseRedirect(reverse("welcome"))
        if request.method == "POST" and not may_try_login(request):
            return too_often(request)
        return super().login(request, extra_context)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """What there is, and what happened last."""
        events = AuditEvent.objects.order_by("-at", "-id")[:RECENT_EVENTS]
        return super().index(request, {"recent_events": events, **(extra_context or {})})

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """One's own password; the audit log keeps that it is another now."""
        user = User.objects.get(username=request.user.get_username())
        with recording_password(user=user, changed_by=user):
            return super().password_change(request, extra_context)
