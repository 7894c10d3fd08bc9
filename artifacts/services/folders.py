"""The files of a version as people look at them: a folder at a time, or by a part of their path.

A manifest is a flat list; folders are what its paths have before their last slash. PostgreSQL
groups them, so that a version of 100 000 files is one page of rows in one query.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

from artifacts.models import Version

# The rules for paths see to it that no name is a file and a folder at once. COLLATE "C": the order
# is the same on every server, and the one of the manifest.
_LEVEL = """
WITH entry AS (
    SELECT substr(one.path, char_length(%(folder)s) + 1) AS rest, blob.sha256, blob.size_bytes,
           blob.damaged_at IS NOT NULL AS is_damaged
      FROM artifacts_manifestentry one JOIN artifacts_blob blob ON blob.id = one.blob_id
     WHERE one.version_id = %(version)s AND starts_with(one.path, %(folder)s)
), row AS (
    SELECT split_part(rest, '/', 1) AS name, strpos(rest, '/') > 0 AS is_folder,
           count(*) AS num_files, sum(size_bytes)::bigint AS size_bytes,
           min(sha256) AS sha256, bool_or(is_damaged) AS is_damaged
      FROM entry GROUP BY 1, 2
)
SELECT %(folder)s || name, name, is_folder, num_files, size_bytes, sha256, is_damaged,
       count(*) OVER (), (sum(num_files) OVER ())::bigint, (sum(size_bytes) OVER ())::bigint
  FROM row ORDER BY is_folder DESC, name COLLATE "C" LIMIT %(limit)s OFFSET %(offset)s
"""

_FOUND = """
SELECT one.path, one.path, false, 1, blob.size_bytes, blob.sha256, blob.damaged_at IS NOT NULL,
       count(*) OVER (), count(*) OVER (), (sum(blob.size_bytes) OVER ())::bigint
  FROM artifacts_manifestentry one JOIN artifacts_blob blob ON blob.id = one.blob_id
 WHERE one.version_id = %(version)s AND strpos(lower(one.path), lower(%(text)s)) > 0
 ORDER BY one.path COLLATE "C" LIMIT %(limit)s OFFSET %(offset)s
"""


@dataclass(frozen=True)
class FolderRow:
    """A file, or a folder with the sum of what is in it; a folder's ``path`` ends in a slash."""

    path: str
    name: str
    is_folder: bool
    num_files: int
    size_bytes: int
    digest: str
    is_damaged: bool


@dataclass(frozen=True)
class Listing:
    """A page of rows; ``num_rows`` are all there are, with so many files and bytes in them."""

    rows: tuple[FolderRow, ...]
    num_rows: int
    num_files: int
    size_bytes: int


def list_folder(*, version: Version, folder: str, limit: int, offset: int = 0) -> Listing:
    """What lies in ``folder`` (``""``: the whole; else it ends in a slash), folders first.

    In one query. Empty where there is no such folder, and past the end.
    """
    return _read(_LEVEL, version, {"folder": folder}, limit, offset)


def search_files(*, version: Version, text: str, limit: int, offset: int = 0) -> Listing:
    """The files of the whole version with ``text`` in their path, in upper or lower case."""
    return _read(_FOUND, version, {"text": text}, limit, offset)


def _read(
    query: str, version: Version, texts: Mapping[str, str], limit: int, offset: int
) -> Listing:
    if any("\0" in text for text in texts.values()):
        return Listing((), 0, 0, 0)  # PostgreSQL cannot even be asked about a NUL
    with connection.cursor() as cursor:
        numbers = {"version": version.pk, "limit": limit, "offset": offset}
        cursor.execute(query, {**texts, **numbers})
        rows = cursor.fetchall()
    totals = rows[0][7:] if rows else (0, 0, 0)
    return Listing(tuple(_row(row) for row in rows), *totals)


def _row(row: tuple[str, str, bool, int, int, str, bool, int, int, int]) -> FolderRow:
    path, name, is_folder, num_files, size_bytes, sha256, is_damaged = row[:7]
    return FolderRow(
        path=f"{path}/" if is_folder else path,
        name=name,
        is_folder=is_folder,
        num_files=num_files,
        size_bytes=size_bytes,
        digest="" if is_folder else f"sha256:{sha256}",
        is_damaged=is_damaged,
    )
