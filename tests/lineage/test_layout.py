"""Where nodes stand: nothing overlaps, everything leads to the right, and it does not take long."""

import re
import time
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.graph import LineageEdge, RunNode
from lineage.layout import Layout, PlacedNode, Size, lay_out
from tests.lineage.drawings import Thing, random_story, story

Box = PlacedNode[Thing]


def size_of(thing: Thing) -> Size:
    """Neither all equal nor by chance."""
    digits = int(thing.node_id[-1]) if thing.node_id[-1].isdigit() else 0
    return Size(120 + 41 * (thing.node_type == "run") - 17 * (digits % 3), 30 + 13 * (digits % 4))


def placed(*lines: str) -> tuple[dict[str, Box], Layout[Thing]]:
    layout = lay_out(*story(*lines), size_of)
    return {one.node.node_id: one for one in layout.nodes}, layout


def points(path: str) -> list[tuple[int, int]]:
    """The ends of a path's parts, without the handles of its curves."""
    x, y = 0, 0
    found: list[tuple[int, int]] = []
    for letter, text in re.findall(r"([A-Za-z])([^A-Za-z]+)", path):
        numbers = [int(word) for word in text.split()]
        x, y = x + numbers[0 if letter == "h" else -2], y + (0 if letter == "h" else numbers[-1])
        found.append((x, y))
    return found


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Thing], list[LineageEdge]]:
    """Versions and runs, and any edges between the two kinds, so cycles too."""
    versions = [f"m:v{n}" for n in range(draw(st.integers(1, 12)))]
    runs = [f"r{n}" for n in range(draw(st.integers(1, 10)))]
    pairs = st.tuples(st.sampled_from(versions), st.sampled_from(runs), st.booleans())
    chosen = draw(st.lists(pairs, max_size=40, unique=True))
    lines = [f"{one} > {run}" if uses else f"{run} > {one}" for one, run, uses in chosen]
    return story(*draw(st.permutations([*versions, *runs])), *lines)


@settings(max_examples=150, deadline=None)
@given(stories())
def test_nothing_overlaps_and_all_of_it_is_in_the_picture(
    given_story: tuple[list[Thing], list[LineageEdge]],
) -> None:
    layout = lay_out(*given_story, size_of)
    for one, other in combinations(layout.nodes, 2):
        is_beside = one.x + one.width < other.x or other.x + other.width < one.x
        is_above = one.y + one.height < other.y or other.y + other.height < one.y
        assert is_beside or is_above
    for one in layout.nodes:
        assert one.x >= 0
        assert one.y >= 0
        assert one.x + one.width <= layout.width
        assert one.y + one.height <= layout.height


@settings(max_examples=150, deadline=None)
@given(stories())
def test_every_edge_joins_the_sides_of_its_ends_and_crosses_no_node(
    given_story: tuple[list[Thing], list[LineageEdge]],
) -> None:
    nodes, edges = given_story
    layout = lay_out(nodes, edges, size_of)
    boxes = {one.node.node_id: one for one in layout.nodes}
    assert [one.edge for one in layout.edges] == edges
    for routed in layout.edges:
        way = points(routed.path)
        source, target = boxes[routed.edge.source], boxes[routed.edge.target]
        left, right = (target, source) if routed.is_back else (source, target)
        ends = way[::-1] if routed.is_back else way
        assert ends[0][0] == left.x + left.width
        assert ends[-1][0] == right.x
        assert ends == sorted(ends, key=lambda point: point[0])
        for box in boxes.values():
            assert not any(is_inside(point, box) for point in way[1:-1])


def is_inside(point: tuple[int, int], box: Box) -> bool:
    x, y = point
    return box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height


@settings(max_examples=100, deadline=None)
@given(stories())
def test_what_has_no_cycle_has_no_edge_back(
    given_story: tuple[list[Thing], list[LineageEdge]],
) -> None:
    nodes, edges = given_story
    place = {node.node_id: n for n, node in enumerate(nodes)}
    onwards = [edge for edge in edges if place[edge.source] < place[edge.target]]
    layout = lay_out(nodes, onwards, size_of)
    assert not any(one.is_back for one in layout.edges)


