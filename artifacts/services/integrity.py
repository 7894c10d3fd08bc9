"""Is every byte what its name says? Judging content, marking damage, healing it, and the scrub.

A damaged blob is never deleted: ``damaged_at`` is set, every version that holds it becomes
corrupted and its download is refused, until the same content is uploaded again.

Content that keeps bytes in other blobs is as sound as these: damage of a base is damage of each
that reads a damaged byte, and when a base is healed they are judged again. Each
judgement reads the whole of one content, so a request makes only some and leaves the others to the
scrub, which begins with those whose ``verified_at`` was taken away. It does not rely on that: as
long as a base is damaged, every scrub reads what leans on it as a whole, so that a kill, and
further damage of that base, are made up for.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate, islice
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from artifacts.models import Blob, BlobBase, Version
from artifacts.querysets import BlobQuerySet
from artifacts.services.contents import ATTEMPTS, bases_of, find_stored, locate
from artifacts.services.store import current_store, verified_store
from artifacts.services.strays import find_strays
from artifacts.services.trash import recover_trash
from artifacts.services.trees import build_after_commit
from artifacts.storage import content
from artifacts.storage.layout import EXTENTS, REMAINS, Place, Store

logger = logging.getLogger(__name__)

BATCH = 1000
ROUNDS = 10
AT_ONCE_BYTES = 64 << 20
"""How much of what leans on content is read while somebody waits, when it is damaged or healed."""


@dataclass
class ScrubReport:
    """What a scrub looked at and what it found; every list holds digests.

    ``strays`` are named as in ``strays.find_strays``; what was ``healed`` is no finding.
    """

    checked: int = 0
    read_bytes: int = 0
    damaged: list[str] = field(default_factory=list)
    healed: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.damaged and not self.strays


def heal_blobs(*, sha256s: Iterable[str]) -> None:
    """Say that these blobs are sound again, and so are the versions they alone had damaged.

    Runs inside the caller's transaction, which holds their locks and has replaced their files.
    After the commit the version folders are rebuilt, for their hard links still show the old
    bytes, and of the damaged blobs that keep bytes in these as many are judged again as can be
    while the uploader waits.
    """
    healed = list(Blob.objects.filter(sha256__in=list(sha256s)))
    ids = [blob.pk for blob in healed]
    _mark_sound(ids)
    # A crash before it is done leaves them refused: the next scrub that reads data judges again.
    transaction.on_commit(partial(rejudge_dependents, blob_ids=ids), robust=True)
    for blob in healed:
        logger.info("blob healed digest=%s", blob.digest)


def _mark_sound(blob_ids: Sequence[int]) -> None:
    Blob.objects.filter(pk__in=blob_ids).update(damaged_at=None, verified_at=timezone.now())
    holders = _lock_holders(blob_ids)
    still_damaged = Exists(Blob.objects.all().damaged_in_version(OuterRef("pk")))
    Version.objects.filter(~still_damaged, pk__in=holders).update(corrupted_at=None)
    for pk in holders:
        build_after_commit(pk)


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


def rejudge_dependents(*, blob_ids: Sequence[int]) -> None:
    """Heal the damaged blobs that keep bytes in one of these and are sound.

    At most AT_ONCE_BYTES are read, and the next scrub begins with the others.
    """
    damaged = Blob.objects.exclude(damaged_at=None).filter(bases__base__in=blob_ids)
    for blob in _some_at_once(damaged.distinct(), AT_ONCE_BYTES):
        rejudge(blob=blob)


def _some_at_once(dependents: BlobQuerySet, at_most_bytes: int) -> list[Blob]:
    """As many of these as have that size together, smallest first; a scrub begins with the rest."""
    found = list(dependents.order_by("size_bytes", "sha256"))
    reached_bytes = accumulate(blob.size_bytes for blob in found)
    count = sum(size_bytes <= at_most_bytes for size_bytes in reached_bytes)
    _judge_first([blob.pk for blob in found[count:]])
    return found[:count]


def _judge_first(blob_ids: Iterable[int]) -> None:
    """Let the next scrub that reads data begin with these."""
    with transaction.atomic():
        blobs = Blob.objects.filter(pk__in=list(blob_ids))
        _lock(blobs)
        blobs.update(verified_at=None)


def rejudge(*, blob: Blob) -> bool:
    """Whether a damaged blob was found sound, and is healed now."""
    with _judged(blob) as (locked, verdict):
        if locked is None or locked.damaged_at is None or not verdict:
            return False
        _mark_sound([locked.pk])
    logger.info("blob healed digest=%s", blob.digest)
    return True


def mark_damaged(*, blob: Blob, at_once_bytes: int | None = None) -> bool:
    """Record that the bytes of ``blob`` are damaged, unless it was healed or removed meanwhile.

    So is every blob found damaged that keeps bytes in it: each is read, up to ``at_once_bytes`` of
    them (None: AT_ONCE_BYTES), and the next scrub begins with the others.
    """
    if not _condemn(blob):
        return False
    dependents = Blob.objects.healthy().filter(bases__base=blob.pk)
    limit = AT_ONCE_BYTES if at_once_bytes is None else at_once_bytes
    for dependent in _some_at_once(dependents, limit):
        _condemn(dependent)
    return True


def _condemn(blob: Blob) -> bool:
    """Judge once more, as an upload may have replaced bytes since; mark it if it is damaged."""
    with _judged(blob) as (locked, verdict):
        if locked is None or verdict:
            return False
        if locked.damaged_at is not None:
            return True
        now = timezone.now()
        Blob.objects.filter(pk=locked.pk).update(damaged_at=now, verified_at=now)
        holders = Version.objects.filter(pk__in=_lock_holders([locked.pk]), corrupted_at=None)
        holders.update(corrupted_at=now)
    logger.error("blob damaged digest=%s", blob.digest)
    return True


class _Seen(NamedTuple):
    """A row (None: it is gone), and all that tells whether what was read then is still there.

    ``state`` is of the row and its bases: a heal in place changes no more than ``verified_at``.
    """

    row: Blob | None
    state: tuple[tuple[Place, datetime | None, datetime | None], ...]


@contextmanager
def _judged(blob: Blob) -> Iterator[tuple[Blob | None, bool]]:
    """The row, locked until the block ends (None: it is gone), and whether its content is sound.

    The content is read before, since commits would wait for the lock as long as that takes. Where
    the row or one of its bases has changed meanwhile it is read anew, at last under the lock.
    """
    seen = _look(blob.pk)
    for _ in range(ATTEMPTS):
        verdict = _is_sound(seen)
        with transaction.atomic():
            now = _look_and_lock(blob.pk)
            if now.state == seen.state:
                yield now.row, verdict
                return
        seen = now
    with transaction.atomic():
        now = _look_and_lock(blob.pk)
        yield now.row, _is_sound(now)


def _is_sound(seen: _Seen) -> bool:
    return seen.row is not None and is_sound(current_store(), seen.row)


def _look(blob_id: int) -> _Seen:
    rows = {row.pk: row for row in _with_bases(blob_id).order_by("sha256")}
    states = tuple((row.place, row.damaged_at, row.verified_at) for row in rows.values())
    return _Seen(rows.get(blob_id), states)


def _look_and_lock(blob_id: int) -> _Seen:
    """The bases are locked too.

    Otherwise a heal of one of them could pass between the look and the mark, and would not find
    this blob among those that it has to judge again.
    """
    _lock(_with_bases(blob_id))
    return _look(blob_id)  # a statement of its own: its snapshot is younger than the locks


def _with_bases(blob_id: int) -> BlobQuerySet:
    bases = BlobBase.objects.filter(blob=blob_id).values_list("base_id", flat=True)
    found: BlobQuerySet = Blob.objects.filter(pk__in=[blob_id, *bases])
    return found


def _lock(blobs: BlobQuerySet) -> None:
    """Lock these until the transaction ends, sorted as everybody does (deadlock otherwise)."""
    list(blobs.select_for_update(no_key=True).order_by("sha256").values_list("pk"))


def is_sound(store: Store, blob: Blob) -> bool:
    """Read the bytes and say whether they are right: of the remains of a content what is left.

    Raises StoreUnavailable (503).
    """
    if blob.layout != EXTENTS:
        return content.verify_own(store, blob.place)
    return _is_whole(store, blob)


def _is_whole(store: Store, blob: Blob) -> bool:
    """Whether content of several files has its digest; a file that moved is looked for again."""
    bases = bases_of(locate(blob))
    for _ in range(ATTEMPTS):
        if content.verify_content(store, blob.place, bases):
            return True
        before, bases = bases, bases_of(locate(blob))
        if bases == before:
            break
    return False


def scrub(*, read_data: bool, max_duration: timedelta | None = None) -> ScrubReport:
    """Compare rows and files both ways; with ``read_data`` hash the bytes too.

    What a killed collection left in the trash is put back first: it is not lost. Hashing reads
    each file of the pool once, oldest ``verified_at`` first, and begins no further one after
    ``max_duration``. Blobs that are damaged already are judged again, and stay in the report until
    they are healed.

    Raises StoreUnavailable (503) before anything is judged, when the disk is not this store's.
    """
    store = verified_store()
    deadline = None if max_duration is None else timezone.now() + max_duration
    recover_trash(store)
    report = ScrubReport()
    was_damaged = _damaged()
    _check_files(store, report)
    if read_data:
        _check_data(store, report, deadline)
    report.strays = list(find_strays(store))
    report.damaged = _damaged()
    report.healed = _sound_among(was_damaged)
    return report


def _damaged() -> list[str]:
    return [blob.digest for blob in Blob.objects.exclude(damaged_at=None).order_by("pk")]


def _sound_among(digests: Sequence[str]) -> list[str]:
    sha256s = [digest.removeprefix("sha256:") for digest in digests]
    sound = Blob.objects.healthy().filter(sha256__in=sha256s)
    return [blob.digest for blob in sound.order_by("pk")]


def _check_files(store: Store, report: ScrubReport) -> None:
    """Are the files there, its own and its bases', of all that is not known to be damaged?"""
    for some in _batches(Blob.objects.healthy().order_by("pk").iterator(chunk_size=BATCH)):
        report.checked += len(some)
        stored = find_stored(locate(blob) for blob in some)
        for blob in some:
            if blob.pk not in stored and not _is_remains(store, blob):
                mark_damaged(blob=blob, at_once_bytes=0)


