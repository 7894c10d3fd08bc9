"""What would come free, for lists: of every artifact, of many versions, of the trash; in one query.

``exclusive`` says it to the byte, but reads recipes from the disk for it, which is too slow for a
list. Here only rows are read. So it is exact where nothing that stays keeps bytes in what goes,
and else close: ranges that two contents share count for both of them.

Who does not see everything is told a bound: the content that nothing else he sees lists, whole. How
it lies on disk, and so what of it others hold too, is left to ``exclusive``.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.db import connection
from django.db.models import Sum

from accounts.access import Caller, access_of
from accounts.names import EVERYONE
from artifacts.known import ARTIFACT_IS_KNOWN, sql_values
from artifacts.models import Version
from artifacts.services.space import MAX_FILES

MAX_RANKED_FILES = 1_000_000

Precision = Literal["exact", "about", "most"]

_JOINED = """artifacts_manifestentry one
    JOIN artifacts_version version ON version.id = one.version_id
    JOIN artifacts_artifact artifact ON artifact.id = version.artifact_id"""

# What one owner alone lists: of all at once by counting; of some by looking for one more, which
# ends at the first.
_LISTED_BY_ONE = f"""
    SELECT one.blob_id, min({{owner}}) AS owner FROM {_JOINED} WHERE {ARTIFACT_IS_KNOWN}
    GROUP BY one.blob_id HAVING min({{owner}}) = max({{owner}})
"""  # noqa: S608 - constants only
_LISTED_BY_NO_OTHER = f"""
    SELECT DISTINCT listed.blob_id, listed.owner
    FROM (
        SELECT one.blob_id, {{owner}} AS owner FROM {_JOINED}
        WHERE {{only}} AND {ARTIFACT_IS_KNOWN}
    ) listed
    WHERE NOT EXISTS (
        SELECT FROM {_JOINED}
        WHERE one.blob_id = listed.blob_id AND {{owner}} <> listed.owner AND {ARTIFACT_IS_KNOWN}
    )
"""  # noqa: S608 - constants only


def _freed(owner: str, only: str = "true") -> str:
    """SQL for a CTE ``freed`` (owner, bytes, is_about), of contents that one ``owner`` alone lists.

    ``only`` narrows down, by its versions, which contents are looked at. ``remains`` hold nothing
    but what others need, so they go with the last of these.
    """
    alone = _LISTED_BY_ONE if only == "true" else _LISTED_BY_NO_OTHER
    return f"""
WITH alone AS MATERIALIZED ({alone.format(owner=owner, only=only)}), kept AS (
    SELECT lean.base_id, sum(lean.bytes) AS bytes FROM artifacts_blobbase lean
    JOIN alone base ON base.blob_id = lean.base_id
    LEFT JOIN alone leaning ON leaning.blob_id = lean.blob_id
    WHERE %(sees_all)s AND leaning.owner IS DISTINCT FROM base.owner GROUP BY lean.base_id
), remains AS (
    SELECT lean.base_id AS blob_id, min(leaning.owner) AS owner FROM artifacts_blobbase lean
    JOIN artifacts_blob base ON base.id = lean.base_id AND base.layout = 'remains'
    LEFT JOIN alone leaning ON leaning.blob_id = lean.blob_id
    WHERE %(sees_all)s GROUP BY lean.base_id
    HAVING count(*) = count(leaning.owner) AND min(leaning.owner) = max(leaning.owner)
), gone AS (
    SELECT going.owner, kept.bytes IS NOT NULL AS is_kept,
        CASE WHEN NOT %(sees_all)s THEN blob.size_bytes
        ELSE greatest(0, blob.physical_bytes - coalesce(kept.bytes, 0)) END AS bytes
    FROM (TABLE alone UNION ALL TABLE remains) going
    JOIN artifacts_blob blob ON blob.id = going.blob_id
    LEFT JOIN kept ON kept.base_id = going.blob_id
), freed AS (
    SELECT owner, sum(bytes) AS bytes, bool_or(is_kept) AS is_about FROM gone GROUP BY owner
)"""  # noqa: S608 - constants only


_OF = "SELECT owner, bytes, is_about FROM freed WHERE owner = ANY(%(owners)s)"
_OF_ARTIFACTS = _freed("version.artifact_id", "version.artifact_id = ANY(%(owners)s)") + _OF
_OF_VERSIONS = _freed("version.id", "version.id = ANY(%(owners)s)") + _OF

_IN_TRASH = "version.deleted_at IS NOT NULL AND version.purged_at IS NULL"
_OF_TRASH = _freed("(version.deleted_at IS NULL)::int", _IN_TRASH) + _OF

_LARGEST = (
    _freed("version.artifact_id")
    + f"""
