"""The end of a ``.d`` file: a recipe as columns, in the form it has on disk.

::

    body      the literal bytes, in the order of the content
    owners    32 bytes each: sha256 of another content that bytes come from
    extents   20 bytes each: owner u32, offset u64, length u64
              owner 0: this content; 0xffffffff: a hole; else the number of the owner, from 1
    trailer   136 bytes: "runicorn", version u32 = 1, owners u32, extents u64, size of the content
              u64, size of the body u64, sha256 of the content, blake3 of the body, blake3 of all
              of the footer before this checksum

All numbers are little-endian. The extents tile the content. An extent of this content itself is
*literal*, one with bytes in the body, when it stands at its own offset; else it is a *repeat* of
literal bytes further ahead. So the body's order gives where each literal byte lies.

Invariants: what is packed or read keeps these rules; a count is believed only when the file is as
long as it says.
"""

import os
import struct
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import blake3
import numpy as np
from numpy.typing import NDArray

from accounts.sentences import say
from artifacts.errors import Corrupted
from artifacts.storage.durable import UNREADABLE

MAGIC = b"runicorn"
VERSION = 1
OWN = 0
HOLE = 0xFFFF_FFFF
PIECE_BYTES = 1 << 20
LIMIT_BYTES = 1 << 62
"""Sizes and offsets stay below it, so that their sums can be checked."""

EXTENT = np.dtype([("owner", "<u4"), ("offset", "<u8"), ("length", "<u8")])
"""A row of the table: an extent in 20 bytes."""
_TRAILER = struct.Struct("<8sIIQQQ32s32s32s")
_DIGEST_BYTES = 32

Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LiteralRuns:
    """The ranges of a content that lie in its own file, each as long as it can be, in order.

    ``starts`` and ``ends`` count in the content, ``physical`` in the file.
    """

    starts: Numbers
    ends: Numbers
    physical: Numbers

    @property
    def num_bytes(self) -> int:
        """How many bytes they are."""
        return int((self.ends - self.starts).sum())

    def locate(self, offsets: Numbers, lengths: Numbers) -> Numbers:
        """Where in the file these ranges of the content begin.

        Raises ValueError for one that is not literal as a whole.
        """
        if not len(offsets):
            return offsets
        run = np.searchsorted(self.starts, offsets, side="right") - 1
        if not len(self.starts) or (run < 0).any() or (offsets + lengths > self.ends[run]).any():
            raise ValueError("a range does not lie in the file of its owner")
        found: Numbers = self.physical[run] + offsets - self.starts[run]
        return found

    def locate_one(self, offset: int, length: int) -> int | None:
        """As :meth:`locate` for one range; None when it is not literal as a whole."""
        physical, available = self.locate_from(offset)
        return physical if length <= available else None

    def locate_from(self, offset: int) -> tuple[int, int]:
        """Where in the file the content from ``offset`` on begins, and how many bytes lie there."""
        run = bisect_right(self.starts, offset) - 1
        if run < 0 or offset > self.ends[run]:
            return 0, -1
        return (
            int(self.physical[run]) + offset - int(self.starts[run]),
            int(self.ends[run]) - offset,
        )


def whole_run(size_bytes: int) -> LiteralRuns:
    """The one run of content that lies in its file as a whole."""
    ends = np.array([size_bytes] if size_bytes else [], dtype=np.int64)
    return LiteralRuns(starts=np.zeros_like(ends), ends=ends, physical=np.zeros_like(ends))


@dataclass(frozen=True, eq=False)
class Columns:
    """A recipe, one array a column; ``owners`` are sha256 in hex, ``owner`` their numbers."""

    sha256: str
    size_bytes: int
    owners: tuple[str, ...]
    owner: Numbers
    offset: Numbers
    length: Numbers

    @cached_property
    def ends(self) -> Numbers:
        """Where in the content each extent ends."""
        return np.cumsum(self.length)

    @cached_property
    def starts(self) -> Numbers:
        """Where in the content each extent begins."""
        starts: Numbers = self.ends - self.length
        return starts

    @cached_property
    def literals(self) -> LiteralRuns:
        """The bytes that lie in the body."""
        is_literal = (self.owner == OWN) & (self.offset == self.starts)
        starts, ends = self.starts[is_literal], self.ends[is_literal]
        physical = np.cumsum(ends - starts) - (ends - starts)
        is_first = np.ones(len(starts), dtype=np.bool_)
        is_first[1:] = starts[1:] != ends[:-1]
        is_last = np.roll(is_first, -1)
        return LiteralRuns(starts[is_first], ends[is_last], physical[is_first])

    def check(self) -> None:
        """Raise ValueError, saying why, when this is no recipe."""
        for is_kept, rule in self._rules():
            if not is_kept:
                raise ValueError(rule)

    def _rules(self) -> "list[tuple[bool, str]]":
        # Each rule may rely on those before it, so they are asked in two steps.
        sizes = [
            (0 <= self.size_bytes < LIMIT_BYTES, "the size is out of bounds"),
            (_are_within(self.length, 1), "a length is out of bounds"),
            (_are_within(self.offset, 0), "an offset is out of bounds"),
            (bool((self.ends > 0).all()), "the lengths add up to too much"),
        ]
        if not all(is_kept for is_kept, _ in sizes):
            return sizes
        total = int(self.ends[-1]) if len(self.ends) else 0
        is_own, is_hole = self.owner == OWN, self.owner == HOLE
        named = np.unique(self.owner[~is_own & ~is_hole])
        return [
            (total == self.size_bytes, "the extents do not tile the content"),
            (
                np.array_equal(named, np.arange(1, len(self.owners) + 1)),
                "its owners are not those that its extents name",
            ),
            (
                len({self.sha256, *self.owners}) == len(self.owners) + 1,
                "an owner stands there twice",
            ),
            (bool((self.offset[is_hole] == 0).all()), "a hole has an offset"),
            (self._repeats_are_literal(is_own), "a repeat is not of literal bytes ahead of it"),
        ]

    def _repeats_are_literal(self, is_own: NDArray[np.bool_]) -> bool:
        repeats = is_own & (self.offset != self.starts)
        offset, length = self.offset[repeats], self.length[repeats]
        try:
            self.literals.locate(offset, length)
        except ValueError:
            return False
        return bool((offset < self.starts[repeats]).all())


