"""Content that shares bytes with older content is kept once, however it comes in."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.roles import Role
from artifacts.errors import Corrupted, MissingBlobs
from artifacts.models import Blob, BlobBase, BlobChunks, Hook
from artifacts.names import ArtifactName
from artifacts.services.blobs import lock_blobs, missing_blobs, store_blob
from artifacts.services.candidates import find_candidates
from artifacts.services.contents import open_blob
from artifacts.storage.layout import EXTENTS, FILE, REMAINS, Store, physical_path
from tests.checkpoints import MIB, checkpoint, noise
from tests.conftest import MakeVersion, sha256_of
from tests.crash.acts import upload
from tests.crash.invariants import broken, pool_bytes
from tests.leaning import blocks, lean, row
from tests.people import make_user

CommitCallbacks = Callable[..., AbstractContextManager[Any]]
ANYBODY = AnonymousUser()
ARTIFACT = ArtifactName("model", "m")


def store_content(
    content: bytes, artifact: tuple[str, str] | None = None, caller: object = ANYBODY
) -> Blob:
    blob, _ = store_blob(
        source=BytesIO(content), sha256=sha256_of(content), size_bytes=len(content),
        stored_by=caller, artifact=artifact,
    )  # fmt: skip
    return blob


def read(blob: Blob) -> bytes:
    with open_blob(blob) as reader:
        return reader.read()


class Telling(BytesIO):
    """A source that calls ``at_end`` when it has given its last byte."""

    def __init__(self, content: bytes, at_end: Callable[[], None]) -> None:
        super().__init__(content)
        self._at_end = at_end

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        if not piece:
            self._at_end()
        return piece


def test_the_next_checkpoint_of_an_artifact_keeps_what_is_new(
    store: Store, make_version: MakeVersion
) -> None:
    make_version("m", files={"c.bin": checkpoint(0)})
    blob = store_content(checkpoint(1), ARTIFACT)
    assert (blob.layout, blob.physical_bytes < 0.3 * blob.size_bytes) == (EXTENTS, True)
    (borrowed,) = BlobBase.objects.filter(blob=blob)
    assert borrowed.base.sha256 == sha256_of(checkpoint(0))
    assert borrowed.bytes > 0.7 * blob.size_bytes
    assert read(blob) == checkpoint(1)
    assert list(store.staging.iterdir()) == []
    assert broken(store) == []


def test_hooks_find_it_where_no_artifact_is_named(store: Store) -> None:
    store_content(checkpoint(0))
    assert Hook.objects.exists()
    assert store_content(checkpoint(1)).layout == EXTENTS


def test_no_content_is_found_that_the_uploader_may_not_read(store: Store, team: None) -> None:
    member = make_user("member", Role.MAINTAINER)
    base = store_content(checkpoint(0), caller=member)
    keys = list(Hook.objects.filter(blob=base).values_list("key", flat=True))
    for caller, found in [(member, 1), (ANYBODY, 0)]:
        candidates = find_candidates(artifact=ARTIFACT, uploader=caller)
        candidates.find_more(keys)
        assert len(candidates.places) == found


def test_the_newest_version_comes_first_and_its_bases_before_older_ones(
    store: Store, make_version: MakeVersion
) -> None:
    contents = [checkpoint(number) for number in range(3)]
    for content in contents:
        store_content(content, ARTIFACT)
    for content in contents[1:]:
        make_version("m", files={"c.bin": content})
    candidates = find_candidates(artifact=ARTIFACT, uploader=ANYBODY)
    assert list(candidates.places) == [sha256_of(contents[number]) for number in (2, 0, 1)]


def test_the_content_itself_and_younger_ones_can_be_left_out(store: Store) -> None:
    first, second = store_content(checkpoint(0)), store_content(noise("x", 9 * MIB))
    keys = list(Hook.objects.values_list("key", flat=True))
    candidates = find_candidates(artifact=None, uploader=ANYBODY, sha256=first.sha256)
    candidates.find_more(keys)
    assert list(candidates.places) == [second.sha256]
    candidates = find_candidates(artifact=None, uploader=ANYBODY, older_than=second.pk)
    candidates.find_more(keys)
    assert list(candidates.places) == [first.sha256]


def test_damaged_content_is_no_base(store: Store) -> None:
    store_content(checkpoint(0))
    Blob.objects.update(damaged_at=timezone.now())
    assert store_content(checkpoint(1)).layout == FILE


def test_a_base_whose_file_is_gone_is_no_base(store: Store) -> None:
    base = store_content(checkpoint(0))
    store.pool_path(base.sha256).unlink()
    blob = store_content(checkpoint(1))
    assert (blob.layout, read(blob) == checkpoint(1)) == (FILE, True)


def test_what_shares_nothing_is_one_file_and_can_be_found_later(store: Store) -> None:
    blob = store_content(noise("alone", 9 * MIB))
    assert (blob.layout, blob.physical_bytes) == (FILE, blob.size_bytes)
    assert BlobChunks.objects.filter(blob=blob).exists()


def test_content_that_repeats_itself_needs_no_base(store: Store) -> None:
    content = noise("half", 6 * MIB) * 2
    blob = store_content(content)
    assert (blob.layout, blob.physical_bytes < 0.6 * len(content)) == (EXTENTS, True)
    assert not BlobBase.objects.exists()
    assert read(blob) == content


def test_what_is_sent_again_stays_as_it_is(store: Store) -> None:
    store_content(checkpoint(0))
    blob = store_content(checkpoint(1))
    before = pool_bytes(store)
    again, is_new = store_blob(
        source=BytesIO(checkpoint(1)), sha256=blob.sha256, size_bytes=None, stored_by=ANYBODY
    )
    assert (again.pk, is_new, again.place) == (blob.pk, False, blob.place)
    assert again.last_seen_at > blob.last_seen_at
    assert pool_bytes(store) == before
    assert list(store.staging.iterdir()) == []


@pytest.mark.parametrize("fault", ["damaged", "gone", "torn"])
def test_extents_that_are_no_longer_sound_come_back_as_one_file(
    store: Store, fault: str, django_capture_on_commit_callbacks: CommitCallbacks
) -> None:
    upload(blocks("abcd"))
    blob = lean("abcx", "abcd")
    path = physical_path(store, blob.place)
    if fault == "damaged":
        Blob.objects.filter(pk=blob.pk).update(damaged_at=timezone.now())
    if fault == "torn":
        path.chmod(0o644)
        path.write_bytes(b"torn")
    if fault == "gone":
        path.unlink()
    with django_capture_on_commit_callbacks(execute=True):
        upload(blocks("abcx"))
    assert row("abcx").place.layout == FILE
    assert row("abcx").damaged_at is None
    assert read(row("abcx")) == blocks("abcx")
    assert not path.exists()
    assert not BlobBase.objects.exists()
    assert list(store.trash.iterdir()) == []


def test_the_old_file_stays_until_the_commit(store: Store) -> None:
    upload(blocks("abcd"))
    blob = lean("abcx", "abcd")
    Blob.objects.filter(pk=blob.pk).update(damaged_at=timezone.now())
    with suppress(ZeroDivisionError), transaction.atomic():
        upload(blocks("abcx"))
        raise ZeroDivisionError
    assert row("abcx").place == blob.place
    assert physical_path(store, blob.place).exists()


def test_remains_are_no_content_until_it_is_sent_again(store: Store) -> None:
    upload(blocks("abcd"))
    Blob.objects.update(layout=REMAINS)
    sha256 = sha256_of(blocks("abcd"))
    assert missing_blobs(sha256s=[sha256], asked_by=ANYBODY) == [sha256]
    with pytest.raises(MissingBlobs), transaction.atomic():
        lock_blobs([sha256], named_by=ANYBODY)
    with pytest.raises(Corrupted):
        open_blob(row("abcd"))
    upload(blocks("abcd"))
    assert row("abcd").layout == FILE
    assert missing_blobs(sha256s=[sha256], asked_by=ANYBODY) == []


def test_content_whose_base_lost_its_file_is_missing(store: Store) -> None:
    upload(blocks("abcd"))
    sha256 = lean("abcx", "abcd").sha256
    assert missing_blobs(sha256s=[sha256], asked_by=ANYBODY) == []
    with transaction.atomic():
        assert lock_blobs([sha256], named_by=ANYBODY)[sha256].pk == row("abcx").pk
    physical_path(store, row("abcd").place).unlink()
    assert missing_blobs(sha256s=[sha256], asked_by=ANYBODY) == [sha256]
    with pytest.raises(MissingBlobs), transaction.atomic():
        lock_blobs([sha256], named_by=ANYBODY)


def test_the_question_takes_no_more_queries_for_more_content(store: Store) -> None:
    upload(blocks("abcd"))
    asked = [lean(f"abc{letter}", "abcd").sha256 for letter in "mnopqr"]
    counts = set()
    for some in (asked[:1], asked):
        with CaptureQueriesContext(connection) as captured, transaction.atomic():
            assert missing_blobs(sha256s=some, asked_by=ANYBODY) == []
            assert len(lock_blobs(some, named_by=ANYBODY)) == len(some)
        counts.add(len(captured))
    assert len(counts) == 1


def test_a_base_that_is_damaged_before_the_end_is_left(store: Store) -> None:
    base = store_content(checkpoint(0))

    def damage() -> None:
        Blob.objects.filter(pk=base.pk).update(damaged_at=timezone.now())

    content = checkpoint(1)
    blob, is_new = store_blob(
        source=Telling(content, damage), sha256=sha256_of(content), size_bytes=len(content),
        stored_by=ANYBODY,
    )  # fmt: skip
    assert (is_new, blob.layout) == (True, FILE)
    assert read(blob) == content
    assert list(store.staging.iterdir()) == []


def test_content_that_another_stores_meanwhile_is_not_new(store: Store) -> None:
    store_content(checkpoint(0))
    content = checkpoint(1)
    blob, is_new = store_blob(
        source=Telling(content, lambda: _once(content)), sha256=sha256_of(content),
        size_bytes=len(content), stored_by=ANYBODY,
    )  # fmt: skip
    assert (is_new, blob.layout) == (False, EXTENTS)
    assert list(store.staging.iterdir()) == []


def _once(content: bytes) -> None:
    if not Blob.objects.filter(sha256=sha256_of(content)).exists():
        store_content(content)


def test_bytes_that_moved_since_the_row_was_read_are_found(
    store: Store, django_capture_on_commit_callbacks: CommitCallbacks
) -> None:
    upload(blocks("abcd"))
    lean("abcx", "abcd")
    seen = row("abcx")
    Blob.objects.filter(pk=seen.pk).update(damaged_at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        upload(blocks("abcx"))  # comes back as one file, and the file that ``seen`` names goes
    assert not physical_path(store, seen.place).exists()
    assert read(seen) == blocks("abcx")
