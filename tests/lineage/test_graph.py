"""``neighbourhood``: what belongs to the story of a version, and what does not."""

import random
import time
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from django.db.models import RestrictedError

from artifacts.models import Artifact, Version
from artifacts.names import TYPES
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from lineage.graph import ArtifactNode, LineageGraph, RunNode, neighbourhood
from lineage.models import Run, RunInput
from lineage.services import use_version
from tests.conftest import ANYBODY, MakeVersion
from tests.lineage.conftest import MakeRun, Tell

CountQueries = Any  # pytest-django's fixture has no public type


def ids(graph: LineageGraph) -> list[str]:
    return [node.node_id for node in graph.nodes]


def edges(graph: LineageGraph) -> set[str]:
    return {f"{edge.source} {edge.edge_type} {edge.target}" for edge in graph.edges}


def test_a_version_alone_is_the_whole_graph(tell: Tell) -> None:
    graph = neighbourhood(asked_by=ANYBODY, version=tell("a:v1")["a:v1"], depth=10)
    assert graph == LineageGraph(
        root="a:v1",
        nodes=(ArtifactNode("a:v1", "model", "a", 1, 7, "ready"),),
        edges=(),
        is_truncated=False,
    )


def test_a_chain_is_followed_both_ways_and_lists_the_nearest_first(tell: Tell) -> None:
    graph = neighbourhood(
        asked_by=ANYBODY, version=tell("a:v1 > r1 > b:v1 > r2 > c:v1")["b:v1"], depth=1
    )
    assert ids(graph) == ["b:v1", "r1", "r2", "a:v1", "c:v1"]
    assert edges(graph) == {
        "a:v1 uses r1",
        "r1 produces b:v1",
        "b:v1 uses r2",
        "r2 produces c:v1",
    }


def test_edges_come_uses_first_in_the_order_of_the_nodes(tell: Tell) -> None:
    root = tell("a:v1 > r > c:v1", "b:v1 > r > c:v2")["c:v1"]
    graph = neighbourhood(asked_by=ANYBODY, version=root, depth=1)
    assert [(edge.source, edge.target) for edge in graph.edges] == [
        ("a:v1", "r"),
        ("b:v1", "r"),
        ("r", "c:v1"),
    ]


@pytest.mark.parametrize("depth", range(1, 11))
def test_depth_counts_steps_from_version_to_version(tell: Tell, depth: int) -> None:
    words = [word for n in range(12) for word in (f"m:v{n + 1}", f"r{n}")][:-1]
    versions = tell(" > ".join(words))
    forward = neighbourhood(asked_by=ANYBODY, version=versions["m:v1"], depth=depth)
    assert ids(forward) == words[: 2 * depth + 1]
    backward = neighbourhood(asked_by=ANYBODY, version=versions["m:v12"], depth=depth)
    assert ids(backward) == words[::-1][: 2 * depth + 1]


def test_at_the_full_depth_the_run_beyond_is_not_shown(tell: Tell) -> None:
    root = tell("a:v1 > r1 > b:v1 > r2 > c:v1")["c:v1"]
    assert ids(neighbourhood(asked_by=ANYBODY, version=root, depth=1)) == ["c:v1", "r2", "b:v1"]


def test_a_run_that_leads_no_further_is_shown(tell: Tell) -> None:
    root = tell("maker > a:v1 > user")["a:v1"]
    assert ids(neighbourhood(asked_by=ANYBODY, version=root, depth=1)) == ["a:v1", "maker", "user"]


def test_a_diamond_shows_every_edge_once_and_every_node_once(tell: Tell) -> None:
    lines = ["a:v1 > left > b:v1 > join > d:v1", "a:v1 > right > c:v1 > join", "a:v1 > join"]
    versions = tell(*lines)
    expected = {
        "a:v1 uses left",
        "a:v1 uses right",
        "a:v1 uses join",
        "b:v1 uses join",
        "c:v1 uses join",
        "left produces b:v1",
        "right produces c:v1",
        "join produces d:v1",
    }
    for root in ("a:v1", "d:v1"):
        graph = neighbourhood(asked_by=ANYBODY, version=versions[root], depth=2)
        assert edges(graph) == expected
        assert len(graph.edges) == len(expected)
        assert sorted(ids(graph)) == ["a:v1", "b:v1", "c:v1", "d:v1", "join", "left", "right"]


