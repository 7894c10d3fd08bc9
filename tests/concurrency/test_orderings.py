"""Why a collection locks, asks again, moves the file and then deletes the row: step by step.

Each safe ordering has an unsafe variant beside it, played through the same moments: were the
variant safe too, the test of the real one would prove nothing.
"""

from collections.abc import Callable
from datetime import timedelta
from threading import Event

import pytest
from django.db import IntegrityError, connection, transaction

from artifacts.errors import MissingBlobs
from artifacts.models import Blob, ManifestEntry, Reference
from artifacts.services import collect as collection
from artifacts.services.collect import collect, collect_blobs, plan_collection
from artifacts.services.publishing import lock_bases
from artifacts.services.strays import find_strays
from artifacts.services.trash import recover_trash
from artifacts.storage import pool
from artifacts.storage.layout import Store
from tests.concurrency.threads import PATIENCE_SECONDS, start, wait_until_blocked
from tests.conftest import sha256_of
from tests.crash.acts import commit, upload
from tests.crash.invariants import broken, pool_bytes, untidy

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = b"content"


@pytest.fixture
def orphan(store: Store) -> Blob:
    upload(CONTENT)
    return Blob.objects.get()


def ask_while_a_commit_is_open(question: Callable[[], list[int]]) -> list[int]:
    """What ``question`` answers when it begins inside a commit and ends after it."""
    with transaction.atomic():
        commit("model-a", {"a.bin": CONTENT})
        answer = start(question)
        wait_until_blocked()
    return answer.result(PATIENCE_SECONDS)


def lock_and_ask_at_once(blob: Blob) -> list[int]:
    with transaction.atomic():
        found = Blob.objects.orphaned().select_for_update().filter(pk=blob.pk)
        return list(found.values_list("pk", flat=True))


def lock_then_ask(blob: Blob) -> list[int]:
    with transaction.atomic():
        list(Blob.objects.select_for_update().filter(pk=blob.pk))
        return list(Blob.objects.orphaned().filter(pk=blob.pk).values_list("pk", flat=True))


def test_one_statement_for_lock_and_question_takes_a_referenced_blob_for_an_orphan(
    orphan: Blob,
) -> None:
    answer = ask_while_a_commit_is_open(lambda: lock_and_ask_at_once(orphan))
    assert answer == [orphan.pk]  # wrong: the entry is committed
    assert ManifestEntry.objects.filter(blob=orphan).exists()


def test_a_second_statement_sees_what_was_committed_during_the_wait(orphan: Blob) -> None:
    assert ask_while_a_commit_is_open(lambda: lock_then_ask(orphan)) == []


def test_a_collection_that_waited_for_a_commit_leaves_its_blobs(store: Store, orphan: Blob) -> None:
    freed = ask_while_a_commit_is_open(lambda: [collect_blobs(blob_ids=[orphan.pk])])
    assert freed == [0]
    assert broken(store) + untidy(store) == []


def test_the_database_itself_keeps_the_row_of_a_referenced_blob(orphan: Blob) -> None:
    commit("model-a", {"a.bin": CONTENT})
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM artifacts_blob")


def test_a_collection_whose_commit_fails_puts_the_bytes_back(store: Store, orphan: Blob) -> None:
    def lock_and_break_the_commit() -> list[int]:
        Reference.objects.create(version_id=0, position=0, uri="s3://b")  # refused at COMMIT only
        return collection._lock_due([orphan.pk], None)

    with pytest.raises(IntegrityError):
        collection._collect_batch(store, lock_and_break_the_commit)
    assert Blob.objects.get() == orphan
    assert broken(store) + untidy(store) == []


class HeldCollection:
    """A collection that stops when it has its locks, until it may go on."""

    def __init__(self, store: Store, blob: Blob) -> None:
        self.store = store
        self.blob = blob
        self.has_locks = Event()
        self.may_go_on = Event()

    def lock(self) -> list[int]:
        locked = collection._lock_due([self.blob.pk], None)
        self.has_locks.set()
        assert self.may_go_on.wait(PATIENCE_SECONDS)
        return locked

    def run(self) -> int:
        return collection._collect_batch(self.store, self.lock).freed_bytes


