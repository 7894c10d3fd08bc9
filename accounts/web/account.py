"""``/settings``: who one is here, language and theme; and one's own password."""

from typing import Any, cast

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.access import access_of, teams_seen_by, user_or_none
from accounts.limits import may_try_login, seconds_left
from accounts.models import User
from accounts.services import change_password
from accounts.web.forms import role_name
from accounts.web.pages import send_to_login
from accounts.web.settings import FormPage, SettingsPage
from accounts.web.views import TOO_OFTEN


class Overview(SettingsPage):
    """``/settings``: one's account, roles and teams; language and theme."""

    template_name = "accounts/settings.html"
    tab = "account"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The role everywhere, and that in each team one is in."""
        access = access_of(self.caller)
        mine = teams_seen_by(self.caller).filter(memberships__user=self.caller.pk)
        roles = [(team, role_name(access.role_on(team.pk))) for team in mine.order_by("name")]
        role = role_name(access.role_on(None))
        return super().get_context_data(role=role, team_roles=roles, **kwargs)


@method_decorator(sensitive_post_parameters(), name="dispatch")
class PasswordChange(FormPage):
    """``/settings/password``: another one for oneself; other sessions end."""

    template_name = "accounts/password.html"
    tab = "account"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Only somebody who is logged in has one, in open mode too."""
        if user_or_none(request.user) is None:
            return send_to_login(self.request)
        return super().dispatch(request, *args, **kwargs)

    @property
    def user(self) -> User:
        """Whose password it is."""
        return cast("User", self.caller)

    def make_form(self, data: Any = None) -> Any:
        """Asks for the old one, and twice for the new one."""
        return PasswordChangeForm(self.user, data)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Change it; the old one may be guessed as seldom as at the login."""
        if may_try_login(request):
            return super().post(request, *args, **kwargs)
        context = self.get_context_data(refusal=TOO_OFTEN)
        answer = self.render_to_response(context, status=429)
        answer["Retry-After"] = str(seconds_left())
        return answer

    def save(self, form: Any) -> HttpResponse:
        """Through the service; whoever changed it stays logged in here."""
        password = form.cleaned_data["new_password1"]
        change_password(user=self.user, password=password, changed_by=self.user)
        update_session_auth_hash(self.request, self.user)
        return self.go_on(reverse("settings"), _("Your password is another one now."))
