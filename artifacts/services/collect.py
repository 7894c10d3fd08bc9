"""Bytes go: lock the row, ask again under the lock, move the file aside, delete the row, commit.

Any other order loses data (docs/adr/0004): the file must leave the pool under the lock and before
the row's deletion commits, and the question "does anything refer to it?" must be a statement of
its own, because a statement's snapshot is older than its wait for the lock.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from artifacts.models import Blob
from artifacts.services.integrity import find_strays
from artifacts.services.store import verified_store
from artifacts.storage import pool, staging, tree
from artifacts.storage.layout import Store
from artifacts.storage.steps import reached

logger = logging.getLogger(__name__)

BATCH = 500


@dataclass(frozen=True)
class CollectionPlan:
    """What a collection would free: orphaned blobs older than the courtesy age."""

    blob_ids: tuple[int, ...]
    size_bytes: int
    strays: tuple[str, ...]


def plan_collection(*, min_age: timedelta) -> CollectionPlan:
    """List the blobs nothing refers to that were last sent more than ``min_age`` ago.

    The age is a courtesy to a client that is about to commit, not what makes deletion safe.
    """
    due = Blob.objects.orphaned().filter(last_seen_at__lte=timezone.now() - min_age)
    return CollectionPlan(
        blob_ids=tuple(due.order_by("pk").values_list("pk", flat=True)),
        size_bytes=due.aggregate(total=Sum("physical_bytes"))["total"] or 0,
        strays=tuple(find_strays(verified_store())),
    )


def collect(*, plan: CollectionPlan) -> int:
    """Carry out ``plan``; returns the bytes freed. Each blob is judged again under its lock.

    Raises StoreUnavailable (503) before anything is touched, when the disk is not this store's.
    """
    store = verified_store()
    recover_trash(store)
    adopted = adopt_strays(store, plan.strays)
    return collect_blobs(blob_ids=[*plan.blob_ids, *adopted])


def collect_blobs(*, blob_ids: Sequence[int]) -> int:
    """Free those of ``blob_ids`` that nothing refers to; returns the bytes freed."""
    store = verified_store()
    return sum(_collect_batch(store, batch) for batch in _batches(sorted(blob_ids)))


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _collect_batch(store: Store, ids: Sequence[int]) -> int:
    aside: list[Path] = []
    try:
        with transaction.atomic():
            freed = _remove_orphans(store, ids, aside)
            reached("collect.moved")
    except BaseException:
        # The rows stay, so their bytes must too.
        for path in aside:
            pool.put_back(store, path)
        raise
    reached("collect.committed")
    for path in aside:
        path.unlink(missing_ok=True)
    return freed


def _remove_orphans(store: Store, ids: Sequence[int], aside: list[Path]) -> int:
    locked = [
        blob.pk for blob in Blob.objects.select_for_update().filter(pk__in=ids).order_by("sha256")
    ]
    # A second statement: its snapshot is younger than the locks, so it sees every reference that
    # was committed while we waited (one statement for both lost 1 reference in a race test).
    orphans = list(Blob.objects.orphaned().filter(pk__in=locked).order_by("sha256"))
    for blob in orphans:
        moved = pool.move_aside(store, blob.sha256)
        if moved is not None:
            aside.append(moved)
    Blob.objects.filter(pk__in=[blob.pk for blob in orphans]).delete()
    for blob in orphans:
        logger.info("blob collected digest=%s bytes=%d", blob.digest, blob.physical_bytes)
    return sum(blob.physical_bytes for blob in orphans)


def adopt_strays(store: Store, digests: Sequence[str]) -> list[int]:
    """Give pool files without a row one, so that they go the same safe way as every other blob.

    A scan never unlinks (docs/storage.md, invariant 7): between the scan and now an upload may
    have made the row.
    """
    rows = []
    for digest in sorted(digests):
        sha256 = digest.removeprefix("sha256:")
        size = pool.size_of(store, sha256)
        if size is not None:
            rows.append(Blob(sha256=sha256, size_bytes=size, physical_bytes=size))
    Blob.objects.bulk_create(rows, ignore_conflicts=True)
    names = [row.sha256 for row in rows]
    return list(Blob.objects.filter(sha256__in=names).values_list("pk", flat=True))


def recover_trash(store: Store) -> None:
    """Finish what a killed collection left in the trash.

    A row that is still there means that the deletion never committed: its bytes go back. The
    row's lock makes this wait for a collection that is still running.
    """
    for path, sha256 in list(pool.trashed(store)):
        with transaction.atomic():
            if Blob.objects.select_for_update().filter(sha256=sha256).exists():
                pool.put_back(store, path)
            else:
                path.unlink(missing_ok=True)


def sweep_leftovers(*, older_than: timedelta) -> int:
    """Remove old staging files and folders set aside; returns how many. Harmless, but untidy."""
    store = verified_store()
    return staging.sweep_staging(store, older_than.total_seconds()) + tree.sweep_trash(store)