def _are_within(numbers: Numbers, least: int) -> bool:
    return bool(((numbers >= least) & (numbers < LIMIT_BYTES)).all())


@dataclass(frozen=True, eq=False)
class Footer:
    """What the end of a ``.d`` file says."""

    columns: Columns
    body_bytes: int
    body_blake3: bytes


def pack(columns: Columns, body_blake3: bytes) -> bytes:
    """The footer of a body with this checksum. Raises ValueError when this is no recipe."""
    columns.check()
    table = to_table(columns)
    owners = b"".join(map(bytes.fromhex, columns.owners))
    trailer = _TRAILER.pack(
        MAGIC,
        VERSION,
        len(columns.owners),
        len(table),
        columns.size_bytes,
        columns.literals.num_bytes,
        bytes.fromhex(columns.sha256),
        body_blake3,
        bytes(_DIGEST_BYTES),
    )[:-_DIGEST_BYTES]
    footer = owners + table.tobytes() + trailer
    return footer + blake3.blake3(footer).digest()


def to_table(columns: Columns) -> NDArray[np.void]:
    """The extents as rows of the type ``EXTENT``."""
    table = np.empty(len(columns.owner), dtype=EXTENT)
    table["owner"], table["offset"] = columns.owner, columns.offset
    table["length"] = columns.length
    return table


def from_table(
    sha256: str, size_bytes: int, owners: tuple[str, ...], table: NDArray[np.void]
) -> Columns:
    """The recipe of these rows; not checked."""
    owner, offset, length = (table[name].astype(np.int64) for name in ("owner", "offset", "length"))
    return Columns(sha256, size_bytes, owners, owner, offset, length)


def read_footer(fd: int) -> Footer:
    """Read and check the footer of an open ``.d`` file; its body is not read.

    Raises Corrupted (422) when the file does not end in a sound one, OSError.
    """
    size = os.fstat(fd).st_size
    trailer = os.pread(fd, _TRAILER.size, max(0, size - _TRAILER.size))
    if len(trailer) != _TRAILER.size:
        raise Corrupted(say("A file of the store is torn: it has no footer."))
    magic, version, owners, extents, size_bytes, body_bytes, sha256, body_blake3, checksum = (
        _TRAILER.unpack(trailer)
    )
    tables_bytes = owners * _DIGEST_BYTES + extents * EXTENT.itemsize
    if (magic, version, body_bytes + tables_bytes + _TRAILER.size) != (MAGIC, VERSION, size):
        raise Corrupted(say("A file of the store is torn: its footer is none."))
    tables = os.pread(fd, tables_bytes, body_bytes)
    if blake3.blake3(tables + trailer[:-_DIGEST_BYTES]).digest() != checksum:
        raise Corrupted(say("A file of the store is damaged: its footer has changed."))
    columns = _columns(sha256.hex(), size_bytes, tables, owners)
    _check_read(columns, body_bytes)
    return Footer(columns, body_bytes, body_blake3)


def _columns(sha256: str, size_bytes: int, tables: bytes, num_owners: int) -> Columns:
    split = num_owners * _DIGEST_BYTES
    owners = tuple(tables[at : at + _DIGEST_BYTES].hex() for at in range(0, split, _DIGEST_BYTES))
    table = np.frombuffer(tables, dtype=EXTENT, offset=split)
    return from_table(sha256, size_bytes, owners, table)


def _check_read(columns: Columns, body_bytes: int) -> None:
    try:
        columns.check()
    except ValueError as error:
        raise Corrupted(
            say("A file of the store holds no recipe: {error}.", error=error)
        ) from error
    if columns.literals.num_bytes != body_bytes:
        raise Corrupted(say("A file of the store is damaged: its body has another size."))


def is_sound(path: Path, sha256: str, size_bytes: int | None = None) -> bool:
    """Read a ``.d`` file of the content ``sha256``: do footer and body agree with their checksums?

    ``size_bytes`` is that of the content; None: whatever the footer says.

    False when it is absent, damaged or another content's. Whether the bytes that lie elsewhere are
    sound is not asked.
    """
    try:
        with path.open("rb", buffering=0) as file:
            footer = read_footer(file.fileno())
            found = _hash_start(file.fileno(), footer.body_bytes)
    except Corrupted:
        return False
    except OSError as error:
        if error.errno in UNREADABLE:
            return False
        raise
    columns = footer.columns
    is_named = columns.sha256 == sha256 and size_bytes in {None, columns.size_bytes}
    return is_named and found == footer.body_blake3


def _hash_start(fd: int, length: int) -> bytes:
    digest = blake3.blake3()
    position = 0
    while position < length and (
        piece := os.pread(fd, min(PIECE_BYTES, length - position), position)
    ):
        digest.update(piece)
        position += len(piece)
    return digest.digest()
