"""What a version takes on the disk, and how much of it takes nothing more."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from accounts.access import Caller
from artifacts.known import ARTIFACT_IS_KNOWN, sql_values
from artifacts.models import Blob, Version
from artifacts.services.seen import seen_blobs, seen_bytes, seen_values

_SPACE = f"""
WITH held AS (
    SELECT blob_id, count(*) AS times FROM artifacts_manifestentry
    WHERE version_id = %(version)s GROUP BY blob_id
), entry AS (
    SELECT one.blob_id, one.version_id
    FROM artifacts_manifestentry one
    JOIN artifacts_version version ON version.id = one.version_id
    JOIN artifacts_artifact artifact ON artifact.id = version.artifact_id
    WHERE {ARTIFACT_IS_KNOWN}
)
SELECT coalesce(sum(seen.physical_bytes), 0), coalesce(sum(held.times * CASE
    WHEN EXISTS (
        SELECT FROM entry WHERE entry.blob_id = held.blob_id AND entry.version_id <> %(version)s
    ) THEN seen.size_bytes
    ELSE seen.lent_bytes END), 0)
FROM held
JOIN ({seen_blobs("blob.id IN (SELECT blob_id FROM held)")}) seen ON seen.id = held.blob_id
"""  # noqa: S608 - constants only

_PHYSICAL = f"""
WITH held AS (
    SELECT DISTINCT version_id, blob_id FROM artifacts_manifestentry
    WHERE version_id = ANY(%(versions)s)
)
SELECT held.version_id, sum(seen.physical_bytes) FROM held
JOIN ({seen_blobs("blob.id IN (SELECT blob_id FROM held)")}) seen ON seen.id = held.blob_id
GROUP BY held.version_id
"""  # noqa: S608 - constants only

MAX_FILES = 100_000
"""So many files are looked at for one list: some tenths of a second."""


@dataclass(frozen=True)
class VersionSpace:
    """Of one version: ``physical_bytes`` are those of its contents' own files, each once.

    ``shared_bytes`` are those of its logical bytes that lie in files of other contents, or in
    contents that another version holds too, be it soft-deleted.

    What the caller may not see counts as if it were not there (``seen``): the bytes lent by hidden
    content as the version's own. Else these numbers would tell what others keep.
    """

    physical_bytes: int
    shared_bytes: int


def measure_version(version: Version, asked_by: Caller) -> VersionSpace:
    """What ``version`` takes, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_SPACE, seen_values(sql_values(asked_by)) | {"version": version.pk})
        return VersionSpace(*map(int, cursor.fetchone()))


def pool_bytes(asked_by: Caller) -> int:
    """What the contents that the caller may see take on disk, as if there were no others."""
    return seen_bytes(Blob.objects.visible_to(asked_by), sql_values(asked_by))


def measure_physical(versions: Collection[Version], asked_by: Caller) -> dict[int, int] | None:
    """Version id → its ``physical_bytes``, of many versions in one query.

    None where they have more than ``MAX_FILES`` files together: then it takes longer than the list
    it is wanted for.
    """
    if sum(version.num_files for version in versions) > MAX_FILES:
        return None
    with connection.cursor() as cursor:
        ids = [version.pk for version in versions]
        cursor.execute(_PHYSICAL, seen_values(sql_values(asked_by)) | {"versions": ids})
        found = {pk: int(total) for pk, total in cursor.fetchall()}
    return {version.pk: found.get(version.pk, 0) for version in versions}
