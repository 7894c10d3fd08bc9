"""``?limit=&offset=`` on bare arrays, with ``X-Total-Count`` and ``Link`` (RFC 8288)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports this module through the settings

MAX_ROWS = 1 << 31
MAX_DIGITS = 20


class LinkPagination(LimitOffsetPagination):
    """``?limit=&offset=`` on bare arrays: ``X-Total-Count`` and ``Link``; no limit, everything."""

    default_limit = None

    def paginate_queryset(
        self,
        queryset: QuerySet[Any] | Sequence[Any],
        request: Request,
        view: "APIView | None" = None,
    ) -> list[Any] | None:
        """The rows of the page asked for; all of them without ``limit``."""
        self.request = request
        self.limit = self._positive(request, "limit", minimum=1)
        self.offset = self._positive(request, "offset", minimum=0) or 0
        if self.limit is None and not self.offset:
            rows = list(queryset)
            self.count = len(rows)
            return rows
        self.count = queryset.count() if isinstance(queryset, QuerySet) else len(queryset)
        end = None if self.limit is None else self.offset + self.limit
        return list(queryset[self.offset : end])

    def _positive(self, request: Request, name: str, *, minimum: int) -> int | None:
        text = request.query_params.get(name)
        if text is None:
            return None
        is_number = text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS
        if not is_number or not minimum <= int(text) < MAX_ROWS:
            raise ValidationError({name: [f"must be a whole number from {minimum}"]})
        return int(text)

    def get_paginated_response(self, data: Any) -> Response:
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

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        """Both, with what they may be."""
        return [
            _parameter("limit", 1, "At most so many rows; without it, all of them."),
            _parameter("offset", 0, "Leave out so many rows first."),
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The body is the array itself."""
        return schema


def _parameter(name: str, minimum: int, description: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": minimum, "maximum": MAX_ROWS - 1}
    return {"name": name, "in": "query", "description": description, "schema": schema}
