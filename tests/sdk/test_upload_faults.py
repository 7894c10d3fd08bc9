"""Uploads against a peer that breaks off, forgets and refuses."""

import os
import struct
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors
from runicorn.commit import COMMIT_ATTEMPTS, Draft, commit
from runicorn.transfer import Transfer
from runicorn.upload import SMALL_BYTES
from tests.sdk.conftest import Ledger, digest_of
from tests.sdk.peers import Answer, Peer, Seen, hang_up, json_answer

MakeFile = Callable[..., Path]

BIG = os.urandom(SMALL_BYTES + 1)
STORED = json_answer(201, {"digest": "", "size": 0})
BATCH_STORED = json_answer(200, {"stored": 1, "size_bytes": 1})
COMMITTED = json_answer(201, {"name": "m", "version": 1})


def missing(*contents: bytes) -> Answer:
    return json_answer(200, {"missing": [digest_of(content) for content in contents]})


def refused_as_missing(*contents: bytes) -> Answer:
    digests = [digest_of(content) for content in contents]
    return json_answer(409, {"detail": "gone", "code": "missing_blobs", "missing": digests})


def draft_of(*paths: Path) -> Draft:
    return Draft(
        name="m",
        artifact_type="model",
        files=[(path, path.name) for path in paths],
        references=[],
        metadata={},
        tags=[],
        description="",
        aliases=[],
        run_id=None,
    )


def records(body: bytes) -> Iterator[tuple[str, bytes]]:
    while body:
        digest, (size,) = body[:32].hex(), struct.unpack(">Q", body[32:40])
        yield f"sha256:{digest}", body[40 : 40 + size]
        body = body[40 + size :]


def test_a_large_file_is_put_with_its_length(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile
) -> None:
    peer.script(missing(BIG), STORED, COMMITTED)
    commit(peer_client, draft_of(make_file("a", BIG)), Transfer())
    put = peer.seen[1]
    path = f"/api/blobs/{digest_of(BIG).replace(':', '%3A')}"
    assert put.path == f"{path}?artifact=model%2Fm"
    assert put.headers["Content-Length"] == str(len(BIG))
    assert put.body == BIG


def test_small_files_share_a_body(peer: Peer, peer_client: rn.Client, make_file: MakeFile) -> None:
    contents = [b"", b"one", b"two" * 1000]
    peer.script(missing(*contents), BATCH_STORED, COMMITTED)
    paths = [make_file(f"f{number}", content) for number, content in enumerate(contents)]
    commit(peer_client, draft_of(*paths), Transfer())
    assert [call.split("?")[0] for call in peer.calls] == [
        "POST /api/blobs/missing",
        "POST /api/blobs",
        "POST /api/artifacts/m/versions",
    ]
    assert list(records(peer.seen[1].body)) == [(digest_of(one), one) for one in contents]


def test_content_that_is_there_twice_is_sent_once(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile
) -> None:
    peer.script(missing(BIG), STORED, COMMITTED)
    commit(peer_client, draft_of(make_file("a", BIG), make_file("b", BIG)), Transfer())
    assert peer.seen[0].json["digests"] == [digest_of(BIG)]
    assert [one.method for one in peer.seen].count("PUT") == 1
    assert [one["path"] for one in peer.seen[-1].json["files"]] == ["a", "b"]


def test_a_broken_upload_starts_anew_and_progress_with_it(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile
) -> None:
    peer.script(missing(BIG), hang_up, STORED, COMMITTED)
    ledger = Ledger()
    commit(peer_client, draft_of(make_file("a", BIG)), Transfer(ledger))
    assert [one.body for one in peer.seen if one.method == "PUT"] == [BIG, BIG]
    assert ledger.done["Uploading"] == ledger.totals["Uploading"] == len(BIG)


def test_a_lost_answer_to_a_commit_is_asked_for_with_the_same_id(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile
) -> None:
    peer.script(missing(), hang_up, COMMITTED)
    commit(peer_client, draft_of(make_file("a")), Transfer())
    first, second = (one.json["commit_id"] for one in peer.seen[1:])
    assert first == second


def test_blobs_that_went_away_are_sent_and_the_commit_repeated(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile
) -> None:
    peer.script(missing(), refused_as_missing(BIG), STORED, COMMITTED)
    paths = make_file("a", BIG), make_file("b", b"still there")
    assert commit(peer_client, draft_of(*paths), Transfer())["version"] == 1
    assert [one.method for one in peer.seen] == ["POST", "POST", "PUT", "POST"]
    assert peer.seen[1].json["commit_id"] == peer.seen[3].json["commit_id"]


