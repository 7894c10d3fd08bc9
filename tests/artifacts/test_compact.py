"""Compaction of a base: never a moment without the bytes that others need, whatever happens."""

import errno
import hashlib
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from io import StringIO
from typing import NoReturn

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from rest_framework.test import APIClient

from artifacts.errors import StorageFull
from artifacts.models import Blob, Version
from artifacts.services import compact
from artifacts.services.collect import collect, plan_collection
from artifacts.services.compact import (
    compact_base,
    live_ranges,
    plan_compaction,
    recipe_reader,
)
from artifacts.services.contents import open_blob
from artifacts.services.integrity import scrub
from artifacts.services.trash import remove_superseded
from artifacts.storage.layout import FILE, REMAINS, Place, PoolFile, Store
from artifacts.storage.recipe import Range, StagedExtents
from tests.concurrency.threads import PATIENCE_SECONDS, run_together, start, wait_until_blocked
from tests.crash.acts import commit, purge, upload
from tests.crash.invariants import broken, pool_bytes, tidy, untidy
from tests.crash.process import run
from tests.leaning import BLOCK, blocks, log_leaning, log_plain, row

pytestmark = pytest.mark.django_db(transaction=True)

BASE = "abcdefgh"
STEPS = (
    "extents.written", "extents.synced", "extents.placed", "extents.published",
    "compact.published", "compact.before_commit", "compact.committed",
)  # fmt: skip


@pytest.fixture
def base(store: Store) -> Blob:
    """A base that no version lists; a version needs two of its eight blocks."""
    upload(blocks(BASE))
    log_leaning("model-a", "xbcy", BASE)
    return row(BASE)


def read(letters: str) -> bytes:
    with open_blob(row(letters)) as reader:
        return reader.read()


def assert_in_order(store: Store) -> None:
    assert broken(store) == []
    tidy(store)
    assert broken(store) + untidy(store) == []
    assert scrub(read_data=True).is_clean


def test_the_plan_is_exact(base: Blob, store: Store) -> None:
    plan = plan_compaction(base)
    assert plan is not None
    assert plan.live == (Range(BLOCK, 2 * BLOCK),)
    before = pool_bytes(store)
    assert compact_base(blob_id=base.pk) == plan.freed_bytes == before - pool_bytes(store)
    assert row(BASE).physical_bytes == plan.physical_bytes


def test_it_needs_doing_once(base: Blob) -> None:
    compact_base(blob_id=base.pk)
    assert compact_base(blob_id=base.pk) == 0
    assert row(BASE).generation == 1


def test_a_base_that_a_version_lists_is_left_alone(base: Blob) -> None:
    commit("model-b", {"a.bin": blocks(BASE)})
    assert compact_base(blob_id=base.pk) == 0


def test_what_nothing_leans_on_is_left_to_the_collection(store: Store) -> None:
    upload(blocks(BASE))
    assert compact_base(blob_id=row(BASE).pk) == 0


def test_who_has_opened_it_reads_on(base: Blob) -> None:
    with open_blob(row("xbcy")) as reader:
        compact_base(blob_id=base.pk)
        assert reader.read() == blocks("xbcy")
    assert read("xbcy") == blocks("xbcy")


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_every_byte_in_use_can_be_read(
    base: Blob, store: Store, step: str
) -> None:
    code = run(compact_base, blob_id=base.pk, crash_at=step)
    assert code == -signal.SIGKILL
    assert read("xbcy") == blocks("xbcy")
    assert scrub(read_data=True).damaged == []
    assert_in_order(store)
    assert row(BASE).layout == REMAINS
    purge("model-a")
    assert pool_bytes(store) == 0


@pytest.mark.parametrize("step", ["collect.locked", "collect.moved", "collect.before_commit"])
def test_killed_in_a_purge_that_strips_a_base_nothing_is_lost(store: Store, step: str) -> None:
    log_plain("model-a", "abcd")
    log_leaning("model-b", "abcdefg", "abcd")
    log_leaning("model-c", "efgx", "abcdefg")
    purge("model-a")
    assert run(purge, "model-b", crash_at=step) == -signal.SIGKILL
    assert read("efgx") == blocks("efgx")
    assert_in_order(store)
    assert not Blob.objects.filter(pk__lt=row("abcdefg").pk).exists()


@pytest.mark.parametrize("step", STEPS)
def test_after_a_kill_the_content_may_be_sent_again(base: Blob, store: Store, step: str) -> None:
    run(compact_base, blob_id=base.pk, crash_at=step)
    upload(blocks(BASE))
    commit("model-b", {"a.bin": blocks(BASE)})
    assert row(BASE).layout == FILE
    assert_in_order(store)
    assert read(BASE) == blocks(BASE)


@pytest.mark.parametrize("step", ["publish.linked", "publish.synced", "publish.before_commit"])
def test_killed_while_remains_are_sent_again_every_byte_in_use_can_be_read(
    base: Blob, store: Store, step: str
) -> None:
    compact_base(blob_id=base.pk)
    assert run(upload, blocks(BASE), crash_at=step) == -signal.SIGKILL
    assert read("xbcy") == blocks("xbcy")
    upload(blocks(BASE))
    assert read(BASE) == blocks(BASE)
    assert_in_order(store)


