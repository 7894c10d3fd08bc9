"""PostgreSQL ends our session in the middle (an administrator, a restart): nothing is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO

import pytest
from django.db import OperationalError, connection, transaction

from artifacts.models import Artifact, Blob, Version
from artifacts.services.blobs import store_file
from artifacts.services.collect import collect_blobs
from artifacts.services.locks import only_one
from artifacts.storage.layout import Store
from artifacts.storage.partial import open_partial
from tests.concurrency.threads import PATIENCE_SECONDS, start, wait_until_blocked
from tests.conftest import sha256_of
from tests.crash.acts import ANYBODY, commit, log, purge, upload
from tests.crash.invariants import broken, pool_bytes, tidy, untidy

pytestmark = pytest.mark.django_db(transaction=True)

CONTENT = b"content that came in parts"
FILES = {"a.bin": b"first content", "b.bin": b"second content"}


@contextmanager
def locked(statement: str) -> Iterator[None]:
    """Stand in the way of the block with a lock in another session: ours."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement)
        yield
        wait_until_blocked()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )


def test_a_commit_cut_off_leaves_nothing_and_succeeds_again(store: Store) -> None:
    log("model-a", FILES)
    with locked("SELECT * FROM artifacts_artifact FOR UPDATE"):
        cut_off = start(partial(commit, "model-a", FILES))
    with pytest.raises(OperationalError):
        cut_off.result(PATIENCE_SECONDS)
    assert Version.objects.count() == Artifact.objects.get().last_number == 1
    assert commit("model-a", FILES).number == 2
    assert broken(store) + untidy(store) == []


def test_an_upload_cut_off_keeps_nothing(store: Store) -> None:
    with locked("LOCK TABLE artifacts_blob IN SHARE MODE"):
        cut_off = start(partial(upload, b"content"))
    with pytest.raises(OperationalError):
        cut_off.result(PATIENCE_SECONDS)
    assert pool_bytes(store) == 0
    assert untidy(store) == []


def test_of_an_upload_in_parts_cut_off_at_its_end_all_that_came_is_kept(store: Store) -> None:
    upload(CONTENT)
    with open_partial(store, f"{sha256_of(CONTENT)}-open") as waiting:
        waiting.append(BytesIO(CONTENT), len(CONTENT))
    store_waiting = partial(
        store_file, path=waiting.path, sha256=sha256_of(CONTENT), size_bytes=len(CONTENT),
        stored_by=ANYBODY,
    )  # fmt: skip
    with locked("SELECT * FROM artifacts_blob FOR UPDATE"):
        cut_off = start(store_waiting)
    with pytest.raises(OperationalError):
        cut_off.result(PATIENCE_SECONDS)
    assert waiting.path.read_bytes() == CONTENT
    store_waiting()
    assert list(store.staging.iterdir()) == []


def test_a_collection_cut_off_after_it_moved_the_bytes_puts_them_back(store: Store) -> None:
    upload(b"orphan")
    blob = Blob.objects.get()
    # SHARE lets it lock rows, and stops its DELETE: the files are moved aside by then.
    with locked("LOCK TABLE artifacts_blob IN SHARE MODE"):
        cut_off = start(partial(collect_blobs, blob_ids=[blob.pk]))
        wait_until_blocked()
        assert pool_bytes(store) == 0
    with pytest.raises(OperationalError):
        cut_off.result(PATIENCE_SECONDS)
    assert broken(store) + untidy(store) == []
    assert commit("model-a", {"a.bin": b"orphan"}).status == "ready"
    tidy(store)
    assert broken(store) + untidy(store) == []


def test_a_purge_cut_off_in_its_collection_is_finished_by_collect(store: Store) -> None:
    log("model-a", FILES)
    with locked("LOCK TABLE artifacts_blob IN SHARE MODE"):
        cut_off = start(partial(purge, "model-a"))
    with pytest.raises(OperationalError):
        cut_off.result(PATIENCE_SECONDS)
    assert Version.objects.get().status == "purged"
    assert broken(store) == []
    tidy(store)
    assert untidy(store) == []
    assert pool_bytes(store) == 0


def test_a_session_that_breaks_shows_what_broke_it_and_gives_its_lock_back(store: Store) -> None:
    def break_inside() -> None:
        with only_one("collect") as is_ours, connection.cursor() as cursor:
            assert is_ours
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(OperationalError, match="terminating connection"):
        start(break_inside).result(PATIENCE_SECONDS)
    with only_one("collect") as is_ours:
        assert is_ours
