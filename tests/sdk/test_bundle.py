"""Many small files from the version's archive."""

import io
import tarfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.bundle import FEWEST_FILES, FREE_WASTE_BYTES, SMALL_BYTES, choose_bundled
from runicorn.download import download_files
from runicorn.models import ArtifactMetadata, FileEntry
from runicorn.placing import Placement
from runicorn.transfer import Transfer
from tests.live import LivePortal
from tests.sdk.conftest import Ledger, digest_of
from tests.sdk.peers import Answer, Peer, Seen, bytes_answer

CONTENTS = {f"deep/{n}.txt": f"content {n}".encode() * n for n in range(FEWEST_FILES)}
VERSION = ArtifactMetadata("m", "model", 1, created_at=0.0, updated_at=0.0)

Fetch = Callable[[], Ledger]


def entries_of(contents: dict[str, bytes]) -> list[FileEntry]:
    return [FileEntry(path, len(one), digest_of(one)) for path, one in contents.items()]


def tar_of(contents: dict[str, bytes], *others: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in contents.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in others:
            archive.addfile(member, io.BytesIO(bytes(member.size)))
    return buffer.getvalue()


def serving(archive: Answer) -> Answer:
    """Answer ``archive`` for the archive, and any file by itself."""

    def answer(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        path = seen.path.partition("?")[0].partition("/files/")[2]
        (bytes_answer(200, CONTENTS[path]) if path else archive)(handler, seen)

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
    peer.script(serving(bytes_answer(200, tar_of(CONTENTS))))
    ledger = fetch()
    assert peer.calls == ["GET /api/artifacts/m/v1/archive?type=model&team=everyone&format=tar"]
    assert ledger.done == ledger.totals


@pytest.mark.parametrize("length", [0, 100, 512, 5_000, 20_000])
def test_an_archive_that_breaks_off_is_made_up_for(peer: Peer, fetch: Fetch, length: int) -> None:
    tar = tar_of(CONTENTS)
    peer.script(serving(bytes_answer(200, tar[:length], length=len(tar))))
    ledger = fetch()
    assert singles(peer) > 0
    assert ledger.done == ledger.totals


def test_an_archive_that_ends_early_is_made_up_for(peer: Peer, fetch: Fetch) -> None:
    peer.script(serving(bytes_answer(200, tar_of(CONTENTS)[:10_000])))
    fetch()
    assert 0 < singles(peer) < len(CONTENTS)


def test_what_is_no_archive_is_made_up_for(peer: Peer, fetch: Fetch) -> None:
    peer.script(serving(bytes_answer(200, b"<html>" * 500)))
    fetch()
    assert singles(peer) == len(CONTENTS)


@pytest.mark.parametrize("damage", [b"x", b"", b"y" * 5000])
def test_damaged_content_in_an_archive_is_fetched_by_itself(
    peer: Peer, fetch: Fetch, damage: bytes
) -> None:
    peer.script(serving(bytes_answer(200, tar_of(CONTENTS | {"deep/1.txt": damage}))))
    fetch()
    assert singles(peer) == 1


def test_members_nobody_asked_for_are_left_alone(peer: Peer, fetch: Fetch) -> None:
    outside, link = tarfile.TarInfo("../outside"), tarfile.TarInfo("deep/1.txt")
    absolute, folder = tarfile.TarInfo("/absolute"), tarfile.TarInfo("elsewhere")
    outside.size = absolute.size = 3
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    folder.type = tarfile.DIRTYPE
    tar = tar_of(CONTENTS, outside, absolute, link, folder)
    peer.script(serving(bytes_answer(200, tar)))
    fetch()


def placements(*sizes: int) -> list[Placement]:
    return [
        Placement(FileEntry(f"f{number}", size, "sha256:0"), Path("x"))
        for number, size in enumerate(sizes)
    ]


@pytest.mark.parametrize(
    ("sizes", "waste", "expected"),
    [
        ([10] * FEWEST_FILES, 0, FEWEST_FILES),
        ([10] * (FEWEST_FILES - 1), 0, 0),
        ([10] * FEWEST_FILES, FREE_WASTE_BYTES, FEWEST_FILES),
        ([10] * FEWEST_FILES, FREE_WASTE_BYTES + 1, 0),
        ([SMALL_BYTES] * FEWEST_FILES, FEWEST_FILES * SMALL_BYTES, FEWEST_FILES),
        ([SMALL_BYTES + 1] * FEWEST_FILES, 0, 0),
        ([10] * FEWEST_FILES + [SMALL_BYTES + 1], 0, FEWEST_FILES),
    ],
)
def test_the_archive_is_read_where_it_is_worth_it(
    sizes: list[int], waste: int, expected: int
) -> None:
    chosen = choose_bundled(placements(*sizes), version_bytes=sum(sizes) + waste)
    assert len(chosen) == expected


def test_odd_names_come_out_of_the_portals_archive(
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