def beside_a_collection(store: Store, blob: Blob, job: Callable[[], object]) -> object:
    """What ``job`` gives when it begins while a collection holds the lock of ``blob``."""
    held = HeldCollection(store, blob)
    collected = start(held.run)
    assert held.has_locks.wait(PATIENCE_SECONDS)
    done = start(job)
    wait_until_blocked()
    held.may_go_on.set()
    assert collected.result(PATIENCE_SECONDS) == len(CONTENT)
    return done.result(PATIENCE_SECONDS)


def test_a_commit_that_waited_for_a_collection_says_what_is_missing(
    store: Store, orphan: Blob
) -> None:
    with pytest.raises(MissingBlobs) as refusal:
        beside_a_collection(store, orphan, lambda: commit("model-a", {"a.bin": CONTENT}))
    assert refusal.value.extra == {"missing": [orphan.digest]}
    assert broken(store) + untidy(store) == []


def test_an_upload_that_waited_for_a_collection_stores_the_bytes_anew(
    store: Store, orphan: Blob
) -> None:
    assert beside_a_collection(store, orphan, lambda: upload(CONTENT)) is True
    commit("model-a", {"a.bin": CONTENT})
    assert broken(store) + untidy(store) == []


def collect_row_first(store: Store, blob: Blob, between: Callable[[], object]) -> None:
    """The obvious order, and wrong: the row first, then the file."""
    with transaction.atomic():
        list(Blob.objects.select_for_update().filter(pk=blob.pk))
        Blob.objects.orphaned().filter(pk=blob.pk).delete()
    between()
    store.pool_path(blob.sha256).unlink()


def test_to_unlink_after_the_commit_loses_what_was_uploaded_meanwhile(
    store: Store, orphan: Blob
) -> None:
    def upload_and_commit() -> None:
        upload(CONTENT)
        commit("model-a", {"a.bin": CONTENT})

    collect_row_first(store, orphan, upload_and_commit)
    assert broken(store) == [f"lost: {orphan.digest}"]


def test_what_is_sent_again_after_the_plan_stays(store: Store, orphan: Blob) -> None:
    plan = plan_collection(min_age=timedelta())
    upload(CONTENT)
    assert plan.blob_ids == (orphan.pk,)
    assert collect(plan=plan) == 0
    commit("model-a", {"a.bin": CONTENT})


def test_a_stray_whose_upload_comes_after_the_plan_stays(store: Store, orphan: Blob) -> None:
    orphan.delete()
    plan = plan_collection(min_age=timedelta())
    assert plan.strays == (f"sha256:{sha256_of(CONTENT)}",)
    upload(CONTENT)
    assert collect(plan=plan) == 0
    assert pool_bytes(store) == len(CONTENT)


def test_an_upload_between_link_and_commit_is_no_stray(store: Store, orphan: Blob) -> None:
    orphan.delete()
    with transaction.atomic():
        upload(CONTENT)
        strays = start(lambda: list(find_strays(store)))
        wait_until_blocked()
    assert strays.result(PATIENCE_SECONDS) == []


def test_a_look_for_strays_does_not_deadlock_with_an_upload_that_has_locked_its_bases(
    store: Store, orphan: Blob
) -> None:
    content = b"content of a stray"
    store.pool_path(sha256_of(content)).write_bytes(content)
    store.extents_path(orphan.sha256, 0).write_bytes(b"what the row names no more")
    with transaction.atomic():
        lock_bases([orphan.sha256], {orphan.sha256: orphan.place})
        strays = start(lambda: list(find_strays(store)))
        wait_until_blocked()
        upload(content)
    assert strays.result(PATIENCE_SECONDS) == [f"{orphan.digest}.d"]


def test_recovery_waits_for_a_collection_that_is_still_running(store: Store, orphan: Blob) -> None:
    moved = pool.move_aside(store, orphan.place)
    assert moved is not None
    with transaction.atomic():
        Blob.objects.select_for_update().get(pk=orphan.pk)
        recovered = start(lambda: recover_trash(store))
        wait_until_blocked()
        assert moved.exists()
        Blob.objects.filter(pk=orphan.pk).delete()
    recovered.result(PATIENCE_SECONDS)
    assert untidy(store) == []
