"""How the frame speaks JSON: one error body, one parser, one pagination, for every route.

Every error under ``/api`` is ``{"detail": text, "code": text}``; field errors add ``errors``.
The domain raises, this module translates, once.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any, BinaryIO

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from psycopg_pool import PoolTimeout
from rest_framework import exceptions, pagination
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from artifacts.errors import DomainError, TooLarge

logger = logging.getLogger(__name__)

MAX_JSON_BYTES = 128 << 20
MAX_ROWS = 1 << 31


def error_response(
    status: int, detail: str, code: str, headers: Mapping[str, str] | None = None, **extra: object
) -> JsonResponse:
    """The one error body, as a plain Django response."""
    body = {"detail": detail, "code": code, **extra}
    return JsonResponse(body, status=status, headers=headers, json_dumps_params=AS_UNICODE)


AS_UNICODE = {"ensure_ascii": False}

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
    if isinstance(error, DomainError):
        return error_response(error.status, error.detail, error.code, **error.extra)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return _from_framework(error)
    if isinstance(error, OperationalError | PoolTimeout):
        logger.error("database not available: %s", error)
        return error_response(503, "The database is busy or away.", "busy", {"Retry-After": "1"})
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


def _flatten(field: str, detail: Any) -> list[tuple[str, list[str]]]:  # noqa: ANN401 - DRF's tree
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
    return _error_page(request, 400, "Bad request.", "invalid")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's 403 handler."""
    return _error_page(request, 403, "Not allowed.", "denied")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's 404 handler."""
    return _error_page(request, 404, f"No such route: {request.path}", "not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's 500 handler; the request id leads to the traceback in the log."""
    request_id = getattr(request, "request_id", "unknown")
    return _error_page(request, 500, f"Something broke here (request {request_id}).", "error")


def _error_page(request: HttpRequest, status: int, detail: str, code: str) -> HttpResponse:
    if is_api(request):
        return error_response(status, detail, code)
    return render(request, "error.html", {"status": status, "detail": detail}, status=status)


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 has it: no NaN, no Infinity, no number too large for a float.

    Reads at most ``MAX_JSON_BYTES``; raises TooLarge (413) beyond.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: BinaryIO,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever JSON holds
        """Parse the whole of ``stream``; raises ParseError (400) with where it went wrong."""
        raw = stream.read(MAX_JSON_BYTES + 1)
        if len(raw) > MAX_JSON_BYTES:
            raise TooLarge(f"A JSON body has at most {MAX_JSON_BYTES} bytes.")
        try:
            return json.loads(
                raw.decode(), parse_constant=_refuse_constant, parse_float=_finite_float
            )
        except RecursionError:
            raise exceptions.ParseError("The JSON is nested too deeply.") from None
        except ValueError as error:
            raise exceptions.ParseError(f"The body is not JSON: {error}") from None


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")


def _finite_float(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError(f"the number {text[:40]} is too large")
    return number


class LinkPagination(pagination.LimitOffsetPagination):
    """``?limit=&offset=`` on bare arrays: ``X-Total-Count`` and ``Link``; no limit, everything."""

    default_limit = None

    def paginate_queryset(
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """The rows of the page asked for; all of them without ``limit``."""
        self.request = request
        self.limit = self._positive(request, "limit", minimum=1)
        self.offset = self._positive(request, "offset", minimum=0) or 0
        if self.limit is None:
            rows = list(queryset[self.offset :])
            self.count = len(rows) + self.offset
            return rows
        self.count = queryset.count()
        return list(queryset[self.offset : self.offset + self.limit])

    def _positive(self, request: Request, name: str, *, minimum: int) -> int | None:
        text = request.query_params.get(name, "")
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and minimum <= int(text[:20]) < MAX_ROWS):
            raise exceptions.ValidationError({name: [f"must be a whole number from {minimum}"]})
        return int(text)

    def get_paginated_response(self, data: Any) -> Response:  # noqa: ANN401 - rendered rows
        """The bare array, with the headers that lead on."""
        headers = {"X-Total-Count": str(self.count)}
        links = [f'<{url}>; rel="{rel}"' for rel, url in self._links() if url]
        if links:
            headers["Link"] = ", ".join(links)
        return Response(data, headers=headers)

    def _links(self) -> list[tuple[str, str | None]]:
        if self.limit is None:
            return []
        return [("next", self.get_next_link()), ("prev", self.get_previous_link())]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The body is the array itself."""
        return schema
