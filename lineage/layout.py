"""Where the nodes of a drawing stand, in columns from left to right, and how its edges run.

In four steps, as Sugiyama, Tagawa and Toda described them (1981): what would run backwards is
turned round, so that no cycle is left; every node gets a column, by the longest way to it; the
order in each column follows the neighbours (barycentres); then each node moves as near to its
neighbours as the others in its column allow. An edge that passes a column has a place of its own
in it, so it crosses no node. Knows nothing of what the nodes are but ``node_type``: runs and
versions keep to columns of their own. The same input gives the same picture.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

from lineage.graph import LineageEdge

MARGIN = 24
COLUMN_GAP, GAP_PER_EDGE, WIDEST_GAP = 52, 3, 96
ROW_GAP, LANE_GAP = 20, 12
"""Between two nodes of a column, and beside an edge that passes it."""
ORDER_SWEEPS, PLACE_SWEEPS = 8, 6


class Placeable(Protocol):
    """What can be drawn."""

    @property
    def node_id(self) -> str:
        """What edges call it."""

    @property
    def node_type(self) -> str:
        """``artifact`` or ``run``."""


NodeT = TypeVar("NodeT", bound=Placeable)
Point = tuple[int, int]


@dataclass(frozen=True)
class Size:
    """In pixels."""

    width: int
    height: int


@dataclass(frozen=True)
class PlacedNode(Generic[NodeT]):
    """A node and its box; ``x`` and ``y`` are the upper left corner, in pixels."""

    node: NodeT
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class RoutedEdge:
    """An edge and its way, as the ``d`` of an SVG path; ``is_back``: it closes a cycle."""

    edge: LineageEdge
    path: str
    is_back: bool


@dataclass(frozen=True)
class Layout(Generic[NodeT]):
    """The picture, ``width`` by ``height`` pixels, nodes and edges in the order given."""

    nodes: tuple[PlacedNode[NodeT], ...]
    edges: tuple[RoutedEdge, ...]
    width: int
    height: int


@dataclass
class _Net:
    """The nodes (by their position) and behind them the lanes of long edges, all in columns."""

    columns: list[list[int]] = field(default_factory=list)
    before: list[list[int]] = field(default_factory=list)
    after: list[list[int]] = field(default_factory=list)
    heights: list[int] = field(default_factory=list)
    centres: list[float] = field(default_factory=list)

    def add(self, column: int, height: int) -> int:
        """A new one in ``column``."""
        while len(self.columns) <= column:
            self.columns.append([])
        self.columns[column].append(len(self.heights))
        self.before.append([])
        self.after.append([])
        self.heights.append(height)
        return len(self.heights) - 1

    def join(self, left: int, right: int) -> None:
        """Neighbours in neighbouring columns."""
        self.after[left].append(right)
        self.before[right].append(left)


def lay_out(
    nodes: Sequence[NodeT], edges: Sequence[LineageEdge], size_of: Callable[[NodeT], Size]
) -> Layout[NodeT]:
    """Place ``nodes`` and lead ``edges``, each of which joins two of them, between them."""
    position = {node.node_id: index for index, node in enumerate(nodes)}
    pairs = [(position[edge.source], position[edge.target]) for edge in edges]
    back = _back_edges(len(nodes), pairs)
    forward = [(end, start) if (start, end) in back else (start, end) for start, end in pairs]
    sizes = [size_of(node) for node in nodes]
    ranks = _ranks([int(node.node_type == "run") for node in nodes], forward)
    net, chains = _build_net(ranks, forward, sizes)
    _order(net)
    _place(net)
    spans = _column_spans(net, sizes)
    boxes = [_box(spans[ranks[n]], size, net.centres[n]) for n, size in enumerate(sizes)]
    sides = [(boxes[left][0] + sizes[left].width, boxes[right][0]) for left, *_, right in chains]
    ways = [
        _way(chain, net, ends, spans, ranks[chain[0]])
        for chain, ends in zip(chains, sides, strict=True)
    ]
    return Layout(
        nodes=tuple(
            PlacedNode(node, *corner, size.width, size.height)
            for node, corner, size in zip(nodes, boxes, sizes, strict=True)
        ),
        edges=tuple(
            RoutedEdge(edge, _path(way[::-1] if pair in back else way), pair in back)
            for edge, pair, way in zip(edges, pairs, ways, strict=True)
        ),
        width=max((right for _, right in spans), default=0) + MARGIN,
        height=max((y + size.height for (_, y), size in zip(boxes, sizes, strict=True)), default=0)
        + MARGIN,
    )


def _neighbours(count: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(count)]
    for start, end in pairs:
        found[start].append(end)
    return found


def _back_edges(count: int, pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those that a walk from the beginnings finds to lead back to where it came along."""
    after, entered = _neighbours(count, pairs), {end for _, end in pairs}
    beginnings = sorted(range(count), key=lambda node: node in entered)
    back, begun, done = set(), set(), set()
    for beginning in beginnings:
        stack = [] if beginning in begun else [(beginning, iter(after[beginning]))]
        begun.add(beginning)
        while stack:
            node, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                done.add(node)
                stack.pop()
            elif following not in begun:
                begun.add(following)
                stack.append((following, iter(after[following])))
            elif following not in done:
                back.add((node, following))
    return back


