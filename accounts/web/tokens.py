"""``/settings/tokens``: made and shown once, listed, revoked."""

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.access import is_admin, user_or_none
from accounts.models import ApiToken, User
from accounts.roles import Scope
from accounts.tokens import (
    create_token,
    every_token,
    family_of,
    find_account,
    find_own_token,
    revoke_token,
    tokens_of,
)
from accounts.web.forms import NewToken
from accounts.web.paging import page_of
from accounts.web.settings import ConfirmPage, FormPage

ALL = "*"
"""In the URL, in place of a name: the tokens of all accounts."""
MAX_SERVICE_ACCOUNTS = 200
MADE = "made_tokens"
"""In the session: form id → id of the token that it made."""
MAX_REMEMBERED = 10


class Tokens(FormPage):
    """One's own tokens; an admin's page can show those of others (``?user=``)."""

    template_name = "accounts/tokens.html"
    tab = "tokens"

    @cached_property
    def whose(self) -> str:
        """The account whose tokens are asked for; empty: one's own."""
        return self.request.GET.get("user", "").replace("\0", "")

    @cached_property
    def service_accounts(self) -> list[str]:
        """For whom an admin may make tokens beside himself."""
        if not is_admin(self.caller):
            return []
        programs = User.objects.filter(is_service=True, is_active=True).order_by("username")
        return list(programs.values_list("username", flat=True)[:MAX_SERVICE_ACCOUNTS])

    def find_tokens(self) -> QuerySet[ApiToken]:
        """Those that the URL asks for. Raises AccessDenied (403)."""
        if self.whose == ALL:
            return every_token(asked_by=self.caller)
        return tokens_of(username=self.whose or None, asked_by=self.caller)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The tokens, newest first, 50 a page."""
        page = page_of(self.find_tokens(), self.request)
        for token in page:
            token.state = state_of(token)
        return super().get_context_data(
            page=page, whose=self.whose, service_accounts=self.service_accounts, **kwargs
        )

    def make_form(self, data: Any = None) -> NewToken:
        """For oneself; an admin's for programs too."""
        chosen = {"for_account": self.whose} if self.whose in self.service_accounts else {}
        return NewToken(data, accounts=self.service_accounts, initial=chosen)

    def save(self, form: NewToken) -> HttpResponse:
        """Make it, or say calmly that this form has made its token: somebody reloaded the page."""
        form_id = form.cleaned_data["form_id"]
        made: dict[str, int] = self.request.session.get(MADE, {})
        if form_id in made:
            return self._show_made(made[form_id])
        token, answer = self._make(form)
        kept = [*made.items(), (form_id, token.pk)] if form_id else made.items()
        self.request.session[MADE] = dict(list(kept)[-MAX_REMEMBERED:])
        return answer

    def _show_made(self, token_id: int) -> HttpResponse:
        token = find_own_token(token_id=token_id, asked_by=self.caller)
        self.template_name = "accounts/token_shown.html"
        return self.render_to_response(super().get_context_data(form=None, token=token))

    @method_decorator(sensitive_variables("text"))
    def _make(self, form: NewToken) -> tuple[ApiToken, HttpResponse]:
        """The token, and the one page that ever shows it.

        No redirect: its text would have to wait somewhere.
        """
        fields = form.cleaned_data
        token, text = create_token(
            user=find_account(username=fields.get("for_account") or None, asked_by=self.caller),
            name=fields["name"],
            scope=Scope(fields["scope"]),
            expires_at=form.expires_at,
            created_by=self.caller,
        )
        context = super().get_context_data(form=form, token=token, text=text)
        self.template_name = "accounts/token_made.html"
        no_store = {"Cache-Control": "no-store"}
        return token, self.render_to_response(context, status=201, headers=no_store)


def state_of(token: ApiToken) -> str:
    """``usable``, ``expired``, ``revoked``, or ``off`` with its account."""
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at is not None and token.expires_at <= timezone.now():
        return "expired"
    return "usable" if token.user.is_active else "off"


class RevokeToken(ConfirmPage):
    """``/settings/tokens/{id}/revoke``. Another's is not there, but for admins."""

    tab = "tokens"

    @cached_property
    def token(self) -> ApiToken:
        """The token. Raises TokenNotFound (404)."""
        return find_own_token(token_id=self.kwargs["token_id"], asked_by=self.caller)

    def question(self) -> dict[str, Any]:
        """What stops to work."""
        family = [one for one in family_of(self.token) if one.revoked_at is None]
        return {
            "title": _("Revoke the token %(name)s?") % {"name": self.token.name},
            "text": _("Programs that use it are let in no more. This cannot be undone."),
            "lines_title": _("What goes"),
            "lines": [f"{one.user.username}/{one}" for one in family],
            "button": _("Revoke"),
            "back": self._list_url(),
        }

    def act(self) -> HttpResponse:
        """Revoke it, and those made with it."""
        revoke_token(token=self.token, revoked_by=self.caller)
        text = _("The token %(name)s is revoked.") % {"name": self.token.name}
        return self.go_on(self._list_url(), text)

    def _list_url(self) -> str:
        own = user_or_none(self.caller)
        is_own = own is not None and own.pk == self.token.user_id
        query = {} if is_own else {"user": self.token.user.username}
        return reverse("tokens", query=query)