def test_siblings_are_no_part_of_the_story(tell: Tell) -> None:
    """What an ancestor's run made besides, what a descendant's run used besides."""
    root = tell("a:v1 > r1 > b:v1 > r2 > c:v1", "r1 > sibling:v1", "other:v1 > r2", "a:v1 > r3")[
        "b:v1"
    ]
    assert sorted(ids(neighbourhood(asked_by=ANYBODY, version=root, depth=10))) == [
        "a:v1",
        "b:v1",
        "c:v1",
        "r1",
        "r2",
    ]


def test_a_run_that_uses_what_it_made_does_not_go_round(tell: Tell) -> None:
    root = tell("a:v1 > r1 > b:v1 > r1")["b:v1"]
    graph = neighbourhood(asked_by=ANYBODY, version=root, depth=10)
    assert ids(graph) == ["b:v1", "r1", "a:v1"]
    assert edges(graph) == {"a:v1 uses r1", "b:v1 uses r1", "r1 produces b:v1"}


def test_a_long_cycle_is_shown_once(tell: Tell) -> None:
    root = tell("a:v1 > r1 > b:v1 > r2 > c:v1 > r3 > a:v1")["a:v1"]
    graph = neighbourhood(asked_by=ANYBODY, version=root, depth=10)
    assert sorted(ids(graph)) == ["a:v1", "b:v1", "c:v1", "r1", "r2", "r3"]
    assert len(graph.edges) == 6


def test_nodes_of_one_distance_come_by_type_name_and_number(tell: Tell) -> None:
    words = ["b:v2", "b:v10", "dataset/z:v1", "B:v1", "é:v1"]
    root = tell("root:v1 > r > b:v2", *(f"r > {word}" for word in words))["root:v1"]
    expected = ["root:v1", "r", "z:v1", "B:v1", "b:v2", "b:v10", "é:v1"]
    assert ids(neighbourhood(asked_by=ANYBODY, version=root, depth=1)) == expected


def test_runs_of_one_distance_come_by_id(tell: Tell) -> None:
    root = tell("a:v1 > b", "a:v1 > C", "a:v1 > a")["a:v1"]
    assert ids(neighbourhood(asked_by=ANYBODY, version=root, depth=1)) == ["a:v1", "C", "a", "b"]


def test_a_shared_name_is_short_for_the_roots_type(tell: Tell) -> None:
    root = tell("model/same:v1 > r > dataset/same:v1")["dataset/same:v1"]
    graph = neighbourhood(asked_by=ANYBODY, version=root, depth=1)
    assert (graph.root, ids(graph)) == ("same:v1", ["same:v1", "r", "model/same:v1"])
    assert edges(graph) == {"model/same:v1 uses r", "r produces same:v1"}


def test_a_shared_name_elsewhere_is_short_for_the_first_type_there(tell: Tell) -> None:
    root = tell("code/same:v1 > r > root:v1", "config/same:v1 > r", "config/same:v2 > r")["root:v1"]
    assert ids(neighbourhood(asked_by=ANYBODY, version=root, depth=1)) == [
        "root:v1",
        "r",
        "code/same:v1",
        "same:v1",
        "same:v2",
    ]


def test_nodes_say_what_they_are(make_run: MakeRun, tell: Tell) -> None:
    make_run("named", project="vision", name="resnet baseline")
    versions = tell("a:v3 > plain")
    versions["a:v3"].created_by_run = "named"
    versions["a:v3"].save()
    artifact, named, plain = neighbourhood(
        asked_by=ANYBODY, version=versions["a:v3"], depth=1
    ).nodes
    assert (artifact.node_type, artifact.label) == ("artifact", "a v3")
    assert (named.node_type, named.label) == ("run", "resnet baseline")
    assert named == RunNode("named", project="vision", name="resnet baseline", status="running")
    assert plain.label == "Run plain"


def test_a_run_id_without_a_run_is_a_node_without_a_name(tell: Tell) -> None:
    root = tell("a:v1")["a:v1"]
    root.created_by_run = "gone"
    root.save()
    graph = neighbourhood(asked_by=ANYBODY, version=root, depth=3)
    assert graph.nodes[1] == RunNode("gone")
    assert edges(graph) == {"gone produces a:v1"}


