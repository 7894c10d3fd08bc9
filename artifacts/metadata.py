"""What lies in the metadata of versions, by path: ``accuracy``, ``metrics.loss``.

Metadata may have 1 MiB a version. So lists never load it whole: they ask for single values, cut.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import CharField, F, Field, Func, JSONField, TextField, Value
from django.db.models.functions import Cast, Left

from artifacts.descriptions import MAX_METADATA_DEPTH
from artifacts.models import Artifact, Version
from artifacts.querysets import VersionQuerySet

MAX_SHOWN = 120
MAX_DIGITS = 400
GREATEST = 1e300
"""Numbers beyond are not drawn: their difference would be no number any more."""

NEWEST = 100
MAX_BYTES_LOOKED_AT = 1 << 16
"""Of the metadata as text: what is stored may be a hundred times smaller, and is measured first."""

MAX_KEYS = 60
MAX_KEY_CHARACTERS = 100

_KEYS = """
WITH newest AS (
    SELECT metadata FROM (
        SELECT metadata FROM artifacts_version
        WHERE artifact_id = %(artifact)s AND purged_at IS NULL ORDER BY number DESC LIMIT %(newest)s
    ) one WHERE CASE
        WHEN pg_column_size(metadata) > %(bytes)s THEN false
        ELSE octet_length(metadata::text) <= %(bytes)s AND jsonb_typeof(metadata) = 'object'
    END
), outer_key AS (
    SELECT key, value FROM newest, jsonb_each(metadata) WHERE length(key) <= %(characters)s
), leaf AS (
    SELECT key AS path, value FROM outer_key WHERE jsonb_typeof(value) <> 'object'
    UNION ALL
    SELECT outer_key.key || '.' || inside.key, inside.value
    FROM outer_key, jsonb_each(
        CASE WHEN jsonb_typeof(value) = 'object' THEN value ELSE '{}' END
    ) inside
    WHERE position('.' IN outer_key.key) = 0 AND jsonb_typeof(inside.value) <> 'object'
        AND length(outer_key.key) + length(inside.key) < %(characters)s
)
SELECT path, bool_or(jsonb_typeof(value) = 'number') FROM leaf
WHERE path !~ ',|^\\.|\\.\\.|\\.$' AND path <> ''
GROUP BY path ORDER BY count(*) DESC, path LIMIT %(keys)s
"""


@dataclass(frozen=True)
class Key:
    """A path in metadata, and whether some version has a number there."""

    path: str
    is_number: bool


def inside(parts: list[str], operator: str, output: "Field[object, object]") -> Func:
    """What lies under ``parts``, as JSON (``#>``) or as text (``#>>``).

    Not Django's KeyTransform, which takes a key of digits for a position in an array.
    """
    keys = Value(parts, output_field=ArrayField(TextField()))
    return Func(
        F("metadata"), keys, template="(%(expressions)s)", arg_joiner=operator, output_field=output
    )


def find_keys(artifact: Artifact) -> list[Key]:
    """The paths in the metadata of the newest versions of ``artifact``, the most common first.

    One level down, and only of what can be written in a URL: ``?columns=accuracy,metrics.loss``.
    """
    values = {
        "artifact": artifact.pk, "newest": NEWEST, "bytes": MAX_BYTES_LOOKED_AT, "keys": MAX_KEYS,
        "characters": MAX_KEY_CHARACTERS,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_KEYS, values)
        return [Key(path, is_number) for path, is_number in cursor.fetchall()]


def split_path(path: str) -> list[str] | None:
    """``metrics.loss`` as its parts; None for what is no path."""
    parts = path.split(".")
    is_path = all(parts) and len(parts) <= MAX_METADATA_DEPTH and "\0" not in path
    return parts if is_path else None


def read_values(versions: list[Version], paths: list[str]) -> dict[int, list[str | None]]:
    """Version id → what each has under ``paths``, as people read it; None: nothing."""
    found = {f"value_{n}": _text(path, MAX_SHOWN + 1) for n, path in enumerate(paths)}
    if not found:
        return {}
    rows = Version.objects.filter(pk__in=[version.pk for version in versions])
    cells = rows.annotate(**found).values_list("pk", *found)
    return {pk: [_readable(text) for text in texts] for pk, *texts in cells}


def read_numbers(versions: VersionQuerySet, path: str, limit: int) -> Iterator[tuple[int, float]]:
    """Version number and value, of the first ``limit`` that have a number under ``path``."""
    kind = Func(_json(path), function="jsonb_typeof", output_field=CharField())
    rows = versions.alias(kind=kind).filter(kind="number").annotate(text=_text(path, MAX_DIGITS))
    for number, text in rows.values_list("number", "text")[:limit]:
        value = float(text)
        if math.isfinite(value) and abs(value) < GREATEST:
            yield number, value


def _json(path: str) -> Func:
    return inside(split_path(path) or [], "#>", JSONField())


def _text(path: str, length: int) -> Left:
    return Left(Cast(_json(path), TextField()), length)


def _readable(text: str | None) -> str | None:
    """JSON, perhaps cut, as a cell shows it."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return f"{text[:MAX_SHOWN]}…"
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else text