class Meanwhile:
    """Does something once, between the copy and the lock of a compaction."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, job: Callable[[], object]) -> None:
        self.write = compact.write_remains
        self.job: Callable[[], object] | None = job
        monkeypatch.setattr(compact, "write_remains", self)

    def __call__(self, *args: object) -> object:
        staged = self.write(*args)  # type: ignore[arg-type] # as it is called
        job, self.job = self.job, None
        if job is not None:
            job()
        return staged


def test_who_begins_to_lean_on_it_meanwhile_is_not_robbed(
    base: Blob, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    Meanwhile(monkeypatch, lambda: log_leaning("model-b", "zh", BASE))
    assert compact_base(blob_id=base.pk) > 0  # planned again
    assert live_ranges(row(BASE), read=recipe_reader(store)) == (
        Range(BLOCK, 2 * BLOCK),
        Range(7 * BLOCK, BLOCK),
    )
    assert [read("xbcy"), read("zh")] == [blocks("xbcy"), blocks("zh")]
    assert_in_order(store)


def test_a_version_that_lists_it_meanwhile_keeps_it_whole(
    base: Blob, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    Meanwhile(monkeypatch, lambda: commit("model-b", {"a.bin": blocks(BASE)}))
    assert compact_base(blob_id=base.pk) == 0
    assert read(BASE) == blocks(BASE)
    assert_in_order(store)


def test_when_the_last_one_goes_meanwhile_it_is_an_orphan(
    base: Blob, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    Meanwhile(monkeypatch, lambda: purge("model-a"))
    assert compact_base(blob_id=base.pk) == 0
    assert_in_order(store)
    assert pool_bytes(store) == 0


def test_two_compactions_at_once_are_one(base: Blob, store: Store) -> None:
    freed = run_together(*[partial(compact_base, blob_id=base.pk)] * 2)
    assert sorted(freed)[0] == 0 < sorted(freed)[1]
    assert row(BASE).generation == 1
    assert_in_order(store)


def test_what_an_upload_has_just_put_under_the_old_name_stays(base: Blob, store: Store) -> None:
    old = base.place.pool_file
    compact_base(blob_id=base.pk)
    with transaction.atomic():
        upload(blocks(BASE))
        removal = start(lambda: remove_superseded(store, [old]))
        wait_until_blocked()
    assert removal.result(PATIENCE_SECONDS) == 0
    assert read(BASE) == blocks(BASE)


def test_only_files_that_no_row_names_are_superseded(base: Blob, store: Store) -> None:
    assert remove_superseded(store, [base.place.pool_file]) == 0
    assert remove_superseded(store, [PoolFile(base.sha256, 7), PoolFile("0" * 64)]) == 0
    assert read("xbcy") == blocks("xbcy")


@pytest.fixture
def deletable(store: Store) -> Blob:
    """A base of one version; another needs two of its eight blocks, so its purge compacts it."""
    log_plain("model-a", BASE)
    log_leaning("model-b", "xbcy", BASE)
    return row(BASE)


def fail(code: int) -> Callable[..., NoReturn]:
    def raise_it(*args: object) -> NoReturn:
        raise OSError(code, os.strerror(code))

    return raise_it


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_permanent_delete_on_a_disk_that_takes_nothing_is_done_and_says_so(
    deletable: Blob, store: Store, api: APIClient, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    with monkeypatch.context() as failing:
        failing.setattr(os, "write", fail(code))
        answer = api.delete("/api/artifacts/model-a/v1?permanent=true")
    assert (answer.status_code, answer.json()["freed_bytes"]) == (200, 0)
    assert collect(plan=plan_collection(min_age=timedelta())) > 0
    assert_in_order(store)


def test_a_collection_that_cannot_compact_one_base_does_the_others_and_says_so(
    deletable: Blob, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_plain("model-c", "ijklmnop")
    log_leaning("model-d", "zi", "ijklmnop")
    write = compact.write_remains

    def write_or_fail(store: Store, place: Place, live: tuple[Range, ...]) -> StagedExtents:
        if place.sha256 == deletable.sha256:
            raise StorageFull("The server's disk is full; nothing was kept.")
        return write(store, place, live)

    monkeypatch.setattr(compact, "write_remains", write_or_fail)
    purge("model-a")
    with pytest.raises(CommandError, match=f"{deletable} was not compacted: The server's disk"):
        call_command("collect", min_age_hours=0, stdout=StringIO())
    assert purge("model-c") > 0
    assert read("xbcy") == blocks("xbcy")


def test_a_base_that_the_disk_cannot_read_is_damaged_and_stops_no_delete(
    deletable: Blob, store: Store, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pread, path = os.pread, store.pool_path(deletable.sha256)

    def read_or_fail(fd: int, count: int, offset: int) -> bytes:
        is_bad = os.path.samestat(os.fstat(fd), path.stat())
        return fail(errno.EIO)() if is_bad else pread(fd, count, offset)

    with monkeypatch.context() as failing:
        failing.setattr(os, "pread", read_or_fail)
        failing.setattr(hashlib, "file_digest", fail(errno.EIO))
        answer = api.delete("/api/artifacts/model-a/v1?permanent=true")
    assert answer.status_code == 200
    assert row(BASE).damaged_at is not None
    assert collect(plan=plan_collection(min_age=timedelta())) == 0


def test_a_permanent_delete_without_the_disk_deletes_nothing(
    deletable: Blob, store: Store, api: APIClient
) -> None:
    store.root.rename(store.root.with_name("unmounted"))
    answer = api.delete("/api/artifacts/model-a/v1?permanent=true")
    assert answer.status_code == 503
    assert Version.objects.get(artifact__name="model-a").purged_at is None
