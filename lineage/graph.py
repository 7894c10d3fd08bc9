"""The graph around a version: what it came from, and what came of it.

Upstream leads from a version to the run that made it and on to what that run used; downstream from
a version to the runs that used it and on to what they made. Both are followed from the root, each
in its own direction only: what else an ancestor's runs made, a sibling, is not part of the story.
A *step* leads from a version to a run or back, so two steps make one step of ``depth``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

from django.db import connection

from accounts.access import Caller
from artifacts.known import ARTIFACT_IS_KNOWN, sql_values
from artifacts.models import Version
from artifacts.names import TYPES
from lineage.models import Run, RunInput

NODE_LIMIT = 1000


class Direction(Enum):
    """Which way to go from a version; the values are the words of the walk."""

    UPSTREAM = ("up",)
    DOWNSTREAM = ("down",)
    BOTH = ("up", "down")


# PostgreSQL runs the part after UNION ALL once for every step, on what the step before reached.
# Its LIMIT keeps dense graphs from exploding: a step of more nodes than the graph may hold is cut,
# in the order of the nodes, and is the last, which changes nothing that is kept. A node reached
# both ways has two rows there. COLLATE "C" makes the order the same on every server.
# Of a version whose artifact the caller may not know of, type, name and number are NULL, and so it
# stands behind the others: the place it had by them would tell them.
WALK = f"""
WITH RECURSIVE walk (step, width, way, version_id, type, name, number, run_id) AS (
    SELECT 0, 2::bigint, ways.way, version.id, artifact.type::text, artifact.name::text,
           version.number, ''
      FROM unnest(%(ways)s::text[]) AS ways (way)
           CROSS JOIN artifacts_version AS version
           JOIN artifacts_artifact AS artifact ON artifact.id = version.artifact_id
     WHERE version.id = %(root_id)s
    UNION ALL
    (SELECT reached.step, count(*) OVER (), reached.way, reached.version_id, artifact.type::text,
            artifact.name::text,
            CASE WHEN artifact.id IS NOT NULL THEN version.number END AS number, reached.run_id
       FROM (
           SELECT DISTINCT walk.step + 1 AS step, walk.way, next.version_id, next.run_id
             FROM walk
                  CROSS JOIN LATERAL (
                      SELECT NULL::bigint AS version_id, made.created_by_run::text AS run_id
                        FROM artifacts_version AS made
                       WHERE walk.way = 'up' AND made.id = walk.version_id
                             AND made.created_by_run <> ''
                      UNION ALL
                      SELECT input.version_id, ''
                        FROM lineage_runinput AS input
                       WHERE walk.way = 'up' AND input.run_id = walk.run_id
                      UNION ALL
                      SELECT NULL, input.run_id
                        FROM lineage_runinput AS input
                       WHERE walk.way = 'down' AND input.version_id = walk.version_id
                      UNION ALL
                      SELECT made.id, ''
                        FROM artifacts_version AS made
                       WHERE walk.way = 'down' AND walk.run_id <> ''
                             AND made.created_by_run = walk.run_id
                  ) AS next
            WHERE walk.step < %(max_steps)s AND walk.width <= 2 * %(max_rows)s
       ) AS reached
       LEFT JOIN artifacts_version AS version ON version.id = reached.version_id
       LEFT JOIN artifacts_artifact AS artifact
                 ON artifact.id = version.artifact_id AND {ARTIFACT_IS_KNOWN}
      ORDER BY artifact.type COLLATE "C", artifact.name COLLATE "C", number,
               reached.run_id COLLATE "C", reached.version_id, reached.way
      LIMIT 2 * %(max_rows)s)
)
SELECT version_id, run_id
  FROM walk
 GROUP BY version_id, type, name, number, run_id
 ORDER BY min(step), type COLLATE "C", name COLLATE "C", number, run_id COLLATE "C",
       version_id
 LIMIT %(max_rows)s
