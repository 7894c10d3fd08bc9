"""What would go: which blobs a deletion frees, which stay for others, and how many bytes that is.

The same rules as those by which ``collect`` works, asked of the rows without changing one: a blob
is *dead* when no version lists it, an *orphan* when besides nobody keeps bytes in it. A dead one
needs its bases no more. So, of the dead, those are orphans on which only dead ones lean; the
others stay for what they lend, as little as that takes.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Exists, OuterRef, QuerySet

from accounts.access import Caller, access_of
from artifacts.known import sql_values
from artifacts.models import Blob, BlobBase, ManifestEntry, Version
from artifacts.services.compact import Compaction, plan_compactions
from artifacts.services.seen import seen_freed_bytes
from artifacts.storage.layout import EXTENTS

BATCH = 10_000

T = TypeVar("T")


@dataclass(frozen=True)
class Forecast:
    """What is going to become of blobs that no version lists; ids, ascending.

    ``stripped`` stay for what others keep in them and give up what they keep in others;
    ``compactions`` say which of all that stay are written anew, and how small.
    """

    orphans: tuple[int, ...]
    orphan_bytes: int
    stripped: tuple[int, ...]
    staying: tuple[int, ...]
    compactions: tuple[Compaction, ...]

    @property
    def dead(self) -> tuple[int, ...]:
        """All of them."""
        return tuple(sorted((*self.orphans, *self.staying)))

    @property
    def freed_bytes(self) -> int:
        """What the pool is going to be smaller."""
        return self.orphan_bytes + sum(one.freed_bytes for one in self.compactions)


def exclusive_bytes(*, versions: Iterable[Version], asked_by: Caller) -> int:
    """What a permanent delete of exactly these versions would free, in bytes of the pool.

    Exact for who sees everything, as long as nothing else happens meanwhile: content that other
    versions list counts nothing, bases count what a compaction would gain. Others are told what it
    would be were there nothing but what they see (``seen.seen_freed_bytes``).
    """
    version_ids = [version.pk for version in versions]
    if not access_of(asked_by).sees_all:
        return seen_freed_bytes(version_ids, sql_values(asked_by))
    entries = ManifestEntry.objects.filter(version__in=version_ids)
    blob_ids = entries.order_by().values_list("blob_id", flat=True).distinct()
    return forecast(blob_ids=list(blob_ids), without=version_ids).freed_bytes


def forecast(
    *, blob_ids: Sequence[int], without: Collection[int] = (), seen_before: datetime | None = None
) -> Forecast:
    """What a collection of ``blob_ids`` would do, were the versions ``without`` (ids) gone.

    As in ``collect.collect_blobs``, those that are not dead stay as they are, and with
    ``seen_before`` those that were sent again after it.
    """
    dead = _find_dead(blob_ids, without, seen_before)
    outside = _lenders(dead)
    orphans = [blob for pk, blob in dead.items() if pk not in outside]
    staying = [blob for pk, blob in dead.items() if pk in outside]
    healthy = (blob for blob in staying if blob.damaged_at is None)
    return Forecast(
        orphans=_ids(orphans),
        orphan_bytes=sum(blob.physical_bytes for blob in orphans),
        stripped=_ids(blob for blob in staying if blob.layout == EXTENTS),
        staying=_ids(staying),
        compactions=tuple(plan_compactions(healthy, ignoring=dead.keys())),
    )


def _ids(blobs: Iterable[Blob]) -> tuple[int, ...]:
    return tuple(sorted(blob.pk for blob in blobs))


def _find_dead(
    blob_ids: Sequence[int], without: Collection[int], seen_before: datetime | None
) -> dict[int, Blob]:
    """The dead among these, among their bases, and so on down."""
    dead: dict[int, Blob] = {}
    level = set(blob_ids)
    while level:
        found = {
            blob.pk: blob
            for some in batches(sorted(level))
            for blob in _dead_among(some, without, seen_before)
        }
        dead |= found
        level = bases_of_all(found.keys()) - dead.keys()
    return dead


def _dead_among(
    blob_ids: Sequence[int], without: Collection[int], seen_before: datetime | None
) -> QuerySet[Blob]:
    entries = ManifestEntry.objects.filter(blob=OuterRef("pk"))
    if without:
        entries = entries.exclude(version__in=without)
    blobs = Blob.objects.filter(~Exists(entries), pk__in=blob_ids)
    return blobs if seen_before is None else blobs.filter(last_seen_at__lte=seen_before)


def bases_of_all(blob_ids: Collection[int]) -> set[int]:
    """The blobs that these keep bytes in."""
    return {
        base
        for some in batches(sorted(blob_ids))
        for base in BlobBase.objects.filter(blob__in=some).values_list("base_id", flat=True)
    }


def _lenders(dead: Collection[int]) -> set[int]:
    """Those of the dead in which others keep bytes that are not dead."""
    pairs: dict[int, set[int]] = defaultdict(set)
    for some in batches(sorted(dead)):
        for base, blob in BlobBase.objects.filter(base__in=some).values_list("base_id", "blob_id"):
            pairs[base].add(blob)
    return {base for base, blobs in pairs.items() if not blobs <= set(dead)}


def batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """``items`` in pieces that fit into one statement."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
