"""The pool: what is there is whole, whoever else was there first."""

import errno
import io
import os
import shutil

import pytest

from artifacts.errors import StorageFull, StoreUnavailable
from artifacts.storage import pool, staging
from artifacts.storage.layout import PoolFile
from tests.storage.conftest import (
    fail_with,
    left_in,
    publish_bytes,
    put_in_pool,
    record_calls,
    run_together,
    sha256_of,
    stage_bytes,
    start_python,
)

CONTENT = b"content of a checkpoint"
SHA = sha256_of(CONTENT)
DAMAGED = b"CONTENT OF A CHECKPOINT"

PUBLISH_OFTEN = """
import io, sys
from pathlib import Path
from artifacts.storage import pool, staging, store
store = store.open_store(Path(sys.argv[1]))
sys.stdin.readline()
for number in range(40):
    content = b"%d" % number * 50_000
    pool.publish(store, staging.stage(store, io.BytesIO(content)), replace=number % 2 == 0)
"""


def test_publish_gives_content_its_address(store):
    pool.publish(store, stage_bytes(store, CONTENT))
    assert store.pool_path(SHA).read_bytes() == CONTENT
    assert store.pool_path(SHA).stat().st_mode & 0o777 == 0o444
    assert left_in(store.staging) == []


def test_publish_names_only_what_is_durable_and_then_syncs_the_folder(store, monkeypatch):
    calls = record_calls(monkeypatch)
    staged = stage_bytes(store, CONTENT)
    pool.publish(store, staged)
    name = staged.path.name
    assert calls == [f"fsync {name}", f"link {name}", f"fsync {SHA[:2]}"]


def test_publish_syncs_the_folder_of_a_file_it_found(store, monkeypatch):
    publish_bytes(store, CONTENT)
    staged = stage_bytes(store, CONTENT)
    calls = record_calls(monkeypatch)
    pool.publish(store, staged)
    assert calls == [f"link {staged.path.name}", f"fsync {SHA[:2]}"]


def test_publish_leaves_one_name_for_the_content(store):
    publish_bytes(store, CONTENT)
    assert store.pool_path(SHA).stat().st_nlink == 1


def test_publish_keeps_a_good_file(store):
    publish_bytes(store, CONTENT)
    before = store.pool_path(SHA).stat().st_ino
    publish_bytes(store, CONTENT)
    assert store.pool_path(SHA).stat().st_ino == before
    assert left_in(store.staging) == []


@pytest.mark.parametrize("torn", [b"", CONTENT[:-1], CONTENT + b"x"])
def test_publish_replaces_a_file_of_another_size(store, torn):
    put_in_pool(store, SHA, torn)
    publish_bytes(store, CONTENT)
    assert store.pool_path(SHA).read_bytes() == CONTENT
    assert left_in(store.pool / SHA[:2]) == [SHA]
    assert left_in(store.staging) == []


def test_publish_replaces_a_symbolic_link(store, tmp_path):
    (tmp_path / "elsewhere").write_bytes(CONTENT)
    store.pool_path(SHA).symlink_to(tmp_path / "elsewhere")
    publish_bytes(store, CONTENT)
    assert not store.pool_path(SHA).is_symlink()


def test_publish_believes_a_file_of_the_right_size(store):
    put_in_pool(store, SHA, DAMAGED)
    publish_bytes(store, CONTENT)
    assert store.pool_path(SHA).read_bytes() == DAMAGED


def test_publish_replaces_a_file_known_to_be_damaged(store):
    put_in_pool(store, SHA, DAMAGED)
    pool.publish(store, stage_bytes(store, CONTENT), replace=True)
    assert store.pool_path(SHA).read_bytes() == CONTENT
    assert left_in(store.staging) == []


def test_publish_replaces_what_is_not_there(store):
    pool.publish(store, stage_bytes(store, CONTENT), replace=True)
    assert store.pool_path(SHA).read_bytes() == CONTENT


def test_publish_does_not_disturb_who_reads_the_damaged_file(store):
    put_in_pool(store, SHA, DAMAGED)
    with store.pool_path(SHA).open("rb") as reader:
        pool.publish(store, stage_bytes(store, CONTENT), replace=True)
        assert reader.read() == DAMAGED


