"""Large files sent in parts, against a peer that breaks off, disagrees and is old."""

import os
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors, resume
from runicorn.hashing import PIECE_BYTES, SourceFile, hash_file
from runicorn.transfer import Transfer
from runicorn.upload import LARGE_BYTES, upload
from tests.sdk.conftest import Ledger, digest_of
from tests.sdk.peers import Answer, Peer, Receiver, Seen, hang_up, json_answer

MakeFile = Callable[..., Path]

LARGE = os.urandom(LARGE_BYTES + 3)
PART = resume.PART_BYTES
BUSY = json_answer(409, {"detail": "In progress.", "code": "upload_in_progress"})
DAMAGED = json_answer(422, {"detail": "other digest", "code": "digest_mismatch"})


@pytest.fixture
def source(make_file: MakeFile) -> SourceFile:
    """A large file that is not cut, as without the wheels."""
    path = make_file("large.bin", LARGE)
    found = hash_file(path, lambda _: None)
    return SourceFile(path, found.size, found.mtime_ns, found.digest)


def send(client: rn.Client, source: SourceFile, ledger: Ledger | None = None) -> None:
    upload(client, [source], "model/m", Transfer(ledger))


def ranges(peer: Peer) -> list[str]:
    return [one.headers["Content-Range"] for one in peer.seen if "Content-Range" in one.headers]


def test_a_large_file_goes_in_parts(peer: Peer, peer_client: rn.Client, source: SourceFile) -> None:
    peer.script(receiver := Receiver(len(LARGE)))
    send(peer_client, source, ledger := Ledger())
    assert receiver.content == LARGE
    total = len(LARGE)
    assert ranges(peer) == [
        f"bytes */{total}",
        f"bytes 0-{PART - 1}/{total}",
        f"bytes {PART}-{total - 1}/{total}",
    ]
    assert {one.path.partition("?")[2] for one in peer.seen} == {"artifact=model%2Fm"}
    assert ledger.done["Uploading"] == ledger.totals["Uploading"] == total


def test_what_arrived_before_is_not_sent_again_and_counts_as_done(
    peer: Peer, peer_client: rn.Client, source: SourceFile
) -> None:
    peer.script(Receiver(len(LARGE), content=bytearray(LARGE[:5])))
    first: list[int] = []
    ledger = Ledger(on_advance=lambda what: first.append(ledger.done[what]))
    send(peer_client, source, ledger)
    assert sum(len(one.body) for one in peer.seen) == len(LARGE) - 5
    assert next(done for done in first if done) == 5
    assert ledger.done["Uploading"] == len(LARGE)


def test_what_is_stored_meanwhile_is_not_sent(
    peer: Peer, peer_client: rn.Client, source: SourceFile
) -> None:
    peer.script(Receiver(len(LARGE), is_stored=True))
    send(peer_client, source, ledger := Ledger())
    assert sum(len(one.body) for one in peer.seen) == 0
    assert ledger.done["Uploading"] == len(LARGE)


@pytest.mark.parametrize("kept", [0, 1, PIECE_BYTES + 7, PART])
def test_after_a_break_it_goes_on_from_what_arrived(
    peer: Peer, peer_client: rn.Client, source: SourceFile, kept: int
) -> None:
    peer.script(receiver := Receiver(len(LARGE), breaks=[kept, 1]))
    send(peer_client, source, ledger := Ledger())
    assert receiver.content == LARGE
    assert sum(len(one.body) for one in peer.seen) <= len(LARGE) + 2 * PART
    assert ledger.done["Uploading"] == len(LARGE)


def test_a_server_that_breaks_off_for_ever_is_given_up(
    peer: Peer, peer_client: rn.Client, source: SourceFile, pauses: list[float]
) -> None:
    peer.script(Receiver(len(LARGE), breaks=[0] * 100))
    with pytest.raises(errors.ServerUnavailable, match="Cannot reach"):
        send(peer_client, source)
    assert 60 <= sum(pauses) < 75


@pytest.mark.parametrize("received", [0, 5, len(LARGE), 2 * len(LARGE)])
def test_a_server_that_repeats_itself_is_given_up(
    peer: Peer, peer_client: rn.Client, source: SourceFile, pauses: list[float], received: int
) -> None:
    peer.script(json_answer(202, {"digest": "", "size": len(LARGE), "received": received}))
    with pytest.raises(errors.ServerError, match=f"keeps {received} bytes"):
        send(peer_client, source)
    assert 60 <= sum(pauses) < 75