@pytest.mark.parametrize("remove", ["soft", "purge"])
def test_a_removed_version_keeps_the_chain_together(
    make_version: MakeVersion, make_run: MakeRun, remove: str
) -> None:
    first, last = make_run("first"), make_run("last")
    middle = make_version("middle", run_id=first.id)
    use_version(run=last, version=middle, used_by=ANYBODY)
    end = make_version("end", run_id=last.id)
    if remove == "soft":
        soft_delete_version(version=middle, deleted_by=ANYBODY)
    else:
        purge_version(version=middle, purged_by=ANYBODY)
    graph = neighbourhood(asked_by=ANYBODY, version=end, depth=3)
    assert ids(graph) == ["end:v1", "last", "middle:v1", "first"]
    node = graph.nodes[2]
    assert isinstance(node, ArtifactNode)
    assert (node.status, node.size_bytes) == (
        ("deleted", 12) if remove == "soft" else ("purged", 0)
    )


def test_the_row_of_a_version_with_edges_cannot_be_deleted(tell: Tell) -> None:
    version = tell("a:v1 > r")["a:v1"]
    with pytest.raises(RestrictedError):
        version.delete()


# The cap ------------------------------------------------------------------------------------------


def star(fan: int) -> Version:
    """A version used by ``fan`` runs that each made one, and made from ``fan`` others."""
    artifact = Artifact.objects.create(type="model", name="m")
    numbers = range(1, 2 * fan + 2)
    root, *others = Version.objects.bulk_create(
        Version(artifact=artifact, number=number) for number in numbers
    )
    Run.objects.bulk_create(Run(id=f"r{n:05}", project="p") for n in range(fan))
    Run.objects.create(id="maker", project="p")
    root.created_by_run = "maker"
    root.save()
    for n, version in enumerate(others[:fan]):
        version.created_by_run = f"r{n:05}"
    Version.objects.bulk_update(others[:fan], ["created_by_run"])
    RunInput.objects.bulk_create(RunInput(run_id=f"r{n:05}", version=root) for n in range(fan))
    RunInput.objects.bulk_create(RunInput(run_id="maker", version=one) for one in others[fan:])
    return root


def test_a_graph_of_just_the_limit_is_whole(tell: Tell) -> None:
    root = tell("a:v1 > r1 > b:v1 > r2 > c:v1")["a:v1"]
    graph = neighbourhood(asked_by=ANYBODY, version=root, depth=3, limit=5)
    assert (len(graph.nodes), graph.is_truncated) == (5, False)


def test_one_node_over_the_limit_is_cut_and_said(tell: Tell) -> None:
    root = tell("a:v1 > r1 > b:v1 > r2 > c:v1")["a:v1"]
    graph = neighbourhood(asked_by=ANYBODY, version=root, depth=3, limit=4)
    assert ids(graph) == ["a:v1", "r1", "b:v1", "r2"]
    assert graph.is_truncated
    assert edges(graph) == {"a:v1 uses r1", "r1 produces b:v1", "b:v1 uses r2"}


@pytest.mark.parametrize("limit", [1, 2, 7, 20, 39, 40, 41, 42, 60])
def test_a_cut_keeps_the_beginning_of_the_whole(db: None, limit: int) -> None:
    root = star(fan=20)
    whole = neighbourhood(asked_by=ANYBODY, version=root, depth=1)
    assert (len(whole.nodes), whole.is_truncated) == (62, False)
    cut = neighbourhood(asked_by=ANYBODY, version=root, depth=1, limit=limit)
    assert cut.nodes == whole.nodes[:limit]
    assert cut.is_truncated
    assert set(cut.edges) <= set(whole.edges)


def test_a_cut_in_a_cycle_keeps_the_beginning_too(tell: Tell) -> None:
    """Where the walk comes by the same nodes again, both ways, they must not push out new ones."""
    lines = [f"a:v1 > r{n} > b:v{n + 1} > back > a:v1" for n in range(6)]
    root = tell(*lines, "back > z:v1", "z:v1 > last > zz:v1")["a:v1"]
    whole = neighbourhood(asked_by=ANYBODY, version=root, depth=10)
    assert not whole.is_truncated
    for limit in range(1, len(whole.nodes)):
        cut = neighbourhood(asked_by=ANYBODY, version=root, depth=10, limit=limit)
        assert (cut.nodes, cut.is_truncated) == (whole.nodes[:limit], True)


def test_the_usual_limit_is_a_thousand_nodes(db: None) -> None:
    graph = neighbourhood(asked_by=ANYBODY, version=star(fan=400), depth=1)
    assert (len(graph.nodes), graph.is_truncated) == (1000, True)


# Any graph at all ---------------------------------------------------------------------------------


