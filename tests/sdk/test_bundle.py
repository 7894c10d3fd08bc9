"""Many small files from bundles: records of a digest, a length and the bytes."""

import hashlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors
from runicorn.bundle import FEWEST_FILES, SMALL_BYTES, choose_bundled
from runicorn.download import download_files
from runicorn.models import ArtifactMetadata, FileEntry
from runicorn.placing import Placement
from runicorn.transfer import Transfer
from tests.live import LivePortal
from tests.sdk.conftest import Ledger, digest_of
from tests.sdk.peers import Answer, Peer, Seen, bytes_answer, json_answer

CONTENTS = {f"deep/{n}.txt": f"content {n}".encode() * n for n in range(FEWEST_FILES)}
VERSION = ArtifactMetadata("m", "model", 1, created_at=0.0, updated_at=0.0)

Fetch = Callable[[], Ledger]


def entries_of(contents: dict[str, bytes]) -> list[FileEntry]:
    return [FileEntry(path, len(one), digest_of(one)) for path, one in contents.items()]


def record(content: bytes, said: bytes | None = None) -> bytes:
    """A record; ``said`` is the content whose digest it claims."""
    digest = hashlib.sha256(content if said is None else said).digest()
    return digest + len(content).to_bytes(8, "big") + content


def bundle_of(contents: dict[str, bytes]) -> bytes:
    return b"".join(map(record, contents.values()))


def serving(bundle: Answer) -> Answer:
    """Answer ``bundle`` for the bundle, and any file by itself."""

    def answer(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        path = seen.path.partition("?")[0].partition("/files/")[2]
        (bytes_answer(200, CONTENTS[path]) if path else bundle)(handler, seen)

    return answer


@pytest.fixture
def fetch(peer: Peer, peer_client: rn.Client, tmp_path: Path) -> Fetch:
    """Download all of CONTENTS and check that it arrived, and nothing else."""

    def run() -> Ledger:
        ledger, target = Ledger(), tmp_path / "out"
        download_files(peer_client, VERSION, entries_of(CONTENTS), target, Transfer(ledger))
        found = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
        assert {path.relative_to(target).as_posix(): one for path, one in found.items()} == CONTENTS
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        return ledger

    return run


def singles(peer: Peer) -> int:
    return sum("/files/" in call for call in peer.calls)


def test_many_small_files_take_one_request(peer: Peer, fetch: Fetch) -> None:
    peer.script(serving(bytes_answer(200, bundle_of(CONTENTS))))
    ledger = fetch()
    assert peer.calls == ["POST /api/artifacts/m/v1/bundle?type=model&team=everyone"]
    assert peer.seen[0].json == {"digests": [digest_of(one) for one in CONTENTS.values()]}
    assert ledger.done == ledger.totals


def test_one_content_at_two_paths_is_asked_for_once(
    peer: Peer, peer_client: rn.Client, tmp_path: Path
) -> None:
    twice = CONTENTS | {"again.txt": CONTENTS["deep/3.txt"]}
    peer.script(bytes_answer(200, bundle_of(CONTENTS)))
    download_files(peer_client, VERSION, entries_of(twice), tmp_path, Transfer())
    assert (tmp_path / "again.txt").read_bytes() == twice["again.txt"]
    assert len(peer.seen[0].json["digests"]) == len(CONTENTS)


@pytest.mark.parametrize("length", [0, 10, 40, 41, 100, 150])
def test_a_bundle_that_breaks_off_is_made_up_for(peer: Peer, fetch: Fetch, length: int) -> None:
    whole = bundle_of(CONTENTS)
    peer.script(serving(bytes_answer(200, whole[:length], length=len(whole))))
    ledger = fetch()
    assert singles(peer) > 0
    assert ledger.done == ledger.totals


def test_what_is_left_out_is_fetched_by_itself(peer: Peer, fetch: Fetch) -> None:
    without = {path: one for path, one in CONTENTS.items() if path != "deep/2.txt"}
    peer.script(serving(bytes_answer(200, bundle_of(without))))
    fetch()
    assert singles(peer) == 1


@pytest.mark.parametrize("junk", [b"<html>" * 500, b"\xff" * 4096])
def test_what_is_no_bundle_is_made_up_for(peer: Peer, fetch: Fetch, junk: bytes) -> None:
    peer.script(serving(bytes_answer(200, junk)))
    fetch()
    assert singles(peer) == len(CONTENTS)


def test_damaged_content_in_a_bundle_is_fetched_by_itself(peer: Peer, fetch: Fetch) -> None:
    records = [record(one) for one in CONTENTS.values()]
    records[5] = record(b"other", said=CONTENTS["deep/5.txt"])
    peer.script(serving(bytes_answer(200, b"".join(records))))
    fetch()
    assert singles(peer) == 1


def test_records_nobody_asked_for_are_left_alone(peer: Peer, fetch: Fetch) -> None:
    peer.script(serving(bytes_answer(200, record(b"mine") + bundle_of(CONTENTS))))
    fetch()


def test_a_server_without_bundles_sends_each_file(peer: Peer, fetch: Fetch) -> None:
    peer.script(serving(json_answer(404, {"detail": "no such route", "code": "not_found"})))
    fetch()
    assert singles(peer) == len(CONTENTS)


def test_a_deleted_version_is_not_asked_for_file_by_file(
    peer: Peer, peer_client: rn.Client, tmp_path: Path
) -> None:
    peer.script(json_answer(410, {"detail": "deleted", "code": "version_deleted"}))
    with pytest.raises(errors.ContentDeleted):
        download_files(peer_client, VERSION, entries_of(CONTENTS), tmp_path, Transfer())
    assert len(peer.seen) == 1


def placements(*sizes: int) -> list[Placement]:
    return [
        Placement(FileEntry(f"f{number}", size, "sha256:0"), Path("x"))
        for number, size in enumerate(sizes)
    ]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([10] * FEWEST_FILES, FEWEST_FILES),
        ([10] * (FEWEST_FILES - 1), 0),
        ([SMALL_BYTES] * FEWEST_FILES, FEWEST_FILES),
        ([SMALL_BYTES + 1] * FEWEST_FILES, 0),
        ([10] * FEWEST_FILES + [SMALL_BYTES + 1], FEWEST_FILES),
    ],
)
def test_small_files_are_bundled_where_there_are_several(sizes: list[int], expected: int) -> None:
    assert len(choose_bundled(placements(*sizes))) == expected


def test_odd_names_come_out_of_the_portals_bundle(
    portal: LivePortal, name: str, make_file: Callable[..., Path], tmp_path: Path
) -> None:
    paths = [f"数据 {n}/{'长' * 60}/a#b?c%20\n{n}.txt" for n in range(FEWEST_FILES)]
    artifact = rn.Artifact(name).add_file(make_file("big", bytes(SMALL_BYTES + 1)))
    for number, path in enumerate(paths):
        artifact.add_file(make_file(f"f{number}", f"{name}{number}".encode()), name=path)
    rn.init().log_artifact(artifact)
    target = artifact.download(tmp_path / "out")
    for number, path in enumerate(paths):
        assert (target / path).read_bytes() == f"{name}{number}".encode()
    assert (target / "big").stat().st_size == SMALL_BYTES + 1