def test_patience_begins_anew_when_something_arrives(
    peer: Peer, peer_client: rn.Client, source: SourceFile, pauses: list[float]
) -> None:
    peer.script(receiver := Receiver(len(LARGE), breaks=[*([0] * 8), 10] * 4))
    send(peer_client, source)
    assert receiver.content == LARGE
    assert sum(pauses) > 75


def test_another_offset_is_taken_from_the_refusal(
    peer: Peer, peer_client: rn.Client, source: SourceFile
) -> None:
    receiver = Receiver(len(LARGE))

    def elsewhere(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        receiver.content[:] = LARGE[:100]  # as if another process of ours had sent them
        receiver(handler, seen)

    peer.script(receiver, elsewhere, receiver)
    send(peer_client, source)
    assert receiver.content == LARGE
    assert ranges(peer)[2] == f"bytes 100-{len(LARGE) - 1}/{len(LARGE)}"


def test_an_upload_in_progress_is_waited_for(
    peer: Peer, peer_client: rn.Client, source: SourceFile, pauses: list[float]
) -> None:
    peer.script(BUSY, BUSY, receiver := Receiver(len(LARGE)), BUSY, receiver)
    send(peer_client, source)
    assert receiver.content == LARGE
    assert (len(pauses), pauses[1] > pauses[0] * 0.9) == (3, True)


def test_an_upload_in_progress_is_not_waited_for_for_ever(
    peer: Peer, peer_client: rn.Client, source: SourceFile, pauses: list[float]
) -> None:
    peer.script(BUSY)
    with pytest.raises(errors.UploadInProgress):
        send(peer_client, source)
    assert 120 <= sum(pauses) < 140


def test_a_damaged_remainder_of_before_costs_one_more_upload(
    peer: Peer, peer_client: rn.Client, source: SourceFile
) -> None:
    receiver = Receiver(len(LARGE), content=bytearray(b"damaged"))

    def judge(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        receiver.content.clear()
        DAMAGED(handler, seen)

    peer.script(receiver, judge, receiver)
    send(peer_client, source, ledger := Ledger())
    assert receiver.content == LARGE
    assert ledger.done["Uploading"] == len(LARGE)


def test_a_transfer_that_is_damaged_each_time_is_told(
    peer: Peer, peer_client: rn.Client, source: SourceFile
) -> None:
    receiver = Receiver(len(LARGE))
    peer.script(receiver, DAMAGED, receiver, DAMAGED)
    with pytest.raises(errors.DigestMismatch, match="other digest"):
        send(peer_client, source)


def test_a_source_that_changes_between_parts_is_refused(
    peer: Peer, peer_client: rn.Client, source: SourceFile
) -> None:
    receiver = Receiver(len(LARGE))

    def change(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        receiver(handler, seen)
        source.path.write_bytes(b"new")

    peer.script(receiver, change, receiver)
    with pytest.raises(errors.SourceChanged):
        send(peer_client, source)
    assert len(receiver.content) == PART


@pytest.mark.parametrize("refusal", [DAMAGED, json_answer(400, {"detail": "?", "code": "invalid"})])
def test_an_old_server_gets_it_in_one_piece(
    peer: Peer, peer_client: rn.Client, source: SourceFile, refusal: Answer
) -> None:
    stored = json_answer(201, {"digest": "", "size": 0})
    peer.script(refusal, hang_up, stored)
    send(peer_client, source, ledger := Ledger())
    assert [len(one.body) for one in peer.seen] == [0, len(LARGE), len(LARGE)]
    assert peer.seen[-1].body == LARGE
    assert "Content-Range" not in peer.seen[-1].headers
    assert ledger.done["Uploading"] == len(LARGE)


def test_the_first_failure_of_a_lot_ends_the_waiting_of_others(
    peer: Peer, peer_client: rn.Client, source: SourceFile
) -> None:
    transfer = Transfer()
    with pytest.raises(ValueError, match="on purpose"):
        transfer.run([lambda: int("on purpose")])
    peer.script(BUSY)
    with pytest.raises(errors.TransferStopped):
        resume.push(resume.WholeFile(peer_client, source, "model/m"), resume.Progress(transfer))
    assert len(peer.seen) == 1


def test_the_digest_is_what_the_server_knows_an_upload_by(source: SourceFile) -> None:
    assert source.digest == digest_of(LARGE)
