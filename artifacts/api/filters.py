"""List filters: ``?q=&tag=&alias=&run=&user=&created_after=&metadata.accuracy__gte=0.9``.

Filters on versions hold together: an artifact is listed when *one* of its ready versions meets
all of them.
"""

import json
from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize

import django_filters
from django import forms
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    CharField,
    Exists,
    F,
    Field,
    Func,
    JSONField,
    OuterRef,
    Q,
    TextField,
    Value,
)
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import make_aware
from rest_framework.request import Request

from artifacts.api.values import MAX_METADATA_DEPTH, check_metadata
from artifacts.errors import Invalid
from artifacts.models import Artifact, Version
from artifacts.querysets import ArtifactQuerySet, VersionQuerySet

COMPARISONS = ("gt", "gte", "lt", "lte")
OPERATORS = (*COMPARISONS, "ne", "contains")


class MomentField(forms.Field):
    """Epoch seconds, or an ISO 8601 date or time (UTC where it names no zone)."""

    def to_python(self, value: str | None) -> datetime | None:
        """The moment, None for an empty value."""
        if not value:
            return None
        try:
            return _parse_moment(value)
        except (ValueError, OverflowError, OSError):
            raise forms.ValidationError("must be epoch seconds or an ISO 8601 date") from None


def _parse_moment(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(text), tz=UTC)
    except ValueError:
        moment = parse_datetime(text)
        day = parse_date(text)
    if moment is None and day is None:
        raise ValueError(text)
    found = moment or datetime.combine(day, datetime.min.time())  # type: ignore[arg-type] # not None here
    return found.astimezone(UTC) if found.tzinfo else make_aware(found, UTC)


class MomentFilter(django_filters.Filter):
    """Compares with a moment."""

    field_class = MomentField


class VersionFilter(django_filters.FilterSet):
    """What may be asked of versions."""

    tag = django_filters.CharFilter(field_name="tags", lookup_expr="contains", method="with_tag")
    alias = django_filters.CharFilter(method="with_alias")
    run = django_filters.CharFilter(field_name="created_by_run")
    user = django_filters.CharFilter(field_name="created_by__username")
    created_after = MomentFilter(field_name="created_at", lookup_expr="gt")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Version
        fields: list[str] = []

    def with_tag(self, queryset: VersionQuerySet, name: str, value: str) -> VersionQuerySet:
        """Those with the tag ``value``."""
        return queryset.filter(tags__contains=[value])

    def with_alias(self, queryset: VersionQuerySet, name: str, value: str) -> VersionQuerySet:
        """Those the alias ``value`` points at."""
        if value == "latest":
            return queryset.latest_of_each()
        return queryset.live().filter(aliases__name=value)


class ArtifactFilter(django_filters.FilterSet):
    """What may be asked of artifacts, besides what is asked of their versions."""

    name = django_filters.CharFilter(method="with_name")
    q = django_filters.CharFilter(method="with_words")

    class Meta:
        model = Artifact
        fields: list[str] = []

    def with_name(self, queryset: ArtifactQuerySet, name: str, value: str) -> ArtifactQuerySet:
        """Those called exactly ``value``."""
        return queryset.filter(name=normalize("NFC", value))

    def with_words(self, queryset: ArtifactQuerySet, name: str, value: str) -> ArtifactQuerySet:
        """Those whose name has words beginning so."""
        return queryset.search(normalize("NFC", value))


def filter_artifacts(request: Request, artifacts: ArtifactQuerySet) -> ArtifactQuerySet:
    """Apply every filter of the query; Invalid (400) names a wrong one."""
    found: ArtifactQuerySet = _apply(ArtifactFilter, request, artifacts)
    asked = set(VersionFilter.base_filters).intersection(request.query_params)
    if asked or any(key.startswith("metadata.") for key in request.query_params):
        ready = filter_versions(request, Version.objects.visible_to(request.user).ready())
        found = found.filter(Exists(ready.filter(artifact=OuterRef("pk"))))
    return found


def filter_versions(request: Request, versions: VersionQuerySet) -> VersionQuerySet:
    """Apply the filters on versions; Invalid (400) names a wrong one."""
    found: VersionQuerySet = _apply(VersionFilter, request, versions)
    for key in request.query_params:
        if key.startswith("metadata."):
            found = _filter_metadata(found, key, request.query_params.get(key, ""))
    return found


def _apply(kind: type[django_filters.FilterSet], request: Request, rows: Any) -> Any:
    filters = kind(request.query_params, queryset=rows)
    if not filters.is_valid():
        raise Invalid({name: list(map(str, found)) for name, found in filters.errors.items()})
    return filters.qs


def _filter_metadata(versions: VersionQuerySet, key: str, text: str) -> VersionQuerySet:
    parts, operator = _split_key(key)
    value = _literal(key, text)
    if operator in COMPARISONS:
        return _compare(versions, key, parts, operator, value)
    if operator == "contains":
        texts: VersionQuerySet = versions.alias(found=_inside(parts, "#>>", TextField()))
        return texts.filter(found__icontains=text)
    equal = _holding(parts, value) | _holding(parts, text)
    return versions.exclude(equal) if operator == "ne" else versions.filter(equal)


def _split_key(key: str) -> tuple[list[str], str]:
    """``metadata.a.b__gte`` gives ``["a", "b"]`` and ``gte``; without a comparison, ``""``."""
    path, mark, operator = key.removeprefix("metadata.").rpartition("__")
    if not mark:
        path, operator = operator, ""
    parts = path.split(".")
    if operator not in ("", *OPERATORS) or "" in parts or len(parts) > MAX_METADATA_DEPTH:
        allowed = ", ".join(f"__{name}" for name in OPERATORS)
        raise Invalid({key: [f"must be metadata.KEY, or end in one of {allowed}"]})
    return parts, operator


def _literal(key: str, text: str) -> object:
    """``0.9``, ``true`` and ``null`` as JSON has them, anything else as the text it is."""
    try:
        value: object = json.loads(text, parse_constant=str)
        check_metadata({key: value, "text": text})
    except RecursionError:
        return text
    except ValueError:
        _check_text(key, text)
        return text
    return value


def _check_text(key: str, text: str) -> None:
    try:
        check_metadata({key: text})
    except ValueError as error:
        raise Invalid({key: [str(error)]}) from None


def _holding(parts: list[str], value: object) -> Q:
    """Containment, which the index on metadata answers."""
    nested: Any = value
    for part in reversed(parts):
        nested = {part: nested}
    return Q(metadata__contains=nested)


def _inside(parts: list[str], operator: str, output: "Field[Any, Any]") -> Func:
    """What lies under ``parts``, as JSON (``#>``) or as text (``#>>``).

    Not Django's KeyTransform, which takes a key of digits for a position in an array.
    """
    keys = Value(parts, output_field=ArrayField(TextField()))
    return Func(
        F("metadata"), keys, template="(%(expressions)s)", arg_joiner=operator, output_field=output
    )


def _compare(
    versions: VersionQuerySet, key: str, parts: list[str], operator: str, value: object
) -> VersionQuerySet:
    """Numbers with numbers: jsonb would otherwise order every string above every number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid({key: ["must be compared with a number"]})
    found = _inside(parts, "#>", JSONField())
    kind = Func(found, function="jsonb_typeof", output_field=CharField())
    numbers: VersionQuerySet = versions.alias(found=found, kind=kind).filter(kind="number")
    return numbers.filter(**{f"found__{operator}": value})
