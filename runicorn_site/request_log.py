"""The access log: every request has an id (``X-Request-ID``, in every log line) and one line.

Imported while logging is configured, so nothing here may need Django's apps.
"""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import SimpleLazyObject, empty

from accounts.origin import Origin, client_address, current_origin

GetResponse = Callable[[HttpRequest], HttpResponseBase]

logger = logging.getLogger("runicorn_site.access")
SECRETS = re.compile(
    r"(?P<kept>(?<!\w)rn(?:_|%5f)(?=[\w%-]{16})|\b(?:bearer|basic|token)\s+(?=\S{16})"
    r"|\b(?:sessionid|csrftoken)="
    r"|[?&][\w.-]*(?:token|password|passwd|secret|api_?key)[\w.-]*=)[^\s&;'\",<>]+",
    re.IGNORECASE,
)
"""Tokens wherever they stand, credentials of a header, cookies, and what a query calls a secret."""

current_request_id: ContextVar[str] = ContextVar("current_request_id", default="-")


class LineFormatter(logging.Formatter):
    """Formats a record, its traceback too, and leaves no secret in it."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback if there is one."""
        return without_secrets(super().format(record))


def without_secrets(text: str) -> str:
    """``text`` with every secret in it cut short: who sends one in a URL did not mean to log it."""
    return SECRETS.sub(r"\g<kept>…", text)


class RequestIdFilter(logging.Filter):
    """Gives every log record the id of the request it belongs to, ``-`` outside of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Set ``request_id``; never drops the record.

        Django logs a failure when every middleware is done; then only the record has the request.
        """
        request = getattr(record, "request", None)
        record.request_id = getattr(request, "request_id", current_request_id.get())
        return True


def access_log(get_response: GetResponse) -> GetResponse:
    """Give the request its id, and log one line when it is answered.

    The time is that until the head of the answer; a streamed body comes after it.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        request_id = uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        token = current_request_id.set(request_id)
        origin = current_origin.set(Origin(client_address(request), request_id))
        started = time.perf_counter()
        try:
            response = get_response(request)
            _state_length(response)
            _log_answer(request, response, time.perf_counter() - started)
        finally:
            current_request_id.reset(token)
            current_origin.reset(origin)
        response["X-Request-ID"] = request_id
        return response

    return middleware


def _state_length(response: HttpResponseBase) -> None:
    """Say how long the body is, also of answers that other middleware gave early."""
    if isinstance(response, HttpResponse) and not response.has_header("Content-Length"):
        response["Content-Length"] = str(len(response.content))


def _log_answer(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    logger.info(
        "%s %s status=%d bytes=%s ms=%.1f user=%s from=%s",
        request.method,
        request.get_full_path(),
        response.status_code,
        response.get("Content-Length", "-"),
        seconds * 1000,
        _user_name(request),
        client_address(request) or "-",
    )


def _user_name(request: HttpRequest) -> str:
    """Who asked, or ``-``; never looks the user up, which would cost a query for a log line."""
    user = getattr(request, "user", None)
    is_unknown = isinstance(user, SimpleLazyObject) and user._wrapped is empty  # noqa: SLF001
    if user is None or is_unknown:
        return "-"
    return user.get_username() or "-"
