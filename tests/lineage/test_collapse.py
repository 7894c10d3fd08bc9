"""What of a graph is drawn: siblings fold, and what is too much is cut and said."""

import pytest

from lineage.collapse import Drawing, MoreNode, draw
from lineage.graph import ArtifactNode, LineageGraph, Node, RestrictedNode, RunNode
from tests.lineage.drawings import story


def graph_of(*lines: str, is_truncated: bool = False) -> LineageGraph:
    """The graph that the lines tell; its root is the first word, ``hidden`` means what it says."""
    things, edges = story(*lines)
    nodes = tuple(node_of(thing.node_id) for thing in things)
    return LineageGraph(nodes[0].node_id, nodes, tuple(edges), is_truncated)


def node_of(word: str) -> Node:
    if word.startswith("hidden:"):
        return RestrictedNode(word)
    name, colon, number = word.partition(":v")
    if colon:
        return ArtifactNode(word, "model", name, int(number), 7, "ready")
    return RunNode(word, project=word.rstrip("0123456789"), status="finished")


def ids(drawing: Drawing) -> list[str]:
    return [node.node_id for node in drawing.nodes]


def edges(drawing: Drawing) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in drawing.edges}


def family(count: int, name: str = "m") -> list[str]:
    return [f"root:v1 > r > {name}:v{n}" for n in range(1, count + 1)]


def test_five_siblings_stand_beside_each_other() -> None:
    graph = graph_of(*family(5))
    drawing = draw(graph)
    assert drawing.nodes == graph.nodes
    assert drawing.edges == graph.edges
    assert not drawing.is_truncated


def test_of_six_the_last_four_stand_and_one_node_holds_the_rest() -> None:
    drawing = draw(graph_of(*family(6)))
    more = MoreNode("artifact", ">r model/m", 2, "model/m")
    assert ids(drawing) == ["root:v1", "r", "m:v3", "m:v4", "m:v5", "m:v6", ">r model/m"]
    assert drawing.nodes[-1] == more
    assert more.label == "+2 more"
    assert ("r", ">r model/m") in edges(drawing)
    assert len(drawing.edges) == 6


def test_it_unfolds_by_its_id() -> None:
    graph = graph_of(*family(20))
    assert len(draw(graph).nodes) == 7
    assert set(draw(graph, expanded=[">r model/m"]).nodes) == set(graph.nodes)
    assert draw(graph, expanded=["no such"]) == draw(graph)


def test_siblings_of_other_artifacts_are_others() -> None:
    assert len(draw(graph_of(*family(5, "a"), *family(5, "b"))).nodes) == 12


def test_upstream_folds_as_downstream_does() -> None:
    drawing = draw(graph_of("root:v1", *(f"m:v{n} > r > root:v1" for n in range(1, 9))))
    assert ids(drawing)[-1] == "<r model/m"
    assert drawing.steps["<r model/m"] == drawing.steps["m:v8"] == -2
    assert ("<r model/m", "r") in edges(drawing)


def test_runs_of_one_project_fold_and_what_they_made_goes_with_them() -> None:
    lines = [f"root:v1 > train{n} > m{n}:v1" for n in range(1, 9)]
    drawing = draw(graph_of(*lines, "root:v1 > eval"))
    runs = [one for one in ids(drawing) if one.startswith("train")]
    assert runs == ["train5", "train6", "train7", "train8"]
    assert "m1:v1" not in ids(drawing)
    assert {"m5:v1", "m8:v1", "eval", ">root:v1 train"} <= set(ids(drawing))


def test_what_has_another_way_stays_and_keeps_its_edge_to_the_folded() -> None:
    lines = [f"root:v1 > train{n} > m:v1" for n in range(1, 9)]
    drawing = draw(graph_of(*lines))
    assert (">root:v1 train", "m:v1") in edges(drawing)
    assert len([edge for edge in drawing.edges if edge.target == "m:v1"]) == 5


def test_hidden_versions_fold_too() -> None:
    drawing = draw(graph_of("root:v1", *(f"root:v1 > r > hidden:{n}" for n in range(7))))
    assert drawing.nodes[-1] == MoreNode("artifact", ">r restricted", 3, "restricted")


def test_steps_say_how_far_and_which_way() -> None:
    drawing = draw(graph_of("c:v1", "a:v1 > r1 > b:v1 > r2 > c:v1 > r3 > d:v1"))
    assert drawing.steps == {
        "c:v1": 0, "r2": -1, "b:v1": -2, "r1": -3, "a:v1": -4, "r3": 1, "d:v1": 2,
    }  # fmt: skip


def test_a_cycle_ends() -> None:
    drawing = draw(graph_of("a:v1 > r1 > b:v1 > r2 > a:v1", "r1 > c:v1"))
    assert sorted(ids(drawing)) == ["a:v1", "b:v1", "c:v1", "r1", "r2"]
    assert len(drawing.edges) == 5


def test_what_a_cycle_leads_to_is_drawn() -> None:
    """Met upstream first; what it leads to downstream belongs to the story all the same."""
    graph = graph_of("root:v1", "far:v1 > near > root:v1 > one > x:v1 > two > far:v1 > out > y:v1")
    assert set(ids(draw(graph))) == {node.node_id for node in graph.nodes}


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5])
def test_a_cut_keeps_the_nearest_and_says_so(most: int) -> None:
    graph = graph_of("a:v1 > r1 > b:v1 > r2 > c:v1")
    drawing = draw(graph, max_nodes=most)
    assert ids(drawing) == ["a:v1", "r1", "b:v1", "r2", "c:v1"][:most]
    assert len(drawing.edges) == most - 1
    assert drawing.is_truncated == (most < 5)


def test_too_many_edges_cut_too() -> None:
    lines = [f"a{n}:v1 > r{m}" for n in range(4) for m in range(4)]
    drawing = draw(graph_of("root:v1 > r0", *(f"root:v1 > r{n}" for n in range(4)), *lines))
    assert len(drawing.edges) == 4  # what is no ancestor of the root is not reached
    few = draw(graph_of("root:v1", *(f"root:v1 > r{n} > m:v1" for n in range(5))), max_edges=7)
    assert (len(few.edges), few.is_truncated) == (5, True)


def test_a_graph_that_is_cut_makes_a_drawing_that_is() -> None:
    assert draw(graph_of("a:v1", is_truncated=True)).is_truncated
