"""Which references differ between two versions: by their URI, which may come repeatedly."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from django.db import connection

from artifacts.models import Version

ReferenceChangeKind = Literal["added", "removed", "changed"]

_CHANGES = """
WITH old AS (
    SELECT uri, checksum, size_bytes, name, metadata,
           row_number() OVER (PARTITION BY uri ORDER BY position) AS place
      FROM artifacts_reference WHERE version_id = %(before)s
), new AS (
    SELECT uri, checksum, size_bytes, name, metadata,
           row_number() OVER (PARTITION BY uri ORDER BY position) AS place
      FROM artifacts_reference WHERE version_id = %(after)s
)
SELECT count(*) OVER (), uri,
       CASE WHEN old.place IS NOT NULL THEN jsonb_build_object(
           'checksum', old.checksum, 'size_bytes', old.size_bytes, 'name', old.name,
           'metadata', old.metadata) END,
       CASE WHEN new.place IS NOT NULL THEN jsonb_build_object(
           'checksum', new.checksum, 'size_bytes', new.size_bytes, 'name', new.name,
           'metadata', new.metadata) END
  FROM old FULL JOIN new USING (uri, place)
 WHERE old.place IS NULL OR new.place IS NULL
       OR (old.checksum, old.size_bytes, old.name, old.metadata)
          IS DISTINCT FROM (new.checksum, new.size_bytes, new.name, new.metadata)
 ORDER BY uri COLLATE "C", place
 LIMIT %(limit)s
"""


@dataclass(frozen=True)
class ReferenceValue:
    """What a version says of a reference, besides its URI; None: nothing."""

    checksum: str | None
    size_bytes: int | None
    name: str | None
    metadata: dict[str, Any]


@dataclass(frozen=True)
class ReferenceChange:
    """What became of a reference; None: it is not in that version."""

    uri: str
    before: ReferenceValue | None
    after: ReferenceValue | None

    @property
    def kind(self) -> ReferenceChangeKind:
        """Whether it came, went, or is said to be something else."""
        if self.before is None:
            return "added"
        return "changed" if self.after else "removed"


@dataclass(frozen=True)
class ReferenceChanges:
    """The first of ``num_changes``, by URI."""

    rows: tuple[ReferenceChange, ...]
    num_changes: int


def compare_references(*, before: Version, after: Version, limit: int) -> ReferenceChanges:
    """What differs, at most ``limit`` of it; one query, none where neither has any."""
    if not before.num_references and not after.num_references:
        return ReferenceChanges((), 0)
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, {"before": before.pk, "after": after.pk, "limit": limit})
        rows = cursor.fetchall()
    changes = tuple(ReferenceChange(uri, _value(old), _value(new)) for _, uri, old, new in rows)
    return ReferenceChanges(changes, rows[0][0] if rows else 0)


def _value(raw: str | None) -> ReferenceValue | None:
    return None if raw is None else ReferenceValue(**json.loads(raw))
