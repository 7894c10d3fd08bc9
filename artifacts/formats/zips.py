"""Zip archives, as ``.npz`` and ``.pth`` are: what is in them, and the start of a member.

Only as much as is asked for is unpacked. The directory is taken apart here and not by ``zipfile``,
which copies extra fields over and over: a hostile one costs it seconds.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from accounts.sentences import say
from artifacts.formats.source import BoundedReader, Unreadable

MAGIC = b"PK\x03\x04"
STORED, DEFLATED = 0, 8
_INPUT_BYTES = 64 << 10
_LOOKED_AHEAD = 512
_MAX_COMMENT = 0xFFFF
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF

_END = struct.Struct("<4s4H2LH")
_LOCATOR_64 = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")


@dataclass(frozen=True)
class Member:
    """A file in an archive; ``size_bytes`` unpacked, as the directory claims."""

    name: str
    method: int
    is_encrypted: bool
    packed_bytes: int
    size_bytes: int
    header_offset: int


@dataclass(frozen=True)
class _Directory:
    start: int
    size_bytes: int
    shift: int
    """How many bytes stand before the archive."""


def read_members(reader: BoundedReader) -> list[Member]:
    """Every member, in the order of the directory.

    Raises Unreadable where there is no directory, OverBudget where it is too large.
    """
    found = _find_directory(reader)
    raw = reader.read_exactly(found.start, found.size_bytes, say("the zip directory"))
    return list(_entries(raw, found.shift))


def _find_directory(reader: BoundedReader) -> _Directory:
    end_at, end = _find_end(reader)
    _, _, _, _, _, size, start, _ = _END.unpack(end)
    if _FULL_32 in {size, start}:
        end_at, size, start = _find_end_64(reader, end_at)
    shift = end_at - size - start
    if shift < 0:
        raise Unreadable(say("The zip directory lies outside of the file."))
    return _Directory(start + shift, size, shift)


def _find_end(reader: BoundedReader) -> tuple[int, bytes]:
    """Where the last record is, and its bytes: at the very end, or before a comment."""
    at = reader.size_bytes - _END.size
    for tail_bytes in (_END.size, _END.size + _MAX_COMMENT):
        start = max(0, reader.size_bytes - tail_bytes)
        tail = reader.read_at(start, tail_bytes)
        at = tail.rfind(b"PK\x05\x06", 0, len(tail) - _END.size + 4)
        if at >= 0:
            return start + at, tail[at : at + _END.size]
    raise Unreadable(say("It has no zip directory."))


def _find_end_64(reader: BoundedReader, end_at: int) -> tuple[int, int, int]:
    """The same record of a large archive: where it is, and the directory's size and start."""
    locator_at = end_at - _LOCATOR_64.size
    if locator_at < 0:
        raise Unreadable(say("The zip directory lies outside of the file."))
    locator = reader.read_exactly(locator_at, _LOCATOR_64.size, say("the zip64 record"))
    magic, _, at, _ = _LOCATOR_64.unpack(locator)
    if magic != b"PK\x06\x07" or at > locator_at:
        raise Unreadable(say("The zip64 record is damaged."))
    *_, size, start = _END_64.unpack(reader.read_exactly(at, _END_64.size, say("the zip64 record")))
    return at, size, start


def _entries(raw: bytes, shift: int) -> Iterator[Member]:
    at = 0
    while at < len(raw):
        if len(raw) - at < _ENTRY.size:
            raise Unreadable(say("The zip directory is damaged."))
        magic, _, _, flags, method, _, _, _, packed, size, *lengths, _, _, _, offset = (
            _ENTRY.unpack_from(raw, at)
        )
        if magic != b"PK\x01\x02":
            raise Unreadable(say("The zip directory is damaged."))
        name_at = at + _ENTRY.size
        extra_at = name_at + lengths[0]
        at = extra_at + lengths[1] + lengths[2]
        size, packed, offset = _large(raw[extra_at : extra_at + lengths[1]], size, packed, offset)
        name = raw[name_at:extra_at].decode("utf-8", "replace")
        yield Member(name, method, bool(flags & 1), packed, size, offset + shift)


def _large(extra: bytes, *values: int) -> list[int]:
    """``values`` with those replaced that are too large for their field (zip64)."""
    if _FULL_32 not in values:
        return list(values)
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            return _filled(extra[at + 4 : at + 4 + length], values)
        at += 4 + length
    raise Unreadable(say("The zip directory is damaged."))


def _filled(raw: bytes, values: tuple[int, ...]) -> list[int]:
    numbers = iter(struct.unpack(f"<{len(raw) // 8}Q", raw[: len(raw) // 8 * 8]))
    try:
        return [next(numbers) if value == _FULL_32 else value for value in values]
    except StopIteration:
        raise Unreadable(say("The zip directory is damaged.")) from None


class MemberReader:
    """What a member holds, unpacked from front to back as far as it is read."""

    def __init__(self, reader: BoundedReader, member: Member) -> None:
        """Raises Unreadable for what is encrypted or packed in another way than deflate."""
        if member.is_encrypted or member.method not in {STORED, DEFLATED}:
            raise Unreadable(
                say("{name!r} is packed in a way that is not unpacked here.", name=member.name[:80])
            )
        self._reader = reader
        self._head, self._at = _first_bytes(reader, member)
        self._left = member.packed_bytes
        self._inflate = zlib.decompressobj(-15) if member.method == DEFLATED else None

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer only at the end. Raises Unreadable, OverBudget."""
        found = bytearray()
        while len(found) < size and (piece := self._next(size - len(found))):
            found += piece
        return bytes(found)

    def _next(self, size: int) -> bytes:
        if self._inflate is None:
            return self._packed(size)
        try:
            return self._unpacked(self._inflate, size)
        except zlib.error as error:
            raise Unreadable(
                say("A member of the archive is damaged: {error}.", error=error)
            ) from error

    def _unpacked(self, inflate: "zlib._Decompress", size: int) -> bytes:
        """Some of the next ``size`` bytes: the limit is what stops a bomb."""
        while not inflate.eof:
            packed = inflate.unconsumed_tail or self._packed(min(_INPUT_BYTES, size + 64))
            if piece := inflate.decompress(packed, size):
                self._reader.charge(len(piece))
                return piece
            if not packed:
                break
        return b""

    def _packed(self, size: int) -> bytes:
        count = min(size, self._left)
        piece = self._head[:count]
        self._head = self._head[count:]
        if not piece:
            piece = self._reader.read_at(self._at, count)
            self._at += len(piece)
        self._left -= len(piece)
        return piece


def _first_bytes(reader: BoundedReader, member: Member) -> tuple[bytes, int]:
    """The first bytes of the packed member, and the offset of those that follow: in one read."""
    at = member.header_offset
    raw = reader.read_at(at, min(_LOOKED_AHEAD, _LOCAL.size + 128 + member.packed_bytes))
    if len(raw) < _LOCAL.size or not raw.startswith(MAGIC):
        raise Unreadable(
            say("{name!r} is not where the zip directory says.", name=member.name[:80])
        )
    *_, name_length, extra_length = _LOCAL.unpack_from(raw)
    start = _LOCAL.size + name_length + extra_length
    return raw[start:], at + max(start, len(raw))
