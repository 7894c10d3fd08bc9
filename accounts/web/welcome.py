"""``/welcome``: in team mode, while there is no admin, whoever has the setup code becomes the one.

Whoever would be sent to the login is sent here instead. Once there is an admin, and in open mode,
it leads on: to the login, or to the first page.
"""

from typing import Any

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import TemplateView

from accounts.access import is_open, needs_first_admin
from accounts.errors import Conflict
from accounts.limits import may_try_login, seconds_left
from accounts.services import make_first_admin
from accounts.setup import has_setup_code, is_setup_code
from accounts.web.forms import FirstAdmin, show_refusal

BACKEND = "django.contrib.auth.backends.ModelBackend"
TOO_OFTEN = gettext_lazy("Too many tries from your address: wait a minute.")


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class Welcome(TemplateView):
    """Makes the first admin, and logs him in."""

    template_name = "accounts/welcome.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Only while it is needed; who comes later, by an old link or page, is led on."""
        if not needs_first_admin():
            may_enter = is_open() or request.user.is_authenticated
            return HttpResponseRedirect(reverse("home" if may_enter else "login"), status=303)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form, where there is a code to type into it."""
        kwargs.setdefault("form", FirstAdmin())
        return super().get_context_data(has_code=has_setup_code(), **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Make the account; nothing is said of the rest of a form whose code is wrong."""
        if not may_try_login(request):
            answer = self._again(FirstAdmin(), 429, refusal=str(TOO_OFTEN))
            answer["Retry-After"] = str(seconds_left())
            return answer
        form = FirstAdmin(request.POST)
        if not is_setup_code(request.POST.get("code", "")):
            form.errors.clear()
            form.add_error("code", _("This is not the code that the server printed last."))
            return self._again(form, 403)
        return self._make(form) if form.is_valid() else self._again(form, 400)

    def _make(self, form: FirstAdmin) -> HttpResponse:
        try:
            user = make_first_admin(user=form.save(commit=False))
        except Conflict as refusal:
            show_refusal(form, refusal)
            return self._again(form, refusal.status)
        login(self.request, user, BACKEND)
        return HttpResponseRedirect(reverse("home"), status=303)

    def _again(self, form: FirstAdmin, status: int, refusal: str = "") -> HttpResponse:
        context = self.get_context_data(form=form, refusal=refusal)
        return self.render_to_response(context, status=status)
