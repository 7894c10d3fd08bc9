"""What somebody is told who has guessed passwords too often (django-axes counts them by name)."""

from collections.abc import Mapping
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.limits import seconds_left
from accounts.sentences import say
from runicorn_site.api import refuse

MAX_NAME_CHARACTERS = 255
TOO_OFTEN = say("Too many logins from your address: wait a minute.")
DETAIL = say("Too many failed logins for this name from your address: wait a quarter of an hour.")


def guessed_name(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """The name that somebody wanted to log in with, as far as the column is wide."""
    name = (credentials or {}).get("username") or request.POST.get("username", "")
    return str(name).replace("\0", "")[:MAX_NAME_CHARACTERS]


def locked_out(
    request: HttpRequest, answer: HttpResponse | None = None, credentials: Any = None
) -> HttpResponse:
    """The answer to a login while it is locked, whatever the password."""
    return _wait(request, DETAIL, int(settings.AXES_COOLOFF_TIME.total_seconds()))


def too_often(request: HttpRequest) -> HttpResponse:
    """The answer to one login too many in this minute, for whatever name."""
    return _wait(request, TOO_OFTEN, seconds_left())


def _wait(request: HttpRequest, detail: str, seconds: int) -> HttpResponse:
    return refuse(request, 429, detail, "throttled", {"Retry-After": str(seconds)})


def count_failure(request: HttpRequest, username: str) -> None:
    """Count a login that failed although the password was right."""
    AxesProxyHandler.user_login_failed(
        sender=__name__, credentials={"username": username}, request=request
    )
