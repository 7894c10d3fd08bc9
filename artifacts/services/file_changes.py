"""Which files differ between two versions, found by the database: it has all that is needed.

A file is the same where path and content are, *changed* where only the path is, *renamed* where
only the content is. Of one content under several paths on both sides, those of the same file name
belong together, then the others in the order of their paths; what is over on one side was added or
removed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from django.db import connection

from artifacts.models import Version

FileChangeKind = Literal["added", "removed", "changed", "renamed", "unchanged"]
KINDS: tuple[FileChangeKind, ...] = get_args(FileChangeKind)
"""In the order in which they are listed."""
DIFFERENCES = KINDS[:-1]

# The paths of one side that the other has not, each with its place among those of the same content
# and file name; then what these places did not pair, with its place among those of the content.
# COLLATE "C" makes the order the same on every server.
_CHANGES = """
WITH old AS MATERIALIZED (
    SELECT path, blob_id FROM artifacts_manifestentry WHERE version_id = %(before)s
), new AS MATERIALIZED (
    SELECT path, blob_id FROM artifacts_manifestentry WHERE version_id = %(after)s
), both_sides AS MATERIALIZED (
    SELECT path, old.blob_id AS old_blob, new.blob_id AS new_blob
      FROM old FULL JOIN new USING (path)
), gone AS MATERIALIZED (
    SELECT path, old_blob AS blob_id, substring(path FROM '[^/]*$') AS name,
           row_number() OVER (PARTITION BY old_blob, substring(path FROM '[^/]*$')
                              ORDER BY path COLLATE "C") AS place
      FROM both_sides WHERE new_blob IS NULL
), come AS MATERIALIZED (
    SELECT path, new_blob AS blob_id, substring(path FROM '[^/]*$') AS name,
           row_number() OVER (PARTITION BY new_blob, substring(path FROM '[^/]*$')
                              ORDER BY path COLLATE "C") AS place
      FROM both_sides WHERE old_blob IS NULL
), by_name AS MATERIALIZED (
    SELECT gone.path AS old_path, come.path AS new_path, blob_id
      FROM gone FULL JOIN come USING (blob_id, name, place)
), gone_left AS (
    SELECT old_path AS path, blob_id,
           row_number() OVER (PARTITION BY blob_id ORDER BY old_path COLLATE "C") AS place
      FROM by_name WHERE new_path IS NULL
), come_left AS (
    SELECT new_path AS path, blob_id,
           row_number() OVER (PARTITION BY blob_id ORDER BY new_path COLLATE "C") AS place
      FROM by_name WHERE old_path IS NULL
), changes (kind, old_path, new_path, old_blob, new_blob) AS MATERIALIZED (
    SELECT CASE WHEN gone_left.path IS NULL THEN 0 WHEN come_left.path IS NULL THEN 1 ELSE 3 END,
           gone_left.path, come_left.path,
           CASE WHEN gone_left.path IS NOT NULL THEN blob_id END,
           CASE WHEN come_left.path IS NOT NULL THEN blob_id END
      FROM gone_left FULL JOIN come_left USING (blob_id, place)
    UNION ALL
    SELECT 3, old_path, new_path, blob_id, blob_id
      FROM by_name WHERE old_path IS NOT NULL AND new_path IS NOT NULL
    UNION ALL
    SELECT CASE WHEN old_blob = new_blob THEN 4 ELSE 2 END, path, path, old_blob, new_blob
      FROM both_sides WHERE old_blob IS NOT NULL AND new_blob IS NOT NULL
)
"""

_TOTALS = f"""{_CHANGES}
SELECT kind, count(*), coalesce(sum(old.size_bytes), 0)::bigint,
       coalesce(sum(new.size_bytes), 0)::bigint
  FROM changes
       LEFT JOIN artifacts_blob AS old ON old.id = old_blob
       LEFT JOIN artifacts_blob AS new ON new.id = new_blob
 GROUP BY kind
"""  # noqa: S608 - constants only

_ROWS = f"""{_CHANGES}, page AS MATERIALIZED (
    SELECT * FROM changes WHERE kind = ANY(%(kinds)s)
     ORDER BY kind, coalesce(new_path, old_path) COLLATE "C"
     LIMIT %(limit)s OFFSET %(offset)s
)
SELECT kind, old_path, new_path, old.sha256, new.sha256, old.size_bytes, new.size_bytes
  FROM page
       LEFT JOIN artifacts_blob AS old ON old.id = old_blob
       LEFT JOIN artifacts_blob AS new ON new.id = new_blob
 ORDER BY kind, coalesce(new_path, old_path) COLLATE "C"
"""  # noqa: S608 - constants only


@dataclass(frozen=True)
class FileChange:
    """What became of a file; digests have their ``sha256:``, None: it is not in that version."""

    kind: FileChangeKind
    old_path: str | None
    new_path: str | None
    old_digest: str | None
    new_digest: str | None
    old_size_bytes: int | None
    new_size_bytes: int | None

    @property
    def path(self) -> str:
        """Where it is, or was."""
        return self.new_path or self.old_path or ""


@dataclass(frozen=True)
class FileTotal:
    """How many files, and their bytes in the one and in the other version."""

    num_files: int = 0
    old_bytes: int = 0
    new_bytes: int = 0


@dataclass(frozen=True)
class FileTotals:
    """How many files of each kind."""

    added: FileTotal = FileTotal()
    removed: FileTotal = FileTotal()
    changed: FileTotal = FileTotal()
    renamed: FileTotal = FileTotal()
    unchanged: FileTotal = FileTotal()

    @property
    def num_changes(self) -> int:
        """How many files are not as they were."""
        return sum(getattr(self, kind).num_files for kind in DIFFERENCES)

    def of(self, kind: FileChangeKind) -> FileTotal:
        """That of ``kind``."""
        total: FileTotal = getattr(self, kind)
        return total


def total_file_changes(*, before: Version, after: Version) -> FileTotals:
    """How many files of each kind there are, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, {"before": before.pk, "after": after.pk})
        found = {kind: FileTotal(*numbers) for kind, *numbers in cursor.fetchall()}
    return FileTotals(**{KINDS[kind]: total for kind, total in found.items()})


def list_file_changes(
    *,
    before: Version,
    after: Version,
    limit: int,
    offset: int = 0,
    kinds: Sequence[FileChangeKind] = DIFFERENCES,
) -> tuple[FileChange, ...]:
    """The files of ``kinds``, by kind and path, in one query."""
    numbers = [KINDS.index(kind) for kind in kinds]
    values: dict[str, int | list[int]] = {
        "before": before.pk, "after": after.pk, "kinds": numbers, "limit": limit, "offset": offset,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, values)
        return tuple(_change(*row) for row in cursor.fetchall())


def _change(
    kind: int,
    old_path: str | None,
    new_path: str | None,
    old_sha256: str | None,
    new_sha256: str | None,
    old_size: int | None,
    new_size: int | None,
) -> FileChange:
    digests = _digest(old_sha256), _digest(new_sha256)
    return FileChange(KINDS[kind], old_path, new_path, *digests, old_size, new_size)


def _digest(sha256: str | None) -> str | None:
    return f"sha256:{sha256}" if sha256 else None
