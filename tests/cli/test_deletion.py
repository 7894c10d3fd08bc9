"""Deleting by rules: what would go is shown, what was shown goes."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors
from tests.cli.conftest import RunCommand
from tests.cli.test_transfers import at_a_terminal
from tests.live import LivePortal
from tests.sdk.peers import Peer, json_answer


@pytest.fixture
def logged(portal: LivePortal, name: str, make_file: Callable[..., Path]) -> str:
    """The name of an artifact with two versions that share nothing with others."""
    with rn.Run("tests", name="cli") as run:
        for size in (1536, 2048):
            run.log_artifact(rn.Artifact(name).add_file(make_file("a.bin", os.urandom(size))))
    return name


def left(name: str) -> list[str]:
    return [f"v{one['version']} {one['status']}" for one in rn.Client().list_versions(name)]


def test_dry_run_says_what_would_go_and_deletes_nothing(runicorn: RunCommand, logged: str) -> None:
    outcome = runicorn("artifacts", "delete", logged, "--keep-last", "1", "--dry-run")
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        f"Would delete 1 version of {logged}",
        "v1",
        "Purged, this would free 1.5 KiB",
    ]
    assert left(logged) == ["v1 ready", "v2 ready"]


def test_dry_run_of_one_version(runicorn: RunCommand, logged: str) -> None:
    outcome = runicorn("artifacts", "delete", f"{logged}:v2", "--permanent", "--dry-run")
    assert "would free 2.0 KiB" in outcome.out
    assert left(logged) == ["v1 ready", "v2 ready"]


def test_keep_last_soft_deletes_the_others(runicorn: RunCommand, logged: str) -> None:
    outcome = runicorn("artifacts", "delete", f"model/{logged}", "--keep-last", "1", "-y")
    back = f"`runicorn artifacts restore model/{logged}:v1` brings one back"
    assert (outcome.code, outcome.out) == (0, f"Deleted v1 of model/{logged}; {back}\n")
    assert left(logged) == ["v1 deleted", "v2 ready"]


def test_permanent_removes_and_tells_in_json(runicorn: RunCommand, logged: str) -> None:
    options = "--keep-last", "1", "--permanent", "-y", "--json"
    done = runicorn("artifacts", "delete", logged, *options).json
    assert (done["versions"], done["exclusive_bytes"], done["freed_bytes"]) == ([1], 1536, 1536)
    with pytest.raises(errors.VersionNotFound):
        rn.Client().get_version(logged, 1)


@pytest.mark.parametrize(
    "rules",
    [
        ["--keep-last", "2"],
        ["--created-before", "2001-01-31"],
        ["--keep-last", "1", "--created-before", "2001-01-31"],
    ],
)
def test_what_no_version_meets_deletes_none(
    runicorn: RunCommand, logged: str, rules: list[str]
) -> None:
    outcome = runicorn("artifacts", "delete", logged, *rules, "-y")
    assert (outcome.code, "0 versions" in outcome.out) == (0, True)
    assert left(logged) == ["v1 ready", "v2 ready"]


ALIASED = "best (v1), production (v1)"


@pytest.fixture
def aliased(logged: str) -> str:
    """The same, with aliases on v1."""
    for alias in ("production", "best"):
        rn.Client().set_alias(logged, alias, 1)
    return logged


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ([], f"Aliases that would resolve to nothing: {ALIASED}"),
        (["--permanent"], f"Aliases that go too: {ALIASED}"),
    ],
)
def test_the_preview_names_the_aliases_that_go(
    runicorn: RunCommand, aliased: str, options: list[str], line: str
) -> None:
    for chosen in ([aliased, "--keep-last", "1"], [f"{aliased}:v1"]):
        outcome = runicorn("artifacts", "delete", *chosen, *options, "--dry-run")
        assert line in outcome.out.splitlines()
    assert left(aliased) == ["v1 ready", "v2 ready"]


def test_a_delete_says_which_aliases_resolve_no_longer(runicorn: RunCommand, aliased: str) -> None:
    outcome = runicorn("artifacts", "delete", f"{aliased}:v1")
    assert outcome.err == "Until then these aliases resolve to nothing: best, production\n"
    (back,) = re.findall(r"`runicorn (.*?)`", outcome.out)
    assert runicorn(*back.split()).code == 0
    assert rn.Client().get_alias(aliased, "best")["version"] == 1
    for ref in (f"{aliased}:v1", f"{aliased}:v2"):
        assert runicorn("artifacts", "delete", ref, "--json").err == ""


def test_many_deleted_say_how_they_come_back(runicorn: RunCommand, aliased: str) -> None:
    outcome = runicorn("artifacts", "delete", aliased, "--keep-last", "0", "-y")
    assert outcome.out.startswith(f"Deleted v1, v2 of {aliased}; `runicorn artifacts restore ")
    assert outcome.err == f"Resolving to nothing until then: {ALIASED}\n"
    (back,) = re.findall(r"`runicorn (.*?)`", outcome.out)
    assert runicorn(*back.split()).code == 0
    assert left(aliased) == ["v1 ready", "v2 deleted"]


def test_a_purge_says_what_went(runicorn: RunCommand, aliased: str) -> None:
    outcome = runicorn("artifacts", "delete", aliased, "--keep-last", "1", "--permanent", "-y")
    assert outcome.out == f"Purged v1 of {aliased}\n1.5 KiB came free\n"
    assert outcome.err == f"Gone with them: {ALIASED}\n"


def test_an_older_portal_that_names_no_aliases_is_no_failure(
    runicorn: RunCommand, peer: Peer
) -> None:
    found = {"success": True, "message": "", "versions": [3], "exclusive_bytes": None}
    peer.script(json_answer(200, found))
    outcome = runicorn("artifacts", "delete", "m", "--keep-last", "5", "--dry-run")
    assert (outcome.code, outcome.out) == (0, "Would delete 1 version of m\nv3\n")


def test_a_date_that_is_none_names_the_option(runicorn: RunCommand, peer: Peer) -> None:
    chosen = ("artifacts", "delete", "m", "--created-before", "2026-13-45", "-y")
    outcome = runicorn(*chosen, "--json")
    assert (outcome.code, peer.seen) == (2, [])
    assert "--created-before" in json.loads(outcome.err)["detail"]


def test_an_alias_keeps_a_version(runicorn: RunCommand, logged: str) -> None:
    rn.Client().set_alias(logged, "production", 1)
    assert runicorn("artifacts", "delete", logged, "--without-aliases", "-y").code == 0
    assert left(logged) == ["v1 ready", "v2 ready"]
    rn.Client().delete_alias(logged, "production")
    runicorn("artifacts", "delete", logged, "--without-aliases", "-y")
    assert left(logged) == ["v1 deleted", "v2 ready"]


@pytest.mark.parametrize("options", [["--keep-last", "1"], ["--without-aliases", "--permanent"]])
def test_without_a_terminal_yes_is_needed(
    runicorn: RunCommand, logged: str, options: list[str]
) -> None:
    outcome = runicorn("artifacts", "delete", logged, *options)
    assert (outcome.code, "--yes" in outcome.err) == (2, True)
    assert left(logged) == ["v1 ready", "v2 ready"]


@pytest.mark.parametrize(
    "arguments",
    [["{}:v1", "--keep-last", "1"], ["{}"], ["{}", "--dry-run"], ["{}", "--created-before", "x"]],
)
def test_wrong_usage_is_2(runicorn: RunCommand, logged: str, arguments: list[str]) -> None:
    filled = [argument.format(logged) for argument in arguments]
    assert runicorn("artifacts", "delete", *filled, "-y").code == 2
    assert left(logged) == ["v1 ready", "v2 ready"]


@pytest.mark.parametrize(("answer", "code", "first"), [("n\n", 1, "ready"), ("y\n", 0, "deleted")])
def test_at_a_terminal_it_shows_what_would_go_and_asks(
    portal: LivePortal, logged: str, answer: str, code: int, first: str
) -> None:
    command = "artifacts", "delete", logged, "--keep-last", "1"
    ended, shown = at_a_terminal(portal, *command, answer=answer)
    assert (ended, "would free 1.5 KiB" in shown, "v1" in shown) == (code, True, True)
    assert left(logged) == [f"v1 {first}", "v2 ready"]


def test_only_what_was_shown_is_asked_to_go(runicorn: RunCommand, peer: Peer) -> None:
    found = {"success": True, "message": "", "versions": [3, 4], "exclusive_bytes": 0}
    peer.script(json_answer(200, found | {"freed_bytes": 0}))
    runicorn("artifacts", "delete", "m", "--keep-last", "5", "--created-before", "2026-01-31", "-y")
    preview, order = (one.json for one in peer.seen)
    rules = {"keep_last": 5, "created_before": "2026-01-31", "permanent": False}
    assert preview == rules | {"dry_run": True}
    assert order == rules | {"dry_run": False, "versions": [3, 4]}
