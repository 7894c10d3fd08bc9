"""What the frame around every page shows: the places, the theme, who is here."""

from typing import Any

from django.http import HttpRequest

from accounts.access import is_open, may_run_admin_pages
from accounts.web.preferences import THEME_COOKIE, THEMES
from accounts.web.returning import back_path
from runicorn.version import __version__


def frame(request: HttpRequest) -> dict[str, Any]:
    """For ``templates/base.html``; nothing of it asks the database before a page shows it."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "theme": theme if theme in THEMES else "",
        "is_open": is_open(),
        "back_path": lambda: back_path(request),
        "runs_admin_pages": lambda: may_run_admin_pages(request.user),
        "portal_version": __version__,
        "portal_url": lambda: request.build_absolute_uri("/").rstrip("/"),
    }
