"""Logging in and out with a password, for the pages; programs have tokens."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.generic import RedirectView

from accounts.access import is_open, needs_first_admin
from accounts.limits import may_try_login, seconds_left

TOO_OFTEN = gettext_lazy("Too many logins from your address: wait a minute.")


class LogIn(LoginView):
    """The form; whoever is logged in already is sent on."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True
    extra_context = {"place": "login"}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form; while there is no admin, the page that makes one comes first."""
        if needs_first_admin():
            return HttpResponseRedirect(reverse("welcome"))
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Log in, as often as an address may try."""
        if may_try_login(request):
            return super().post(request, *args, **kwargs)
        form = AuthenticationForm(request)
        context = self.get_context_data(form=form, refusal=TOO_OFTEN)
        answer = self.render_to_response(context, status=429)
        answer["Retry-After"] = str(seconds_left())
        return answer


class LogOut(LogoutView):
    """Takes a POST alone: a link of another page logs nobody out."""

    next_page = "login"


class Home(RedirectView):
    """The first page: the artifacts, behind the login in team mode."""

    pattern_name = "artifacts"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send on."""
        if not is_open() and not request.user.is_authenticated:
            return HttpResponseRedirect(resolve_url("login"))
        return super().get(request, *args, **kwargs)
