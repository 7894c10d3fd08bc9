"""Content of which bytes were found elsewhere, and that is stored as one file all the same."""

import errno
import os
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.utils import timezone

from artifacts.errors import Corrupted, StorageFull
from artifacts.models import Blob, BlobChunks
from artifacts.services.blobs import store_blob, store_file
from artifacts.services.collect import collect, plan_collection
from artifacts.services.contents import open_blob
from artifacts.storage.chunks import ChunkList
from artifacts.storage.layout import EXTENTS, FILE, Store
from tests.checkpoints import MIB, checkpoint, noise
from tests.conftest import ANYBODY, sha256_of
from tests.crash.invariants import broken, files_of, turn_over
from tests.storage.conftest import fail_with


class Telling(BytesIO):
    """A source that calls ``at_end`` when it has given its last byte."""

    def __init__(self, content: bytes, at_end: Callable[[], object]) -> None:
        super().__init__(content)
        self._at_end = at_end

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        piece = super().read(size)
        if not piece:
            self._at_end()
        return piece


def store_content(content: bytes, at_end: Callable[[], object] = lambda: None) -> Blob:
    blob, _ = store_blob(
        source=Telling(content, at_end), sha256=sha256_of(content), size_bytes=len(content),
        stored_by=ANYBODY,
    )  # fmt: skip
    return blob


def read(blob: Blob) -> bytes:
    with open_blob(blob) as reader:
        return reader.read()


def assert_whole(store: Store, blob: Blob, content: bytes) -> None:
    """One file, all chunks known, nothing left over."""
    blob.refresh_from_db()
    chunks = ChunkList.from_bytes(bytes(BlobChunks.objects.get(blob=blob).chunks))
    assert (blob.layout, blob.damaged_at, read(blob) == content) == (FILE, None, True)
    assert int(chunks.records["length"].sum()) == len(content)
    assert list(store.staging.iterdir()) == []
    assert broken(store) == []


def test_too_little_that_was_found_makes_one_file(store: Store) -> None:
    store_content(checkpoint(0))
    content = checkpoint(0)[: 3 * MIB] + noise("new", 9 * MIB)
    assert_whole(store, store_content(content), content)


def test_a_base_that_is_collected_before_the_end_is_read_from_its_open_file(store: Store) -> None:
    base = store_content(checkpoint(0))

    def remove() -> None:
        collect(plan=plan_collection(min_age=timedelta()))
        assert files_of(store, checkpoint(0)) == []

    blob = store_content(checkpoint(1), remove)
    assert not Blob.objects.filter(pk=base.pk).exists()
    assert_whole(store, blob, checkpoint(1))


def test_a_base_that_got_another_file_is_found_there_again(store: Store) -> None:
    first, own = noise("first", 9 * MIB), noise("own", 9 * MIB)
    store_content(first)
    base = store_content(first + own)
    assert base.layout == EXTENTS

    def move() -> None:
        """As a compaction: the row names another generation, and the old file goes."""
        if Blob.objects.filter(pk=base.pk, generation=0).update(generation=1):
            store.extents_path(base.sha256, 0).rename(store.extents_path(base.sha256, 1))

    blob = store_content(b"x" + own, move)
    assert (blob.layout, read(blob) == b"x" + own) == (EXTENTS, True)
    assert blob.bases.get().base_id == base.pk
    assert list(store.staging.iterdir()) == []


def test_a_row_that_is_damaged_comes_back_as_one_file(store: Store) -> None:
    store_content(checkpoint(0))
    blob = store_content(checkpoint(1))
    assert blob.layout == EXTENTS
    Blob.objects.filter(pk=blob.pk).update(damaged_at=timezone.now())
    assert_whole(store, store_content(checkpoint(1)), checkpoint(1))


def test_a_base_that_is_damaged_meanwhile_is_refused_and_marked(store: Store) -> None:
    base = store_content(checkpoint(0))
    blob = store_content(checkpoint(1))
    Blob.objects.filter(pk=blob.pk).update(damaged_at=timezone.now())

    def harm() -> None:
        turn_over(store.pool_path(base.sha256), 4 * MIB)

    with pytest.raises(Corrupted, match="try again"):
        store_content(checkpoint(1), harm)
    assert list(store.staging.iterdir()) == []
    base.refresh_from_db()
    assert base.damaged_at is not None
    assert_whole(store, store_content(checkpoint(1)), checkpoint(1))


@pytest.mark.parametrize("call", ["fsync", "fchmod", "link"])
def test_on_a_disk_that_is_full_at_the_end_nothing_is_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    store_content(checkpoint(0))
    blob = store_content(checkpoint(1))
    Blob.objects.filter(pk=blob.pk).update(damaged_at=timezone.now())

    def fill() -> None:
        monkeypatch.setattr(os, call, fail_with(errno.ENOSPC))

    with pytest.raises(StorageFull):
        store_content(checkpoint(1), fill)
    monkeypatch.undo()
    assert list(store.staging.iterdir()) == []


def test_a_file_in_one_place_needs_not_be_put_together(store: Store, tmp_path: Any) -> None:
    store_content(checkpoint(0))
    path = store.staging / "partial"
    path.write_bytes(checkpoint(1))
    blob, is_new = store_file(
        path=path, sha256=sha256_of(checkpoint(1)), size_bytes=len(checkpoint(1)), stored_by=ANYBODY
    )
    assert (is_new, blob.layout, path.exists()) == (True, EXTENTS, False)
    assert read(blob) == checkpoint(1)