def _ranks(first: list[int], pairs: Sequence[tuple[int, int]]) -> list[int]:
    """The column of each: behind all that lead to it, a beginning right before what it leads to.

    ``first`` is the leftmost that each may stand in: runs and versions take turns.
    """
    after = _neighbours(len(first), pairs)
    before = _neighbours(len(first), ((end, start) for start, end in pairs))
    ranks, waiting = list(first), [len(ones) for ones in before]
    ready = [node for node, count in enumerate(waiting) if not count]
    for node in ready:
        for following in after[node]:
            ranks[following] = max(ranks[following], ranks[node] + 1)
            waiting[following] -= 1
            if not waiting[following]:
                ready.append(following)
    for node, ones in enumerate(after):
        if ones and not before[node]:
            ranks[node] = min(ranks[one] for one in ones) - 1
    lowest = min(ranks, default=0)
    return [rank - lowest for rank in ranks]


def _build_net(
    ranks: list[int], pairs: Sequence[tuple[int, int]], sizes: list[Size]
) -> tuple[_Net, list[list[int]]]:
    """The net, and for each edge what it passes, from its left end to its right."""
    net, chains = _Net(), []
    for rank, size in zip(ranks, sizes, strict=True):
        net.add(rank, size.height)
    for left, right in pairs:
        lanes = [net.add(column, 0) for column in range(ranks[left] + 1, ranks[right])]
        chain = [left, *lanes, right]
        for one, other in pairwise(chain):
            net.join(one, other)
        chains.append(chain)
    return net, chains


def _order(net: _Net) -> None:
    """Sort each column by where its neighbours are, to and fro; keep the fewest crossings."""
    best, fewest = [list(column) for column in net.columns], _count_crossings(net)
    for sweep in range(ORDER_SWEEPS):
        for column, known, neighbours in _sweep(net, is_forward=sweep % 2 == 0):
            place = {one: float(n) for n, one in enumerate(known)}
            own = {one: float(n) for n, one in enumerate(column)}
            wanted = {one: _mean([place[n] for n in neighbours[one]], own[one]) for one in column}
            column.sort(key=wanted.__getitem__)
        crossings = _count_crossings(net)
        if crossings < fewest:
            best, fewest = [list(column) for column in net.columns], crossings
    net.columns = best


def _sweep(
    net: _Net, *, is_forward: bool
) -> Iterable[tuple[list[int], list[int], list[list[int]]]]:
    """Each column with the one that was before it on the way, and who is neighbour there."""
    columns = net.columns if is_forward else net.columns[::-1]
    neighbours = net.before if is_forward else net.after
    for known, column in pairwise(columns):
        yield column, known, neighbours


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _count_crossings(net: _Net) -> int:
    crossings = 0
    for column, known, before in _sweep(net, is_forward=True):
        place = {one: n for n, one in enumerate(known)}
        ends = sorted((place[one], n) for n, node in enumerate(column) for one in before[node])
        passed: list[int] = []
        for _, end in ends:
            spot = bisect_right(passed, end)
            crossings += len(passed) - spot
            passed.insert(spot, end)
    return crossings


