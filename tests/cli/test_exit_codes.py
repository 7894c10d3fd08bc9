"""What a failure means to a shell."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runicorn import errors
from runicorn.cli.failures import exit_code_of
from tests.cli.conftest import RunCommand
from tests.sdk.peers import Answer, Peer, bytes_answer, json_answer


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
    outcome = runicorn("artifacts", "versions", "m")
    assert (outcome.code, outcome.out) == (code, "")
    hint = f" Log in with `runicorn login {peer.url}`, or set RUNICORN_API_KEY to a token."
    assert outcome.err == f"The reason \\x1b[31m.{hint if status == 401 else ''}\n"


def test_with_json_a_refusal_is_the_servers_with_the_exit_code(
    peer: Peer, runicorn: RunCommand
) -> None:
    body = {"detail": "Alias not found.\x1b[31m", "code": "alias_not_found", "aliases": ["latest"]}
    peer.script(json_answer(404, body))
    outcome = runicorn("artifacts", "info", "m:nope", "--json")
    assert (outcome.code, outcome.out) == (3, "")
    assert json.loads(outcome.err) == body | {"status": 404, "exit_code": 3}
    assert "\x1b" not in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["artifacts", "list", "--limit", "x"],
        ["artifacts", "info", "a/b"],
        ["artifacts", "versions", "model/m", "--type", "code"],
        ["viewer"],
    ],
)
def test_with_json_wrong_usage_is_json_too(runicorn: RunCommand, arguments: list[str]) -> None:
    outcome = runicorn(*arguments, "--json")
    assert (outcome.code, outcome.out) == (2, "")
    found = json.loads(outcome.err)
    assert (found["code"], found["exit_code"]) == ("usage", 2)
    assert found["detail"]


def test_with_json_a_server_that_is_not_there_is_json(
    runicorn: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", "http://127.0.0.1:9")
    found = json.loads(runicorn("artifacts", "stats", "--json").err)
    assert (found["code"], found["exit_code"]) == ("unreachable", 1)
    assert "status" not in found, "none answered"


def test_with_json_a_file_that_is_in_the_way_is_json(
    runicorn: RunCommand, logged: str, make_file: Callable[..., Path]
) -> None:
    outcome = runicorn("artifacts", "get", logged, make_file("in-the-way"), "--json")
    found = json.loads(outcome.err.splitlines()[-1])
    assert (found["code"], found["exit_code"]) == ("os_error", 1)


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
        ["alias", "set", "m", "2", "production"],
        ["alias", "set", "m", "v2", "v3"],
        ["alias", "set", "m", "v2", "latest"],
        ["alias", "rm", "m", "latest"],
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


@pytest.mark.parametrize(
    "answer",
    [bytes_answer(404, b"<h1>Not found</h1>"), bytes_answer(200, b"<html>")],
    ids=["404", "a page"],
)
def test_an_address_with_a_path_is_told(
    peer: Peer, runicorn: RunCommand, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    peer.script(answer)
    monkeypatch.setenv("RUNICORN_TRACKING_URI", f"{peer.url}/artifacts")
    said = "has a path, /artifacts, as the address of a page has; "
    said += f"try RUNICORN_TRACKING_URI={peer.url}"
    assert runicorn("artifacts", "stats").err.endswith(f"{said}\n")
    checks = runicorn("doctor", "--json").json["checks"]
    (reach,) = [one for one in checks if one["check"] == "reach"]
    assert (reach["status"], reach["summary"].endswith(said)) == ("failure", True)


def test_an_address_of_something_else_is_told(peer: Peer, runicorn: RunCommand) -> None:
    peer.script(bytes_answer(404, b""))
    said = f"{peer.url} answers 404, but not as a Runicorn server."
    assert runicorn("artifacts", "stats").err.startswith(said)


def test_version(runicorn: RunCommand) -> None:
    outcome = runicorn("--version")
    assert (outcome.code, outcome.out) == (0, "runicorn 0.1.0\n")


@pytest.mark.parametrize(
    ("command", "instead"), [("viewer", "make run"), ("manage", "artifacts"), ("config", "_URI")]
)
def test_a_command_of_0_5_says_what_there_is_instead(
    runicorn: RunCommand, command: str, instead: str
) -> None:
    outcome = runicorn(command, "--show")
    assert (outcome.code, outcome.out) == (2, "")
    assert instead in outcome.err


@pytest.mark.parametrize("group", [[], ["artifacts"], ["alias"], ["tag"], ["token"]])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_there(runicorn: RunCommand, group: list[str], option: str) -> None:
    outcome = runicorn(*group, option)
    assert outcome.code == 0
    assert "Usage: runicorn" in outcome.out


@pytest.mark.parametrize("command", [["doctor"], ["artifacts", "put"], ["alias", "set"]])
def test_a_command_has_its_help_in_short_too(runicorn: RunCommand, command: list[str]) -> None:
    assert runicorn(*command, "-h").out == runicorn(*command, "--help").out != ""


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
    outcome = runicorn("artifacts", "lineage", "model/m:v1")
    assert (outcome.code, outcome.err) == (0, "The graph is larger; this is only a part of it.\n")
