"""``find_impact``: everything that was made from a version, and for whom it is there."""

import time
from itertools import pairwise
from typing import Any

import pytest

from accounts.models import Team
from accounts.roles import Role
from artifacts.models import Alias, Artifact, Version
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from lineage.impact import Impact, find_impact
from lineage.models import Run, RunInput
from lineage.services import use_version
from tests.conftest import ANYBODY, MakeVersion
from tests.lineage.conftest import MakeRun, Tell
from tests.people import make_user


def impact_of(version: Version, **options: Any) -> Impact:
    return find_impact(version=version, **{"asked_by": ANYBODY, **options})


def made(impact: Impact) -> list[tuple[int, str]]:
    return [(item.depth, f"{item.name}:v{item.number}") for item in impact.items]


def test_nothing_was_made_from_it(tell: Tell) -> None:
    version = tell("other:v1 > r0 > a:v1 > r1")["a:v1"]
    assert impact_of(version) == Impact((), 0, is_truncated=False)


def test_a_chain_is_followed_to_its_end(tell: Tell) -> None:
    words = [word for n in range(30) for word in (f"m:v{n + 1}", f"r{n}")][:-1]
    impact = impact_of(tell(" > ".join(words))["m:v1"])
    assert made(impact) == [(n, f"m:v{n + 1}") for n in range(1, 30)]


def test_the_shortest_way_counts(tell: Tell) -> None:
    versions = tell("a:v1 > r1 > b:v1 > r2 > c:v1", "a:v1 > r2 > d:v1 > r3 > e:v1")
    expected = [(1, "b:v1"), (1, "c:v1"), (1, "d:v1"), (2, "e:v1")]
    assert made(impact_of(versions["a:v1"])) == expected


def test_a_cycle_ends_and_the_root_is_not_made_from_itself(tell: Tell) -> None:
    version = tell("a:v1 > r1 > b:v1 > r2 > a:v1", "b:v1 > r1")["a:v1"]
    assert made(impact_of(version)) == [(1, "b:v1")]


def test_one_distance_is_sorted_by_type_name_and_number(tell: Tell) -> None:
    words = ["b:v2", "b:v10", "dataset/z:v1", "a:v1"]
    version = tell("root:v1 > r > b:v2", *(f"r > {word}" for word in words))["root:v1"]
    assert [name for _, name in made(impact_of(version))] == ["z:v1", "a:v1", "b:v2", "b:v10"]


def test_an_item_says_whose_it_is_and_what_points_at_it(
    make_run: MakeRun, make_version: MakeVersion
) -> None:
    ada = make_user("ada", Role.MAINTAINER)
    data, run = make_version("data", type="dataset"), make_run("r1", project="vision")
    use_version(run=run, version=data, used_by=ANYBODY)
    version = make_version("m", run_id="r1", created_by=ada, aliases=["stable", "production"])
    Version.objects.filter(pk=version.pk).update(created_by=ada)
    (item,) = impact_of(data).items
    assert (item.type, item.name, item.number, item.team) == ("model", "m", 1, "")
    assert item.aliases == ("latest", "production", "stable")
    assert (item.created_by, item.run_id, item.project) == ("ada", "r1", "vision")
    assert (item.created_at, item.size_bytes, item.status) == (version.created_at, 12, "ready")


@pytest.mark.parametrize("remove", ["soft", "purge"])
def test_what_was_deleted_is_there_and_leads_on(
    make_run: MakeRun, make_version: MakeVersion, remove: str
) -> None:
    first, last = make_run("first"), make_run("last")
    data = make_version("data")
    use_version(run=first, version=data, used_by=ANYBODY)
    middle = make_version("middle", run_id="first")
    use_version(run=last, version=middle, used_by=ANYBODY)
    make_version("end", run_id="last")
    if remove == "soft":
        soft_delete_version(version=middle, deleted_by=ANYBODY)
    else:
        purge_version(version=middle, purged_by=ANYBODY)
    one, other = impact_of(data).items
    assert (one.status, one.aliases) == ("deleted" if remove == "soft" else "purged", ())
    assert (other.name, other.depth) == ("end", 2)


def test_what_is_hidden_is_counted_and_leads_on(tell: Tell, settings: Any) -> None:
    versions = tell("a:v1 > r1 > hidden:v1 > r2 > c:v1", "r1 > hidden:v2")
    Artifact.objects.filter(name="hidden").update(team=Team.objects.create(name="vision"))
    Alias.objects.create(
        artifact=versions["hidden:v1"].artifact, name="secret", version=versions["hidden:v1"]
    )
    settings.RUNICORN_ACCESS = "team"
    stranger = make_user("stranger", Role.MAINTAINER)
    member = make_user("member", Role.VIEWER, {"vision": Role.VIEWER})
    seen = impact_of(versions["a:v1"], asked_by=stranger)
    assert (made(seen), seen.num_restricted) == ([(2, "c:v1")], 2)
    whole = impact_of(versions["a:v1"], asked_by=member)
    assert (len(whole.items), whole.num_restricted) == (3, 0)
    assert {item.team for item in whole.items} == {"vision", ""}


@pytest.mark.parametrize(("limit", "found"), [(1, 0), (2, 1), (3, 1), (4, 2), (5, 2)])
def test_a_cut_keeps_the_nearest_and_says_so(tell: Tell, limit: int, found: int) -> None:
    version = tell("a:v1 > r1 > b:v1 > r2 > c:v1 > r3")["a:v1"]
    impact = impact_of(version, limit=limit)
    assert (len(impact.items), impact.is_truncated) == (found, limit < 5)


def test_the_number_of_queries_does_not_grow(tell: Tell, django_assert_num_queries: Any) -> None:
    small = tell("a:v1 > r1 > b:v1")["a:v1"]
    words = [word for n in range(40) for word in (f"m:v{n + 1}", f"s{n}")]
    large = tell(" > ".join(words), *(f"m:v1 > side{n} > o:v{n + 1}" for n in range(20)))["m:v1"]
    for version in (small, large):
        with django_assert_num_queries(7):
            impact_of(version)


def test_a_dense_graph_does_not_explode(db: None) -> None:
    """Twenty generations of twenty, each made from all of the one before."""
    artifact = Artifact.objects.create(type="model", name="m")
    generations = []
    for number in range(20):
        Run.objects.bulk_create(Run(id=f"r{number}-{n}", project="p") for n in range(20))
        generations.append(
            Version.objects.bulk_create(
                Version(
                    artifact=artifact, number=number * 20 + n + 1, created_by_run=f"r{number}-{n}"
                )
                for n in range(20)
            )
        )
    RunInput.objects.bulk_create(
        RunInput(run_id=after.created_by_run, version=before)
        for earlier, later in pairwise(generations)
        for before in earlier
        for after in later
    )
    began = time.perf_counter()
    impact = impact_of(generations[0][0])
    assert time.perf_counter() - began < 10
    assert len(impact.items) == 19 * 20
    assert impact.items[-1].depth == 19
