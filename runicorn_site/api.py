"""How the frame says no: one error body for every route.

Every error under ``/api`` is ``{"detail": text, "code": text}``; field errors add ``errors``.
The domain raises, this module translates, once.
"""

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import DataError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import is_valid_path
from django.utils.cache import patch_vary_headers
from psycopg_pool import PoolTimeout
from rest_framework import exceptions
from rest_framework.views import set_rollback

from accounts.sentences import say
from accounts.web.language import translated
from artifacts.errors import DomainError, StoreUnavailable
from runicorn_site.explaining import explain

logger = logging.getLogger(__name__)

AS_UNICODE = {"ensure_ascii": False}
MISSING_TOKEN = say("The CSRF token is missing or wrong.")
STORE_AWAY = say("The storage is not available; the server's log says why.")


def error_response(
    status: int, detail: str, code: str, headers: Mapping[str, str] | None = None, **extra: Any
) -> JsonResponse:
    """The one error body, as a plain Django response."""
    body = {"detail": detail, "code": code, **extra}
    return JsonResponse(body, status=status, headers=headers, json_dumps_params=AS_UNICODE)


CODES = {
    400: "invalid",
    401: "unauthenticated",
    403: "denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unsupported_media_type",
    429: "throttled",
}


def handle_exception(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Translate what a view raised; None for the unforeseen, which becomes a 500."""
    set_rollback()
    if (refusal := translate_refusal(error)) is not None:
        status, detail, code, headers, extra = refusal
        return error_response(status, detail, code, headers, **extra)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _from_framework(error)
    return None


class Refusal(NamedTuple):
    """What is said of an exception, to machines and to people."""

    status: int
    detail: str
    code: str
    headers: Mapping[str, str] = {}
    extra: Mapping[str, Any] = {}


def translate_refusal(error: Exception) -> Refusal | None:
    """What the domain or the database refused; None: ``error`` is something else."""
    if isinstance(error, StoreUnavailable):
        logger.error("store not available: %s", error.detail)  # names paths: not for clients
        return Refusal(503, STORE_AWAY, error.code)
    if isinstance(error, DomainError):
        return Refusal(error.status, error.detail, error.code, error.headers, error.extra)
    if isinstance(error, OperationalError | PoolTimeout):
        logger.error("database not available: %s", error)
        return Refusal(503, say("The database is busy or away."), "busy", {"Retry-After": "1"})
    if isinstance(error, DataError):  # a NUL in a user name, say, before any check of ours
        return Refusal(400, say("The request holds what no database can."), "invalid")
    return None


def _from_framework(error: exceptions.APIException) -> HttpResponse:
    code = CODES.get(error.status_code, "error")
    if isinstance(error, exceptions.ParseError):
        code = "parse_error"
    if isinstance(error, exceptions.ValidationError):
        errors = dict(_flatten("", error.detail))
        field, messages = next(iter(errors.items()))
        detail = f"{field}: {messages[0]}" if field != "body" else messages[0]
        return error_response(400, detail, code, errors=errors)
    return error_response(error.status_code, str(error.detail), code, _headers(error))


def _flatten(field: str, detail: Any) -> list[tuple[str, list[str]]]:
    """``{"files": {0: {"path": ["…"]}}}`` becomes ``[("files.0.path", ["…"])]``."""
    if isinstance(detail, dict):
        found = []
        for key, value in detail.items():
            name = "" if key == "non_field_errors" else str(key)
            found += _flatten(".".join(part for part in (field, name) if part), value)
        return found
    messages = [detail] if isinstance(detail, str) else list(detail)
    return [(field or "body", [str(message) for message in messages])]


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


def is_api(request: HttpRequest) -> bool:
    """Whether ``request`` is for a machine: its path is ``/api`` or below."""
    return request.path == "/api" or request.path.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's 400 handler."""
    return refuse(request, 400, say("Bad request."), "invalid")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's 403 handler."""
    return refuse(request, 403, say("Not allowed."), "denied")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's 404 handler; a page that somebody asked for with a slash at its end is without."""
    if _is_page_with_slash(request):
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(request.path.rstrip("/") + (f"?{query}" if query else ""))
    return refuse(request, 404, say("No such route: {path}", path=request.path), "not_found")


def _is_page_with_slash(request: HttpRequest) -> bool:
    path = request.path_info
    is_asked = request.method in {"GET", "HEAD"} and path.endswith("/") and not is_api(request)
    # More than one slash at the front would be another host.
    return is_asked and not path.startswith("//") and bool(is_valid_path(path.rstrip("/")))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's 500 handler; the request id leads to the traceback in the log."""
    request_id = getattr(request, "request_id", "unknown")
    return refuse(request, 500, say("Something broke here (request {id}).", id=request_id), "error")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What Django asks for where a form has no CSRF token, or an old one."""
    why = say("The form was refused: {reason}", reason=reason) if reason else MISSING_TOKEN
    return refuse(request, 403, why, "csrf")


def refuse(
    request: HttpRequest,
    status: int,
    detail: str,
    code: str,
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> HttpResponse:
    """The error body for machines, a page for people; for htmx the part of it that it shows."""
    if is_api(request):
        return error_response(status, detail, code, headers, **extra)
    htmx = getattr(request, "htmx", None)
    is_fragment = bool(htmx and not htmx.history_restore_request)
    said = explain(request, status, code, headers or {}, extra)
    context = {
        "status": status, "detail": translated(detail), "code": code, "said": said,
        "is_fragment": is_fragment,
    }  # fmt: skip
    template = "parts/refusal.html" if is_fragment else "error.html"
    answer = render(request, template, context, status=status)
    for name, value in (headers or {}).items():
        answer[name] = value
    patch_vary_headers(answer, ["HX-Request", "HX-History-Restore-Request"])
    return answer
