"""What every page has in common: who gets in, whole pages and the parts of them that htmx swaps."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.cache import patch_vary_headers
from django.views.generic import TemplateView
from django_htmx.middleware import HtmxDetails

from accounts.access import NO_ROLE, Caller, can_enter, needs_first_admin
from accounts.errors import AccessDenied
from accounts.roles import Role
from accounts.web.returning import back_path


class HtmxRequest(HttpRequest):
    """A request as django-htmx leaves it."""

    htmx: HtmxDetails


class Page(TemplateView):
    """A page for those who may enter; others are sent to the login, and back.

    ``fragment_name``: the template of the part that htmx swaps when it asks for the same URL.
    """

    fragment_name = ""
    request: HtmxRequest

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.request.user

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Let in whom :func:`~accounts.access.can_enter` lets in; AccessDenied without a role."""
        if can_enter(request.user):
            answer = super().dispatch(request, *args, **kwargs)
            patch_vary_headers(answer, ["HX-Request", "HX-History-Restore-Request"])
            return answer
        if not request.user.is_authenticated:
            return send_to_login(self.request)
        if needs_first_admin():
            return redirect("welcome")
        raise AccessDenied(NO_ROLE, needs=Role.VIEWER.label)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show it. What the path named is in ``self.kwargs``, and not in the context by itself."""
        return self.render_to_response(self.get_context_data())

    @property
    def is_fragment(self) -> bool:
        """Whether htmx asks for a part; to restore its history it wants the whole."""
        return bool(self.request.htmx) and not self.request.htmx.history_restore_request

    def get_template_names(self) -> list[str]:
        """The part, where htmx asks for it and there is one."""
        is_part = self.is_fragment and self.fragment_name
        return [self.fragment_name] if is_part else super().get_template_names()


def send_to_login(request: HtmxRequest) -> HttpResponse:
    """To the login, and back; while there is no admin, that leads on to ``/welcome``."""
    if not request.htmx:
        return redirect_to_login(back_path(request))
    back = request.htmx.current_url_abs_path or "/"
    return HttpResponse(status=204, headers={"HX-Redirect": redirect_to_login(back).url})
