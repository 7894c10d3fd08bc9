"""The impact of a version: everything that was made from it, at any distance.

A version is made from another where a run used the other and produced it, or where it was made
from something that was.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.access import Caller
from artifacts.models import Version
from artifacts.services.aliases import aliases_of
from lineage.models import Run, RunInput

NODE_LIMIT = 20_000
"""How many versions and runs are looked at, the nearest first."""

# UNION keeps each node once, so that a cycle ends and dense graphs cost no more than their edges.
# PostgreSQL makes no more rows than are fetched, and makes them step by step.
WALK = """
WITH RECURSIVE made (version_id, run_id) AS (
    SELECT %(root_id)s::bigint, ''
    UNION
    SELECT next.version_id, next.run_id
      FROM made
           CROSS JOIN LATERAL (
               SELECT NULL::bigint AS version_id, input.run_id::text AS run_id
                 FROM lineage_runinput AS input
                WHERE input.version_id = made.version_id
               UNION ALL
               SELECT output.id, ''
                 FROM artifacts_version AS output
                WHERE made.run_id <> '' AND output.created_by_run = made.run_id
           ) AS next
)
SELECT version_id, run_id FROM made LIMIT %(max_rows)s
"""


@dataclass(frozen=True)
class ImpactItem:
    """A version that was made from the root, ``depth`` runs away from it by the shortest way.

    ``team`` and ``created_by`` are empty for everyone's and for nobody who was logged in;
    ``project`` is empty for a run that is not known. ``aliases`` has ``latest`` first.
    """

    depth: int
    type: str
    name: str
    team: str
    number: int
    size_bytes: int
    status: str
    aliases: tuple[str, ...]
    created_at: datetime
    created_by: str
    run_id: str
    project: str

    @property
    def text(self) -> str:
        """The number as people and URLs write it: ``v3``."""
        return f"v{self.number}"


@dataclass(frozen=True)
class Impact:
    """The items, the nearest first and then by type, name, team and number.

    ``num_restricted`` versions more are hidden from whoever asks. ``is_truncated``: there is more.
    """

    items: tuple[ImpactItem, ...]
    num_restricted: int
    is_truncated: bool


def find_impact(*, version: Version, asked_by: Caller, limit: int = NODE_LIMIT) -> Impact:
    """Everything made from ``version``, deleted versions too, in seven queries.

    Looks at the nearest ``limit`` versions and runs. What ``asked_by`` may not see is counted, and
    what was made from that, where he may see it, is found.
    """
    version_ids, run_ids, is_truncated = _walk(version.pk, limit)
    depths = _depths(version.pk, version_ids, run_ids)
    rows = _visible_rows(version_ids, asked_by)
    aliases = aliases_of(rows)
    runs = Run.objects.visible_to(asked_by).filter(pk__in=run_ids)
    projects = dict(runs.values_list("pk", "project"))
    items = [
        _item(row, depths[row.pk], aliases.get(row.pk, ()), projects.get(row.created_by_run, ""))
        for row in rows.values()
    ]
    items.sort(key=lambda item: (item.depth, item.type, item.name, item.team, item.number))
    return Impact(tuple(items), len(version_ids) - len(items), is_truncated)


def _walk(root_id: int, limit: int) -> tuple[list[int], list[str], bool]:
    """The versions and the runs reached, without the root, and whether there are more."""
    with connection.cursor() as cursor:
        cursor.execute(WALK, {"root_id": root_id, "max_rows": limit + 2})
        rows: list[tuple[int | None, str]] = cursor.fetchall()
    found = rows[: limit + 1]
    versions = [pk for pk, _ in found if pk is not None and pk != root_id]
    return versions, [run_id for _, run_id in found if run_id], len(rows) > len(found)


def _depths(root_id: int, version_ids: list[int], run_ids: list[str]) -> dict[int, int]:
    """Version id → how many runs it is away from the root."""
    uses: dict[int, list[str]] = defaultdict(list)
    inputs = RunInput.objects.filter(run__in=run_ids, version__in=[root_id, *version_ids])
    for pk, run_id in inputs.values_list("version_id", "run_id"):
        uses[pk].append(run_id)
    outputs: dict[str, list[int]] = defaultdict(list)
    made = Version.objects.filter(pk__in=version_ids).values_list("pk", "created_by_run")
    for pk, run_id in made:
        outputs[run_id].append(pk)
    return _nearest(root_id, uses, outputs)


def _nearest(
    root_id: int, uses: dict[int, list[str]], outputs: dict[str, list[int]]
) -> dict[int, int]:
    depths, queue = {root_id: 0}, [root_id]
    for pk in queue:
        for run_id in uses.pop(pk, ()):
            for output in outputs.pop(run_id, ()):
                if output not in depths:
                    depths[output] = depths[pk] + 1
                    queue.append(output)
    return depths


def _visible_rows(version_ids: list[int], asked_by: Caller) -> dict[int, Version]:
    rows = Version.objects.visible_to(asked_by).select_related("artifact__team", "created_by")
    found: dict[int, Version] = rows.defer("metadata", "description", "tags").in_bulk(version_ids)
    return found


def _item(version: Version, depth: int, aliases: tuple[str, ...], project: str) -> ImpactItem:
    artifact = version.artifact
    return ImpactItem(
        depth=depth,
        type=artifact.type,
        name=artifact.name,
        team=artifact.team.name if artifact.team else "",
        number=version.number,
        size_bytes=version.size_bytes,
        status=version.status,
        aliases=aliases,
        created_at=version.created_at,
        created_by=version.created_by.get_username() if version.created_by else "",
        run_id=version.created_by_run,
        project=project,
    )
