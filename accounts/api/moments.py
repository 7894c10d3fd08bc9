"""Moments as clients write them: epoch seconds, or an ISO 8601 date or time."""

from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

MESSAGE = gettext_lazy("must be epoch seconds or an ISO 8601 date")
SCHEMA = {
    "oneOf": [
        {"type": "number", "minimum": -62_135_596_800, "maximum": 253_402_300_799},
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
    ]
}
"""In the OpenAPI document. In UTC the years end where Python's do: 1 to 9999."""


class MomentField(forms.Field):
    """In a query: ``?after=2026-05-01`` or ``?after=1777593600``."""

    def to_python(self, value: str | None) -> datetime | None:
        """The moment, None for an empty value."""
        if not value:
            return None
        try:
            return parse_moment(_number_in(value))
        except ValueError:
            raise forms.ValidationError(MESSAGE) from None


def _number_in(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


class MomentFilter(django_filters.Filter):
    """Compares with a moment."""

    field_class = MomentField


@extend_schema_field(SCHEMA)
class MomentIn(serializers.Field[datetime, Any, Any, Any]):
    """In a body: epoch seconds as a number, or an ISO 8601 date or time as text."""

    def to_internal_value(self, data: object) -> datetime:
        """The moment."""
        try:
            return parse_moment(data)
        except ValueError:
            raise serializers.ValidationError(MESSAGE) from None

    def to_representation(self, value: datetime) -> float:
        """Epoch seconds."""
        return value.timestamp()


def parse_moment(data: object) -> datetime:
    """The moment in UTC, also where it names no zone; ValueError for what is none.

    In UTC here and not in the database, which counts on where Python cannot read it again: ten
    o'clock of the last evening of 9999 in New York.
    """
    try:
        if isinstance(data, str):
            return _parse_iso(data)
        if isinstance(data, int | float) and not isinstance(data, bool):
            return datetime.fromtimestamp(data, tz=UTC)
    except (OverflowError, OSError):
        pass
    raise ValueError(data)


def _parse_iso(text: str) -> datetime:
    moment = parse_datetime(text)
    day = parse_date(text)
    if moment is None and day is None:
        raise ValueError(text)
    found = moment or datetime.combine(day, datetime.min.time())  # type: ignore[arg-type] # not None here
    return found.astimezone(UTC) if found.tzinfo else make_aware(found, UTC)
