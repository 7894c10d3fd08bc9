"""Sending only the chunks a server needs, against a peer that says which."""

import os
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from itertools import accumulate
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors, resume
from runicorn.api import Part
from runicorn.chunking import RECORD_BYTES, lengths_of
from runicorn.hashing import SourceFile, hash_file
from runicorn.negotiation import NeededChunks
from runicorn.transfer import Transfer
from runicorn.upload import LARGE_BYTES, upload
from tests.sdk.conftest import Ledger
from tests.sdk.peers import Peer, Receiver, Seen, json_answer

MakeFile = Callable[..., Path]

LARGE = os.urandom(LARGE_BYTES + 3)
STALE = json_answer(409, {"detail": "A base is gone.", "code": "negotiation_stale"})
DAMAGED = json_answer(422, {"detail": "other digest", "code": "digest_mismatch"})


@pytest.fixture
def source(make_file: MakeFile) -> SourceFile:
    """A large file, cut."""
    return hash_file(make_file("large.bin", LARGE), lambda _: None)


@pytest.fixture
def needs(source: SourceFile) -> Callable[..., Receiver]:
    """A receiver that needs these runs of chunks, and the bytes they have."""

    def make(*runs: tuple[int, int], **options: object) -> Receiver:
        needed_bytes = len(bytes_of(source, *runs))
        needed = [list(run) for run in runs]
        return Receiver(len(LARGE), needed=needed, needed_bytes=needed_bytes, **options)  # type: ignore[arg-type]

    return make


def bytes_of(source: SourceFile, *runs: tuple[int, int]) -> bytes:
    starts = [0, *accumulate(lengths_of(source.chunks))]
    return b"".join(LARGE[starts[first] : starts[first + count]] for first, count in runs)


def send(client: rn.Client, source: SourceFile, ledger: Ledger | None = None) -> None:
    upload(client, [source], "dataset/数", Transfer(ledger))


def calls(peer: Peer) -> list[str]:
    kinds = {True: "chunks", False: "whole"}
    return [f"{one.method} {kinds['/chunks' in one.path]}" for one in peer.seen]


def test_only_needed_chunks_are_sent_and_the_others_count_as_done(
    peer: Peer, peer_client: rn.Client, source: SourceFile, needs: Callable[..., Receiver]
) -> None:
    runs = (0, 1), (5, 3), (20, 2)
    peer.script(receiver := needs(*runs))
    send(peer_client, source, ledger := Ledger())
    assert receiver.content == bytes_of(source, *runs)
    assert peer.seen[0].body == source.chunks
    assert peer.seen[0].path.endswith("/chunks?artifact=dataset%2F%E6%95%B0")
    assert peer.seen[1].headers["Content-Range"] == (
        f"bytes 0-{len(receiver.content) - 1}/{len(receiver.content)}"
    )
    assert ledger.done["Uploading"] == ledger.totals["Uploading"] == len(LARGE)


def test_where_nothing_is_needed_an_empty_part_finishes(
    peer: Peer, peer_client: rn.Client, source: SourceFile, needs: Callable[..., Receiver]
) -> None:
    peer.script(needs())
    send(peer_client, source, ledger := Ledger())
    assert calls(peer) == ["POST chunks", "PUT chunks"]
    assert (peer.seen[1].headers["Content-Range"], peer.seen[1].body) == ("bytes */0", b"")
    assert ledger.done["Uploading"] == len(LARGE)


def test_what_is_stored_meanwhile_is_not_sent(
    peer: Peer, peer_client: rn.Client, source: SourceFile, needs: Callable[..., Receiver]
) -> None:
    peer.script(needs((0, 1), is_stored=True))
    send(peer_client, source, ledger := Ledger())
    assert calls(peer) == ["POST chunks"]
    assert ledger.done["Uploading"] == len(LARGE)


