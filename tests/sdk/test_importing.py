"""The SDK's side of imports and exports, beside portals that misbehave."""

from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.config import Config
from runicorn.errors import AccessDenied, IntegrityError, ServerUnavailable
from runicorn.exporting import RemoteSource
from runicorn.importing import RemotePortal, run_body, version_body
from runicorn.legacy.exporting import ExportedArtifact
from runicorn.legacy.target import Refused
from runicorn.legacy.values import (
    Line,
    PastAlias,
    PastFile,
    PastReference,
    PastRun,
    PastVersion,
    RunLink,
)
from runicorn.legacy.writing import Lost
from tests.sdk.conftest import digest_of
from tests.sdk.peers import Peer, bytes_answer, hang_up, json_answer
from tests.sdk.test_hostile_server import RUN

CONTENT = b"0123456789" * 1000
LINE = Line("model", "m", "vision")
FILE = PastFile("a/b c", digest_of(CONTENT), len(CONTENT), 1.5)
PAST = PastVersion(
    LINE, 3, 1.5, 2.5, (FILE,), (PastReference("u", "x", 7, {"k": 1}, "n"),), run="r",
    aliases=(PastAlias("prod", is_protected=True),), last_number=9,
)  # fmt: skip


@pytest.fixture
def source(peer: Peer, pauses: list[float]) -> RemoteSource:
    """An export of ``peer``."""
    return RemoteSource(rn.Client(Config(url=peer.url)), [])


def test_a_download_that_breaks_off_goes_on_where_it_broke(
    source: RemoteSource, peer: Peer, tmp_path: Path
) -> None:
    peer.script(
        bytes_answer(200, CONTENT[:4000], length=len(CONTENT)),
        bytes_answer(206, CONTENT[4000:], Content_Range="bytes 4000-9999/10000"),
    )
    assert source.fetch(PAST, FILE, tmp_path / "got") == "downloaded"
    assert (tmp_path / "got").read_bytes() == CONTENT
    assert [one.headers.get("Range") for one in peer.seen] == [None, "bytes=4000-"]
    assert peer.seen[0].path == "/api/artifacts/m/v3/files/a/b%20c?type=model&team=vision"


def test_a_server_that_knows_no_ranges_starts_anew(
    source: RemoteSource, peer: Peer, tmp_path: Path
) -> None:
    peer.script(bytes_answer(200, CONTENT[:4000], length=len(CONTENT)), bytes_answer(200, CONTENT))
    source.fetch(PAST, FILE, tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == CONTENT


def test_one_that_keeps_breaking_off_is_given_up(
    source: RemoteSource, peer: Peer, tmp_path: Path
) -> None:
    peer.script(bytes_answer(200, CONTENT[:10], length=len(CONTENT)))
    with pytest.raises(ServerUnavailable, match="keeps breaking off"):
        source.fetch(PAST, FILE, tmp_path / "got")


def test_other_bytes_than_the_digest_says_are_not_kept_as_these(
    source: RemoteSource, peer: Peer, tmp_path: Path
) -> None:
    peer.script(bytes_answer(200, CONTENT[::-1]))
    with pytest.raises(Lost, match="other bytes"):
        source.fetch(PAST, FILE, tmp_path / "got")


def test_damaged_content_is_lost_and_no_failure(
    source: RemoteSource, peer: Peer, tmp_path: Path
) -> None:
    peer.script(json_answer(422, {"detail": "it is damaged", "code": "corrupted"}))
    with pytest.raises(Lost, match="it is damaged"):
        source.fetch(PAST, FILE, tmp_path / "got")


def test_an_artifact_whose_versions_are_all_deleted_is_found(
    source: RemoteSource, peer: Peer
) -> None:
    rows = [{"version": 2, "created_at": 1.5}, {"version": 7, "created_at": 2.5}]
    peer.script(json_answer(200, rows), json_answer(200, [{"alias": "prod", "version": 2}]))
    found = source.find(LINE)
    assert found is not None
    assert (found.numbers, found.last_number) == ([2, 7], 7)
    assert (found.created_at, found.updated_at) == (1.5, 2.5)
    assert peer.seen[0].path == "/api/artifacts/m/versions?type=model&team=vision"


def test_an_artifact_that_is_gone_is_none(source: RemoteSource, peer: Peer) -> None:
    peer.script(json_answer(404, {"detail": "no", "code": "artifact_not_found"}))
    assert source.find(LINE) is None


def test_a_version_that_goes_meanwhile_is_none(source: RemoteSource, peer: Peer) -> None:
    peer.script(json_answer(404, {"detail": "no", "code": "version_not_found"}))
    assert source.version(ExportedArtifact(LINE, 1.0, 1.0, 3, [3]), 3) is None


def test_a_time_that_is_none_is_refused(source: RemoteSource, peer: Peer) -> None:
    rows = [{"version": 3, "created_at": 1.5}]
    detail = {"name": "m", "type": "model", "version": 3, "created_at": 1.5, "updated_at": 2.5,
              "created_by_run": None, "created_by_user": None, "description": "", "tags": [],
              "metadata": {}, "deleted_at": 1e300}  # fmt: skip
    gone = json_answer(410, {"detail": "no", "code": "version_deleted"})
    peer.script(json_answer(200, rows), json_answer(200, []), json_answer(200, detail), gone)
    artifact = source.find(LINE)
    assert artifact is not None
    with pytest.raises(IntegrityError, match=r"1e\+300' is no epoch seconds"):
        source.version(artifact, 3)


# Imports ------------------------------------------------------------------------------------------

STANDING = {
    "artifact": "m:v3", "version": 3, "outcome": "imported", "status": "ready",
    "manifest_digest": "sha256:x", "aliases": ["prod"],
}  # fmt: skip


@pytest.fixture
def remote(peer: Peer, pauses: list[float], tmp_path: Path) -> RemotePortal:
    """An import into ``peer``."""
    return RemotePortal(rn.Client(Config(url=peer.url)), tmp_path)


def test_a_version_is_sent_with_its_past(remote: RemotePortal, peer: Peer) -> None:
    peer.script(json_answer(201, STANDING))
    standing = remote.commit(PAST, {FILE.digest: "is gone"})
    assert (standing.outcome, standing.status, standing.aliases) == ("imported", "ready", ("prod",))
    (seen,) = peer.seen
    assert (seen.method, seen.path) == ("POST", "/api/artifacts/m/import")
    body = seen.json
    assert (body["type"], body["team"], body["version"], body["lost"]) == (
        "model", "vision", 3, [FILE.digest],
    )  # fmt: skip
    assert body["files"] == [
        {"path": "a/b c", "digest": FILE.digest, "size": len(CONTENT), "modified_at": 1.5}
    ]
    assert body["references"] == [
        {"uri": "u", "checksum": "x", "size": 7, "name": "n", "metadata": {"k": 1}}
    ]
    assert body["aliases"] == [{"alias": "prod", "protected": True, "updated_at": None}]


def test_what_differs_in_the_portal_is_known(remote: RemotePortal, peer: Peer) -> None:
    peer.script(json_answer(200, STANDING | {"outcome": "there", "differs": ["tags"]}))
    assert remote.look(PAST).differs == ("tags",)


def test_an_answer_that_got_lost_is_asked_for_again(remote: RemotePortal, peer: Peer) -> None:
    peer.script(hang_up, json_answer(200, STANDING | {"outcome": "there"}))
    assert remote.commit(PAST, {}).outcome == "there"
    assert len(peer.seen) == 2


@pytest.mark.parametrize(
    ("status", "code"),
    [(409, "conflict"), (400, "invalid"), (413, "too_large"), (507, "quota_exceeded"),
     (409, "missing_blobs")],
)  # fmt: skip
def test_what_concerns_one_version_is_a_refusal(
    remote: RemotePortal, peer: Peer, status: int, code: str
) -> None:
    peer.script(json_answer(status, {"detail": "no", "code": code}))
    with pytest.raises(Refused, match="no"):
        remote.look(PAST)


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(403, "denied", AccessDenied), (507, "storage_full", rn.errors.StorageFull)],
)
def test_what_concerns_all_stops_the_import(
    remote: RemotePortal, peer: Peer, status: int, code: str, error: type[Exception]
) -> None:
    peer.script(json_answer(status, {"detail": "no", "code": code}))
    with pytest.raises(error):
        remote.look(PAST)


