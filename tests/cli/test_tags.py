"""``runicorn tag``: words on a version, also when several put them there at once."""

import pytest

import runicorn as rn
from runicorn.tagging import ATTEMPTS
from tests.cli.conftest import RunCommand
from tests.sdk.peers import Peer, json_answer


def tags_of(name: str, version: int) -> list[str]:
    return rn.Client().get_version(name, version)["tags"]


def test_add_keeps_what_is_there(runicorn: RunCommand, logged: str) -> None:
    outcome = runicorn("tag", "add", f"{logged}:v1", "基线", "x", "best of all")
    assert (outcome.code, outcome.out) == (0, f"{logged}:v1: x, 基线, best of all\n")
    assert tags_of(logged, 1) == ["x", "基线", "best of all"]


def test_an_alias_names_the_version_too(runicorn: RunCommand, logged: str) -> None:
    assert runicorn("tag", "add", f"model/{logged}", "new").out == f"{logged}:v2: new\n"
    assert runicorn("tag", "rm", f"{logged}:production", "x").out == f"{logged}:v1: none\n"


def test_in_json_it_is_the_version(runicorn: RunCommand, logged: str) -> None:
    assert runicorn("tag", "add", logged, "a", "b", "--json").json["tags"] == ["a", "b"]
    assert runicorn("tag", "rm", logged, "a", "--json").json["tags"] == ["b"]


def test_rm_of_a_tag_that_is_not_there_says_which_are(runicorn: RunCommand, logged: str) -> None:
    outcome = runicorn("tag", "rm", f"{logged}:v1", "x", "y")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == "No such tag: y; tags: x\n"
    assert tags_of(logged, 1) == ["x"], "none of them went"


@pytest.mark.parametrize("tag", ["", " ", "t" * 129])
def test_a_tag_outside_the_rules_is_wrong_usage(runicorn: RunCommand, peer: Peer, tag: str) -> None:
    outcome = runicorn("tag", "add", "m", "good", tag, "--json")
    assert (outcome.code, peer.seen) == (2, [])
    assert "1 to 128 characters" in outcome.err


def test_the_longest_tag_is_taken(runicorn: RunCommand, logged: str) -> None:
    assert runicorn("tag", "add", logged, "t" * 128).code == 0
    assert tags_of(logged, 2) == ["t" * 128]


def test_a_deleted_version_keeps_its_tags(runicorn: RunCommand, logged: str) -> None:
    rn.Client().delete_version(logged, 1)
    outcome = runicorn("tag", "add", f"{logged}:v1", "late")
    assert (outcome.code, "restore" in outcome.err) == (1, True)


DETAIL = {"name": "m", "type": "model", "version": 1, "tags": ["a"], "updated_at": 1.5}
MEANWHILE = DETAIL | {"tags": ["a", "theirs"], "updated_at": 2.5}
CONFLICT = json_answer(409, {"detail": "It was described anew meanwhile.", "code": "conflict"})


def test_what_another_added_meanwhile_stays(peer: Peer, runicorn: RunCommand) -> None:
    done = MEANWHILE | {"tags": ["a", "theirs", "ours"]}
    peer.script(
        json_answer(200, DETAIL), CONFLICT, json_answer(200, MEANWHILE), json_answer(200, done)
    )
    assert runicorn("tag", "add", "model/m:v1", "ours").code == 0
    sent = [seen.json for seen in peer.seen if seen.method == "PATCH"]
    assert sent == [
        {"tags": ["a", "ours"], "seen_at": 1.5},
        {"tags": ["a", "theirs", "ours"], "seen_at": 2.5},
    ]


def test_it_does_not_try_for_ever(peer: Peer, runicorn: RunCommand) -> None:
    again = [CONFLICT, json_answer(200, MEANWHILE)] * ATTEMPTS
    peer.script(json_answer(200, DETAIL), *again)
    outcome = runicorn("tag", "add", "model/m:v1", "ours")
    assert (outcome.code, "meanwhile" in outcome.err) == (1, True)
    assert sum(call.startswith("PATCH") for call in peer.calls) == ATTEMPTS
