"""Bytes go: lock the row, ask again under the lock, move the file aside, delete the row, commit.

Any other order loses data (docs/adr/0004): the file must leave the pool under the lock and before
the row's deletion commits, and the question "does anything refer to it?" must be a statement of
its own, because a statement's snapshot is older than its wait for the lock.

A dead blob that others keep bytes in stays, as *remains*: it gives up its own bases, and is
compacted (``compact``) where under half of it is needed. Its bases, and those of what has gone,
are judged next.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from artifacts.errors import StorageFull, StoreUnavailable
from artifacts.models import Blob, BlobBase
from artifacts.services.compact import Compaction, compact_base, plan_compactions
from artifacts.services.exclusive import Forecast, bases_of_all, forecast
from artifacts.services.materialize import remove_orphaned_copies
from artifacts.services.store import verified_store
from artifacts.services.strays import find_strays, parse_stray
from artifacts.services.trash import recover_trash, remove_superseded
from artifacts.services.trees import remove_purged_trees
from artifacts.storage import materialized, pool, sweep, tree
from artifacts.storage.layout import EXTENTS, REMAINS, Place, PoolFile, Store
from artifacts.storage.steps import reached

logger = logging.getLogger(__name__)

BATCH = 2000
ADOPTED_AT = datetime.fromtimestamp(0, tz=UTC)
"""When the row of a stray says it was made: no upload's row says so."""

T = TypeVar("T")
LockRows = Callable[[], list[int]]


@dataclass(frozen=True)
class CollectionPlan:
    """What a collection would do with blobs that were not sent after ``seen_before``.

    ``strays`` are files of the pool without a row, named as in ``strays.find_strays``; the
    forecast's bytes do not count them.
    """

    forecast: Forecast
    strays: tuple[str, ...]
    seen_before: datetime

    @property
    def blob_ids(self) -> tuple[int, ...]:
        """The blobs that nothing refers to."""
        return self.forecast.orphans


@dataclass
class _Batch:
    """What became of one batch: bytes freed, dead blobs that stay, bases that lost a dependent.

    ``gone`` are the contents (sha256) that cannot be read any more.
    """

    freed_bytes: int = 0
    staying: set[int] = field(default_factory=set)
    bases: set[int] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)


def plan_collection(*, min_age: timedelta) -> CollectionPlan:
    """List what nothing lists any more and was last sent more than ``min_age`` ago.

    The age is a courtesy to a client that is about to commit, not what makes deletion safe.

    Raises StoreUnavailable (503) when the disk is not this store's.
    """
    store = verified_store()
    seen_before = timezone.now() - min_age
    due = Blob.objects.dead().filter(last_seen_at__lte=seen_before)
    return CollectionPlan(
        forecast=forecast(blob_ids=list(due.values_list("pk", flat=True)), seen_before=seen_before),
        strays=tuple(find_strays(store)),
        seen_before=seen_before,
    )


def collect(*, plan: CollectionPlan, failures: list[str] | None = None) -> int:
    """Carry out ``plan``; returns the bytes freed. Each blob is judged again under its lock.

    ``failures`` as for :func:`collect_blobs`.

    Raises StoreUnavailable (503) before anything is touched, when the disk is not this store's.
    """
    store = verified_store()
    recover_trash(store)
    freed = _collect_strays(store, sorted(map(parse_stray, plan.strays), key=attrgetter("name")))
    return freed + collect_blobs(
        blob_ids=plan.forecast.dead, seen_before=plan.seen_before, failures=failures
    )


def collect_blobs(
    *,
    blob_ids: Iterable[int],
    seen_before: datetime | None = None,
    failures: list[str] | None = None,
) -> int:
    """Free what nothing needs of ``blob_ids``, of their bases, and so on; returns the bytes freed.

    With ``seen_before`` those that were sent again after it stay. A base that cannot be compacted,
    because the disk is full or fails, stays as it is for the next collection; ``failures`` gets a
    sentence for each.

    Raises StoreUnavailable (503).
    """
    store = verified_store()
    freed, staying, due = 0, set[int](), set(blob_ids)
    while due:
        bases: set[int] = set()
        # Dependents first: they are younger than their bases.
        for some in _batches(sorted(due, reverse=True)):
            batch = _collect_batch(store, partial(_lock_due, some, seen_before))
            freed += batch.freed_bytes
            staying |= batch.staying
            bases |= batch.bases
        due = bases
    # All that leaned on them and had to go has gone.
    said = [] if failures is None else failures
    remains = Blob.objects.dead().filter(pk__in=staying, damaged_at=None).order_by("pk")
    return freed + sum(_compact(plan, said) for plan in plan_compactions(remains))


def _compact(plan: Compaction, failures: list[str]) -> int:
    """The bytes freed. To delete makes room, so what asks for room first must not stop it."""
    try:
        return compact_base(blob_id=plan.blob_id, plan=plan)
    except (StorageFull, StoreUnavailable) as error:
        logger.warning("base not compacted blob_id=%d why=%s", plan.blob_id, error.detail)
        digest = Blob.objects.filter(pk=plan.blob_id).values_list("sha256", flat=True).first()
        failures.append(f"sha256:{digest} was not compacted: {error.detail}")
        return 0


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _lock_due(ids: Sequence[int], seen_before: datetime | None) -> list[int]:
    rows = Blob.objects.select_for_update().filter(pk__in=ids).order_by("sha256")
    return [blob.pk for blob in rows if seen_before is None or blob.last_seen_at <= seen_before]


