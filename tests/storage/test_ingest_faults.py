"""Content that breaks on its way in keeps nothing, and takes no more memory than it may."""

import errno
import io
import os
import shutil

import pytest

from artifacts.errors import DigestMismatch, SizeMismatch, StorageFull, StoreUnavailable
from artifacts.storage import ingest as module
from artifacts.storage.chunk_index import ChunkIndex
from artifacts.storage.ingest import ingest, seal_staged
from tests.storage.conftest import fail_with, left_in, run_python, sha256_of
from tests.storage.ingesting import (
    FIRST,
    MIB,
    Breaking,
    bring,
)


@pytest.mark.parametrize("size", [100, 12 * MIB])
def test_a_wrong_digest_keeps_nothing_and_names_both(store, size):
    with pytest.raises(DigestMismatch) as caught:
        bring(store, FIRST[:size], sha256=sha256_of(b"other"))
    assert sha256_of(FIRST[:size]) in caught.value.detail
    assert left_in(store.staging) == []


@pytest.mark.parametrize("declared", [0, 99, 12 * MIB - 1, 12 * MIB + 1])
def test_another_size_than_declared_keeps_nothing(store, declared):
    with pytest.raises(SizeMismatch, match=f"Declared were {declared} bytes"):
        bring(store, FIRST, size_bytes=declared)
    assert left_in(store.staging) == []


def test_a_source_that_is_too_long_is_not_read_to_its_end(store):
    source = io.BytesIO(FIRST)
    with pytest.raises(SizeMismatch, match="more came"):
        ingest(store, source, size_bytes=5, index=ChunkIndex())
    assert source.tell() <= module.BUFFER_BYTES


@pytest.mark.parametrize("size", [0, 100, 9 * MIB])
def test_a_source_that_breaks_keeps_nothing(store, size):
    with pytest.raises(ConnectionResetError):
        ingest(store, Breaking(FIRST[:size]), index=ChunkIndex())
    assert left_in(store.staging) == []


@pytest.mark.parametrize("size", [100, 2 * MIB, 12 * MIB])
def test_short_writes_lose_nothing(store, monkeypatch, size):
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real_write(fd, data[: len(data) // 3 + 1]))
    assert bring(store, FIRST[:size]).staged.path.read_bytes() == FIRST[:size]


@pytest.mark.parametrize("call", ["write", "open"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("size", [100, 12 * MIB])
def test_a_full_disk_keeps_nothing(store, monkeypatch, call, code, size):
    monkeypatch.setattr(os, call, fail_with(code))
    with pytest.raises(StorageFull):
        bring(store, FIRST[:size])
    monkeypatch.undo()
    assert left_in(store.staging) == []


WITH_A_LIMIT = """
import io, resource, sys
from pathlib import Path
from artifacts.errors import StorageFull
from artifacts.storage.chunk_index import ChunkIndex
from artifacts.storage.ingest import ingest
from artifacts.storage.store import open_store
store = open_store(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (9 << 20, 9 << 20))
try:
    ingest(store, io.BytesIO(bytes(20 << 20)), index=ChunkIndex())
except StorageFull as error:
    print(error.status, list(store.staging.iterdir()))
"""


def test_beyond_a_limit_of_the_system_nothing_is_kept(store):
    code, output, errors = run_python(WITH_A_LIMIT, store.root)
    assert (code, output, errors) == (0, "507 []\n", "")


def test_without_its_folder_it_is_unavailable(store):
    shutil.rmtree(store.staging)
    with pytest.raises(StoreUnavailable, match=r"\.staging is gone"):
        bring(store, b"content")


def test_seal_makes_read_only_and_durable(store, monkeypatch):
    synced = []
    real_sync = os.fsync
    brought = bring(store, b"content")
    assert brought.staged.path.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd)) or real_sync(fd))
    seal_staged(brought.staged)
    assert brought.staged.path.stat().st_mode & 0o777 == 0o444
    assert [one.st_ino for one in synced] == [brought.staged.path.stat().st_ino]


@pytest.mark.parametrize("call", ["fsync", "fchmod"])
def test_what_cannot_be_sealed_is_gone(store, monkeypatch, call):
    brought = bring(store, b"content")
    monkeypatch.setattr(os, call, fail_with(errno.ENOSPC))
    with pytest.raises(StorageFull):
        seal_staged(brought.staged)
    monkeypatch.undo()
    assert left_in(store.staging) == []


MEMORY = """
import hashlib, io, os, resource, sys
from pathlib import Path
from artifacts.storage import pool
from artifacts.storage.chunk_index import ChunkIndex
from artifacts.storage.ingest import ingest, seal_staged
from artifacts.storage.layout import Place
from artifacts.storage.store import open_store

class Stream:
    def __init__(self, first):
        self.left, self.piece = 300, first
    def read(self, size):
        if not self.left:
            return b""
        self.left -= 1
        piece, self.piece = self.piece, os.urandom(1 << 20)
        return piece

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10

store = open_store(Path(sys.argv[1]))
base = os.urandom(9 << 20)
stored = ingest(store, io.BytesIO(base), index=ChunkIndex())
before = peak()
index = ChunkIndex()
index.add(Place(stored.staged.sha256, len(base), len(base)), stored.chunks)
seal_staged(stored.staged)
pool.publish(store, stored.staged)
brought = ingest(store, Stream(base[:1 << 20]), index=index)
print(brought.staged.size_bytes >> 20, (peak() - before) >> 20)
"""


@pytest.mark.slow
def test_memory_stays_the_same_whatever_the_size(store):
    code, output, errors = run_python(MEMORY, store.root)
    assert (code, errors) == (0, "")
    size, grown = map(int, output.split())
    assert size == 300
    assert grown < 150


MEMORY_OF_A_NEXT = """
import os, resource, sys
from pathlib import Path
from artifacts.storage import pool
from artifacts.storage.chunk_index import ChunkIndex
from artifacts.storage.ingest import ingest, seal_staged
from artifacts.storage.layout import Place
from artifacts.storage.store import open_store

class Stream:
    def __init__(self, head, path):
        self.head, self.file = head, path.open("rb", buffering=0)
    def read(self, size):
        head, self.head = self.head, b""
        return head or self.file.read(min(size, 1 << 20))

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10

store = open_store(Path(sys.argv[1]))
content = Path(sys.argv[2])
with content.open("wb") as file:
    for _ in range(200):
        file.write(os.urandom(1 << 20))
before = peak()
first = ingest(store, Stream(b"", content), index=ChunkIndex())
seal_staged(first.staged)
pool.publish(store, first.staged)
index = ChunkIndex()
index.add(Place(first.staged.sha256, 200 << 20, 200 << 20), first.chunks)
with ingest(store, Stream(bytes(300_000), content), index=index) as brought:
    brought.stage_whole(store)
    print(brought.is_whole, brought.recipe.literal_bytes >> 20, (peak() - before) >> 20)
"""


@pytest.mark.slow
def test_memory_stays_the_same_for_a_next_version_and_its_assembly(store, tmp_path):
    code, output, errors = run_python(MEMORY_OF_A_NEXT, store.root, tmp_path / "content")
    assert (code, errors) == (0, "")
    is_whole, literal, grown = output.split()
    assert (is_whole, literal) == ("False", "0")
    assert int(grown) < 150