def _batches(blobs: Iterator[Blob]) -> Iterator[list[Blob]]:
    while some := list(islice(blobs, BATCH)):
        yield some


def _is_remains(store: Store, blob: Blob) -> bool:
    """Whether it is, with all that it was left with: as content it counts as not stored."""
    return blob.layout == REMAINS and content.has_bytes(store, blob.place)


def _check_data(store: Store, report: ScrubReport, deadline: datetime | None) -> None:
    for pk in _turns():
        if deadline and timezone.now() >= deadline:
            return
        blob = Blob.objects.filter(pk=pk).first()
        if blob is not None:
            report.read_bytes += _check_blob(store, blob)


def _turns() -> Iterator[int]:
    """All, oldest ``verified_at`` first; then those again that what was found concerns."""
    known = Blob.objects.order_by(F("verified_at").asc(nulls_first=True), "pk")
    due = list(known.values_list("pk", flat=True))
    last = max(due, default=0)
    for _ in range(ROUNDS):
        yield from due
        due = list(known.filter(verified_at=None, pk__lte=last).values_list("pk", flat=True))


def _check_blob(store: Store, blob: Blob) -> int:
    """Judge a blob by the bytes of its own file, for the others have their own turn; bytes read.

    What is damaged already is read as a whole, for perhaps it was a base that is sound again; so
    is what leans on damage: which bytes of a base are wrong, nobody knows.
    """
    if blob.damaged_at is not None:
        return _check_damaged(blob)
    is_read_whole = _leans_on_damage(blob)
    if is_sound(store, blob) if is_read_whole else content.verify_own(store, blob.place):
        Blob.objects.filter(pk=blob.pk, damaged_at=None).update(verified_at=timezone.now())
    else:
        mark_damaged(blob=blob, at_once_bytes=0)
    return blob.size_bytes if is_read_whole else blob.physical_bytes


def _leans_on_damage(blob: Blob) -> bool:
    return Blob.objects.exclude(damaged_at=None).filter(dependents__blob=blob).exists()


def _check_damaged(blob: Blob) -> int:
    if not rejudge(blob=blob):
        # So that the next run begins with others.
        Blob.objects.filter(pk=blob.pk).update(verified_at=timezone.now())
        return 0
    damaged = Blob.objects.exclude(damaged_at=None).filter(bases__base=blob.pk)
    _judge_first(damaged.values_list("pk", flat=True))
    return blob.physical_bytes if blob.layout != EXTENTS else blob.size_bytes
