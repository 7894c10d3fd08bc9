"""What of a graph is drawn: siblings beyond a few fold into one "+N more", and all has an end.

Siblings are what one node leads to, or comes from, and is of one kind: versions of one artifact,
runs of one project, versions that are hidden. What lies behind a folded one goes with it, unless
there is another way.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from lineage.graph import ArtifactNode, LineageEdge, LineageGraph, Node, RunNode

UP, DOWN = -1, 1
SIBLINGS = 5
"""So many stand beside each other; of more, the last four and a node that holds the rest."""
MAX_NODES, MAX_EDGES = 100, 200
"""What somebody can take in, and what keeps the page small."""


@dataclass(frozen=True)
class MoreNode:
    """``count`` siblings of one ``kind``, such as an artifact's name; ``node_id`` unfolds them."""

    node_type: str
    node_id: str
    count: int
    kind: str

    @property
    def label(self) -> str:
        """What people read."""
        return f"+{self.count} more"


@dataclass(frozen=True)
class Drawing:
    """The nodes that are drawn, the root first and then by distance, and the edges between them.

    ``steps`` has for each how many edges it is away, negative where it came before the root.
    """

    root: str
    nodes: tuple[Node | MoreNode, ...]
    edges: tuple[LineageEdge, ...]
    steps: Mapping[str, int]
    is_truncated: bool


@dataclass
class _Fold:
    """The walk from the root outwards: what is kept, how far it is, and where the rest went."""

    nodes: dict[str, Node | MoreNode]
    steps: dict[str, int] = field(default_factory=dict)
    folded: dict[str, str] = field(default_factory=dict)


def draw(
    graph: LineageGraph,
    *,
    expanded: Collection[str] = (),
    max_nodes: int = MAX_NODES,
    max_edges: int = MAX_EDGES,
) -> Drawing:
    """Fold ``graph``, but for the ``MoreNode`` ids in ``expanded``, and cut what is too much."""
    fold = _fold(graph, expanded)
    place = {node_id: number for number, node_id in enumerate(fold.steps)}
    edges = list(dict.fromkeys(_redirected(graph, fold)))
    size = min(max_nodes, _fitting([_place(edge, place) for edge in edges], place, max_edges))
    kept = list(place)[:size]
    return Drawing(
        root=graph.root,
        nodes=tuple(fold.nodes[node_id] for node_id in kept),
        edges=tuple(edge for edge in edges if _place(edge, place) < size),
        steps={node_id: fold.steps[node_id] for node_id in kept},
        is_truncated=graph.is_truncated or size < len(place),
    )


def _fold(graph: LineageGraph, expanded: Collection[str]) -> _Fold:
    around = _neighbours(graph)
    fold = _Fold({node.node_id: node for node in graph.nodes}, {graph.root: 0})
    queue = [(graph.root, UP), (graph.root, DOWN)]
    seen = set(queue)
    for node_id, way in queue:
        new = [(one, way) for one in around[way][node_id] if (one, way) not in seen]
        _fold_siblings(fold, node_id, way, [one for one, _ in new], expanded)
        seen.update(new)
        queue += [one for one in new if one[0] not in fold.folded]
    return fold


def _neighbours(graph: LineageGraph) -> dict[int, dict[str, list[str]]]:
    """What each node leads to (DOWN) and comes from (UP), in the order of the nodes."""
    place = {node.node_id: number for number, node in enumerate(graph.nodes)}
    around: dict[int, dict[str, list[str]]] = {
        way: {node_id: [] for node_id in place} for way in (UP, DOWN)
    }
    for edge in graph.edges:
        around[DOWN][edge.source].append(edge.target)
        around[UP][edge.target].append(edge.source)
    for ones in (ones for found in around.values() for ones in found.values()):
        ones.sort(key=place.__getitem__)
    return around


def _fold_siblings(
    fold: _Fold, parent: str, way: int, children: list[str], expanded: Collection[str]
) -> None:
    """Note which of ``children``, those that are new, are kept, and where the others go."""
    families: dict[str, list[str]] = defaultdict(list)
    for child in children:
        if child not in fold.steps and child not in fold.folded:
            families[_kind(fold.nodes[child])].append(child)
    step = fold.steps[parent] + way
    for kind, family in families.items():
        more_id = f"{'<' if way == UP else '>'}{parent} {kind}"
        is_folded = len(family) > SIBLINGS and more_id not in expanded
        shown = family[1 - SIBLINGS :] if is_folded else family
        fold.steps.update(dict.fromkeys(shown, step))
        if is_folded:
            hidden = family[: 1 - SIBLINGS]
            node_type = fold.nodes[hidden[0]].node_type
            fold.nodes[more_id] = MoreNode(node_type, more_id, len(hidden), kind)
            fold.steps[more_id] = step
            fold.folded.update(dict.fromkeys(hidden, more_id))


def _kind(node: Node | MoreNode) -> str:
    match node:
        case ArtifactNode():
            return f"{node.team}/{node.type}/{node.name}".lstrip("/")
        case RunNode():
            return node.project
    return "restricted"


def _redirected(graph: LineageGraph, fold: _Fold) -> Iterator[LineageEdge]:
    """The edges between what is kept, those of what is folded led to the node that holds it."""
    for edge in graph.edges:
        source = fold.folded.get(edge.source, edge.source)
        target = fold.folded.get(edge.target, edge.target)
        if source in fold.steps and target in fold.steps:
            yield LineageEdge(source, target, edge.edge_type)


def _place(edge: LineageEdge, place: Mapping[str, int]) -> int:
    """With which node it is there: the later of its ends."""
    return max(place[edge.source], place[edge.target])


def _fitting(places: list[int], nodes: Collection[str], max_edges: int) -> int:
    """How many nodes have at most ``max_edges`` between them."""
    counted = Counter(places)
    sums = accumulate(counted[number] for number in range(len(nodes)))
    return sum(total <= max_edges for total in sums)
