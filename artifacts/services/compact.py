"""A base that no version lists any more shrinks to what other blobs need of it.

Reading recipes and copying happen outside every lock, and a recipe is read once for many bases:
each of them may have hundreds of dependents. Then the base's row is locked, and only the recipes
of those who began to lean on it meanwhile are read: as long as the lock is held what is alive can
only become less, because who begins to lean on a base holds a lock on its row. The new file is
durable before the row names it, and the old one goes after the commit
(``trash.remove_superseded``): content in use leans on this base, so at no moment may the row name
a file that is not there.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice

from django.db import transaction

from accounts.sentences import say
from artifacts.errors import Corrupted, Gone
from artifacts.models import Blob, BlobBase, BlobChunks, Hook
from artifacts.services.integrity import mark_damaged
from artifacts.services.store import current_store, verified_store
from artifacts.services.trash import remove_superseded
from artifacts.storage import pool
from artifacts.storage.chunks import ChunkList
from artifacts.storage.durable import UNREADABLE
from artifacts.storage.extents import write_remains
from artifacts.storage.layout import EXTENTS, FILE, REMAINS, Place, Store, physical_path
from artifacts.storage.recipe import (
    Range,
    Recipe,
    StagedExtents,
    encode_footer,
    intersect_ranges,
    merge_ranges,
    read_recipe,
    remaining_recipe,
)
from artifacts.storage.steps import reached

logger = logging.getLogger(__name__)

ATTEMPTS = 3
RECIPES_AT_ONCE = 128
BASES_AT_ONCE = 64
"""So many are planned together. More would read recipes less often, but need memory."""
_NO_CHECKSUM = bytes(32)

ReadRecipe = Callable[[Place], Recipe]
Dependent = tuple[int, Place]
"""The id and the place of a blob: they stand for one recipe for ever (a new file, a new place)."""


@dataclass(frozen=True)
class Compaction:
    """A base, the ranges of its content that others need, and the size its file would have.

    ``dependents`` are those others.
    """

    blob_id: int
    place: Place
    live: tuple[Range, ...]
    physical_bytes: int
    dependents: frozenset[Dependent]

    @property
    def freed_bytes(self) -> int:
        """How much smaller the base would be."""
        return self.place.physical_bytes - self.physical_bytes


def recipe_reader(store: Store) -> ReadRecipe:
    """Reads the recipes of ``.d`` files, each once; for one plan only, since places change."""
    return lru_cache(RECIPES_AT_ONCE)(partial(_read_recipe, store))


def _read_recipe(store: Store, place: Place) -> Recipe:
    try:
        return read_recipe(physical_path(store, place))
    except OSError as error:
        if error.errno in UNREADABLE:
            raise Corrupted(
                say("The recipe of sha256:{sha256} cannot be read.", sha256=place.sha256)
            ) from error
        raise


def plan_compactions(
    bases: Iterable[Blob], *, ignoring: Collection[int] = ()
) -> Iterator[Compaction]:
    """What compactions of ``bases`` would leave, were the blobs ``ignoring`` (ids) gone.

    Left out are those for which it is not worth it, as half of their bytes or more are alive; and
    those of which it cannot be told what is alive, because a recipe is damaged. Of these nothing
    may go (docs/storage.md).
    """
    store, rest = current_store(), iter(bases)
    while some := list(islice(rest, BASES_AT_ONCE)):
        lent = _gather(store, some, ignoring)
        plans = (_plan(store, base, lent.pop(base.pk)) for base in some)
        yield from (plan for plan in plans if plan is not None)


def plan_compaction(base: Blob) -> Compaction | None:
    """As :func:`plan_compactions` for one."""
    return next(plan_compactions([base]), None)


class _Lent:
    """What others read from the file of one base; ``problem`` says why it cannot be told."""

    def __init__(self) -> None:
        self.dependents: set[Dependent] = set()
        self.problem = ""
        self._merged: tuple[Range, ...] = ()
        self._more: list[Range] = []

    def add(self, dependent: Dependent, ranges: Iterable[Range]) -> None:
        self.dependents.add(dependent)
        self._more += ranges
        if len(self._more) > len(self._merged) + 1000:  # many lean on the same bytes
            self.merge()

    def merge(self) -> tuple[Range, ...]:
        self._merged, self._more = merge_ranges((*self._merged, *self._more)), []
        return self._merged


def _gather(store: Store, bases: Iterable[Blob], ignoring: Collection[int]) -> dict[int, _Lent]:
    """What others read from each of ``bases``, by its id: a recipe is read once for all."""
    names = {base.pk: base.sha256 for base in bases}
    lent = {pk: _Lent() for pk in names}
    for blob, base_ids in _leaning_on(names.keys(), ignoring):
        try:
            ranges = _read_recipe(store, blob.place).ranges_by_base()
        except Corrupted as error:
            for pk in base_ids:
                lent[pk].problem = error.detail
            continue
        for pk in base_ids:
            lent[pk].add((blob.pk, blob.place), ranges.get(names[pk], ()))
    return lent


def _leaning_on(
    base_ids: Collection[int], ignoring: Collection[int]
) -> Iterator[tuple[Blob, list[int]]]:
    """Those that keep bytes in these, each with the ids of the bases it keeps them in."""
    pairs: dict[int, list[int]] = defaultdict(list)
    leans = BlobBase.objects.filter(base__in=base_ids, blob__layout=EXTENTS)
    for blob_id, base_id in leans.order_by("blob_id", "base_id").values_list("blob_id", "base_id"):
        if blob_id not in ignoring:
            pairs[blob_id].append(base_id)
    blobs = Blob.objects.filter(pk__in=list(pairs), layout=EXTENTS).order_by("pk")
    for blob in blobs.iterator():
        yield blob, pairs[blob.pk]


def _plan(store: Store, base: Blob, lent: _Lent) -> Compaction | None:
    live, place = lent.merge(), base.place
    try:
        literals = _literals(place, partial(_read_recipe, store))
    except Corrupted as error:
        lent.problem = error.detail
    if lent.problem:
        logger.warning("base not compacted digest=%s why=%s", base.digest, lent.problem)
        return None
    size_bytes = _physical_bytes(place, live)
    is_worth_it = 2 * _count(live) < _count(literals) and size_bytes < place.physical_bytes
    if not live or not is_worth_it:
        return None
    return Compaction(base.pk, place, live, size_bytes, frozenset(lent.dependents))


def live_ranges(base: Blob, *, read: ReadRecipe) -> tuple[Range, ...]:
    """The ranges of its content that others read from the file of ``base``, merged.

    Raises Corrupted (422) when the recipe of one of them cannot be read.
    """
    return _ranges_in(base, (read(place) for _, place in _dependents_of(base)))


def _dependents_of(base: Blob) -> list[Dependent]:
    leaning = Blob.objects.filter(bases__base=base, layout=EXTENTS).order_by("pk")
    return [(blob.pk, blob.place) for blob in leaning]


def _ranges_in(base: Blob, recipes: Iterable[Recipe]) -> tuple[Range, ...]:
    return merge_ranges(one for recipe in recipes for one in recipe.extents_into(base.sha256))


def _literals(place: Place, read: ReadRecipe) -> tuple[Range, ...]:
    return (Range(0, place.size_bytes),) if place.layout == FILE else read(place).literals


def _count(ranges: Collection[Range]) -> int:
    return sum(one.length for one in ranges)


def _physical_bytes(place: Place, live: tuple[Range, ...]) -> int:
    left = remaining_recipe(place.sha256, place.size_bytes, live)
    return _count(live) + len(encode_footer(left, _NO_CHECKSUM))


def compact_base(*, blob_id: int, plan: Compaction | None = None) -> int:
    """Compact this base if it is dead, sound, and under half of it alive; the bytes freed.

    ``plan`` is what was planned together with other bases; where it holds no longer, it is planned
    anew. A base that turns out to be damaged is marked so, and stays as it is.

    Raises StoreUnavailable (503), StorageFull (507).
    """
    store = verified_store()
    for _ in range(ATTEMPTS):
        base = Blob.objects.dead().filter(pk=blob_id, damaged_at=None).first()
        plan = base and (plan or plan_compaction(base))
        if base is None or plan is None:
            return 0
        try:
            if _carry_out(store, plan):
                return plan.freed_bytes
        except Gone:
            pass  # Its bytes have moved since we looked at the row.
        except Corrupted:
            mark_damaged(blob=base)
        plan = None
    return 0  # What leans on it changes all the time; the next collection comes.


def _carry_out(store: Store, plan: Compaction) -> bool:
    """Whether the base was still as planned, and is compacted now."""
    staged = write_remains(store, plan.place, plan.live)
    try:
        # Durable: the old file goes after this commit.
        with transaction.atomic(durable=True):
            if not _is_as_planned(store, plan):
                return False
            _point_at(store, plan, staged)
            reached("compact.before_commit")
    finally:
        staged.path.unlink(missing_ok=True)
    reached("compact.committed")
    remove_superseded(store, [plan.place.pool_file])
    logger.info("base compacted digest=sha256:%s freed_bytes=%d", *_freed(plan))
    return True


def _freed(plan: Compaction) -> tuple[str, int]:
    return plan.place.sha256, plan.freed_bytes


def _is_as_planned(store: Store, plan: Compaction) -> bool:
    """Lock the base, and ask in later statements: does the plan hold all that is needed of it?"""
    base = Blob.objects.select_for_update().filter(pk=plan.blob_id, damaged_at=None).first()
    if base is None or base.place != plan.place:
        return False
    if not Blob.objects.dead().filter(pk=base.pk).exists():
        return False
    dependents = _dependents_of(base)
    return bool(dependents) and _holds(store, plan, base, set(dependents) - plan.dependents)


def _holds(store: Store, plan: Compaction, base: Blob, others: Collection[Dependent]) -> bool:
    """Whether it holds also what ``others`` need, which it was not made for."""
    try:
        live = _ranges_in(base, (_read_recipe(store, place) for _, place in others))
    except Corrupted:
        return False
    return intersect_ranges(live, plan.live) == live


def _point_at(store: Store, plan: Compaction, staged: StagedExtents) -> None:
    generation = plan.place.generation + 1
    # Under the lock nobody else makes this file: one that is there was left by a crash.
    pool.publish_extents(store, staged, generation)
    reached("compact.published")
    Blob.objects.filter(pk=plan.blob_id).update(
        layout=REMAINS, generation=generation, physical_bytes=staged.physical_bytes
    )
    BlobBase.objects.filter(blob=plan.blob_id).delete()
    _forget_chunks(plan)


def _forget_chunks(plan: Compaction) -> None:
    """Let later content find only those chunks that are still there."""
    row = BlobChunks.objects.filter(blob=plan.blob_id).first()
    if row is None:
        return
    kept = ChunkList.from_bytes(row.chunks).within(plan.live)
    BlobChunks.objects.filter(blob=plan.blob_id).update(chunks=kept.to_bytes())
    Hook.objects.filter(blob=plan.blob_id).exclude(key__in=kept.hooks()).delete()
