"""Downloads through the cache: fetched once, verified each time, and the user's own."""

import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors
from runicorn.cache import Cache, open_cache
from runicorn.config import Config
from runicorn.download import Sources, download_files
from runicorn.partial import Partial
from runicorn.transfer import Transfer
from tests.live import LivePortal
from tests.sdk.conftest import digest_of
from tests.sdk.peers import Peer, bytes_answer

MakeFile = Callable[..., Path]


BIG = os.urandom(300_000)


@pytest.fixture
def logged(portal: LivePortal, name: str, make_file: MakeFile) -> rn.Artifact:
    """A version with a large file and small ones."""
    with rn.Run("tests", name="cache") as run:
        artifact = rn.Artifact(name).add_file(make_file("big", BIG))
        for number in range(10):
            content = f"{name}{number}".encode()
            artifact.add_file(make_file(f"f{number}", content), name=f"deep/{number}.txt")
        run.log_artifact(artifact)
    return artifact


def own_cache() -> Cache:
    found = open_cache()
    assert found is not None
    return found


def test_the_second_download_asks_the_server_for_nothing(
    logged: rn.Artifact, tmp_path: Path
) -> None:
    logged.download(tmp_path / "first")
    detail = rn.Client().get_version(logged.name, 1)
    with_dead_server = rn.Artifact.from_detail(rn.Client(Config("http://127.0.0.1:9")), detail)
    stored = with_dead_server._require_stored()
    stored.known_manifest = logged.get_manifest()
    target = with_dead_server.download(tmp_path / "second")
    assert (target / "big").read_bytes() == BIG
    assert (target / "deep" / "3.txt").read_bytes() == f"{logged.name}3".encode()


def test_copies_are_the_users_own(logged: rn.Artifact, tmp_path: Path) -> None:
    target = logged.download(tmp_path / "first")
    (target / "big").write_bytes(b"edited")
    assert (logged.download(tmp_path / "second") / "big").read_bytes() == BIG


def test_an_edited_link_does_no_harm(logged: rn.Artifact, tmp_path: Path) -> None:
    linked = logged.download(tmp_path / "first", link=True) / "big"
    assert linked.samefile(own_cache().blob_path(digest_of(BIG)))
    linked.chmod(0o644)
    linked.write_bytes(b"edited")
    assert (logged.download(tmp_path / "second") / "big").read_bytes() == BIG


def test_what_a_killed_copy_left_is_used_up(logged: rn.Artifact, tmp_path: Path) -> None:
    logged.download(tmp_path / "first")
    left = tmp_path / "out" / f".{digest_of(BIG).removeprefix('sha256:')[:32]}.part"
    left.parent.mkdir()
    left.write_bytes(bytes(2 * len(BIG)))
    target = logged.download(tmp_path / "out")
    assert (target / "big").read_bytes() == BIG
    assert sorted(path.name for path in target.iterdir()) == ["big", "deep"]


def test_links_over_links_are_kept(logged: rn.Artifact, tmp_path: Path) -> None:
    for _ in range(2):
        target = logged.download(tmp_path / "out", link=True)
    assert sorted(path.name for path in target.iterdir()) == ["big", "deep"]


@pytest.mark.parametrize("cache_bytes", ["", "0"])
def test_a_copy_over_links_is_the_users_own(
    logged: rn.Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_bytes: str
) -> None:
    logged.download(tmp_path / "out", link=True)
    monkeypatch.setenv("RUNICORN_CACHE_BYTES", cache_bytes)
    target = logged.download(tmp_path / "out")
    found = [path for path in target.rglob("*") if path.is_file()]
    assert len(found) == 11
    assert {path.stat().st_nlink for path in found} == {1}
    assert all(path.stat().st_mode & stat.S_IWUSR for path in found)
    assert (target / "big").stat().st_mtime == pytest.approx((tmp_path / "big").stat().st_mtime)
    assert logged.verify().is_whole
    assert sorted(path.name for path in target.iterdir()) == ["big", "deep"]


@pytest.mark.parametrize("mode", [0o444, 0o644])
def test_what_the_user_made_read_only_stays(logged: rn.Artifact, tmp_path: Path, mode: int) -> None:
    mine = logged.download(tmp_path / "out") / "big"
    mine.chmod(mode)
    inode = mine.stat().st_ino
    logged.download(tmp_path / "out")
    assert (mine.stat().st_ino, stat.S_IMODE(mine.stat().st_mode)) == (inode, mode)


