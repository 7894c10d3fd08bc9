"""How a content is put together: extents of its own bytes and of other contents' bytes.

An extent counts in the *content* of its owner, never in a file, and the owner holds those bytes in
its own file: so an owner may be written anew without touching whoever leans on it, and the depth
is always one. The recipe lies behind the bytes it is about (``footer``), so the store can be read
without a database.

Invariants: the extents tile the content; bytes of the content itself are either *literal* (offset
equals position: they lie in its file, in this order) or a *repeat* of literal bytes further ahead.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from accounts.sentences import say
from artifacts.errors import Corrupted
from artifacts.storage import footer
from artifacts.storage.layout import EXTENTS, Place, parse_pool_name


@dataclass(frozen=True, slots=True)
class Range:
    """``length`` bytes of a content from ``offset`` on."""

    offset: int
    length: int

    @property
    def end(self) -> int:
        """The offset behind its last byte."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class Extent:
    """``length`` bytes that are those of the content ``owner`` (sha256) from ``offset`` on.

    ``owner`` None is a hole: the bytes are gone, and ``offset`` is 0.
    """

    owner: str | None
    offset: int
    length: int


@dataclass(frozen=True)
class Recipe:
    """The content ``sha256`` of ``size_bytes``, from its first byte to its last."""

    sha256: str
    size_bytes: int
    extents: tuple[Extent, ...]

    @cached_property
    def literals(self) -> tuple[Range, ...]:
        """The ranges that lie in its own file, in the order they have there, merged."""
        own = (
            Range(position, extent.length)
            for position, extent in self._placed()
            if extent.owner == self.sha256 and extent.offset == position
        )
        return merge_ranges(own)

    @cached_property
    def literal_bytes(self) -> int:
        """The size of its own file without the footer."""
        return sum(literal.length for literal in self.literals)

    @property
    def is_whole(self) -> bool:
        """Whether there is every byte of the content."""
        return all(extent.owner is not None for extent in self.extents)

    @cached_property
    def bases(self) -> dict[str, int]:
        """The other contents it leans on, each with how many bytes of this content lie there."""
        found: dict[str, int] = {}
        for extent in self.extents:
            if extent.owner not in {None, self.sha256}:
                found[str(extent.owner)] = found.get(str(extent.owner), 0) + extent.length
        return found

    def extents_into(self, owner: str) -> tuple[Range, ...]:
        """The ranges of the content ``owner`` that this one needs, merged."""
        return merge_ranges(
            Range(extent.offset, extent.length) for extent in self.extents if extent.owner == owner
        )

    def ranges_by_base(self) -> dict[str, list[Range]]:
        """The ranges of each of its bases that it needs, by their sha256; not merged."""
        found: dict[str, list[Range]] = {}
        for extent in self.extents:
            if extent.owner is not None and extent.owner != self.sha256:
                found.setdefault(extent.owner, []).append(Range(extent.offset, extent.length))
        return found

    def without_foreign(self) -> "Recipe":
        """The same with holes where bytes lie in other contents."""
        kept = (
            extent if extent.owner == self.sha256 else Extent(None, 0, extent.length)
            for extent in self.extents
        )
        return Recipe(self.sha256, self.size_bytes, merge_extents(kept))

    def check(self) -> None:
        """Raise ValueError, saying why, when it breaks a rule of this module."""
        _columns_of(self).check()

    def _placed(self) -> Iterator[tuple[int, Extent]]:
        position = 0
        for extent in self.extents:
            yield position, extent
            position += extent.length


@dataclass(frozen=True)
class StagedExtents:
    """Own bytes and recipe of a content, in one file that has no address yet."""

    path: Path
    recipe: Recipe
    physical_bytes: int

    @property
    def place(self) -> Place:
        """Its place once it is published as generation 0."""
        return Place(self.recipe.sha256, self.recipe.size_bytes, self.physical_bytes, EXTENTS)