@pytest.mark.parametrize("code", [errno.EMLINK, errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP])
@pytest.mark.parametrize("existing", [None, CONTENT, b"torn"])
def test_publish_without_hard_links_copies(store, monkeypatch, code, existing):
    if existing is not None:
        put_in_pool(store, SHA, existing)
    staged = stage_bytes(store, CONTENT)
    monkeypatch.setattr(os, "link", fail_with(code))
    pool.publish(store, staged)
    assert store.pool_path(SHA).read_bytes() == CONTENT
    assert left_in(store.pool / SHA[:2]) == [SHA]
    assert left_in(store.staging) == []


@pytest.mark.parametrize("call", ["link", "fsync"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_publish_keeps_nothing_in_staging_on_a_full_disk(store, monkeypatch, call, code):
    staged = stage_bytes(store, CONTENT)
    monkeypatch.setattr(os, call, fail_with(code))
    with pytest.raises(StorageFull):
        pool.publish(store, staged)
    assert left_in(store.staging) == []


def test_publish_into_a_pool_that_is_gone_is_unavailable(store):
    staged = stage_bytes(store, CONTENT)
    shutil.rmtree(store.pool)
    with pytest.raises(StoreUnavailable, match="is gone"):
        pool.publish(store, staged)


def test_publish_of_a_staged_file_that_is_gone_is_an_error(store):
    staged = stage_bytes(store, CONTENT)
    staging.discard(staged)
    with pytest.raises(FileNotFoundError):
        pool.publish(store, staged)


def test_publish_many_publishes_each_and_heals_those_named(store):
    contents = [b"one", b"two", b"two", b"six"]
    put_in_pool(store, sha256_of(b"one"), b"ONE")
    put_in_pool(store, sha256_of(b"six"), b"SIX")
    staged = [stage_bytes(store, content) for content in contents]
    pool.publish_many(store, staged, frozenset({sha256_of(b"one")}))
    found = [store.pool_path(sha256_of(content)).read_bytes() for content in contents]
    assert found == [b"one", b"two", b"two", b"SIX"]
    assert left_in(store.staging) == []


def test_publish_many_syncs_each_folder_once(store, monkeypatch):
    staged = [stage_bytes(store, b"%d" % number) for number in range(600)]
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    pool.publish_many(store, staged, frozenset())
    assert len(synced) == len({one.sha256[:2] for one in staged})


def test_publish_many_keeps_nothing_in_staging_after_a_failure(store, monkeypatch):
    staged = [stage_bytes(store, content) for content in (b"one", b"two")]
    monkeypatch.setattr(os, "link", fail_with(errno.ENOSPC))
    with pytest.raises(StorageFull):
        pool.publish_many(store, staged, frozenset())
    assert left_in(store.staging) == []


@pytest.mark.parametrize("replace", [False, True])
def test_threads_publish_the_same_content_at_once(store, replace):
    content = os.urandom(300_000)

    def publish(_number):
        for _ in range(5):
            pool.publish(store, stage_bytes(store, content), replace=replace)
            assert pool.verify_blob(store, sha256_of(content), len(content))

    run_together(8, publish)
    assert left_in(store.staging) == []
    assert list(pool.iter_pool(store)) == [(PoolFile(sha256_of(content)), 300_000)]


def test_threads_publish_the_same_content_at_once_without_hard_links(store, monkeypatch):
    monkeypatch.setattr(os, "link", fail_with(errno.EPERM))
    run_together(8, lambda _number: pool.publish(store, stage_bytes(store, CONTENT)))
    assert left_in(store.pool / SHA[:2]) == [SHA]
    assert pool.verify_blob(store, SHA, len(CONTENT))


def test_processes_publish_the_same_contents_at_once(store):
    processes = [start_python(PUBLISH_OFTEN, store.root) for _ in range(3)]
    assert [process.communicate("go\n", timeout=60) for process in processes] == [("", "")] * 3
    found = list(pool.iter_pool(store))
    assert len(found) == 40
    assert all(pool.verify_blob(store, file.sha256, size) for file, size in found)
    assert left_in(store.staging) == []


def test_has_blob_asks_for_the_size_too(store):
    publish_bytes(store, CONTENT)
    assert pool.has_blob(store, SHA, len(CONTENT))
    assert not pool.has_blob(store, SHA, len(CONTENT) + 1)
    assert not pool.has_blob(store, sha256_of(b"absent"), 6)


def test_has_blob_takes_files_only(store, tmp_path):
    publish_bytes(store, CONTENT)
    store.pool_path(sha256_of(b"link")).symlink_to(store.pool_path(SHA))
    store.pool_path(sha256_of(b"folder")).mkdir()
    assert pool.size_of_file(store, PoolFile(sha256_of(b"link"))) is None
    assert pool.size_of_file(store, PoolFile(sha256_of(b"folder"))) is None


def test_a_pool_that_is_not_mounted_looks_neither_empty_nor_lost(store):
    publish_bytes(store, CONTENT)
    shutil.rmtree(store.pool)
    for ask in (
        lambda: pool.has_blob(store, SHA, len(CONTENT)),
        lambda: pool.verify_blob(store, SHA, len(CONTENT)),
        lambda: pool.move_aside(store, PoolFile(SHA)),
        lambda: list(pool.iter_pool(store)),
    ):
        with pytest.raises(StoreUnavailable):
            ask()


@pytest.mark.parametrize(
    ("found", "is_sound"),
    [(CONTENT, True), (DAMAGED, False), (CONTENT[:-1], False), (b"", False), (None, False)],
)
def test_verify_blob_reads_the_bytes(store, found, is_sound):
    if found is not None:
        put_in_pool(store, SHA, found)
    assert pool.verify_blob(store, SHA, len(CONTENT)) is is_sound


class Unreadable(io.BytesIO):
    """A file with a bad sector."""

    code = errno.EIO

    def readinto(self, buffer):
        raise OSError(self.code, "bad sector")

    def read(self, size=-1):
        raise OSError(self.code, "bad sector")


def test_verify_blob_calls_a_bad_sector_damage(store, monkeypatch):
    publish_bytes(store, CONTENT)
    monkeypatch.setattr(io, "open", lambda *args, **kwargs: Unreadable())
    assert pool.verify_blob(store, SHA, len(CONTENT)) is False


def test_verify_blob_calls_nothing_else_damage(store, monkeypatch):
    publish_bytes(store, CONTENT)
    monkeypatch.setattr(io, "open", fail_with(errno.EMFILE))
    with pytest.raises(OSError, match="Too many open files"):
        pool.verify_blob(store, SHA, len(CONTENT))


def test_iter_pool_lists_every_content_in_order(store):
    contents = [b"%d" % number * number for number in range(1, 30)]
    for content in contents:
        publish_bytes(store, content)
    expected = sorted((sha256_of(content), len(content)) for content in contents)
    assert [(file.sha256, size) for file, size in pool.iter_pool(store)] == expected


def test_iter_pool_leaves_out_what_is_no_content(store):
    (store.pool / "ab" / ".part-1234").touch()
    (store.pool / "ab" / ("cd" * 32)).touch()
    (store.pool / "ab" / ("ab" * 32 + ".e")).touch()
    (store.pool / "ab" / ("ab" * 32)).mkdir()
    assert list(pool.iter_pool(store)) == []


def test_iter_pool_lists_content_once_that_also_lies_in_a_wrong_folder(store):
    publish_bytes(store, CONTENT)
    wrong = next(name for name in ("00", "ff") if name != SHA[:2])
    (store.pool / wrong / SHA).write_bytes(CONTENT)
    assert list(pool.iter_pool(store)) == [(PoolFile(SHA), len(CONTENT))]


def test_iter_pool_refuses_to_go_on_without_one_folder(store):
    publish_bytes(store, CONTENT)
    (store.pool / "ff").rmdir()
    with pytest.raises(StoreUnavailable, match="Cannot read"):
        list(pool.iter_pool(store))
