"""What a failure means to a shell."""

import subprocess
import sys

import pytest

from runicorn import errors
from runicorn.cli.main import exit_code_of
from tests.cli.conftest import RunCommand
from tests.sdk.peers import Peer, json_answer


@pytest.mark.parametrize(
    ("cls", "code"),
    [
        (errors.RunicornError, 1),
        (errors.ServerUnavailable, 1),
        (errors.StorageFull, 1),
        (errors.AliasMoved, 1),
        (errors.InvalidInput, 2),
        (errors.TooLarge, 2),
        (errors.ArtifactNotFound, 3),
        (errors.AliasNotFound, 3),
        (errors.RunNotFound, 3),
        (errors.ContentDeleted, 3),
        (errors.AccessDenied, 4),
        (errors.AuthenticationRequired, 4),
        (errors.DigestMismatch, 5),
        (errors.ContentCorrupted, 5),
        (errors.SourceChanged, 5),
    ],
)
def test_every_error_has_its_exit_code(cls: type[errors.RunicornError], code: int) -> None:
    assert exit_code_of(cls("why")) == code


@pytest.mark.parametrize(
    ("status", "server_code", "code"),
    [
        (404, "artifact_not_found", 3),
        (401, "unauthenticated", 4),
        (403, "denied", 4),
        (422, "corrupted", 5),
        (400, "invalid", 2),
        (409, "ambiguous_type", 1),
        (500, "error", 1),
    ],
)
def test_a_refusal_of_the_server_is_said_and_coded(
    peer: Peer, runicorn: RunCommand, status: int, server_code: str, code: int
) -> None:
    peer.script(json_answer(status, {"detail": "The reason \x1b[31m.", "code": server_code}))
    outcome = runicorn("artifacts", "versions", "m", "--json")
    assert (outcome.code, outcome.out) == (code, "")
    hint = f" Log in with `runicorn login {peer.url}`, or set RUNICORN_API_KEY to a token."
    assert outcome.err == f"The reason \\x1b[31m.{hint if status == 401 else ''}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["artifacts", "nonsense"],
        ["artifacts", "list", "--nonsense"],
        ["artifacts", "list", "--type", "../.."],
        ["artifacts", "list", "--limit", "0"],
        ["artifacts", "versions"],
        ["artifacts", "versions", "a/b"],
        ["artifacts", "versions", "model/m", "--type", "code"],
        ["artifacts", "versions", "model/m:v1"],
        ["artifacts", "info", "m:v0"],
        ["artifacts", "info", "model/m:v1", "--type", "code"],
        ["artifacts", "delete", "m"],
        ["artifacts", "delete", "m:production"],
        ["artifacts", "delete", "m:v1", "--permanent"],
        ["artifacts", "restore", "m:latest"],
        ["artifacts", "lineage", "m", "--depth", "0"],
        ["artifacts", "lineage", "m", "--depth", "x"],
        ["artifacts", "put", "m"],
        ["artifacts", "put", "m", "/nowhere/at/all"],
        ["artifacts", "put", "a/b", "."],
        ["artifacts", "put", "m", ".", "--metadata", "novalue"],
        ["artifacts", "alias", "set", "m", "2", "production"],
        ["artifacts", "alias", "set", "m", "v2", "v3"],
        ["artifacts", "alias", "set", "m", "v2", "latest"],
        ["artifacts", "alias", "rm", "m", "latest"],
    ],
)
def test_wrong_usage_is_2_and_asks_no_server(
    peer: Peer, runicorn: RunCommand, arguments: list[str]
) -> None:
    outcome = runicorn(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err
    assert peer.seen == []


def test_an_address_that_is_none_is_wrong_usage(
    runicorn: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", "portal")
    outcome = runicorn("artifacts", "list")
    assert (outcome.code, "RUNICORN_TRACKING_URI" in outcome.err) == (2, True)


def test_no_server_is_1_and_says_what_to_do(
    runicorn: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", "http://127.0.0.1:9")
    outcome = runicorn("artifacts", "stats")
    assert outcome.code == 1
    assert "http://127.0.0.1:9" in outcome.err
    assert "make run" in outcome.err


def test_version(runicorn: RunCommand) -> None:
    outcome = runicorn("--version")
    assert (outcome.code, outcome.out) == (0, "runicorn 0.1.0\n")


@pytest.mark.parametrize("group", [[], ["artifacts"], ["artifacts", "alias"], ["token"]])
def test_help_is_there(runicorn: RunCommand, group: list[str]) -> None:
    outcome = runicorn(*group, "--help")
    assert outcome.code == 0
    assert "Usage: runicorn" in outcome.out


def test_a_reader_that_goes_away_is_no_traceback(peer: Peer) -> None:
    item = {"name": "m", "type": "model", "num_versions": 1, "latest_version": 1}
    item |= {"size_bytes": 1, "created_at": 0.0, "updated_at": 0.0, "aliases": {}}
    peer.script(json_answer(200, [item] * 5000))
    command = [sys.executable, "-m", "runicorn", "artifacts", "list", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert "Traceback" not in process.stderr.read()


def test_a_graph_that_was_cut_is_told(peer: Peer, runicorn: RunCommand) -> None:
    detail = {"name": "m", "type": "model", "version": 1}
    node = {"node_type": "artifact", "node_id": "m:v1", "label": "m v1", "metadata": {}}
    graph = {"root_artifact": "m:v1", "nodes": [node], "edges": [], "truncated": True}
    peer.script(json_answer(200, detail), json_answer(200, graph))
    outcome = runicorn("artifacts", "lineage", "m:v1")
    assert (outcome.code, outcome.err) == (0, "The graph is larger; this is only a part of it.\n")
