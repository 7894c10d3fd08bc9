"""The log of who did what, for admins: filtered, paged, or as one CSV file."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.access import MayEnter, is_admin_here
from accounts.api.moments import SCHEMA
from accounts.connections import release_connection
from accounts.csv_file import csv_lines
from accounts.filters import AuditFilter
from accounts.models import AuditEvent

Json = dict[str, Any]

FETCHED = 2000
MAX_DIGITS = 18
COLUMNS = (
    "id", "at", "action", "username", "user_id", "token", "address", "request_id", "object_type",
    "object", "team", "before", "after",
)  # fmt: skip
FORMATS = ("json", "csv")


class IsAdmin(BasePermission):
    """Lets in admins; of those who come with a token, only with one of scope admin."""

    message = "This needs the role admin, and of a token the scope admin."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Ask ``is_admin_here`` about the user of ``request``."""
        return is_admin_here(request.user)


class AuditEventOut(serializers.Serializer[Any]):
    """Who did what, when, from where."""

    id = serializers.IntegerField()
    at = serializers.FloatField()
    action = serializers.CharField(help_text="Such as `version.delete`.")
    user = serializers.CharField(allow_null=True, help_text="Null: nobody was logged in.")
    token = serializers.CharField(allow_null=True, help_text="The token's name, if it was one.")
    address = serializers.CharField(allow_null=True)
    request_id = serializers.CharField(help_text="As in `X-Request-ID` and in the server's log.")
    object_type = serializers.CharField()
    object = serializers.CharField(help_text="As `[team/]type/name:v3`.")
    team = serializers.CharField(allow_null=True, help_text="Whose it was; null: everyone's.")
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)


# The class of the body stands above this room.
ERROR = {"$ref": "#/components/schemas/ErrorOut"}
MOMENT = {"oneOf": [*SCHEMA["oneOf"], {"type": "string", "maxLength": 0}]}
ADDRESS = {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}, {"maxLength": 0}]}
FILTERS = [
    OpenApiParameter("user", str, description="By this user."),
    OpenApiParameter("action", str, description="Actions that begin so: `version.`, `user.login`."),
    OpenApiParameter("object", str, description="About this, or a version or an alias of it."),
    OpenApiParameter("object_type", str, description="About such a thing: `version`, `user`."),
    OpenApiParameter("team", str, description="About what was this team's."),
    OpenApiParameter("address", ADDRESS, description="From this IP address."),
    OpenApiParameter("after", MOMENT, description="Epoch seconds or ISO 8601."),
    OpenApiParameter("before", MOMENT, description="Epoch seconds or ISO 8601."),
    OpenApiParameter(
        "format",
        str,
        enum=FORMATS,
        description="`csv`: one file to save, of all of them or as many as `limit` says.",
    ),
]


class AuditLog(GenericAPIView[Any]):
    """The log of who did what."""

    serializer_class = AuditEventOut
    permission_classes = [MayEnter, IsAdmin]

    @extend_schema(
        operation_id="list_audit_events",
        parameters=FILTERS,
        responses={
            (200, "application/json"): AuditEventOut(many=True),
            (200, "text/csv"): str,
            400: OpenApiResponse(ERROR, description="Bad input; `errors` names the field."),
            401: OpenApiResponse(ERROR, description="Log in first (team mode)."),
            403: OpenApiResponse(ERROR, description="Not allowed."),
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Every write and every login, newest first; for admins only."""
        form = request.query_params.get("format", FORMATS[0])
        if form not in FORMATS:
            raise ValidationError({"format": [f"{form!r} is none of {', '.join(FORMATS)}"]})
        rows = filter_events(request)
        if form == "csv":
            return _as_file(rows, _row_limit(request))
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response([audit_item(event) for event in page])


def filter_events(request: Request) -> QuerySet[AuditEvent]:
    """What the query asks for, newest first; ValidationError (400) names a wrong filter."""
    filters = AuditFilter(request.query_params, queryset=AuditEvent.objects.order_by("-id"))
    if not filters.is_valid():
        found = {name: list(map(str, texts)) for name, texts in filters.errors.items()}
        raise ValidationError(found)
    rows: QuerySet[AuditEvent] = filters.qs
    return rows


def audit_item(event: AuditEvent) -> Json:
    """One deed, as ``AuditEventOut`` says."""
    return {
        "id": event.pk,
        "at": event.at.timestamp(),
        "action": event.action,
        "user": event.username or None,
        "token": event.token or None,
        "address": event.address,
        "request_id": event.request_id,
        "object_type": event.object_type,
        "object": event.object,
        "team": event.team or None,
        "before": event.before,
        "after": event.after,
    }


def _row_limit(request: Request) -> int | None:
    """How many rows the file has at most; ValidationError (400) where it should begin later."""
    if "offset" in request.query_params:
        raise ValidationError({"offset": ["a file has none: say `before`, or `format=json`"]})
    text = request.query_params.get("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < len(text) <= MAX_DIGITS and int(text)):
        raise ValidationError({"limit": ["must be a whole number from 1"]})
    return int(text)


def _as_file(rows: QuerySet[AuditEvent], limit: int | None) -> HttpResponseBase:
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    lines = csv_lines(file_rows(rows, limit))
    return StreamingHttpResponse(lines, "text/csv; charset=utf-8", headers=headers)


def file_rows(rows: QuerySet[AuditEvent], limit: int | None = None) -> Iterator[tuple[Any, ...]]:
    """The rows of the file, one by one, of at most ``limit``: a log has more than fit into memory.

    Page by page, newest first, and without a connection to the database while a page goes out.
    """
    release_connection()
    yield COLUMNS
    yield from islice(_all_values(rows), limit)


def _all_values(rows: QuerySet[AuditEvent]) -> Iterator[tuple[Any, ...]]:
    page = _page(rows)
    while page:
        yield from page
        is_last = len(page) < FETCHED
        page = [] if is_last else _page(rows.filter(id__lt=page[-1][0]))


def _page(rows: QuerySet[AuditEvent]) -> list[tuple[Any, ...]]:
    found = list(rows.values_list(*COLUMNS)[:FETCHED])
    release_connection()
    return found