def test_where_nearly_all_is_needed_all_of_it_is_sent(
    peer: Peer, peer_client: rn.Client, source: SourceFile, needs: Callable[..., Receiver]
) -> None:
    peer.script(needs((0, len(source.chunks) // RECORD_BYTES)), receiver := Receiver(len(LARGE)))
    send(peer_client, source)
    assert receiver.content == LARGE
    assert calls(peer) == ["POST chunks"] + ["PUT whole"] * 3


@pytest.mark.parametrize("kept", [0, 1, 100_000, 300_000])
def test_after_a_break_it_goes_on_inside_the_needed_bytes(
    peer: Peer,
    peer_client: rn.Client,
    source: SourceFile,
    needs: Callable[..., Receiver],
    monkeypatch: pytest.MonkeyPatch,
    kept: int,
) -> None:
    monkeypatch.setattr(resume, "PART_BYTES", 300_000)
    runs = [(number, 1) for number in range(0, 40, 3)]
    peer.script(receiver := needs(*runs, breaks=[kept, None, 1]))
    send(peer_client, source, ledger := Ledger())
    assert receiver.content == bytes_of(source, *runs)
    assert calls(peer).count("POST chunks") == 3
    assert ledger.done["Uploading"] == len(LARGE)


def test_a_new_process_goes_on_where_the_old_one_ended(
    peer: Peer, peer_client: rn.Client, source: SourceFile, needs: Callable[..., Receiver]
) -> None:
    wanted = bytes_of(source, (3, 9))
    peer.script(receiver := needs((3, 9), content=bytearray(wanted[:70_000])))
    send(peer_client, source)
    assert receiver.content == wanted
    assert len(peer.seen[1].body) == len(wanted) - 70_000


def test_a_stale_negotiation_is_begun_again(
    peer: Peer, peer_client: rn.Client, source: SourceFile, needs: Callable[..., Receiver]
) -> None:
    peer.script(needs((0, 1)), STALE, receiver := needs((0, 4)))
    send(peer_client, source, ledger := Ledger())
    assert receiver.content == bytes_of(source, (0, 4))
    assert ledger.done["Uploading"] == len(LARGE)


def test_what_goes_stale_again_is_sent_as_a_whole(
    peer: Peer, peer_client: rn.Client, source: SourceFile, needs: Callable[..., Receiver]
) -> None:
    first = needs((0, 1))
    peer.script(first, STALE, first, STALE, receiver := Receiver(len(LARGE)))
    send(peer_client, source, ledger := Ledger())
    assert receiver.content == LARGE
    assert ledger.done["Uploading"] == len(LARGE)


def test_what_arrives_damaged_is_sent_as_a_whole(
    peer: Peer, peer_client: rn.Client, source: SourceFile, needs: Callable[..., Receiver]
) -> None:
    peer.script(needs((0, 1)), DAMAGED, receiver := Receiver(len(LARGE)))
    send(peer_client, source)
    assert receiver.content == LARGE


def test_a_source_that_changes_before_its_chunks_are_sent_is_refused(
    peer: Peer, peer_client: rn.Client, source: SourceFile, needs: Callable[..., Receiver]
) -> None:
    receiver = needs((0, 1))

    def change(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        os.utime(source.path, (1, 1))
        receiver(handler, seen)

    peer.script(change, receiver)
    with pytest.raises(errors.SourceChanged):
        send(peer_client, source)
    assert receiver.content == b""


@pytest.mark.parametrize("status", [400, 404, 405])
def test_a_server_that_does_not_negotiate_gets_the_whole(
    peer: Peer, peer_client: rn.Client, source: SourceFile, status: int
) -> None:
    peer.script(json_answer(status, {"detail": "?"}), receiver := Receiver(len(LARGE)))
    send(peer_client, source)
    assert receiver.content == LARGE


@pytest.mark.parametrize("span", [(0, 10), (5, 25), (10, 20), (29, 30), (0, 30), (3, 3)])
def test_a_part_is_read_from_the_ranges_it_lies_in(
    make_file: MakeFile, peer_client: rn.Client, span: tuple[int, int]
) -> None:
    path = make_file("a", bytes(range(100)))
    route = NeededChunks(peer_client, hash_file(path, lambda _: None), "model/m")
    route._use([(5, 10), (40, 1), (41, 9), (90, 10)])
    wanted = bytes([*range(5, 15), *range(40, 50), *range(90, 100)])
    assert b"".join(route.read(Part(*span, 30))) == wanted[span[0] : span[1]]
