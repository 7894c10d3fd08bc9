"""What two versions were made from, side by side."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Team
from accounts.roles import Role
from artifacts.models import Artifact, Version
from lineage.comparison import compare_inputs
from tests.conftest import ANYBODY, MakeVersion
from tests.lineage.conftest import Tell
from tests.people import make_user

STORY = (
    "dataset/images:v1 > train-1 > net:v1",
    "dataset/images:v2 > train-2 > net:v2",
    "config/base:v1 > train-1",
    "config/base:v1 > train-2",
    "code/old:v1 > train-1",
    "model/teacher:v3 > train-2",
)


def changes(before: Version, after: Version) -> list[tuple[str, str, str]]:
    found = compare_inputs(before=before, after=after, asked_by=ANYBODY)
    return [
        (one.kind, *(side.full_name if side else "" for side in (one.before, one.after)))
        for one in found.rows
    ]  # type: ignore[misc]


def test_inputs_come_go_and_move(tell: Tell) -> None:
    told = tell(*STORY)
    assert changes(told["net:v1"], told["net:v2"]) == [
        ("removed", "code/old:v1", ""),
        ("moved", "dataset/images:v1", "dataset/images:v2"),
        ("added", "", "model/teacher:v3"),
    ]
    found = compare_inputs(before=told["net:v1"], after=told["net:v2"], asked_by=ANYBODY)
    assert (found.before_run, found.after_run) == ("train-1", "train-2")
    assert (found.num_changes, found.num_kept) == (3, 1)


def test_several_versions_of_one_artifact_move_in_order(tell: Tell) -> None:
    told = tell(
        "dataset/d:v1 > one > net:v1", "dataset/d:v2 > one", "dataset/d:v2 > two > net:v2",
        "dataset/d:v3 > two", "dataset/d:v4 > two",
    )  # fmt: skip
    assert changes(told["net:v1"], told["net:v2"]) == [
        ("moved", "dataset/d:v1", "dataset/d:v3"),
        ("added", "", "dataset/d:v4"),
    ]


def test_without_a_run_there_are_none(tell: Tell) -> None:
    told = tell("dataset/d:v1 > one > net:v1", "alone:v1")
    assert changes(told["alone:v1"], told["net:v1"]) == [("added", "", "dataset/d:v1")]
    found = compare_inputs(before=told["alone:v1"], after=told["alone:v1"], asked_by=ANYBODY)
    assert (found.before_run, found.num_changes) == ("", 0)


def test_it_takes_two_queries(tell: Tell) -> None:
    told = tell(*STORY, *(f"dataset/d{n}:v1 > train-1" for n in range(20)))
    with CaptureQueriesContext(connection) as captured:
        found = changes(told["net:v1"], told["net:v2"])
    assert (len(captured), len(found)) == (2, 23)


def test_what_is_hidden_counts_nowhere(tell: Tell, settings: Any) -> None:
    told = tell(*STORY)
    settings.RUNICORN_ACCESS = "team"
    vision = Team.objects.create(name="vision")
    Artifact.objects.filter(name__in=["images", "base"]).update(team=vision)
    stranger = make_user("stranger", Role.MAINTAINER)
    found = compare_inputs(before=told["net:v1"], after=told["net:v2"], asked_by=stranger)
    names = [side.artifact.name for one in found.rows for side in (one.before, one.after) if side]
    assert (names, found.num_changes, found.num_kept) == (["old", "teacher"], 2, 0)
    nobody = compare_inputs(
        before=told["net:v1"], after=told["net:v2"], asked_by=AnonymousUser()
    )  # fmt: skip
    assert (nobody.num_changes, nobody.num_kept) == (0, 0)


def test_the_api_tells_them_with_the_rest(
    api: APIClient, tell: Tell, make_version: MakeVersion
) -> None:
    tell("dataset/d:v1 > one", "dataset/d:v2 > two")
    make_version("net", run_id="one")
    make_version("net", run_id="two")
    found = api.get("/api/artifacts/net/compare?from=v1&to=v2").json()["inputs"]
    assert (found["before_run"], found["after_run"], found["total"]) == ("one", "two", 1)
    (row,) = found["rows"]
    assert row["change"] == "moved"
    assert row["before"] == {
        "artifact": "d:v1", "name": "d", "type": "dataset", "team": None, "version": 1,
    }  # fmt: skip
    assert row["after"]["version"] == 2