SELECT artifact.id, coalesce(freed.bytes, 0) AS bytes, coalesce(freed.is_about, false)
FROM artifacts_artifact artifact
LEFT JOIN accounts_team team ON team.id = artifact.team_id
LEFT JOIN freed ON freed.owner = artifact.id
WHERE {ARTIFACT_IS_KNOWN} AND EXISTS (
    SELECT FROM artifacts_version version
    WHERE version.artifact_id = artifact.id AND version.purged_at IS NULL
)
AND (%(type)s = '' OR artifact.type = %(type)s)
AND (%(team)s = '' OR coalesce(team.name, %(everyone)s) = %(team)s)
"""  # noqa: S608 - constants only
)
_FIRST = {
    "-freed": _LARGEST + "ORDER BY bytes DESC, artifact.id DESC LIMIT %(limit)s OFFSET %(offset)s",
    "freed": _LARGEST + "ORDER BY bytes, artifact.id DESC LIMIT %(limit)s OFFSET %(offset)s",
}


@dataclass(frozen=True)
class Freed:
    """What a permanent delete would free, in bytes of the pool: exactly, about, or at most."""

    bytes: int
    precision: Precision


def freed_by_artifacts(artifact_ids: Collection[int], asked_by: Caller) -> dict[int, Freed]:
    """Artifact id → what would come free without it, soft-deleted versions and all."""
    return _ask_each(_OF_ARTIFACTS, artifact_ids, asked_by)


def freed_by_versions(versions: Collection[Version], asked_by: Caller) -> dict[int, Freed] | None:
    """Version id → what would come free without this one, all others left.

    None where they have more than ``space.MAX_FILES`` files together, as ``measure_physical`` says.
    """
    if sum(version.num_files for version in versions) > MAX_FILES:
        return None
    return _ask_each(_OF_VERSIONS, [version.pk for version in versions], asked_by)


def freed_by_trash(asked_by: Caller, num_files: int) -> Freed | None:
    """What would come free were all purged that is soft-deleted and that ``asked_by`` may see.

    ``num_files`` is how many files these have; None where they are more than ``space.MAX_FILES``.
    """
    if num_files > MAX_FILES:
        return None
    return _ask_each(_OF_TRASH, [0], asked_by)[0]


def can_rank(asked_by: Caller) -> bool:
    """Whether :func:`artifacts_by_freed` answers soon enough: it looks at every file there is."""
    versions = Version.objects.visible_to(asked_by).remaining()
    total: int = versions.aggregate(total=Sum("num_files"))["total"] or 0
    return total <= MAX_RANKED_FILES


def artifacts_by_freed(
    asked_by: Caller, *, sort: str, type_: str, team: str, offset: int, limit: int
) -> list[tuple[int, Freed]]:
    """The ids of visible artifacts in the order of what they would free, ``freed`` or ``-freed``.

    ``type_`` and ``team`` (a name, or ``everyone``) choose among them; "" means any.
    """
    chosen: dict[str, str | int | list[int]] = {
        "type": type_,
        "team": team,
        "everyone": EVERYONE,
        "limit": limit,
        "offset": offset,
    }
    rows = _ask(_FIRST[sort], asked_by, chosen)
    return [(pk, _told(asked_by, total, is_about=is_about)) for pk, total, is_about in rows]


def _ask_each(sql: str, owners: Collection[int], asked_by: Caller) -> dict[int, Freed]:
    rows = _ask(sql, asked_by, {"owners": list(owners)})
    found = {pk: _told(asked_by, total, is_about=is_about) for pk, total, is_about in rows}
    nothing = _told(asked_by, 0, is_about=False)
    return {pk: found.get(pk, nothing) for pk in owners}


def _ask(
    sql: str, asked_by: Caller, more: Mapping[str, str | int | list[int]]
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {**sql_values(asked_by), **more})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _told(asked_by: Caller, total: int, *, is_about: bool) -> Freed:
    if not access_of(asked_by).sees_all:
        return Freed(int(total), "most" if total else "exact")
    return Freed(int(total), "about" if is_about else "exact")