@settings(max_examples=100, deadline=None)
@given(stories())
def test_runs_and_versions_have_columns_of_their_own(
    given_story: tuple[list[Thing], list[LineageEdge]],
) -> None:
    kinds: dict[int, set[str]] = {}
    for one in lay_out(*given_story, lambda thing: Size(100, 40)).nodes:
        kinds.setdefault(one.x, set()).add(one.node.node_type)
    assert all(len(found) == 1 for found in kinds.values())


def test_the_same_story_gives_the_same_picture() -> None:
    nodes, edges = random_story(seed=7, num_nodes=60)
    assert lay_out(nodes, edges, size_of) == lay_out(list(nodes), list(edges), size_of)


def test_a_chain_is_one_straight_line() -> None:
    boxes, layout = placed("a:v1 > r1 > b:v1 > r2 > c:v1")
    centres = [one.y + one.height / 2 for one in boxes.values()]
    assert max(centres) - min(centres) < 1
    xs = [boxes[name].x for name in ("a:v1", "r1", "b:v1", "r2", "c:v1")]
    assert xs == sorted(xs)
    assert all(len({y for _, y in points(edge.path)}) == 1 for edge in layout.edges)


def test_a_beginning_stands_right_before_what_uses_it() -> None:
    boxes, _ = placed("a:v1 > r1 > b:v1 > r2 > c:v1", "late:v1 > r2")
    assert boxes["late:v1"].x == boxes["b:v1"].x


def test_a_long_edge_goes_round_what_is_between() -> None:
    boxes, layout = placed("a:v1 > r1 > b:v1 > r2 > c:v1", "a:v1 > r2")
    long = next(one for one in layout.edges if (one.edge.source, one.edge.target) == ("a:v1", "r2"))
    between = [boxes["r1"], boxes["b:v1"]]
    (level,) = {y for x, y in points(long.path) if boxes["r1"].x <= x <= boxes["b:v1"].x}
    assert all(level < box.y or level > box.y + box.height for box in between)
    assert len({boxes["a:v1"].x, boxes["r1"].x, boxes["b:v1"].x, boxes["r2"].x}) == 4


def test_a_run_that_uses_what_it_made_has_one_edge_back() -> None:
    boxes, layout = placed("a:v1 > r1 > b:v1 > r1")
    back = [(one.edge.source, one.edge.target) for one in layout.edges if one.is_back]
    assert back == [("b:v1", "r1")]
    assert boxes["r1"].x < boxes["b:v1"].x


def test_two_that_lie_crosswise_are_put_straight() -> None:
    boxes, _ = placed("a:v1", "b:v1", "r1", "r2", "a:v1 > r2", "b:v1 > r1")
    assert (boxes["a:v1"].y < boxes["b:v1"].y) == (boxes["r2"].y < boxes["r1"].y)


def test_a_node_alone_and_nothing_at_all_are_pictures() -> None:
    boxes, layout = placed("a:v1")
    assert (boxes["a:v1"].x, boxes["a:v1"].y) == (24, 24)
    size = size_of(Thing("a:v1"))
    assert (layout.width, layout.height) == (24 + size.width + 24, 24 + size.height + 24)
    assert lay_out([], [], size_of) == Layout((), (), 24, 24)


def test_any_node_that_says_what_it_is_can_be_placed() -> None:
    layout = lay_out([RunNode("r1")], [], lambda node: Size(10, 10))
    assert layout.nodes[0].node.node_id == "r1"


@pytest.mark.parametrize(("num_nodes", "most_seconds"), [(60, 0.1), (150, 1.0)])
def test_it_takes_no_time(num_nodes: int, most_seconds: float) -> None:
    nodes, edges = random_story(seed=1, num_nodes=num_nodes)
    assert len(nodes) == num_nodes
    taken = []
    for _ in range(3):
        began = time.process_time()
        lay_out(nodes, edges, size_of)
        taken.append(time.process_time() - began)
    assert min(taken) < most_seconds
