"""Downloads from a peer that breaks off, lies and leads astray."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors
from runicorn.download import download_files
from runicorn.models import ArtifactMetadata, FileEntry
from runicorn.placing import is_intact, safe_target
from runicorn.transfer import Transfer
from tests.sdk.conftest import Ledger, digest_of
from tests.sdk.peers import Answer, Peer, bytes_answer, hang_up, json_answer

CONTENT = os.urandom(300_000)
HALF = len(CONTENT) // 2
TAG = f'"{digest_of(CONTENT)}"'

VERSION = ArtifactMetadata("m", "model", 1, created_at=0.0, updated_at=0.0)

Fetch = Callable[..., Path]


def entry_of(path: str = "a.bin", content: bytes = CONTENT) -> FileEntry:
    return FileEntry(path, len(content), digest_of(content))


def the_rest(start: int, **headers: str) -> Answer:
    said = {"Content_Range": f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"} | headers
    return bytes_answer(206, CONTENT[start:], length=None, **said)


BROKEN_IN_THE_MIDDLE = bytes_answer(200, CONTENT[:HALF], length=len(CONTENT))


@pytest.fixture
def fetch(peer: Peer, peer_client: rn.Client, tmp_path: Path) -> Fetch:
    """Download one file of ``m:v1``; return where it is."""

    def run(entry: FileEntry | None = None, ledger: Ledger | None = None) -> Path:
        entries, transfer = [entry or entry_of()], Transfer(ledger)
        return download_files(peer_client, VERSION, entries, tmp_path / "out", transfer)[0]

    return run


def left_in(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "out").rglob("*"))


def test_a_file_is_fetched_and_verified(peer: Peer, fetch: Fetch, tmp_path: Path) -> None:
    peer.script(bytes_answer(200, CONTENT))
    assert fetch().read_bytes() == CONTENT
    assert left_in(tmp_path) == ["a.bin"]
    assert peer.calls == ["GET /api/artifacts/m/v1/files/a.bin?type=model&team=everyone"]


def test_a_broken_download_goes_on_where_it_broke(peer: Peer, fetch: Fetch) -> None:
    peer.script(BROKEN_IN_THE_MIDDLE, the_rest(HALF))
    ledger = Ledger()
    assert fetch(ledger=ledger).read_bytes() == CONTENT
    assert peer.seen[1].headers["Range"] == f"bytes={HALF}-"
    assert peer.seen[1].headers["If-Range"] == TAG
    assert ledger.done == ledger.totals == {"Downloading": len(CONTENT)}


@pytest.mark.parametrize(
    "whole",
    [
        bytes_answer(200, CONTENT),
        bytes_answer(206, CONTENT, Content_Range=f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}"),
    ],
)
def test_a_server_that_starts_over_is_understood(peer: Peer, fetch: Fetch, whole: Answer) -> None:
    peer.script(BROKEN_IN_THE_MIDDLE, whole)
    ledger = Ledger()
    assert fetch(ledger=ledger).read_bytes() == CONTENT
    assert ledger.done["Downloading"] == len(CONTENT)


def test_a_download_that_gets_on_is_never_given_up(peer: Peer, fetch: Fetch) -> None:
    step = len(CONTENT) // 20
    pieces = [
        bytes_answer(
            206,
            CONTENT[start : start + step],
            length=len(CONTENT) - start,
            Content_Range=f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}",
        )
        for start in range(0, len(CONTENT), step)
    ]
    peer.script(bytes_answer(200, CONTENT[:step], length=len(CONTENT)), *pieces[1:-1])
    peer.answers.append(the_rest(len(CONTENT) - step))
    assert fetch().read_bytes() == CONTENT
    assert len(peer.seen) == 20


def test_a_download_that_keeps_breaking_is_given_up(
    peer: Peer, fetch: Fetch, tmp_path: Path
) -> None:
    peer.script(bytes_answer(200, b"", length=len(CONTENT)))
    with pytest.raises(errors.ServerUnavailable, match="keeps breaking off"):
        fetch()
    assert left_in(tmp_path) == []


def test_a_server_that_goes_away_is_named(peer: Peer, fetch: Fetch) -> None:
    peer.script(hang_up)
    with pytest.raises(errors.ServerUnavailable, match="Cannot reach the Runicorn server"):
        fetch()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (bytes([CONTENT[0] ^ 1]) + CONTENT[1:], "does not have the digest"),
        (CONTENT[:-1], "has 299999 bytes where 300000 were said"),
        (CONTENT + b"x", "is longer than the 300000 bytes said"),
        (b"", "has 0 bytes"),
    ],
)
def test_wrong_bytes_never_stand_under_the_name(
    peer: Peer, fetch: Fetch, tmp_path: Path, body: bytes, why: str
) -> None:
    peer.script(bytes_answer(200, body))
    with pytest.raises(errors.IntegrityError, match=why):
        fetch()
    assert left_in(tmp_path) == []


def test_a_file_that_was_there_survives_a_failed_download(
    peer: Peer, fetch: Fetch, make_file: Callable[..., Path]
) -> None:
    old = make_file("out/a.bin", b"old")
    peer.script(bytes_answer(200, b"x" * len(CONTENT)))
    with pytest.raises(errors.IntegrityError):
        fetch()
    assert old.read_bytes() == b"old"


def test_a_file_with_the_right_content_is_kept(
    peer: Peer, fetch: Fetch, make_file: Callable[..., Path]
) -> None:
    make_file("out/a.bin", CONTENT)
    ledger = Ledger()
    fetch(ledger=ledger)
    assert peer.seen == []
    assert ledger.done["Downloading"] == len(CONTENT)


def test_a_file_with_other_content_is_replaced(
    peer: Peer, fetch: Fetch, make_file: Callable[..., Path]
) -> None:
    make_file("out/a.bin", bytes(len(CONTENT)))
    peer.script(bytes_answer(200, CONTENT))
    assert fetch().read_bytes() == CONTENT


def test_deleted_content_is_told(peer: Peer, fetch: Fetch, tmp_path: Path) -> None:
    peer.script(json_answer(410, {"detail": "m:v1 is deleted.", "code": "version_deleted"}))
    with pytest.raises(errors.ContentDeleted, match="is deleted"):
        fetch()
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    "path", ["../up.bin", "/etc/cron.d/x", "a/../../up", "a\\..\\up", "", ".", "a//b", "a\0b"]
)
def test_a_path_that_leads_out_is_refused(
    peer: Peer, fetch: Fetch, tmp_path: Path, path: str
) -> None:
    peer.script(bytes_answer(200, CONTENT))
    with pytest.raises(errors.IntegrityError, match="no version can have"):
        fetch(entry_of(path))
    assert peer.seen == []
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_leads_out_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to(tmp_path)
    with pytest.raises(errors.IntegrityError, match="outside of"):
        safe_target(tmp_path / "in", "link/a.bin")


def test_one_failure_stops_the_other_downloads(
    peer: Peer, peer_client: rn.Client, tmp_path: Path
) -> None:
    peer.script(json_answer(422, {"detail": "The copy is damaged.", "code": "corrupted"}))
    entries = [entry_of(f"f{number}") for number in range(50)]
    with pytest.raises(errors.ContentCorrupted, match="damaged"):
        download_files(peer_client, VERSION, entries, tmp_path / "out", Transfer())
    assert len(peer.seen) < len(entries)
    assert left_in(tmp_path) == []


def test_the_time_of_the_original_is_kept(peer: Peer, fetch: Fetch) -> None:
    peer.script(bytes_answer(200, CONTENT))
    entry = FileEntry("deep/er/a.bin", len(CONTENT), digest_of(CONTENT), 1_700_000_000.5)
    path = fetch(entry)
    assert path.stat().st_mtime == 1_700_000_000.5


def test_an_empty_file_arrives(peer: Peer, fetch: Fetch) -> None:
    peer.script(bytes_answer(200, b""))
    assert fetch(entry_of("empty", b"")).read_bytes() == b""


def test_a_file_that_changes_while_it_is_checked_is_not_intact(
    make_file: Callable[..., Path],
) -> None:
    path = make_file("a.bin", CONTENT)
    ledger = Ledger(on_advance=lambda what: os.utime(path, (1, 1)))
    transfer = Transfer(ledger)
    transfer.start("Downloading", 0)
    big = bytes(3 << 20)
    path.write_bytes(big)
    assert not is_intact(path, entry_of("a.bin", big), transfer)