def random_lines(dice: random.Random) -> list[str]:
    """A story of eight versions and six runs, without sense: cycles, strays, everything."""
    versions = [f"{dice.choice(TYPES)}/m{n % 3}:v{n + 1}" for n in range(8)]
    runs = [f"r{n}" for n in range(6)]
    made = [f"{dice.choice(runs)} > {version}" for version in versions if dice.random() < 0.8]
    used = [f"{dice.choice(versions)} > {dice.choice(runs)}" for _ in range(dice.randint(4, 16))]
    return [*versions, *made, *used]


def reached_by_hand(root: Version, depth: int) -> dict[object, int]:
    """Version id or run id → steps from the root, by walking the rows in Python."""
    edges = [(version, run) for version, run in RunInput.objects.values_list("version", "run")]
    outputs = Version.objects.exclude(created_by_run="").values_list("created_by_run", "pk")
    down = [*edges, *outputs]
    steps: dict[object, int] = {}
    for links in (down, [(after, before) for before, after in down]):
        seen, frontier = {root.pk}, {root.pk}
        for step in range(2 * depth + 1):
            for node in frontier:
                steps[node] = min(step, steps.get(node, step))
            frontier = {after for before, after in links if before in frontier} - seen
            seen |= frontier
    return steps


@pytest.mark.parametrize("seed", range(20))
def test_the_walk_agrees_with_a_walk_by_hand(tell: Tell, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret
    versions = tell(*random_lines(dice))
    root, depth = dice.choice(list(versions.values())), dice.randint(1, 5)
    expected = reached_by_hand(root, depth)
    whole = neighbourhood(asked_by=ANYBODY, version=root, depth=depth)
    by_place = {(v.artifact.type, v.artifact.name, v.number): v.pk for v in versions.values()}
    steps = [
        expected[by_place[node.type, node.name, node.number]]
        if isinstance(node, ArtifactNode)
        else expected[node.node_id]
        for node in whole.nodes
    ]
    assert steps == sorted(expected.values())
    assert len(set(ids(whole))) == len(expected)
    for limit in range(1, len(expected)):
        cut = neighbourhood(asked_by=ANYBODY, version=root, depth=depth, limit=limit)
        assert [_place(node) for node in cut.nodes] == [_place(n) for n in whole.nodes[:limit]]


def _place(node: ArtifactNode | RunNode) -> object:
    """What it is, whatever it is called: a cut may leave it a shorter name."""
    return replace(node, node_id="") if isinstance(node, ArtifactNode) else node


# What it costs ------------------------------------------------------------------------------------


def test_the_number_of_queries_does_not_grow(
    tell: Tell, django_assert_num_queries: CountQueries
) -> None:
    small = tell("a:v1 > r1 > b:v1")["a:v1"]
    words = [word for n in range(11) for word in (f"m:v{n + 1}", f"s{n}")]
    large = tell(" > ".join(words), *(f"m:v{n} > side{n} > o:v{n}" for n in range(1, 11)))["m:v5"]
    for root in (small, large):
        with django_assert_num_queries(5):
            neighbourhood(asked_by=ANYBODY, version=root, depth=10)


def seconds_for(root: Version, **options: int) -> tuple[float, LineageGraph]:
    started = time.perf_counter()
    graph = neighbourhood(asked_by=ANYBODY, version=root, **options)
    return time.perf_counter() - started, graph


def test_two_thousand_nodes_take_well_under_seconds(db: None) -> None:
    seconds, graph = seconds_for(star(fan=660), depth=3, limit=5000)
    assert (len(graph.nodes), len(graph.edges)) == (1982, 1981)
    assert seconds < 10


def test_a_dense_graph_does_not_explode(db: None) -> None:
    """Ten generations of twenty, each made from all of the one before: 5 * 10^11 ways."""
    artifact = Artifact.objects.create(type="model", name="m")
    generations = []
    for number in range(10):
        Run.objects.bulk_create(Run(id=f"r{number}-{n}", project="p") for n in range(20))
        made = [
            Version(artifact=artifact, number=number * 20 + n + 1, created_by_run=f"r{number}-{n}")
            for n in range(20)
        ]
        generations.append(Version.objects.bulk_create(made))
    RunInput.objects.bulk_create(
        RunInput(run_id=after.created_by_run, version=before)
        for earlier, later in pairwise(generations)
        for before in earlier
        for after in later
    )
    seconds, graph = seconds_for(generations[-1][0], depth=10)
    assert len(graph.nodes) == 2 * (9 * 20 + 1)
    assert len(graph.edges) == 20 + 8 * 400 + 9 * 20 + 1
    assert seconds < 10
