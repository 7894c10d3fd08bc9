"""Content comes in: whole, checked, or not at all."""

import errno
import hashlib
import io
import os
import shutil
from types import SimpleNamespace

import pytest

from artifacts.errors import DigestMismatch, SizeMismatch, StorageFull, StoreUnavailable
from artifacts.storage import durable, staging
from tests.storage.conftest import fail_with, left_in, sha256_of, stage_bytes

BIG = os.urandom(1 << 20) * 17 + b"tail"


class Dribble:
    """Gives few bytes at a time, as a socket does."""

    def __init__(self, content, size):
        self.stream = io.BytesIO(content)
        self.size = size

    def read(self, size):
        return self.stream.read(min(size, self.size))


class Broken:
    """Gives some bytes and then fails, as a connection that is cut."""

    def __init__(self):
        self.pieces = [b"some bytes"]

    def read(self, size):
        if self.pieces:
            return self.pieces.pop()
        raise ConnectionResetError


def record(content):
    return sha256_of(content), len(content), io.BytesIO(content)


@pytest.mark.parametrize("content", [b"", b"x", b"y" * 70_000, BIG], ids=["0", "1", "70k", "17M"])
def test_stage_writes_and_hashes(store, content):
    staged = staging.stage(
        store, io.BytesIO(content), sha256=sha256_of(content), size_bytes=len(content)
    )
    assert staged.sha256 == sha256_of(content)
    assert staged.size_bytes == len(content)
    assert hashlib.sha256(staged.path.read_bytes()).hexdigest() == staged.sha256


def test_stage_gives_a_read_only_file_in_staging(store):
    staged = stage_bytes(store, b"content")
    assert staged.path.parent == store.staging
    assert staged.path.stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize("size", [1, 1000, 65_536])
def test_stage_takes_what_a_socket_gives(store, size):
    content = os.urandom(size * 7 + 1)
    assert staging.stage(store, Dribble(content, size)).sha256 == sha256_of(content)


def test_stage_writes_everything_when_writes_are_short(store, monkeypatch):
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real_write(fd, data[: len(data) // 3 + 1]))
    staged = stage_bytes(store, BIG)
    assert staged.path.read_bytes() == BIG
    assert staged.sha256 == sha256_of(BIG)


@pytest.mark.parametrize("declared", [0, 6, 8, 1 << 40])
def test_stage_refuses_another_size_than_declared(store, declared):
    with pytest.raises(SizeMismatch, match=f"Declared were {declared} bytes"):
        staging.stage(store, io.BytesIO(b"content"), size_bytes=declared)
    assert left_in(store.staging) == []


def test_stage_stops_reading_a_source_that_is_too_long(store):
    source = io.BytesIO(BIG)
    with pytest.raises(SizeMismatch, match="more came"):
        staging.stage(store, source, size_bytes=5)
    assert source.tell() <= staging.PIECE_BYTES


def test_stage_refuses_another_digest_and_names_both(store):
    with pytest.raises(DigestMismatch) as caught:
        staging.stage(store, io.BytesIO(b"content"), sha256=sha256_of(b"other"))
    assert sha256_of(b"content") in caught.value.detail
    assert sha256_of(b"other") in caught.value.detail
    assert left_in(store.staging) == []


def test_stage_keeps_nothing_when_the_source_fails(store):
    with pytest.raises(ConnectionResetError):
        staging.stage(store, Broken())
    assert left_in(store.staging) == []


@pytest.mark.parametrize("call", ["write", "fsync", "fchmod", "open"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("content", [b"small", BIG], ids=["small", "big"])
def test_stage_keeps_nothing_on_a_full_disk(store, monkeypatch, call, code, content):
    monkeypatch.setattr(os, call, fail_with(code))
    with pytest.raises(StorageFull):
        stage_bytes(store, content)
    monkeypatch.undo()
    assert left_in(store.staging) == []


def test_stage_without_its_folder_is_unavailable(store):
    shutil.rmtree(store.staging)
    with pytest.raises(StoreUnavailable, match=r"\.staging is gone"):
        stage_bytes(store, b"content")


def test_stage_many_writes_and_hashes_each(store):
    contents = [b"one", b"", b"three", b"one"]
    staged = staging.stage_many(store, map(record, contents))
    assert [one.path.read_bytes() for one in staged] == contents
    assert [one.sha256 for one in staged] == [sha256_of(content) for content in contents]
    assert {one.path.stat().st_mode & 0o777 for one in staged} == {0o444}


def test_stage_many_syncs_the_filesystem_once(store, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release="6.1.0"))
    monkeypatch.setattr(durable, "_libc", SimpleNamespace(syncfs=lambda fd: synced.append(fd) or 0))
    staging.stage_many(store, map(record, [b"one", b"two", b"three"]))
    assert len(synced) == 1


def test_stage_many_of_nothing_is_nothing(store):
    assert staging.stage_many(store, []) == []


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ((sha256_of(b"other"), 5, io.BytesIO(b"wrong")), DigestMismatch),
        ((sha256_of(b"short"), 9, io.BytesIO(b"short")), SizeMismatch),
        ((sha256_of(b"longer"), 2, io.BytesIO(b"longer")), SizeMismatch),
        ((sha256_of(b""), 0, Broken()), (SizeMismatch, ConnectionResetError)),
    ],
)
def test_stage_many_keeps_nothing_of_a_body_with_one_bad_record(store, bad, error):
    with pytest.raises(error):
        staging.stage_many(store, [record(b"one"), record(b"two"), bad, record(b"four")])
    assert left_in(store.staging) == []


def test_stage_many_keeps_nothing_when_the_records_end_badly(store):
    def records():
        yield record(b"one")
        raise SizeMismatch("cut")

    with pytest.raises(SizeMismatch):
        staging.stage_many(store, records())
    assert left_in(store.staging) == []


@pytest.mark.parametrize("call", ["write", "fchmod"])
def test_stage_many_keeps_nothing_on_a_full_disk(store, monkeypatch, call):
    monkeypatch.setattr(os, call, fail_with(errno.ENOSPC))
    with pytest.raises(StorageFull):
        staging.stage_many(store, [record(b"one"), record(b"two")])
    monkeypatch.undo()
    assert left_in(store.staging) == []


def test_stage_many_keeps_nothing_when_the_one_sync_fails(store, monkeypatch):
    # No syncfs here, so each file is synced, and that fails: the same way out.
    monkeypatch.setattr(durable, "_libc", object())
    monkeypatch.setattr(os, "fsync", fail_with(errno.ENOSPC))
    with pytest.raises(StorageFull):
        staging.stage_many(store, [record(b"one"), record(b"two")])
    monkeypatch.undo()
    assert left_in(store.staging) == []


def test_discard_may_be_repeated(store):
    staged = stage_bytes(store, b"content")
    staging.discard(staged)
    staging.discard(staged)
    assert left_in(store.staging) == []