def test_a_server_that_keeps_forgetting_is_given_up(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile
) -> None:
    def forget(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        answer = STORED if seen.method == "PUT" else refused_as_missing(BIG)
        answer(handler, seen)

    peer.script(missing(), forget)
    with pytest.raises(errors.MissingBlobs) as refusal:
        commit(peer_client, draft_of(make_file("a", BIG)), Transfer())
    assert refusal.value.missing == [digest_of(BIG)]
    assert peer.calls.count("POST /api/artifacts/m/versions") == COMMIT_ATTEMPTS


@pytest.mark.parametrize("size", [10, len(BIG)])
def test_a_source_that_changes_before_it_is_sent_is_refused(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile, size: int
) -> None:
    path = make_file("a", BIG[:size])
    peer.script(missing(BIG[:size]), hang_up)

    def change(what: str) -> None:
        if what == "Uploading":
            path.write_bytes(b"new")

    with pytest.raises(errors.SourceChanged):
        commit(peer_client, draft_of(path), Transfer(Ledger(on_start=change)))
    assert "POST /api/artifacts/m/versions" not in peer.calls


def test_a_small_source_rewritten_within_a_tick_is_refused_here(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile
) -> None:
    path = make_file("a", b"first")
    before = path.stat()

    def rewrite(what: str) -> None:
        path.write_bytes(b"other" if what == "Uploading" else b"first")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    peer.script(missing(b"first"), BATCH_STORED)
    with pytest.raises(errors.SourceChanged, match="changed after it was hashed"):
        commit(peer_client, draft_of(path), Transfer(Ledger(on_start=rewrite)))
    assert peer.calls == ["POST /api/blobs/missing"]


def test_a_large_source_rewritten_within_a_tick_is_told_from_a_damaged_transfer(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile
) -> None:
    path = make_file("a", BIG)
    before = path.stat()

    def rewrite(what: str) -> None:
        path.write_bytes(bytes(len(BIG)) if what == "Uploading" else BIG)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    mismatch = json_answer(422, {"detail": "other digest", "code": "digest_mismatch"})
    peer.script(missing(BIG), mismatch)
    with pytest.raises(errors.SourceChanged):
        commit(peer_client, draft_of(path), Transfer(Ledger(on_start=rewrite)))
    path.write_bytes(BIG)
    peer.script(missing(BIG), mismatch)
    with pytest.raises(errors.DigestMismatch, match="other digest"):
        commit(peer_client, draft_of(path), Transfer())


def test_the_first_failure_stops_the_rest(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile
) -> None:
    contents = [bytes([number]) * (SMALL_BYTES + 1) for number in range(40)]
    full = json_answer(507, {"detail": "The disk is full.", "code": "storage_full"})
    peer.script(missing(*contents), full)
    paths = [make_file(f"f{number}", content) for number, content in enumerate(contents)]
    with pytest.raises(errors.StorageFull, match="The disk is full"):
        commit(peer_client, draft_of(*paths), Transfer())
    assert len(peer.seen) < len(contents)


def test_metadata_outside_the_rules_is_refused_before_anything_is_sent(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile
) -> None:
    artifact = rn.Artifact("m").add_file(make_file("a"))
    artifact.metadata["loss"] = float("nan")
    with pytest.raises(ValueError, match=r"metadata\.loss is nan"):
        commit(peer_client, artifact.draft((), None), Transfer())
    assert peer.seen == []


def test_many_digests_are_asked_about_in_parts(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runicorn.upload.DIGESTS_PER_QUESTION", 2)
    peer.script(missing(), missing(), missing(), COMMITTED)
    paths = [make_file(f"f{number}", bytes([number])) for number in range(5)]
    commit(peer_client, draft_of(*paths), Transfer())
    assert [len(one.json["digests"]) for one in peer.seen[:3]] == [2, 2, 1]


def test_bodies_of_small_files_are_bounded(
    peer: Peer, peer_client: rn.Client, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runicorn.upload.BATCH_BYTES", 25)
    monkeypatch.setattr("runicorn.upload.BATCH_RECORDS", 3)
    contents = [bytes([number]) * 10 for number in range(4)] + [bytes([9])] * 1
    contents += [bytes([number]) for number in range(20, 25)]
    peer.script(missing(*contents), BATCH_STORED)
    paths = [make_file(f"f{number}", content) for number, content in enumerate(contents)]
    peer.answers[1:] = [
        lambda handler, seen: (COMMITTED if seen.path.endswith("versions") else BATCH_STORED)(
            handler, seen
        )
    ]
    commit(peer_client, draft_of(*paths), Transfer())
    bodies = [list(records(one.body)) for one in peer.seen if one.path.startswith("/api/blobs?")]
    assert sorted(map(len, bodies)) == [2, 2, 3, 3]
    assert sorted(content for body in bodies for _, content in body) == sorted(contents)