"""  # noqa: S608 - constants only


@dataclass(frozen=True)
class ArtifactNode:
    """A version. ``status`` is ``purged`` for one whose content is gone for ever.

    ``team`` is empty for what is everyone's. ``version_id`` is the row's.
    """

    node_type: ClassVar = "artifact"

    node_id: str
    type: str
    name: str
    number: int
    size_bytes: int
    status: str
    team: str = ""
    version_id: int = field(default=0, compare=False)

    @property
    def label(self) -> str:
        """What people call it."""
        return f"{self.name} v{self.number}"


@dataclass(frozen=True)
class RestrictedNode:
    """A version that the caller may not know of: that there is one, and nothing else."""

    node_type: ClassVar = "artifact"
    label: ClassVar = "restricted"

    node_id: str


@dataclass(frozen=True)
class RunNode:
    """A run; ``project``, ``name`` and ``status`` are empty for an id that no run has."""

    node_type: ClassVar = "run"

    node_id: str
    project: str = ""
    name: str = ""
    status: str = ""

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or f"Run {self.node_id}"


Node = ArtifactNode | RestrictedNode | RunNode


@dataclass(frozen=True)
class LineageEdge:
    """``uses`` leads from a version to a run, ``produces`` from a run to a version."""

    source: str
    target: str
    edge_type: str


@dataclass(frozen=True)
class LineageGraph:
    """The nodes, the root first and then by distance, and every edge between any two of them."""

    root: str
    nodes: tuple[Node, ...]
    edges: tuple[LineageEdge, ...]
    is_truncated: bool


def neighbourhood(
    *,
    version: Version,
    asked_by: Caller,
    depth: int,
    limit: int = NODE_LIMIT,
    direction: Direction = Direction.BOTH,
) -> LineageGraph:
    """What lies within ``depth`` artifact-to-artifact steps of ``version``, in five queries.

    What ``asked_by`` may not see is one opaque node each. At most ``limit`` nodes: those nearest to
    the root are kept, within one distance by type, name and number, or by run id; what is not
    visible is last there. Soft-deleted and purged versions are part of it.
    """
    steps = {"max_steps": 2 * depth, "max_rows": limit + 1, "ways": list(direction.value)}
    reached = _walk(version.pk, asked_by, steps)
    kept = reached[:limit]
    ids = [pk for pk, _ in kept if pk is not None]
    versions = _read_versions(ids)
    visible = _visible(ids, asked_by)
    names = _node_ids(versions[version.pk], [versions[pk] for pk in visible])
    names |= {pk: f"restricted:{n}" for n, pk in enumerate(sorted(set(ids) - visible), 1)}
    runs = Run.objects.visible_to(asked_by).in_bulk([run_id for _, run_id in kept if run_id])
    return LineageGraph(
        root=names[version.pk],
        nodes=tuple(
            _run_node(run_id, runs.get(run_id))
            if pk is None
            else _artifact_node(names[pk], versions[pk])
            if pk in visible
            else RestrictedNode(names[pk])
            for pk, run_id in kept
        ),
        edges=tuple(_edges(kept, versions, names)),
        is_truncated=len(reached) > limit,
    )


def _walk(root_id: int, asked_by: Caller, steps: dict[str, Any]) -> list[tuple[int | None, str]]:
    """The ``(version id, "")`` and ``(None, run id)`` reached, in order."""
    with connection.cursor() as cursor:
        cursor.execute(WALK, {"root_id": root_id, **steps, **sql_values(asked_by)})
        rows: list[tuple[int | None, str]] = cursor.fetchall()
    return rows


def _read_versions(ids: list[int]) -> dict[int, Version]:
    rows = Version.objects.select_related("artifact__team")
    found: dict[int, Version] = rows.defer("metadata", "description", "tags").in_bulk(ids)
    return found


def _visible(ids: list[int], asked_by: Caller) -> set[int]:
    visible = Version.objects.visible_to(asked_by).filter(pk__in=ids)
    return set(visible.values_list("pk", flat=True))


def _node_ids(root: Version, versions: Iterable[Version]) -> dict[int, str]:
    """Version id → ``name:vN``, or ``[team/]type/name:vN`` where the short form is another's.

    The short form belongs to the root's artifact for the root's name, otherwise to the first that
    the graph has under that name, in the order of the five types and then of their age.
    """
    ranked = sorted(versions, key=lambda one: (TYPES.index(one.artifact.type), one.artifact_id))
    owners = {root.artifact.name: root.artifact_id}
    for one in ranked:
        owners.setdefault(one.artifact.name, one.artifact_id)
    return {
        one.pk: str(one) if owners[one.artifact.name] == one.artifact_id else one.full_name
        for one in ranked
    }


def _artifact_node(node_id: str, version: Version) -> ArtifactNode:
    return ArtifactNode(
        node_id=node_id,
        type=version.artifact.type,
        name=version.artifact.name,
        number=version.number,
        size_bytes=version.size_bytes,
        status=version.status,
        team=version.artifact.team.name if version.artifact.team else "",
        version_id=version.pk,
    )


def _run_node(run_id: str, run: Run | None) -> RunNode:
    if run is None:
        return RunNode(run_id)
    return RunNode(run_id, project=run.project, name=run.name, status=run.status)


def _edges(
    kept: list[tuple[int | None, str]], versions: dict[int, Version], names: dict[int, str]
) -> Iterable[LineageEdge]:
    """Every edge with both ends among the kept nodes, in the order of the nodes."""
    position = {run_id or pk: index for index, (pk, run_id) in enumerate(kept)}
    inputs = RunInput.objects.filter(
        run__in=[run_id for _, run_id in kept if run_id], version__in=list(versions)
    ).values_list("version_id", "run_id")
    for pk, run_id in sorted(inputs, key=lambda edge: (position[edge[0]], position[edge[1]])):
        yield LineageEdge(names[pk], run_id, "uses")
    for made in sorted(versions.values(), key=lambda one: position[one.pk]):
        if made.created_by_run in position:
            yield LineageEdge(made.created_by_run, names[made.pk], "produces")
