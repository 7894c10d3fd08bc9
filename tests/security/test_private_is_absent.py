"""What is private is absent: no sequence of calls tells a stranger the one from the other."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.roles import Role
from tests.security.worlds import (
    CALLS,
    CONTENTS,
    Call,
    about_content,
    commits,
    differences,
    lists,
    play,
    reads,
    writes,
)

ROLES = [Role.CONTRIBUTOR, Role.MAINTAINER]
pytestmark = pytest.mark.usefixtures("team", "db")


def test_the_worlds_do_differ_for_those_who_may_see_them(tmp_path: Path) -> None:
    assert differences(lists(), Role.ADMIN, tmp_path)
    assert differences(about_content("hidden"), Role.ADMIN, tmp_path)


def test_the_stranger_does_come_to_the_end_of_his_own_quota(tmp_path: Path) -> None:
    calls = [call for key in ("shared", "hidden") for call in about_content(key)]
    answers = play(calls, role=Role.CONTRIBUTOR, is_there=True, store=tmp_path / "store")
    refused = {call.path for call, one in zip(calls, answers, strict=True) if one.status == 507}
    assert {path.split("?")[0] for path in refused} >= {"/api/blobs", "/api/blobs/missing"}


@pytest.mark.parametrize("role", ROLES)
def test_reading_everything_tells_nothing(role: Role, tmp_path: Path) -> None:
    calls = [*lists(), *(call for name in ("line", "open") for call in reads(name))]
    assert differences(calls, role, tmp_path) == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("key", CONTENTS)
def test_the_life_of_a_content_tells_nothing(role: Role, key: str, tmp_path: Path) -> None:
    """Sent in every way, committed, deleted for ever, and asked for after each step."""
    calls: list[Call] = []
    for call in [*about_content(key), *commits("line", key), *writes("line"), *about_content(key)]:
        calls += [call, *about_content(key)[:3]]
    assert differences([*calls, *lists(), *reads("line")], role, tmp_path) == []


@pytest.mark.parametrize("role", ROLES)
def test_asking_takes_as_many_queries_whether_it_is_there_or_not(
    role: Role, tmp_path: Path
) -> None:
    """So the clock tells no more than the answer: of the times there are only the rows' own."""
    calls = [*lists(), *reads("line"), *(call for key in CONTENTS for call in looks(key))]
    counts = [
        [one.num_queries for one in play(calls, role=role, is_there=there, store=tmp_path / name)]
        for name, there in (("there", True), ("absent", False))
    ]
    rows = zip(calls, *counts, strict=True)
    assert [(call, one, other) for call, one, other in rows if one != other] == []


def looks(key: str) -> list[Call]:
    """The ways to ask for a content that change nothing."""
    return about_content(key)[:6]


def mostly(calls: list[Call]) -> Any:
    return st.lists(st.sampled_from(calls), min_size=1, max_size=25)


@pytest.mark.parametrize("role", ROLES)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(calls=[*about_content("hidden")[3:4], *commits("own", "hidden")[:1], *writes("own")[5:6]])
@given(calls=mostly(CALLS))
def test_no_sequence_of_calls_tells_private_from_absent(
    role: Role, calls: list[Call], tmp_path: Path
) -> None:
    asked_after = [*about_content("hidden")[:3], *lists()[-6:], *reads("line")[:4]]
    assert differences([*calls, *asked_after], role, tmp_path) == []