def test_without_a_cache_nothing_is_kept(
    logged: rn.Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_CACHE_BYTES", "0")
    target = logged.download(tmp_path / "out")
    assert (target / "big").read_bytes() == BIG
    assert open_cache() is None
    assert not (tmp_path / "cache" / "runicorn" / "blobs").exists()


def test_what_is_larger_than_the_cache_passes_it_by(
    logged: rn.Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_CACHE_BYTES", "1000")
    assert (logged.download(tmp_path / "out") / "big").read_bytes() == BIG
    assert own_cache().list_files() == []


def test_a_cache_that_cannot_be_written_is_gone_without(
    logged: rn.Artifact, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own_cache().root.parent.mkdir(parents=True, exist_ok=True)
    for one in (own_cache().root / "blobs", own_cache().root / "partial"):
        one.parent.mkdir(exist_ok=True)
        one.write_bytes(b"in the way")
    target = logged.download(tmp_path / "out")
    assert (target / "big").read_bytes() == BIG
    assert "The cache cannot be written" in caplog.text


def test_trouble_with_the_target_is_not_called_the_caches(
    logged: rn.Artifact, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "out" / "big" / "in the way").mkdir(parents=True)
    with pytest.raises(IsADirectoryError, match="big"):
        logged.download(tmp_path / "out")
    assert "cache" not in caplog.text
    assert own_cache().has(digest_of(BIG))


@pytest.mark.parametrize("chosen", ["deep/3.txt", ["deep/3.txt"], "3.txt"])
def test_some_files_can_be_chosen(
    logged: rn.Artifact, tmp_path: Path, chosen: str | list[str]
) -> None:
    target = logged.download(tmp_path / "out", files=chosen, workers=2)
    assert [path.name for path in target.rglob("*") if path.is_file()] == ["3.txt"]


def test_a_folder_and_a_glob_choose_many(logged: rn.Artifact, tmp_path: Path) -> None:
    by_folder = logged.download(tmp_path / "a", files="deep/")
    by_glob = logged.download(tmp_path / "b", files=["*.txt", "big"])
    assert len(list((by_folder / "deep").iterdir())) == 10
    assert sum(path.is_file() for path in by_glob.rglob("*")) == 11


def test_files_that_are_not_there_are_named(logged: rn.Artifact, tmp_path: Path) -> None:
    with pytest.raises(errors.VersionFileNotFound, match=r"no file '\*\.csv'"):
        logged.download(tmp_path / "out", files=["big", "*.csv"])


@pytest.mark.parametrize("workers", [0, 65, -1])
def test_odd_numbers_of_workers_are_refused(logged: rn.Artifact, workers: int) -> None:
    with pytest.raises(ValueError, match="workers must be 1 to 64"):
        logged.download(workers=workers)


def test_a_folder_is_compared_with_the_version(logged: rn.Artifact, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="say in which folder"):
        logged.verify()
    target = logged.download(tmp_path / "out")
    assert logged.verify().is_whole
    (target / "big").write_bytes(bytes(len(BIG)))
    (target / "deep" / "1.txt").unlink()
    (target / "mine").write_bytes(b"")
    found = logged.verify()
    assert (found.changed, found.missing, found.extra) == (["big"], ["deep/1.txt"], ["mine"])
    assert (len(found.intact), found.is_whole) == (9, False)


def test_processes_that_want_the_same_fetch_it_once(logged: rn.Artifact, tmp_path: Path) -> None:
    digest = digest_of(BIG)
    path = own_cache().partial_path(digest)
    path.parent.mkdir(parents=True)
    with ThreadPoolExecutor(1) as pool:
        with Partial(path) as partial:  # as another process would
            coming = pool.submit(logged.download, tmp_path / "out", files="big")
            partial.write(BIG)
            own_cache().publish(partial, digest)
        target = coming.result(timeout=60)
    assert (target / "big").read_bytes() == BIG


def test_what_broke_off_goes_on_in_another_process(
    peer: Peer, peer_client: rn.Client, tmp_path: Path
) -> None:
    entry = rn.FileEntry("a", len(BIG), digest_of(BIG))
    half = len(BIG) // 2
    cache = own_cache()
    cache.partial_path(entry.digest).parent.mkdir(parents=True)
    cache.partial_path(entry.digest).write_bytes(BIG[:half])
    said = {"Content_Range": f"bytes {half}-{len(BIG) - 1}/{len(BIG)}"}
    peer.script(bytes_answer(206, BIG[half:], length=None, **said))
    download(peer_client, entry, tmp_path)
    assert (tmp_path / "out" / "a").read_bytes() == BIG
    assert [one.headers["Range"] for one in peer.seen] == [f"bytes={half}-"]


def test_torn_leftovers_are_fetched_anew(
    peer: Peer, peer_client: rn.Client, tmp_path: Path
) -> None:
    entry = rn.FileEntry("a", len(BIG), digest_of(BIG))
    cache = own_cache()
    cache.partial_path(entry.digest).parent.mkdir(parents=True)
    cache.partial_path(entry.digest).write_bytes(bytes(100))
    said = {"Content_Range": f"bytes 100-{len(BIG) - 1}/{len(BIG)}"}
    peer.script(bytes_answer(206, BIG[100:], length=None, **said), bytes_answer(200, BIG))
    download(peer_client, entry, tmp_path)
    assert (tmp_path / "out" / "a").read_bytes() == BIG


def download(client: rn.Client, entry: rn.FileEntry, tmp_path: Path) -> None:
    version = rn.ArtifactMetadata("m", "model", 1, created_at=0.0, updated_at=0.0)
    sources = Sources(client, own_cache())
    download_files(client, version, [entry], tmp_path / "out", Transfer(), sources)


def test_use_leaves_the_files_that_are_links_into_it_as_they_are(
    logged: rn.Artifact, tmp_path: Path
) -> None:
    linked = logged.download(tmp_path / "linked", link=True) / "big"
    os.utime(linked, (1e9, 1e9))
    before = linked.stat()
    logged.download(tmp_path / "out")
    logged.download(tmp_path / "also linked", link=True)
    assert linked.stat().st_mtime_ns == before.st_mtime_ns
    (big,) = [one for one in own_cache().list_files() if one.size_bytes == len(BIG)]
    assert big.used_at > 1e9 + 1e8


def test_a_cache_that_one_may_not_enter_is_gone_without(
    logged: rn.Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        if path.is_relative_to(own_cache().root):
            raise PermissionError(13, "Permission denied", str(path))
        return os.path.isfile(path)  # noqa: PTH113

    monkeypatch.setattr(Path, "is_file", refuse)
    assert not own_cache().has(digest_of(BIG))
    assert (logged.download(tmp_path / "out") / "big").read_bytes() == BIG