def _collect_batch(store: Store, lock_rows: LockRows) -> _Batch:
    batch = _Batch()
    with _aside(store) as aside, transaction.atomic(durable=True):
        # Durable: inside another transaction the files would go before the rows.
        locked = lock_rows()
        reached("collect.locked")
        while _remove_orphans(store, locked, batch, aside) or _strip(locked, batch):
            pass  # What has gone may have been the last that leaned on another of these.
        batch.staying.update(Blob.objects.dead().filter(pk__in=locked).values_list("pk", flat=True))
        reached("collect.before_commit")
    reached("collect.committed")
    _unlink(aside)
    for sha256 in batch.gone:
        materialized.remove(store, sha256)
    return batch


@contextmanager
def _aside(store: Store) -> Iterator[list[Path]]:
    """Files that the block moves into the trash; after a failure they are back."""
    aside: list[Path] = []
    try:
        yield aside
    except BaseException:
        # The rows stay, so their bytes must too. If it was only the answer to the COMMIT that got
        # lost, they become strays.
        for path in aside:
            pool.put_back(store, path)
        raise


def _remove_orphans(store: Store, locked: Sequence[int], batch: _Batch, aside: list[Path]) -> bool:
    """Whether there were any."""
    # A second statement: its snapshot is younger than the locks, so it sees every reference that
    # was committed while we waited (one statement for both lost 1 reference in a race test).
    orphans = list(Blob.objects.orphaned().filter(pk__in=locked).order_by("sha256"))
    ids = [blob.pk for blob in orphans]
    aside.extend(pool.move_many_aside(store, [blob.place for blob in orphans]))
    reached("collect.moved")
    batch.bases |= bases_of_all(ids) - set(locked)
    Blob.objects.filter(pk__in=ids).delete()
    for blob in orphans:
        logger.info("blob collected digest=%s bytes=%d", blob.digest, blob.physical_bytes)
    batch.freed_bytes += sum(blob.physical_bytes for blob in orphans)
    batch.gone.update(blob.sha256 for blob in orphans)
    return bool(orphans)


def _strip(locked: Sequence[int], batch: _Batch) -> bool:
    """Let dead content that others keep bytes in go, as content; whether there was any.

    Its file stays as it is, with the recipe: what that says of other blobs' bytes counts no more.
    """
    stripped = list(Blob.objects.dead().filter(pk__in=locked, layout=EXTENTS))
    ids = [blob.pk for blob in stripped]
    batch.bases |= bases_of_all(ids) - set(locked)
    BlobBase.objects.filter(blob__in=ids).delete()
    Blob.objects.filter(pk__in=ids).update(layout=REMAINS)
    batch.gone.update(blob.sha256 for blob in stripped)
    return bool(ids)


def _collect_strays(store: Store, files: Sequence[PoolFile]) -> int:
    freed = sum(_collect_rowless(store, some) for some in _batches(files))
    return freed + remove_superseded(store, files)


def _collect_rowless(store: Store, files: Sequence[PoolFile]) -> int:
    """Free files of the pool that have no row; the bytes freed.

    They get one, so that they go the same safe way as every blob. A scan never unlinks
    (docs/storage.md, invariant 7): since the scan an upload may have made the row, and then they
    stay. The new rows are locked, and nobody sees them: they go in the same transaction.
    """
    with _aside(store) as aside, transaction.atomic(durable=True):
        ours = _adopt({file.sha256 for file in files})
        reached("collect.locked")
        orphans = [_place_of(file) for file in files if file.sha256 in ours]
        aside.extend(pool.move_many_aside(store, orphans))
        reached("collect.moved")
        Blob.objects.filter(sha256__in=ours, created_at=ADOPTED_AT).delete()
        reached("collect.before_commit")
    reached("collect.committed")
    for path in aside:
        logger.info("stray collected file=%s", path.name)
    return _unlink(aside)


def _adopt(sha256s: Collection[str]) -> set[str]:
    """Make the rows of those that have none, locked; returns them."""
    rows = [
        Blob(sha256=sha256, size_bytes=0, physical_bytes=0, created_at=ADOPTED_AT)
        for sha256 in sorted(sha256s)
    ]
    Blob.objects.bulk_create(rows, ignore_conflicts=True)
    ours = Blob.objects.filter(sha256__in=sha256s, created_at=ADOPTED_AT)
    return set(ours.values_list("sha256", flat=True))


def _place_of(stray: PoolFile) -> Place:
    if stray.generation is None:
        return Place(stray.sha256, size_bytes=0, physical_bytes=0)
    return Place(stray.sha256, 0, 0, layout=EXTENTS, generation=stray.generation)


def _unlink(aside: Iterable[Path]) -> int:
    """Remove what was moved aside; the bytes freed."""
    freed = 0
    for path in aside:
        with suppress(FileNotFoundError):
            freed += path.lstat().st_size
            path.unlink()
    return freed


def sweep_leftovers(*, older_than: timedelta) -> int:
    """Remove what crashes left: files that were staged or set aside, folders and copies.

    Folders of purged versions, and copies made whole of content that has gone. Returns how many.
    Harmless, but they take space: hard links keep bytes alive.
    """
    store = verified_store()
    staged = sweep.sweep_staging(store, older_than.total_seconds())
    folders = tree.sweep_trash(store) + remove_purged_trees()
    return staged + folders + remove_orphaned_copies()
