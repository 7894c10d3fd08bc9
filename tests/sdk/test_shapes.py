"""Something else answers under the portal's address: it is said so, and nobody trips over it."""

import copy
import json
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from runicorn import payloads
from runicorn.cli.main import main
from runicorn.errors import ServerError
from runicorn.shapes import Source, as_promised
from tests.sdk.peers import Peer, json_answer

SOURCE = Source("http://x", "GET /y")
ELSE = "does not answer as a Runicorn portal does"


@pytest.fixture
def other(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """Something that is no portal, as the one that ``RUNICORN_TRACKING_URI`` names."""
    monkeypatch.setenv("RUNICORN_TRACKING_URI", peer.url)
    return peer


def refusal_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run a command that fails with 1 and no data; return what it says."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    written = capsys.readouterr()
    assert (ended.value.code, written.out) == (1, "")
    return written.err


@pytest.mark.parametrize("answer", [{"ok": True}, [{"ok": True}], [1], "hello", 7, None, {}])
@pytest.mark.parametrize(
    "words",
    ["whoami", "artifacts info m:v1", "artifacts stats", "artifacts get m:v1", "alias list m",
     "artifacts lineage m:v1", "artifacts diff m:v1...v2", "artifacts versions m", "token list"],
)  # fmt: skip
def test_a_command_says_that_it_is_no_portal(
    other: Peer, capsys: pytest.CaptureFixture[str], words: str, answer: object
) -> None:
    other.script(json_answer(200, answer))
    said = refusal_of(capsys, *words.split())
    assert f"{other.url} {ELSE}" in said


def test_a_list_of_something_else_is_said(other: Peer, capsys: pytest.CaptureFixture[str]) -> None:
    other.script(json_answer(200, {"ok": True}))
    said = refusal_of(capsys, "artifacts", "list")
    assert "GET /api/artifacts has {'ok': True} where a list belongs" in said


def test_put_does_not_blame_the_run_ids(
    other: Peer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"content")
    other.script(json_answer(200, {"ok": True}))
    said = refusal_of(capsys, "artifacts", "put", "m", str(tmp_path / "a"))
    assert (ELSE in said, "taken" in said, len(other.seen)) == (True, False, 1)


@pytest.mark.parametrize(
    ("shape", "answer", "wrong"),
    [
        (payloads.Missing, {"missing": None}, "has None where a list belongs"),
        (payloads.Missing, {"missing": [7]}, "has 7 where text belongs"),
        (payloads.Stats, {"dedup_enabled": 1}, "has 1 where true or false belongs"),
        (payloads.Stats, {"total_files": True}, "has True where a number belongs"),
        (payloads.Stats, {"by_type": {"model": {"count": "x"}}}, "has 'x' where a number belongs"),
        (payloads.WhoAmI, {"username": 7}, "has 7 where text belongs"),
        (payloads.WhoAmI, {"token": {"x": 1}}, "where WhoAmIToken belongs"),
        (payloads.Negotiation, {"needed": [[1], 2]}, "has 2 where a list belongs"),
        (list[payloads.RunInfo], [{"id": "r"}, None], "has None where an object belongs"),
    ],
)
def test_what_is_wrong_is_said(shape: Any, answer: object, wrong: str) -> None:
    with pytest.raises(ServerError) as refused:
        as_promised(shape, answer, SOURCE)
    assert f"http://x {ELSE}: GET /y" in refused.value.message
    assert wrong in refused.value.message


@pytest.mark.parametrize(
    ("shape", "answer"),
    [
        (payloads.WhoAmI, {"username": None, "token": None, "teams": []}),
        (payloads.WhoAmI, {"token": {"name": "ci", "expires_at": 1}}),
        (payloads.WhoAmI, {"token": {"name": "ci", "expires_at": 1.5}}),
        (payloads.AliasEventInfo, {"from_version": None, "to_version": 3, "at": 1}),
        (payloads.VersionDetail, {"name": "m", "metadata": {"x": [{}, None]}}),
        (payloads.Missing, {"missing": [], "added": "later"}),
        (list[payloads.RunInfo], []),
    ],
)
def test_what_a_portal_may_say_passes_as_it_is(shape: Any, answer: object) -> None:
    assert as_promised(shape, answer, SOURCE) == answer


def test_a_key_that_is_not_there_is_missed_where_it_is_read() -> None:
    found = as_promised(payloads.VersionDetail, {"name": "m", "metadata": {}}, SOURCE)
    for one in (found, copy.deepcopy(found)):
        assert (one["name"], one.get("team")) == ("m", None)
        with pytest.raises(ServerError, match="GET /y answers without 'version'"):
            one["version"]
    for read in (lambda: found["metadata"]["acc"], lambda: found["team"], lambda: found["typo"]):  # type: ignore[typeddict-item]
        with pytest.raises(KeyError):
            read()


def test_an_answer_is_copied_as_any_dict() -> None:
    @dataclass
    class Holder:
        detail: payloads.VersionDetail

    found = as_promised(payloads.VersionDetail, {"name": "m", "metadata": {"x": [1]}}, SOURCE)
    assert asdict(Holder(found)) == {"detail": {"name": "m", "metadata": {"x": [1]}}}
    assert pickle.loads(pickle.dumps(found)) == json.loads(json.dumps(found)) == found  # noqa: S301


def test_the_sdk_raises_it_too(other: Peer) -> None:
    other.script(json_answer(200, {"ok": True}))
    for ask in (rn.Api().whoami, rn.Api().stats, rn.Api().artifacts, rn.Api().runs):
        with pytest.raises(ServerError, match=ELSE):
            ask()
