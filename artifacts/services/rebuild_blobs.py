"""The rows of blobs anew from the pool; the bytes are not read, but for the recipes.

Where a content has several files, a crash left all but one of them. New bytes come before the old
ones go, so the old ones count: the whole file first, then the oldest generation whose bases are
there. The others become strays.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from itertools import groupby

from django.utils import timezone

from artifacts.errors import Corrupted
from artifacts.models import Blob, BlobBase
from artifacts.services.report import RebuildReport
from artifacts.storage import pool
from artifacts.storage.content import open_content
from artifacts.storage.layout import EXTENTS, FILE, REMAINS, Place, PoolFile, Store, pool_file_path
from artifacts.storage.recipe import read_recipe

BATCH = 2000

Needed = Mapping[str, int]
"""sha256 → size in bytes, of every content that a version holds."""


@dataclass(frozen=True)
class Found:
    """A content of the pool; ``bases`` are sha256 → bytes that it keeps there."""

    place: Place
    bases: Mapping[str, int] = field(default_factory=dict)


def rebuild_blobs(*, store: Store, needed: Needed, report: RebuildReport) -> None:
    """Make a row for every content of the pool, and a damaged one for each that is lost.

    The database has no blobs yet. A base gets its row before what leans on it, so its id is the
    smaller one. Raises StoreUnavailable (503) when a part of the pool cannot be read.
    """
    leaning: dict[str, Found] = {}
    whole: list[Found] = []
    for found in _contents(store, needed, report):
        if found.place.layout == FILE:
            whole.append(found)
        else:
            leaning[found.place.sha256] = found
        if len(whole) == BATCH:
            _insert(store, whole, needed, report)
            whole = []
    _insert(store, whole, needed, report)
    for some in _bases_first(leaning):
        _insert(store, some, needed, report)
    _insert_lost(needed, report)


def _contents(store: Store, needed: Needed, report: RebuildReport) -> Iterator[Found]:
    for sha256, files in groupby(pool.iter_pool(store), key=_sha256_of):
        candidates = sorted(files, key=_age)
        found = _choose(store, candidates, needed.get(sha256))
        if found is None:
            report.notes.append(f"sha256:{sha256}: none of its files in the pool can be read")
        elif found.place.layout == FILE or sha256 in needed:
            yield found
        else:  # nobody asks for the content itself: only what others need of it counts
            yield Found(replace(found.place, layout=REMAINS))


def _sha256_of(entry: tuple[PoolFile, int]) -> str:
    return entry[0].sha256


def _age(entry: tuple[PoolFile, int]) -> int:
    generation = entry[0].generation
    return -1 if generation is None else generation


def _choose(
    store: Store, candidates: Sequence[tuple[PoolFile, int]], size_bytes: int | None
) -> Found | None:
    """The oldest that can be read and whose bases are in the pool; others only where none is.

    Content that was healed, and found to share bytes once more, may have an old ``.d`` file whose
    bases have gone, beside the one that counts. One that is torn is the last choice.
    """
    torn = leaning = None
    for file, physical_bytes in candidates:
        if file.generation is None:
            found = Found(Place(file.sha256, physical_bytes, physical_bytes))
            if size_bytes in {None, physical_bytes}:
                return found
            torn = found
            continue
        with suppress(Corrupted, OSError):
            found = _read_extents(store, file, physical_bytes)
            if all(_is_in_pool(store, base) for base in found.bases):
                return found
            leaning = leaning or found
    return leaning or torn


def _is_in_pool(store: Store, sha256: str) -> bool:
    path = store.pool_path(sha256)
    return path.exists() or any(path.parent.glob(f"{sha256}.d*"))


def _read_extents(store: Store, file: PoolFile, physical_bytes: int) -> Found:
    recipe = read_recipe(pool_file_path(store, file))
    layout = EXTENTS if recipe.is_whole else REMAINS
    place = Place(
        file.sha256, recipe.size_bytes, physical_bytes, layout, generation=file.generation or 0
    )
    return Found(place, recipe.bases if recipe.is_whole else {})


def _bases_first(leaning: Mapping[str, Found]) -> Iterator[list[Found]]:
    """In groups, each of which leans on earlier ones only. A circle, which cannot be, is left."""
    sorter = TopologicalSorter(
        {sha256: [base for base in one.bases if base in leaning] for sha256, one in leaning.items()}
    )
    with suppress(CycleError):
        sorter.prepare()
    while sorter.is_active():
        ready = sorter.get_ready()
        yield [leaning[sha256] for sha256 in sorted(ready)]
        sorter.done(*ready)


def _insert(store: Store, founds: Sequence[Found], needed: Needed, report: RebuildReport) -> None:
    """Make the rows of ``founds``, whose bases have theirs already."""
    wanted = {base for one in founds for base in one.bases}
    bases = {blob.sha256: blob for blob in Blob.objects.filter(sha256__in=wanted)}
    rows = [_row(store, one, bases, needed, report) for one in founds]
    blobs = Blob.objects.bulk_create(rows, batch_size=BATCH)
    leanings = (
        BlobBase(blob=blob, base=bases[base], bytes=count)
        for blob, one in zip(blobs, founds, strict=True)
        for base, count in one.bases.items()
        if base in bases
    )
    BlobBase.objects.bulk_create(leanings, batch_size=BATCH)
    report.blobs += len(blobs)


def _row(
    store: Store, found: Found, bases: Mapping[str, Blob], needed: Needed, report: RebuildReport
) -> Blob:
    place = found.place
    size_bytes = needed.get(place.sha256, place.size_bytes)
    wrong = _what_is_wrong(store, found, size_bytes, bases) if place.sha256 in needed else ""
    if wrong:
        report.losses.append(f"sha256:{place.sha256}: {wrong}")
    return Blob(
        sha256=place.sha256,
        size_bytes=size_bytes,
        physical_bytes=size_bytes if place.layout == FILE else place.physical_bytes,
        layout=place.layout,
        generation=place.generation,
        damaged_at=timezone.now() if wrong else None,
    )


def _what_is_wrong(store: Store, found: Found, size_bytes: int, bases: Mapping[str, Blob]) -> str:
    place = found.place
    if place.size_bytes != size_bytes:
        return f"{place.size_bytes} of its {size_bytes} bytes are there"
    if place.layout == REMAINS:
        return "only a part of its bytes is there"
    gone = [base for base in found.bases if base not in bases]
    if gone:
        return f"its bytes in sha256:{gone[0]} are gone"
    return "" if place.layout == FILE else _why_unreadable(store, found, bases)


def _why_unreadable(store: Store, found: Found, bases: Mapping[str, Blob]) -> str:
    """Why content cannot be read though each base has a row: one may be torn, or lack the bytes."""
    try:
        open_content(store, found.place, {base: bases[base].place for base in found.bases}).close()
    except Corrupted as error:
        return error.detail
    return ""


def _insert_lost(needed: Needed, report: RebuildReport) -> None:
    """A damaged row for each content that is needed and not there: an upload can heal it."""
    for some in _batches(sorted(needed)):
        known = set(Blob.objects.filter(sha256__in=some).values_list("sha256", flat=True))
        lost = [sha256 for sha256 in some if sha256 not in known]
        report.losses += [f"sha256:{sha256}: its bytes are gone" for sha256 in lost]
        Blob.objects.bulk_create(
            Blob(
                sha256=sha256,
                size_bytes=needed[sha256],
                physical_bytes=needed[sha256],
                damaged_at=timezone.now(),
            )
            for sha256 in lost
        )


def _batches(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
