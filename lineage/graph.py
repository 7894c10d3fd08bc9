"""The graph around a version: what it came from, and what came of it.

Upstream leads from a version to the run that made it and on to what that run used; downstream from
a version to the runs that used it and on to what they made. Both are followed from the root, each
in its own direction only: what else an ancestor's runs made, a sibling, is not part of the story.
A *step* leads from a version to a run or back, so two steps make one step of ``depth``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from django.db import connection

from accounts.access import Caller
from artifacts.models import Version
from artifacts.names import TYPES
from lineage.models import Run, RunInput

NODE_LIMIT = 1000

# PostgreSQL runs the part after UNION ALL once for every step, on what the step before reached.
# Its LIMIT keeps dense graphs from exploding: a step of more nodes than the graph may hold is cut,
# in the order of the nodes, and is the last, which changes nothing that is kept. A node reached
# both ways has two rows there. COLLATE "C" makes the order the same on every server.
WALK = """
WITH RECURSIVE walk (step, width, way, version_id, type, name, number, run_id) AS (
    SELECT 0, 2::bigint, ways.way, version.id, artifact.type::text, artifact.name::text,
           version.number, ''
      FROM (VALUES ('up'), ('down')) AS ways (way)
           CROSS JOIN artifacts_version AS version
           JOIN artifacts_artifact AS artifact ON artifact.id = version.artifact_id
     WHERE version.id = %(root_id)s
    UNION ALL
    (SELECT reached.step, count(*) OVER (), reached.way, reached.version_id, artifact.type::text,
            artifact.name::text, version.number, reached.run_id
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
       LEFT JOIN artifacts_artifact AS artifact ON artifact.id = version.artifact_id
      ORDER BY artifact.type COLLATE "C", artifact.name COLLATE "C", version.number,
               reached.run_id COLLATE "C", reached.way
      LIMIT 2 * %(max_rows)s)
)
SELECT version_id, run_id
  FROM walk
 GROUP BY version_id, type, name, number, run_id
 ORDER BY min(step), type COLLATE "C", name COLLATE "C", number, run_id COLLATE "C"
 LIMIT %(max_rows)s
"""


@dataclass(frozen=True)
class ArtifactNode:
    """A version. ``status`` is ``purged`` for one whose content is gone for ever."""

    node_type: ClassVar = "artifact"

    node_id: str
    type: str
    name: str
    number: int
    size_bytes: int
    status: str

    @property
    def label(self) -> str:
        """What people call it."""
        return f"{self.name} v{self.number}"


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
    nodes: tuple[ArtifactNode | RunNode, ...]
    edges: tuple[LineageEdge, ...]
    is_truncated: bool


def neighbourhood(
    *, version: Version, asked_by: Caller, depth: int, limit: int = NODE_LIMIT
) -> LineageGraph:
    """What lies within ``depth`` artifact-to-artifact steps of ``version``, in four queries.

    Only what ``asked_by`` may see. At most ``limit`` nodes: those nearest to the root are kept,
    within one distance by type, name and number, or by run id. Soft-deleted and purged versions
    are part of it.
    """
    reached = _walk(version.pk, depth, limit)
    versions = _read_versions([pk for pk, _ in reached[:limit] if pk is not None], asked_by)
    kept = [(pk, run_id) for pk, run_id in reached[:limit] if pk is None or pk in versions]
    names = _node_ids(versions[version.pk], versions.values())
    runs = Run.objects.visible_to(asked_by).in_bulk([run_id for _, run_id in kept if run_id])
    return LineageGraph(
        root=names[version.pk],
        nodes=tuple(
            _run_node(run_id, runs.get(run_id))
            if pk is None
            else _artifact_node(names[pk], versions[pk])
            for pk, run_id in kept
        ),
        edges=tuple(_edges(kept, versions, names)),
        is_truncated=len(reached) > limit,
    )


def _walk(root_id: int, depth: int, limit: int) -> list[tuple[int | None, str]]:
    """The ``(version id, "")`` and ``(None, run id)`` reached, in order: one more than ``limit``
    where there are more.
    """
    with connection.cursor() as cursor:
        cursor.execute(WALK, {"root_id": root_id, "max_steps": 2 * depth, "max_rows": limit + 1})
        rows: list[tuple[int | None, str]] = cursor.fetchall()
    return rows


def _read_versions(ids: list[int], asked_by: Caller) -> dict[int, Version]:
    visible = Version.objects.visible_to(asked_by).select_related("artifact")
    rows = visible.defer("metadata", "description", "tags")
    found: dict[int, Version] = rows.in_bulk(ids)
    return found


def _node_ids(root: Version, versions: Iterable[Version]) -> dict[int, str]:
    """Version id → ``name:vN``, or ``type/name:vN`` where the short form is another type's.

    The short form belongs to the root's type for the root's name, otherwise to the first of the
    five types that the graph has under that name.
    """
    ranked = sorted(versions, key=lambda one: TYPES.index(one.artifact.type))
    owners = {root.artifact.name: root.artifact.type}
    for one in ranked:
        owners.setdefault(one.artifact.name, one.artifact.type)
    return {
        one.pk: str(one) if owners[one.artifact.name] == one.artifact.type else _long_id(one)
        for one in ranked
    }


def _long_id(version: Version) -> str:
    return f"{version.artifact.type}/{version}"


def _artifact_node(node_id: str, version: Version) -> ArtifactNode:
    return ArtifactNode(
        node_id=node_id,
        type=version.artifact.type,
        name=version.artifact.name,
        number=version.number,
        size_bytes=version.size_bytes,
        status=version.status,
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
