"""``manage.py collect``: what it says, what it frees, and when it refuses."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from threading import Event
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import F

from artifacts.models import Blob, StoreIdentity
from artifacts.services.locks import only_one
from artifacts.services.purge import purge_version
from artifacts.services.trees import folder_of
from artifacts.storage.layout import Store
from tests.concurrency.threads import PATIENCE_SECONDS, start
from tests.conftest import ANYBODY, MakeVersion
from tests.crash.invariants import broken, pool_bytes, untidy

MakeBlob = Callable[[bytes], Blob]


def run(command: str, **options: Any) -> str:
    output = StringIO()
    call_command(command, stdout=output, **options)
    return output.getvalue().replace("\xa0", " ")


def age(blob: Blob, hours: float) -> None:
    Blob.objects.filter(pk=blob.pk).update(last_seen_at=F("last_seen_at") - timedelta(hours=hours))


@contextmanager
def another_copy(name: str) -> Iterator[None]:
    """Another process holds the lock of this command during the block."""
    has_lock, may_end = Event(), Event()

    def hold() -> None:
        with only_one(name) as is_ours:
            assert is_ours
            has_lock.set()
            may_end.wait(PATIENCE_SECONDS)

    holder = start(hold)
    assert has_lock.wait(PATIENCE_SECONDS)
    yield
    may_end.set()
    holder.result(PATIENCE_SECONDS)


def test_a_dry_run_prints_the_plan_and_frees_nothing(store: Store, make_blob: MakeBlob) -> None:
    age(make_blob(b"orphan"), hours=25)
    make_blob(b"stray").delete()
    assert run("collect", dry_run=True) == "1 blob to free, 6 B; 1 stray.\n"
    assert pool_bytes(store) == len(b"orphan") + len(b"stray")


def test_a_dry_run_leaves_the_trash_and_the_leftovers(store: Store) -> None:
    folder = store.trash / "folder"
    folder.mkdir()
    run("collect", dry_run=True, min_age_hours=0)
    assert folder.exists()


def test_it_frees_orphans_past_the_courtesy_age_and_strays(
    store: Store, make_blob: MakeBlob, make_version: MakeVersion
) -> None:
    make_version(files={"a.bin": b"referred to"})
    age(make_blob(b"old orphan"), hours=24.1)
    age(make_blob(b"young orphan"), hours=23.9)
    make_blob(b"stray").delete()
    said = run("collect")
    assert said.splitlines() == [
        "1 blob to free, 10 B; 1 stray.",
        "Freed 15 B; 0 leftovers removed.",
    ]
    assert pool_bytes(store) == len(b"referred to") + len(b"young orphan")


def test_it_keeps_the_content_of_soft_deleted_versions(
    store: Store, make_version: MakeVersion
) -> None:
    version = make_version(files={"a.bin": b"hidden"})
    type(version).objects.update(deleted_at=version.created_at)
    age(Blob.objects.get(), hours=100)
    assert "0 blobs to free" in run("collect")
    assert pool_bytes(store) == len(b"hidden")


def test_it_finds_nothing_to_do_the_second_time(store: Store, make_blob: MakeBlob) -> None:
    make_blob(b"orphan")
    run("collect", min_age_hours=0)
    assert run("collect", min_age_hours=0).splitlines() == [
        "0 blobs to free, 0 B; 0 strays.",
        "Freed 0 B; 0 leftovers removed.",
    ]


def test_it_removes_what_crashes_left(store: Store) -> None:
    (store.staging / "upload").write_bytes(b"half")
    (store.trash / "folder").mkdir()
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1.1)):
        assert "2 leftovers removed" in run("collect", min_age_hours=0)
    assert [*store.staging.iterdir(), *store.trash.iterdir()] == []


def test_it_leaves_what_is_being_written(store: Store) -> None:
    (store.staging / "upload").write_bytes(b"half")
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=0.9)):
        assert "0 leftovers removed" in run("collect", min_age_hours=0)
    assert (store.staging / "upload").exists()


def test_it_removes_the_folder_of_a_purged_version(store: Store, make_version: MakeVersion) -> None:
    version = make_version()
    kept = store.artifacts / "kept"
    folder_of(version).rename(kept)
    purge_version(version=version, purged_by=ANYBODY)
    folder_of(version).parent.mkdir(exist_ok=True)
    kept.rename(folder_of(version))
    assert "1 leftover removed" in run("collect")
    assert broken(store) + untidy(store) == []


def test_a_second_copy_leaves_politely(store: Store, make_blob: MakeBlob) -> None:
    make_blob(b"orphan")
    with another_copy("collect"):
        assert run("collect", min_age_hours=0) == "Another collection is running; nothing to do.\n"
    assert pool_bytes(store) == len(b"orphan")
    assert "1 blob to free" in run("collect", min_age_hours=0)


def test_it_runs_beside_a_scrub(store: Store) -> None:
    with another_copy("scrub"):
        assert "0 blobs to free" in run("collect")


def test_it_refuses_another_store(store: Store, make_blob: MakeBlob) -> None:
    make_blob(b"orphan")
    StoreIdentity.objects.update(store_id=uuid.uuid4())
    with pytest.raises(CommandError, match="this database belongs to"):
        run("collect", min_age_hours=0)
    assert pool_bytes(store) == len(b"orphan")


def test_it_refuses_an_absent_store(store: Store, make_blob: MakeBlob) -> None:
    make_blob(b"orphan")
    store.root.rename(store.root.with_name("unmounted"))
    with pytest.raises(CommandError, match="There is no store at"):
        run("collect", min_age_hours=0)
    assert Blob.objects.count() == 1


def test_it_deletes_nothing_when_a_part_of_the_pool_is_gone(
    store: Store, make_blob: MakeBlob
) -> None:
    blob = make_blob(b"orphan")
    gone = next(path for path in store.pool.iterdir() if path.name != blob.sha256[:2])
    gone.rmdir()
    with pytest.raises(CommandError, match="Cannot read"):
        run("collect", min_age_hours=0)
    assert Blob.objects.count() == 1
    assert pool_bytes(store) == len(b"orphan")
