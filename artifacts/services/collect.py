"""Bytes go: lock the row, ask again under the lock, move the file aside, delete the row, commit.

Any other order loses data (docs/adr/0004): the file must leave the pool under the lock and before
the row's deletion commits, and the question "does anything refer to it?" must be a statement of
its own, because a statement's snapshot is older than its wait for the lock.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from artifacts.models import Blob
from artifacts.services.integrity import find_strays
from artifacts.services.store import verified_store
from artifacts.services.trash import recover_trash
from artifacts.services.trees import remove_purged_trees
from artifacts.storage import pool, staging, tree
from artifacts.storage.layout import Store
from artifacts.storage.steps import reached

logger = logging.getLogger(__name__)

BATCH = 2000
ADOPTED_AT = datetime.fromtimestamp(0, tz=UTC)
"""When the row of a stray says it was made: no upload's row says so."""

T = TypeVar("T")
LockRows = Callable[[], list[int]]


@dataclass(frozen=True)
class CollectionPlan:
    """What a collection would free: orphaned blobs not sent after ``seen_before``, and strays.

    ``strays`` are digests of pool files without a row; ``size_bytes`` does not count them.
    """

    blob_ids: tuple[int, ...]
    size_bytes: int
    strays: tuple[str, ...]
    seen_before: datetime


def plan_collection(*, min_age: timedelta) -> CollectionPlan:
    """List the blobs nothing refers to that were last sent more than ``min_age`` ago.

    The age is a courtesy to a client that is about to commit, not what makes deletion safe.

    Raises StoreUnavailable (503) when the disk is not this store's.
    """
    seen_before = timezone.now() - min_age
    due = Blob.objects.orphaned().filter(last_seen_at__lte=seen_before)
    return CollectionPlan(
        blob_ids=tuple(due.order_by("pk").values_list("pk", flat=True)),
        size_bytes=due.aggregate(total=Sum("physical_bytes"))["total"] or 0,
        strays=tuple(find_strays(verified_store())),
        seen_before=seen_before,
    )


def collect(*, plan: CollectionPlan) -> int:
    """Carry out ``plan``; returns the bytes freed. Each blob is judged again under its lock.

    Raises StoreUnavailable (503) before anything is touched, when the disk is not this store's.
    """
    store = verified_store()
    recover_trash(store)
    strays = sorted(digest.removeprefix("sha256:") for digest in plan.strays)
    freed = sum(_collect_batch(store, partial(_adopt, store, some)) for some in _batches(strays))
    return freed + collect_blobs(blob_ids=plan.blob_ids, seen_before=plan.seen_before)


def collect_blobs(*, blob_ids: Sequence[int], seen_before: datetime | None = None) -> int:
    """Free those of ``blob_ids`` that nothing refers to; returns the bytes freed.

    With ``seen_before`` those that were sent again after it stay.

    Raises StoreUnavailable (503).
    """
    store = verified_store()
    batches = _batches(sorted(blob_ids))
    return sum(_collect_batch(store, partial(_lock_due, some, seen_before)) for some in batches)


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _lock_due(ids: Sequence[int], seen_before: datetime | None) -> list[int]:
    rows = Blob.objects.select_for_update().filter(pk__in=ids).order_by("sha256")
    return [blob.pk for blob in rows if seen_before is None or blob.last_seen_at <= seen_before]


def _adopt(store: Store, sha256s: Sequence[str]) -> list[int]:
    """Give pool files without a row one, so that they go the same safe way as every other blob.

    A scan never unlinks (docs/storage.md, invariant 7): since the scan an upload may have made
    the row, and then it stays. The new rows are locked, and nobody sees them: they go in the
    same transaction.
    """
    sizes = {sha256: pool.size_of(store, sha256) for sha256 in sha256s}
    Blob.objects.bulk_create(
        (
            Blob(sha256=sha256, size_bytes=size, physical_bytes=size, created_at=ADOPTED_AT)
            for sha256, size in sizes.items()
            if size is not None
        ),
        ignore_conflicts=True,
    )
    ours = Blob.objects.filter(sha256__in=sha256s, created_at=ADOPTED_AT)
    return list(ours.values_list("pk", flat=True))


def _collect_batch(store: Store, lock_rows: LockRows) -> int:
    aside: list[Path] = []
    try:
        # Durable: inside another transaction the files would go before the rows.
        with transaction.atomic(durable=True):
            freed = _remove_orphans(store, lock_rows, aside)
            reached("collect.before_commit")
    except BaseException:
        # The rows stay, so their bytes must too. If it was only the answer to the COMMIT that got
        # lost, they become strays.
        for path in aside:
            pool.put_back(store, path)
        raise
    reached("collect.committed")
    for path in aside:
        path.unlink(missing_ok=True)
    return freed


def _remove_orphans(store: Store, lock_rows: LockRows, aside: list[Path]) -> int:
    locked = lock_rows()
    reached("collect.locked")
    # A second statement: its snapshot is younger than the locks, so it sees every reference that
    # was committed while we waited (one statement for both lost 1 reference in a race test).
    orphans = list(Blob.objects.orphaned().filter(pk__in=locked).order_by("sha256"))
    aside.extend(pool.move_many_aside(store, [blob.sha256 for blob in orphans]))
    reached("collect.moved")
    Blob.objects.filter(pk__in=[blob.pk for blob in orphans]).delete()
    for blob in orphans:
        logger.info("blob collected digest=%s bytes=%d", blob.digest, blob.physical_bytes)
    return sum(blob.physical_bytes for blob in orphans)


def sweep_leftovers(*, older_than: timedelta) -> int:
    """Remove what crashes left: old staging files, folders set aside, folders of purged versions.

    Returns how many. Harmless, but they take space: hard links keep bytes alive.
    """
    store = verified_store()
    staged = staging.sweep_staging(store, older_than.total_seconds())
    return staged + tree.sweep_trash(store) + remove_purged_trees()
