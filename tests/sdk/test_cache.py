"""What was downloaded is kept: verified, capped, and safe with others at it."""

import errno
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runicorn import home
from runicorn.cache import Cache, CannotLink, NotThere, open_cache
from runicorn.credentials import credentials_path
from runicorn.partial import Partial
from runicorn.scratch import make_download_dir
from runicorn.transfer import Transfer
from tests.sdk.conftest import Ledger, digest_of

MakeFile = Callable[..., Path]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache with room for 1000 bytes."""
    return Cache(tmp_path / "own", 1000)


def add(cache: Cache, content: bytes, used_at: float | None = None) -> str:
    digest = digest_of(content)
    cache.add(digest, content)
    if used_at is not None:
        os.utime(cache.blob_path(digest), (used_at, used_at))
    return digest


def read(cache: Cache, digest: str, tmp_path: Path) -> bytes:
    path = tmp_path / "copy"
    with path.open("w+b") as file:
        cache.copy_to(digest, file, Transfer())
        file.seek(0)
        return file.read()


def test_what_was_added_comes_out(cache: Cache, tmp_path: Path) -> None:
    digest = add(cache, b"content")
    assert cache.has(digest)
    assert read(cache, digest, tmp_path) == b"content"
    assert stat.S_IMODE(cache.blob_path(digest).stat().st_mode) == 0o444


def test_what_is_not_there_is_said(cache: Cache, tmp_path: Path) -> None:
    with pytest.raises(NotThere):
        read(cache, digest_of(b"nowhere"), tmp_path)
    with pytest.raises(NotThere):
        cache.link_to(digest_of(b"nowhere"), tmp_path / "link", Transfer())


@pytest.mark.parametrize("damaged", [b"CONTENT", b"cont", b""])
def test_damaged_content_goes_and_counts_as_not_there(
    cache: Cache, tmp_path: Path, damaged: bytes
) -> None:
    digest = add(cache, b"content")
    cache.blob_path(digest).chmod(0o644)
    cache.blob_path(digest).write_bytes(damaged)
    ledger = Ledger()
    ledger.start("Reading", 7)
    with (tmp_path / "copy").open("wb") as file, pytest.raises(NotThere):
        cache.copy_to(digest, file, Transfer(ledger))
    assert not cache.has(digest)
    assert ledger.done == {"Reading": 0}


def test_a_link_is_the_same_read_only_file(cache: Cache, tmp_path: Path) -> None:
    digest = add(cache, b"content")
    cache.link_to(digest, tmp_path / "link", Transfer())
    assert (tmp_path / "link").samefile(cache.blob_path(digest))
    assert stat.S_IMODE((tmp_path / "link").stat().st_mode) == 0o444


def test_where_there_are_no_links_it_is_said(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*paths: object) -> None:
        raise OSError(errno.EXDEV, "other device")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(CannotLink):
        cache.link_to(add(cache, b"content"), tmp_path / "link", Transfer())


def test_what_was_used_longest_ago_goes_first(cache: Cache, tmp_path: Path) -> None:
    old, older, new = (add(cache, bytes([n]) * 400, used_at) for n, used_at in
                       ((1, 2e9), (2, 1e9), (3, 3e9)))  # fmt: skip
    pruned = cache.prune()
    assert (pruned.removed_files, pruned.removed_bytes, pruned.left_bytes) == (1, 400, 800)
    assert [cache.has(one) for one in (old, older, new)] == [True, False, True]
    read(cache, old, tmp_path)  # used now, so later than the new one
    os.utime(cache.blob_path(new), (1e9, 1e9))
    cache.prune(400)
    assert [cache.has(one) for one in (old, new)] == [True, False]


def test_what_others_fetch_stays(cache: Cache) -> None:
    path = cache.partial_path(digest_of(b"coming"))
    path.parent.mkdir(parents=True)
    with Partial(path) as partial:
        partial.write(b"comi")
        assert cache.prune(0).removed_files == 0
    assert cache.prune(0).removed_files == 1


def test_pruners_and_readers_do_not_mind_each_other(cache: Cache, tmp_path: Path) -> None:
    contents = [os.urandom(500) for _ in range(20)]

    def work(number: int) -> int:
        content = contents[number % 20]
        digest, found = digest_of(content), 0
        for _ in range(10):
            cache.add(digest, content)
            cache.prune()
            with (tmp_path / f"out-{number}").open("w+b") as file:
                try:
                    cache.copy_to(digest, file, Transfer())
                except NotThere:
                    continue
                file.seek(0)
                assert file.read() == content
                found += 1
        return found

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    assert cache.prune().left_bytes <= 1000


def test_the_damaged_are_found_and_removed(cache: Cache) -> None:
    good, bad = add(cache, b"good"), add(cache, b"bad")
    cache.blob_path(bad).chmod(0o644)
    cache.blob_path(bad).write_bytes(b"odd")
    assert [one.digest for one in cache.find_damaged(Transfer())] == [bad]
    assert [one.digest for one in cache.list_files()] == [good]


def test_nobody_else_may_look_into_it(tmp_path: Path) -> None:
    cache = open_cache()
    assert cache is not None
    assert stat.S_IMODE(cache.root.stat().st_mode) == 0o700
    (tmp_path / "shared").mkdir(mode=0o755)
    home.make_private(tmp_path / "shared")
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o755


def test_one_variable_moves_everything(tmp_path: Path) -> None:
    environ = {"RUNICORN_HOME": str(tmp_path), "HOME": "/h", "XDG_CACHE_HOME": "/x"}
    assert home.cache_path(environ) == tmp_path / "cache"
    assert home.queue_path(environ) == tmp_path / "queue"
    assert credentials_path(environ) == tmp_path / "credentials.json"
    assert make_download_dir("x_", environ).parent == tmp_path / "tmp"


def test_without_it_the_usual_places_are_taken() -> None:
    assert home.cache_path({"HOME": "/h"}) == Path("/h/.cache/runicorn")
    assert home.queue_path({"HOME": "/h"}) == Path("/h/.local/share/runicorn/queue")
    assert home.cache_path({"XDG_CACHE_HOME": "/x", "HOME": "/h"}) == Path("/x/runicorn")
    assert home.cache_path({}) is None
    with pytest.raises(ValueError, match="set RUNICORN_HOME"):
        home.queue_path({})


def test_the_cap_is_20_gb_or_a_tenth_of_the_disk(tmp_path: Path) -> None:
    found = home.cache_bytes(tmp_path / "not" / "yet", {})
    assert 0 < found <= 20 * 10**9
    assert home.cache_bytes(tmp_path, {"RUNICORN_CACHE_BYTES": "123"}) == 123
    with pytest.raises(ValueError, match="RUNICORN_CACHE_BYTES must be"):
        home.cache_bytes(tmp_path, {"RUNICORN_CACHE_BYTES": "20GB"})