def _place(net: _Net) -> None:
    """Give each its centre: as near to its neighbours' as the order in the column allows."""
    net.centres = [0.0] * len(net.heights)
    for column in net.columns:
        _settle(net, column, [0.0] * len(column))
    for sweep in range(PLACE_SWEEPS):
        for column, _, neighbours in _sweep(net, is_forward=sweep % 2 == 0):
            _settle(net, column, _wanted(net, column, neighbours))
    both = [one + other for one, other in zip(net.before, net.after, strict=True)]
    for column in net.columns:
        _settle(net, column, _wanted(net, column, both))
    tops = [centre - height / 2 for centre, height in zip(net.centres, net.heights, strict=True)]
    lift = MARGIN - min(tops, default=0.0)
    net.centres = [centre + lift for centre in net.centres]


def _wanted(net: _Net, column: list[int], neighbours: list[list[int]]) -> list[float]:
    return [_mean([net.centres[n] for n in neighbours[one]], net.centres[one]) for one in column]


def _settle(net: _Net, column: list[int], wanted: list[float]) -> None:
    """Move ``column`` to where it wants to be, kept apart: isotonic regression, by pooling."""
    offsets = [0.0]
    for one, other in pairwise(column):
        offsets.append(offsets[-1] + _distance(net.heights[one], net.heights[other]))
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        total, count = want - offset, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            pooled, size = pools.pop()
            total, count = total + pooled, count + size
        pools.append((total, count))
    spots = [total / count for total, count in pools for _ in range(count)]
    for one, spot, offset in zip(column, spots, offsets, strict=True):
        net.centres[one] = spot + offset


def _distance(height: int, below: int) -> float:
    """From centre to centre, at least; a lane has no height."""
    return (height + below) / 2 + (ROW_GAP if height and below else LANE_GAP)


def _column_spans(net: _Net, sizes: list[Size]) -> list[Point]:
    """Where each column begins and ends; the more edges there are between two, the wider apart."""
    spans, left = [], MARGIN
    for column in net.columns:
        width = max((sizes[one].width for one in column if one < len(sizes)), default=0)
        spans.append((left, left + width))
        edges = sum(len(net.after[one]) for one in column)
        left += width + min(COLUMN_GAP + GAP_PER_EDGE * edges, WIDEST_GAP)
    return spans


def _box(span: Point, size: Size, centre: float) -> Point:
    return (span[0] + span[1] - size.width) // 2, round(centre - size.height / 2)


def _way(
    chain: list[int], net: _Net, sides: tuple[int, int], spans: list[Point], rank: int
) -> list[Point]:
    """The points of an edge from left to right: in pairs, one across each column it touches.

    ``sides`` is where the node on its left ends and the one on its right begins.
    """
    levels = [round(net.centres[one]) for one in chain]
    touched = spans[rank : rank + len(chain)]
    points = [(x, y) for span, y in zip(touched, levels, strict=True) for x in span]
    return [(sides[0], levels[0]), *points[1:-1], (sides[1], levels[-1])]


def _path(points: list[Point]) -> str:
    """Straight across columns, curves across the gaps between them; short, in relative steps."""
    words, start_x = [f"M{points[0][0]} {points[0][1]}"], points[0][0]
    for (x, y), (to_x, to_y) in pairwise(points):
        if y != to_y:
            if x != start_x:
                words.append(f"h{x - start_x}")
            half = (to_x - x) // 2
            words.append(f"c{half} 0 {half} {to_y - y} {to_x - x} {to_y - y}")
            start_x = to_x
    if points[-1][0] != start_x:
        words.append(f"h{points[-1][0] - start_x}")
    return "".join(words)