def merge_extents(extents: Iterable[Extent]) -> tuple[Extent, ...]:
    """The same content with as few extents as it takes; empty ones are left out."""
    merged: list[Extent] = []
    for extent in extents:
        if merged and extent.length and _follows(merged[-1], extent):
            before = merged[-1]
            merged[-1] = Extent(before.owner, before.offset, before.length + extent.length)
        elif extent.length:
            merged.append(extent)
    return tuple(merged)


def _follows(before: Extent, extent: Extent) -> bool:
    is_next = extent.owner is None or extent.offset == before.offset + before.length
    return before.owner == extent.owner and is_next


def merge_ranges(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The bytes that lie in any of them, as few ranges as it takes, in order."""
    merged: list[Range] = []
    for one in sorted(ranges, key=_offset):
        if merged and one.offset <= merged[-1].end:
            start = merged[-1].offset
            merged[-1] = Range(start, max(merged[-1].end, one.end) - start)
        elif one.length:
            merged.append(one)
    return tuple(merged)


def _offset(one: Range) -> int:
    return one.offset


def intersect_ranges(some: Iterable[Range], others: Iterable[Range]) -> tuple[Range, ...]:
    """The bytes that lie in one of ``some`` and in one of ``others``, in order."""
    first, second = merge_ranges(some), merge_ranges(others)
    found: list[Range] = []
    left = right = 0
    while left < len(first) and right < len(second):
        start = max(first[left].offset, second[right].offset)
        end = min(first[left].end, second[right].end)
        if start < end:
            found.append(Range(start, end - start))
        if first[left].end < second[right].end:
            left += 1
        else:
            right += 1
    return tuple(found)


def remaining_recipe(sha256: str, size_bytes: int, kept: Iterable[Range]) -> Recipe:
    """The recipe of content of which only the ranges ``kept`` are left."""
    extents: list[Extent] = []
    position = 0
    for one in merge_ranges(kept):
        extents += [Extent(None, 0, one.offset - position), Extent(sha256, one.offset, one.length)]
        position = one.end
    extents.append(Extent(None, 0, size_bytes - position))
    return Recipe(sha256, size_bytes, merge_extents(extents))


def encode_footer(recipe: Recipe, body_blake3: bytes) -> bytes:
    """What stands behind the literal bytes. Raises ValueError when ``recipe`` breaks a rule."""
    return footer.pack(_columns_of(recipe), body_blake3)


def read_recipe(path: Path) -> Recipe:
    """The recipe of a ``.d`` file; the bytes before it are not read.

    Raises Corrupted (422) when its footer is torn, damaged or not that of the content which the
    file is named after, OSError.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        columns = footer.read_footer(fd).columns
    finally:
        os.close(fd)
    named = parse_pool_name(path.name)
    if named is not None and named.sha256 != columns.sha256:
        raise Corrupted(
            say("A file of the store holds another content than its name {name}.", name=path.name)
        )
    return recipe_of(columns)


def _columns_of(recipe: Recipe) -> footer.Columns:
    owners = tuple(recipe.bases)
    numbers: dict[str | None, int] = {name: at for at, name in enumerate(owners, start=1)}
    numbers |= {recipe.sha256: footer.OWN, None: footer.HOLE}
    return footer.Columns(
        recipe.sha256,
        recipe.size_bytes,
        owners,
        owner=np.array([numbers[one.owner] for one in recipe.extents], dtype=np.int64),
        offset=np.array([one.offset for one in recipe.extents], dtype=np.int64),
        length=np.array([one.length for one in recipe.extents], dtype=np.int64),
    )


def recipe_of(columns: footer.Columns) -> Recipe:
    """The same, an extent an object."""
    names: dict[int, str | None] = dict(enumerate((columns.sha256, *columns.owners)))
    names[footer.HOLE] = None
    rows = zip(
        columns.owner.tolist(), columns.offset.tolist(), columns.length.tolist(), strict=True
    )
    extents = tuple(Extent(names[owner], offset, length) for owner, offset, length in rows)
    return Recipe(columns.sha256, columns.size_bytes, extents)
