"""How somebody likes the pages: kept in cookies, so also for those who have no account."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.generic import View

from accounts.web.returning import is_here

THEMES = ("light", "dark")
THEME_COOKIE = "runicorn_theme"
YEAR_SECONDS = 365 * 24 * 60 * 60


class SetTheme(View):
    """Light, dark, or as the system has it."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep it for a year, and go back to where the reader was."""
        answer = HttpResponseRedirect(_back(request))
        theme = request.POST.get("theme", "")
        if theme in THEMES:
            answer.set_cookie(
                THEME_COOKIE, theme, max_age=YEAR_SECONDS, httponly=True, samesite="Lax",
                secure=request.is_secure(),
            )  # fmt: skip
        else:
            answer.delete_cookie(THEME_COOKIE)
        return answer


def _back(request: HttpRequest) -> str:
    asked = request.POST.get("next", "")
    return asked if is_here(asked, request) else "/"
