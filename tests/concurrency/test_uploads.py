"""Uploads do not wait for each other, nor for locks while bytes flow."""

from functools import partial
from io import BytesIO
from threading import Event

import pytest
from django.db import connection, transaction

from artifacts.models import Blob
from artifacts.names import ArtifactName
from artifacts.services.blobs import store_blob
from artifacts.services.contents import open_blob
from artifacts.storage.layout import EXTENTS, Store
from tests.checkpoints import checkpoint, noise
from tests.concurrency.threads import PATIENCE_SECONDS, count_deadlocks, run_together, start
from tests.conftest import sha256_of
from tests.crash.acts import ANYBODY, upload
from tests.crash.invariants import broken
from tests.leaning import blocks, lean

pytestmark = pytest.mark.django_db(transaction=True)


class Stalling(BytesIO):
    """A client that stalls after its first 8 MiB until it is told to go on."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.stalled, self.go_on = Event(), Event()

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= 8 << 20:
            self.stalled.set()
            assert self.go_on.wait(PATIENCE_SECONDS)
        return super().read(size)


def send(source: BytesIO, content: bytes, name: str) -> Blob:
    blob, _ = store_blob(
        source=source, sha256=sha256_of(content), size_bytes=len(content), stored_by=ANYBODY,
        artifact=ArtifactName("model", name),
    )  # fmt: skip
    return blob


def sessions_in_a_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def test_a_client_that_stalls_holds_up_nobody_and_no_lock(store: Store) -> None:
    upload(checkpoint(0))
    source = Stalling(checkpoint(1))
    slow = start(partial(send, source, checkpoint(1), "slow"))
    assert source.stalled.wait(PATIENCE_SECONDS)
    assert sessions_in_a_transaction() == 0
    with transaction.atomic():  # nothing that it needs is locked, its base least of all
        assert len(Blob.objects.select_for_update(nowait=True)) == 1
    other = send(BytesIO(checkpoint(2)), checkpoint(2), "other")
    same = send(BytesIO(checkpoint(1)), checkpoint(1), "slow")
    source.go_on.set()
    assert slow.result(PATIENCE_SECONDS).pk == same.pk
    assert (other.layout, same.layout) == (EXTENTS, EXTENTS)
    assert broken(store) == []


def test_an_upload_is_staged_and_hashed_while_its_base_s_row_is_locked(store: Store) -> None:
    upload(checkpoint(0))
    content = noise("unlike", 9 << 20)
    with transaction.atomic():
        list(Blob.objects.select_for_update())
        other = start(partial(send, BytesIO(content), content, "other"))
        assert other.result(PATIENCE_SECONDS).physical_bytes == len(content)


def test_uploads_of_one_line_at_once_are_each_stored(store: Store) -> None:
    before = count_deadlocks()
    upload(checkpoint(0))
    contents = [checkpoint(number) for number in range(1, 5)]
    blobs = run_together(*(partial(send, BytesIO(one), one, "m") for one in contents * 2))
    assert {blob.layout for blob in blobs} == {EXTENTS}
    for content in contents:
        with open_blob(Blob.objects.get(sha256=sha256_of(content))) as reader:
            assert reader.read() == content
    assert count_deadlocks() == before
    assert broken(store) == []


def test_contents_that_lean_on_the_same_bases_in_any_order_do_not_deadlock(store: Store) -> None:
    before = count_deadlocks()
    letters = "abcdefghij"
    for letter in letters:
        upload(blocks(letter))
    orders = [letters[at:] + letters[:at] for at in range(8)]
    jobs = [partial(lean, order, *letters) for order in orders]
    run_together(*jobs)
    assert count_deadlocks() == before
    assert Blob.objects.filter(layout=EXTENTS).count() == len(orders)
    assert broken(store) == []
