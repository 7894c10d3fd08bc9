"""API tokens: made and shown once, revoked, never read again."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.admin.base import PortalAdmin, admin_of
from accounts.models import ApiToken
from accounts.roles import Scope
from accounts.tokens import create_token, revoke_token

STATES = {"usable": "usable", "expired": "expired", "revoked": "revoked"}


class StateFilter(admin.SimpleListFilter):
    """By whether it can be used."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The states."""
        return list(STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those in it."""
        is_expired = Q(expires_at__lte=timezone.now())
        states = {
            "usable": Q(revoked_at=None) & (Q(expires_at=None) | ~is_expired),
            "expired": Q(revoked_at=None) & is_expired,
            "revoked": ~Q(revoked_at=None),
        }
        return queryset.filter(states.get(self.value() or "", Q()))


@admin.register(ApiToken)
class TokenAdmin(PortalAdmin):
    """The secret and its hash are on no page; a token that was made stays as it is."""

    may_add = True
    list_display = (
        "name", "user", "hint", "scope", "state", "created_at", "expires_at", "last_used_at",
    )  # fmt: skip
    list_filter = (StateFilter, "scope", "user__is_service")
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "hint")
    ordering = ("-created_at", "-id")
    date_hierarchy = "created_at"
    autocomplete_fields = ("user",)
    actions = ("revoke",)
    fields = (
        "user", "name", "scope", "expires_at", "hint", "created_at", "last_used_at", "revoked_at",
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """For a new one only what can be chosen."""
        return self.fields if obj else ("user", "name", "scope", "expires_at")

    @admin.display
    def state(self, token: ApiToken) -> str:
        """Whether it can be used."""
        if token.revoked_at:
            return "revoked"
        is_over = token.expires_at is not None and token.expires_at <= timezone.now()
        return "expired" if is_over else "usable"

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:  # noqa: FBT001
        """Make it through the service; its text waits on the request for the page that shows it."""
        made, text = create_token(
            user=obj.user, name=obj.name, scope=Scope(obj.scope), expires_at=obj.expires_at,
            created_by=admin_of(request),
        )  # fmt: skip
        obj.pk, obj.hint = made.pk, made.hint
        request.new_token_text = text  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The one page that ever shows it: no message, which would go through a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"The token {obj.name} of {obj.user}",
            "opts": self.opts,
            "text": request.new_token_text,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/new_token.html", context)

    @admin.action(description="Revoke the chosen tokens")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Make them worthless for good."""
        tokens = list(queryset.filter(revoked_at=None).select_related("user"))
        for token in tokens:
            revoke_token(token=token, revoked_by=admin_of(request))
        noun = "token was" if len(tokens) == 1 else "tokens were"
        messages.success(request, f"{len(tokens)} {noun} revoked.")

    def audit_name(self, obj: ApiToken) -> str:
        """As ``tokens.py`` writes it."""
        return f"{obj.user.username}/{obj.name}"
