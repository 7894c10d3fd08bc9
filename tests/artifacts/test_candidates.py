"""Chunk lists that may be long: no more of them is read at once than it takes."""

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from artifacts.models import Artifact, Blob, BlobChunks, Hook, ManifestEntry, Version
from artifacts.names import ArtifactName
from artifacts.services import candidates as service
from artifacts.services.candidates import Candidates, find_candidates
from artifacts.storage import chunk_index
from artifacts.storage.chunks import RECORD, ChunkList
from tests.conftest import ANYBODY

CHUNK_BYTES = 80 << 10
Log = Callable[..., list[Blob]]


def list_of(seed: int, count: int) -> ChunkList:
    records = np.zeros(count, RECORD)
    ids = np.random.default_rng(seed).bytes(32 * count)
    records["id"] = np.frombuffer(ids, "V32")
    records["length"] = CHUNK_BYTES
    records["offset"] = np.arange(count, dtype="u8") * CHUNK_BYTES
    return ChunkList(records)


@pytest.fixture
def log(db: None) -> Log:
    """Rows as if so many versions of so many chunks had been logged; their blobs, newest first."""

    def make(versions: int, chunks: int) -> list[Blob]:
        artifact = Artifact.objects.create(type="model", name="m", last_number=versions)
        return [log_one(artifact, number, chunks) for number in range(1, versions + 1)][::-1]

    def log_one(artifact: Artifact, number: int, chunks: int) -> Blob:
        size = chunks * CHUNK_BYTES
        blob = Blob.objects.create(sha256=f"{number:064x}", size_bytes=size, physical_bytes=size)
        BlobChunks.objects.create(blob=blob, chunks=list_of(number, chunks).to_bytes())
        version = Version.objects.create(artifact=artifact, number=number)
        ManifestEntry.objects.create(version=version, path="a", blob=blob)
        return blob

    return make


def find() -> Candidates:
    return find_candidates(artifact=ArtifactName("model", "m"), uploader=ANYBODY)


@contextmanager
def peak() -> Iterator[list[int]]:
    """The most memory that was held, in bytes, once the block has ended."""
    found: list[int] = []
    tracemalloc.start()
    try:
        yield found
        found.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def test_long_lists_take_little_more_memory_than_the_index(log: Log) -> None:
    log(8, 400_000)  # 32 GiB each, 17.6 MB of list
    with peak() as taken:
        assert len(find().index) == chunk_index.MAX_CHUNKS
    assert taken[0] < 70_000_000, taken


@pytest.mark.parametrize("chunks_at_once", [1, 2, 3, 7, 100])
def test_all_lists_are_read_whatever_their_length(
    log: Log, monkeypatch: pytest.MonkeyPatch, chunks_at_once: int
) -> None:
    blobs = log(3, 5)
    monkeypatch.setattr(service, "READ_BYTES", chunks_at_once * RECORD.itemsize)
    found = find()
    assert list(found.places) == [blob.sha256 for blob in blobs]
    for number, blob in enumerate(blobs):
        for id_, offset, length in list_of(3 - number, 5):
            at = found.index.find(id_)
            assert at == chunk_index.Found(blob.place, offset, length)


def test_short_lists_are_read_together(log: Log) -> None:
    log(30, 3)
    with CaptureQueriesContext(connection) as captured:
        assert len(find().places) == 30
    assert len(captured) <= 5


def test_once_the_index_is_full_no_list_is_read(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = log(3, 5)
    Hook.objects.create(key=1, blob=blobs[2])
    monkeypatch.setattr(service, "READ_BYTES", 5 * RECORD.itemsize)
    for module in (service, chunk_index):
        monkeypatch.setattr(module, "MAX_CHUNKS", 7)
    with CaptureQueriesContext(connection) as captured:
        found = find()
    assert (len(found.index), list(found.places)) == (7, [blob.sha256 for blob in blobs[:2]])
    assert sum("substring" in query["sql"] for query in captured) == 2
    with CaptureQueriesContext(connection) as captured:
        found.find_more([1])
    assert len(captured) == 0
