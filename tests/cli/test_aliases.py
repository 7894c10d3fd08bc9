"""``runicorn alias`` with comments, roll-back and history; references with a time."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import RunCommand
from tests.sdk.peers import Peer


def test_set_takes_any_name_of_a_version(runicorn: RunCommand, logged: str) -> None:
    assert runicorn("alias", "set", logged, "production", "staging").out == "staging is v1\n"
    assert runicorn("alias", "set", logged, "latest", "staging").out == "staging is v2\n"
    for ref, number in ((f"{logged}:v1", 1), (f"model/{logged}:latest", 2), ("V1", 1)):
        assert runicorn("alias", "set", logged, ref, "best").out == f"best is v{number}\n"
    unknown = runicorn("alias", "set", logged, "nothing", "best")
    assert (unknown.code, "production" in unknown.err) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["set", "line:v2", "v2", "production"], "leave :v2 out"),
        (["set", "line", "2", "production"], "say v2"),
        (["set", "line", "other:v2", "production"], "no version of line"),
        (["set", "line", "code/line:v2", "best", "-t", "model"], "model"),
        (["rm", "line:v1", "production"], "leave :v1 out"),
        (["list", "line:production"], "leave :production out"),
        (["rollback", "line:v1", "production"], "leave :v1 out"),
        (["history", "line:v1", "production"], "leave :v1 out"),
    ],
)
def test_what_is_no_artifact_or_version_is_told_and_asks_no_server(
    runicorn: RunCommand, peer: Peer, arguments: list[str], said: str
) -> None:
    outcome = runicorn("alias", *arguments, "--json")
    assert (outcome.code, peer.seen) == (2, [])
    assert said in json.loads(outcome.err)["detail"]


def test_versions_of_a_version_are_told(runicorn: RunCommand, peer: Peer) -> None:
    outcome = runicorn("artifacts", "versions", "line:v1", "--json")
    assert (outcome.code, "leave :v1 out" in outcome.err, peer.seen) == (2, True, [])


def test_a_comment_is_in_the_history(runicorn: RunCommand, logged: str) -> None:
    alias = ("alias",)
    moved = runicorn(*alias, "set", logged, "v2", "production", "--comment", "passed the tests")
    assert (moved.code, moved.out) == (0, "production is v2\n")
    runicorn(*alias, "rm", logged, "production", "--comment", "retired")
    rows = runicorn(*alias, "history", logged, "production").out.splitlines()
    assert rows[0].split() == ["Moved", "From", "To", "By", "Comment"]
    assert [row.split()[2:] for row in rows[2:]] == [
        ["v2", "-", "-", "retired"],
        ["v1", "v2", "-", "passed", "the", "tests"],
        ["-", "v1", "-"],
    ]
    found = runicorn(*alias, "history", logged, "production", "--json").json
    assert [one["to_version"] for one in found] == [None, 2, 1]


def test_the_history_of_an_alias_that_never_was_is_an_error(
    runicorn: RunCommand, logged: str
) -> None:
    asked = runicorn("alias", "history", logged, "nothing")
    assert (asked.code, asked.out) == (3, "")
    assert "production" in asked.err, "it says which there are"


def test_put_says_why_its_aliases_move(runicorn: RunCommand, logged: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("new")
    put = ("artifacts", "put", logged, str(tmp_path / "a"))
    done = runicorn(*put, "-a", "production", "--comment", "passed the tests")
    assert done.code == 0
    history = runicorn("alias", "history", logged, "production", "--json").json
    assert history[0]["comment"] == "passed the tests"
    refused = runicorn(*put, "--comment", "why")
    assert (refused.code, "name one" in refused.err) == (2, True)


def test_rollback_goes_back_and_forth(runicorn: RunCommand, logged: str) -> None:
    alias = ("alias",)
    nowhere = runicorn(*alias, "rollback", logged, "production")
    assert (nowhere.code, "nowhere but at v1" in nowhere.err) == (1, True)
    runicorn(*alias, "set", logged, "v2", "production")
    back = runicorn(*alias, "rollback", logged, "production", "--comment", "broken")
    assert (back.code, back.out) == (0, "production is v1\n")
    found = runicorn(*alias, "rollback", logged, "production", "--json").json
    assert found["version"] == 2
    assert runicorn(*alias, "rollback", logged, "nothing").code == 3
    assert runicorn(*alias, "rollback", logged, "latest").code == 2


def test_an_alias_is_protected_and_no_more(runicorn: RunCommand, logged: str) -> None:
    alias = ("alias",)
    assert runicorn(*alias, "set", logged, "v2", "production", "--protect").code == 0
    kept = runicorn(*alias, "set", logged, "v1", "production", "--json").json
    assert kept["protected"] is True
    free = runicorn(*alias, "set", logged, "v1", "production", "--no-protect", "--json").json
    assert free["protected"] is False


def test_a_version_is_found_by_where_its_alias_pointed(runicorn: RunCommand, logged: str) -> None:
    then = datetime.now(UTC)
    runicorn("alias", "set", logged, "v2", "production")
    text = f"{logged}:production@{then.isoformat()}"
    assert runicorn("artifacts", "info", text, "--json").json["version"] == 1
    assert runicorn("artifacts", "info", f"{logged}:production", "--json").json["version"] == 2
    zone = f"{logged}:production@{(then + timedelta(hours=2)).isoformat()[:-6]}+02:00"
    assert runicorn("artifacts", "files", zone, "--json").json["artifact"] == f"{logged}:v1"


def test_a_time_before_or_none_is_told(runicorn: RunCommand, logged: str) -> None:
    before = runicorn("artifacts", "info", f"{logged}:production@2020-01-01")
    assert (before.code, "it exists since" in before.err) == (3, True)
    for ref in ("v1@2020-01-01", "production@soon"):
        assert runicorn("artifacts", "info", f"{logged}:{ref}").code == 2


def test_the_older_place_of_the_commands_works(runicorn: RunCommand, logged: str) -> None:
    moved = runicorn("artifacts", "alias", "set", logged, "v2", "production")
    assert (moved.code, moved.out) == (0, "production is v2\n")
    assert " alias " not in runicorn("artifacts", "--help").out, "but nobody needs to learn it"
