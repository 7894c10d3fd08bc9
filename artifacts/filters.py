"""List filters: ``?q=&tag=&alias=&run=&user=&created_after=&metadata.accuracy__gte=0.9``.

Filters on versions hold together: an artifact is listed when *one* of its ready versions meets
all of them.
"""

import json
from typing import Any
from unicodedata import normalize

import django_filters
from django.db.models import (
    CharField,
    Exists,
    Func,
    JSONField,
    OuterRef,
    Q,
    TextField,
)
from django.http import QueryDict

from accounts.access import Caller
from accounts.api.moments import MomentFilter
from accounts.sentences import say
from artifacts.descriptions import MAX_METADATA_DEPTH, check_metadata
from artifacts.errors import Invalid
from artifacts.metadata import inside
from artifacts.models import Artifact, Version
from artifacts.querysets import ArtifactQuerySet, VersionQuerySet

COMPARISONS = ("gt", "gte", "lt", "lte")
OPERATORS = (*COMPARISONS, "ne", "contains")
MAX_METADATA_FILTERS = 20


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
    updated_after = MomentFilter(field_name="updated_at", lookup_expr="gt")

    class Meta:
        model = Artifact
        fields: list[str] = []

    def with_name(self, queryset: ArtifactQuerySet, name: str, value: str) -> ArtifactQuerySet:
        """Those called exactly ``value``."""
        return queryset.filter(name=normalize("NFC", value))

    def with_words(self, queryset: ArtifactQuerySet, name: str, value: str) -> ArtifactQuerySet:
        """Those whose name has words beginning so."""
        return queryset.search(normalize("NFC", value))


def filter_artifacts(
    query: QueryDict,
    artifacts: ArtifactQuerySet,
    asked_by: Caller,
    *,
    among: VersionQuerySet | None = None,
) -> ArtifactQuerySet:
    """Apply every filter of the query; Invalid (400) names a wrong one.

    ``among``: only versions among these count; None: any.
    """
    metadata = _metadata_filters(query)
    found: ArtifactQuerySet = _apply(ArtifactFilter, query, artifacts)
    asked = any(query.get(name) for name in VersionFilter.base_filters)
    if asked or among is not None or metadata:
        visible = Version.objects.visible_to(asked_by) if among is None else among
        ready = filter_versions(query, visible.ready())
        found = found.filter(Exists(ready.filter(artifact=OuterRef("pk"))))
    return found


def filter_versions(query: QueryDict, versions: VersionQuerySet) -> VersionQuerySet:
    """Apply the filters on versions; Invalid (400) names a wrong one."""
    keys = _metadata_filters(query)
    found: VersionQuerySet = _apply(VersionFilter, query, versions)
    for key in keys:
        found = _filter_metadata(found, key, query.get(key, ""))
    return found


def _metadata_filters(query: QueryDict) -> list[str]:
    keys = [key for key in query if key.startswith("metadata.")]
    if len(keys) > MAX_METADATA_FILTERS:
        raise Invalid(
            {
                "metadata": [
                    say(
                        "must be asked for {most} times at most",
                        most=MAX_METADATA_FILTERS,
                    )
                ]
            }
        )
    return keys


def _apply(kind: type[django_filters.FilterSet], query: QueryDict, rows: Any) -> Any:
    filters = kind(query, queryset=rows)
    if not filters.is_valid():
        raise Invalid({name: list(map(str, found)) for name, found in filters.errors.items()})
    return filters.qs


def _filter_metadata(versions: VersionQuerySet, key: str, text: str) -> VersionQuerySet:
    parts, operator = _split_key(key)
    value = _literal(key, text)
    if operator in COMPARISONS:
        return _compare(versions, key, parts, operator, value)
    if operator == "contains":
        texts: VersionQuerySet = versions.alias(found=inside(parts, "#>>", TextField()))
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
        raise Invalid(
            {key: [say("must be metadata.KEY, or end in one of {allowed}", allowed=allowed)]}
        )
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


def _compare(
    versions: VersionQuerySet, key: str, parts: list[str], operator: str, value: object
) -> VersionQuerySet:
    """Numbers with numbers: jsonb would otherwise order every string above every number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid({key: [say("must be compared with a number")]})
    found = inside(parts, "#>", JSONField())
    kind = Func(found, function="jsonb_typeof", output_field=CharField())
    numbers: VersionQuerySet = versions.alias(found=found, kind=kind).filter(kind="number")
    return numbers.filter(**{f"found__{operator}": value})
