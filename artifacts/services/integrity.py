"""Is every byte what its name says? Marking damage, healing it, and the scrub.

A damaged blob is never deleted: ``damaged_at`` is set, every version that holds it becomes
corrupted and its download is refused, until the same content is uploaded again.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from artifacts.models import Blob, Version
from artifacts.services.store import current_store, verified_store
from artifacts.services.trash import recover_trash
from artifacts.services.trees import build_after_commit
from artifacts.storage import pool
from artifacts.storage.layout import Store

logger = logging.getLogger(__name__)

BATCH = 1000


@dataclass
class ScrubReport:
    """What a scrub looked at and what it found; every list holds digests."""

    checked: int = 0
    read_bytes: int = 0
    damaged: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.damaged and not self.strays


def heal_blobs(*, sha256s: Iterable[str]) -> None:
    """Say that these blobs are sound again, and so are the versions they alone had damaged.

    Runs inside the caller's transaction, which holds their locks and has replaced their files.
    The version folders are rebuilt after the commit: their hard links still show the old bytes.
    """
    healed = list(Blob.objects.filter(sha256__in=list(sha256s)))
    ids = [blob.pk for blob in healed]
    Blob.objects.filter(pk__in=ids).update(damaged_at=None, verified_at=timezone.now())
    holders = _lock_holders(ids)
    still_damaged = Exists(Blob.objects.all().damaged_in_version(OuterRef("pk")))
    Version.objects.filter(~still_damaged, pk__in=holders).update(corrupted_at=None)
    for pk in holders:
        build_after_commit(pk)
    for blob in healed:
        logger.info("blob healed digest=%s", blob.digest)


def _lock_holders(blob_ids: Sequence[int]) -> list[int]:
    """Lock the versions that hold one of these, by id.

    Whether a version is corrupted depends on all its blobs. Who judges it without its lock does
    not see what another, who holds the lock of another of its blobs, is about to commit: two
    healers would each leave it corrupted for the other's blob, and a healer beside a scrub would
    call it ready with damaged content.
    """
    if not blob_ids:
        return []
    holders = Version.objects.holding(list(blob_ids)).select_for_update(no_key=True)
    return list(holders.order_by("pk").values_list("pk", flat=True))


def mark_damaged(*, blob: Blob) -> bool:
    """Record that the bytes of ``blob`` are damaged, unless it was healed or removed meanwhile.

    The file is judged once more under the row's lock: an upload may have replaced it since.
    """
    with transaction.atomic():
        locked = Blob.objects.select_for_update(no_key=True).filter(pk=blob.pk).first()
        if locked is None or pool.verify_blob(current_store(), locked.sha256, locked.size_bytes):
            return False
        now = timezone.now()
        Blob.objects.filter(pk=locked.pk).update(damaged_at=now, verified_at=now)
        holders = Version.objects.filter(pk__in=_lock_holders([locked.pk]), corrupted_at=None)
        holders.update(corrupted_at=now)
    logger.error("blob damaged digest=%s", blob.digest)
    return True


def scrub(*, read_data: bool, max_duration: timedelta | None = None) -> ScrubReport:
    """Compare rows and files both ways; with ``read_data`` hash the bytes too.

    What a killed collection left in the trash is put back first: it is not lost. Hashing goes
    oldest ``verified_at`` first and stops after ``max_duration``. Blobs that are damaged already
    stay in the report until they are healed.

    Raises StoreUnavailable (503) before anything is judged, when the disk is not this store's.
    """
    store = verified_store()
    deadline = None if max_duration is None else timezone.now() + max_duration
    recover_trash(store)
    report = ScrubReport()
    _check_files(store, report)
    if read_data:
        _check_data(store, report, deadline)
    report.strays = list(find_strays(store))
    report.damaged = [blob.digest for blob in Blob.objects.exclude(damaged_at=None).order_by("pk")]
    return report


def _check_files(store: Store, report: ScrubReport) -> None:
    for blob in Blob.objects.healthy().order_by("pk").iterator(chunk_size=BATCH):
        report.checked += 1
        if not pool.has_blob(store, blob.sha256, blob.size_bytes):
            mark_damaged(blob=blob)


def _check_data(store: Store, report: ScrubReport, deadline: datetime | None) -> None:
    oldest_first = Blob.objects.healthy().order_by(F("verified_at").asc(nulls_first=True), "pk")
    for pk in list(oldest_first.values_list("pk", flat=True)):
        if deadline and timezone.now() >= deadline:
            return
        blob = Blob.objects.filter(pk=pk).first()
        if blob is not None:
            _check_blob(store, blob, report)


def _check_blob(store: Store, blob: Blob, report: ScrubReport) -> None:
    if pool.verify_blob(store, blob.sha256, blob.size_bytes):
        Blob.objects.filter(pk=blob.pk, damaged_at=None).update(verified_at=timezone.now())
    else:
        mark_damaged(blob=blob)
    report.read_bytes += blob.size_bytes


def find_strays(store: Store) -> Iterator[str]:
    """The digests of pool files without a row: harmless, left by a crash after the link."""
    names: list[str] = []
    for sha256, _size in pool.iter_pool(store):
        names.append(sha256)
        if len(names) == BATCH:
            yield from _strays_among(store, names)
            names = []
    yield from _strays_among(store, names)


def _strays_among(store: Store, names: Sequence[str]) -> list[str]:
    rowless = _without_row(names)
    if not rowless:
        return []
    _await_uploads(rowless)
    # A collection takes the file before the row: where the file is gone too, it was no stray.
    return [
        f"sha256:{name}" for name in _without_row(rowless) if pool.size_of(store, name) is not None
    ]


def _without_row(names: Sequence[str]) -> list[str]:
    known = set(Blob.objects.filter(sha256__in=names).values_list("sha256", flat=True))
    return [name for name in names if name not in known]


def _await_uploads(names: Sequence[str]) -> None:
    """Return when no upload of these is between its link and its commit.

    Rows of the same digests wait for those that are not committed yet; they are taken back.
    """
    rows = [Blob(sha256=name, size_bytes=0, physical_bytes=0) for name in sorted(names)]
    with transaction.atomic():
        Blob.objects.bulk_create(rows, ignore_conflicts=True)
        transaction.set_rollback(True)