def test_a_run_is_sent_with_what_it_used(remote: RemotePortal, peer: Peer) -> None:
    links = (RunLink(LINE, 3, 4.5), RunLink(Line("model", "n"), 1))
    run = PastRun("r", "p", created_at=1.5, finished_at=2.5, used=links)
    peer.script(json_answer(201, {"run": RUN, "missing": ["everyone/model/n:v1"]}))
    is_new, left_out = remote.add_run(run)
    assert (is_new, [link for link, _ in left_out]) == (True, [links[1]])
    assert peer.seen[0].json == run_body(run)
    assert run_body(run)["used"][0] == {
        "type": "model", "name": "m", "team": "vision", "version": 3, "used_at": 4.5
    }  # fmt: skip


@pytest.mark.parametrize(("name", "is_there"), [("n", True), ("other", False)])
def test_a_run_is_looked_for(
    remote: RemotePortal, peer: Peer, name: str, *, is_there: bool
) -> None:  # fmt: skip
    peer.script(json_answer(200, {"id": "r", "project": "p", "name": "n"}))
    run = PastRun("r", "p", name)
    if is_there:
        assert remote.has_run(run)
    else:
        with pytest.raises(Refused, match="Run r exists: project 'p', name 'n'"):
            remote.has_run(run)
    assert (peer.seen[0].method, peer.seen[0].path) == ("GET", "/api/runs/r")


def test_a_run_that_there_is_not_is_new(remote: RemotePortal, peer: Peer) -> None:
    peer.script(json_answer(404, {"detail": "no", "code": "run_not_found"}))
    assert remote.has_run(PastRun("r", "p", "n")) is False


def test_a_file_that_is_not_as_it_must_be_is_not_sent(
    remote: RemotePortal, peer: Peer, tmp_path: Path, make_file: Callable[[str, bytes], Path]
) -> None:
    bad, good = make_file("bad", b"x"), make_file("good", CONTENT)
    file = PastFile("a", FILE.digest, FILE.size, None, (bad, tmp_path / "gone", good))
    found = remote.take(PAST, [file], dry_run=True)
    assert (found.lost, found.repaired) == ({}, {FILE.digest: "has 1 of 10000 bytes"})
    assert peer.seen == []


@pytest.mark.parametrize("is_held", [True, False])
def test_the_portal_is_asked_for_what_is_lost(
    remote: RemotePortal, peer: Peer, tmp_path: Path, is_held: bool
) -> None:
    peer.script(json_answer(200, {"missing": [] if is_held else [FILE.digest]}))
    file = PastFile("a", FILE.digest, FILE.size, None, (tmp_path / "gone",))
    found = remote.take(PAST, [file], dry_run=True)
    why = {FILE.digest: "is missing"}
    assert (found.lost, found.held) == (({}, why) if is_held else (why, {}))
    assert peer.calls == ["POST /api/blobs/missing"]


def test_a_body_has_no_time_that_is_not_known() -> None:
    body = version_body(PAST)
    assert (body["deleted_at"], body["artifact_created_at"], body["user"]) == (None, None, None)
