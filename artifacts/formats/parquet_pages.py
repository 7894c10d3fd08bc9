"""The first rows of one column of a Parquet file, out of the front of its first pages.

A page is read and unpacked from its beginning, only as far as the column's share of what may be
looked at reaches; what is behind is not needed for the first rows. Every reason why there are no
more rows is a refusal: ``OverBudget`` where there is more of them, ``Unreadable`` for damage.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from accounts.sentences import say
from artifacts.formats.parquet_deltas import Deltas, read_lengths
from artifacts.formats.parquet_schema import Leaf
from artifacts.formats.parquet_values import BINARY, BOOLEAN, INT32, INT64, read_hybrid, read_plain
from artifacts.formats.source import BoundedReader, OverBudget, Unreadable
from artifacts.formats.thrift import Compact, integer, struct
from artifacts.formats.unpacking import UNPACKED, ZSTD, ZSTD_BLOCK_BYTES, unpack_head

MAX_PAGES = 100
_HEADER_BYTES = 512
_MAX_HEADER_BYTES = 16 << 10
_DATA, _INDEX, _DICTIONARY, _DATA_V2 = range(4)
_PLAIN, _OLD_DICTIONARY, _RLE, _BIT_PACKED, _RLE_DICTIONARY = 0, 2, 3, 4, 8
_DELTAS, _DELTA_LENGTHS = 5, 6
_ENCODINGS = (
    "PLAIN", "GROUP_VAR_INT", "PLAIN_DICTIONARY", "RLE", "BIT_PACKED", "DELTA_BINARY_PACKED",
    "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY", "BYTE_STREAM_SPLIT",
)  # fmt: skip
_CUT = say("its pages are larger than is looked at")
_SHORT = say("a page of it is damaged")

Entry = tuple[int, int, Any]
"""Repetition level, definition level, value (None: there is none)."""


@dataclass(frozen=True)
class Chunk:
    """Where the pages of one column lie, for one group of rows."""

    start: int
    size_bytes: int
    codec: int


@dataclass
class Share:
    """What may still be read, unpacked and looked at for one column."""

    reader: BoundedReader
    read_bytes: int
    unpacked_bytes: int
    num_values: int

    def read(self, offset: int, length: int) -> bytes:
        """As much of it as the share has."""
        found = self.reader.read_at(offset, min(length, self.read_bytes, self.reader.left_bytes))
        self.read_bytes -= len(found)
        return found

    def unpack(self, codec: int, packed: bytes, limit: int) -> bytes:
        """As much of the first ``limit`` bytes of what ``packed`` holds."""
        found = unpack_head(codec, packed, min(limit, self.unpacked_bytes)) if limit > 0 else b""
        self.unpacked_bytes -= len(found)
        return found

    def count_value(self) -> None:
        """One more of them: values may take no byte at all."""
        self.num_values -= 1
        if self.num_values < 0:
            raise OverBudget(_CUT)


@dataclass(frozen=True)
class _Part:
    """The front of a page; ``is_whole``: there is nothing behind it."""

    raw: bytes
    is_whole: bool

    @property
    def end(self) -> Unreadable:
        """Why there is no more of it."""
        return Unreadable(_SHORT) if self.is_whole else OverBudget(_CUT)


@dataclass(frozen=True)
class _Page:
    """``header`` is that of its kind; a dictionary has no levels."""

    kind: int
    header: dict[int, object]
    values: _Part
    repetitions: bytes = b""
    definitions: bytes = b""


class _Dictionary:
    """The values that others are numbers of; read as far as they are asked for."""

    def __init__(self, leaf: Leaf, part: _Part) -> None:
        self._part = part
        self._values = read_plain(leaf, part.raw)
        self._known: list[Any] = []

    def look_up(self, number: int) -> Any:
        """The value with this number. Raises Unreadable, OverBudget where it lies behind a cut."""
        while len(self._known) <= number:
            if (value := next(self._values, None)) is None:
                raise self._part.end
            self._known.append(value)
        return self._known[number]


def read_rows(leaf: Leaf, chunks: list[Chunk], share: Share) -> Iterator[Any]:
    """The values of row after row: None for null, lists for lists. Raises Unreadable, OverBudget.

    What was read before that stays true.
    """
    for chunk in chunks:
        entries = _read_entries(leaf, chunk, share)
        yield from _assemble(leaf.list_levels, entries) if leaf.list_levels else _flat(entries)


def _flat(entries: Iterator[Entry]) -> Iterator[Any]:
    return (value for _, _, value in entries)


def _assemble(levels: tuple[int, ...], entries: Iterator[Entry]) -> Iterator[Any]:
    """Rows with lists, out of levels (Dremel 2010). A row is whole where the next one begins."""
    open_lists: list[list[Any]] = []
    row: list[Any] = []
    for repetition, definition, value in entries:
        if repetition > len(open_lists):
            raise Unreadable(_SHORT)
        if repetition == 0:
            yield from row
        del open_lists[repetition:]
        made = _nest(levels[repetition:], definition, value, open_lists)
        if repetition:
            open_lists[repetition - 1].append(made)
        else:
            row = [made]
    yield from row


def _nest(
    levels: tuple[int, ...], definition: int, value: Any, open_lists: list[list[Any]]
) -> Any:  # fmt: skip
    """The value inside as many new lists as it begins; an empty list, or None, where it is none.

    The new lists are added to ``open_lists``, for the values that follow in them.
    """
    if not levels:
        return value
    if definition < levels[0]:
        return [] if definition == levels[0] - 1 else None
    made: list[Any] = []
    open_lists.append(made)
    made.append(_nest(levels[1:], definition, value, open_lists))
    return made


def _read_entries(leaf: Leaf, chunk: Chunk, share: Share) -> Iterator[Entry]:
    dictionary: _Dictionary | None = None
    for page in _read_pages(leaf, chunk, share):
        if page.kind == _DICTIONARY:
            dictionary = _Dictionary(leaf, page.values)
            continue
        for entry in _read_levels(leaf, page, _read_values(leaf, page, dictionary)):
            share.count_value()
            yield entry


def _read_levels(leaf: Leaf, page: _Page, values: Iterator[Any]) -> Iterator[Entry]:
    width = leaf.max_definition.bit_length()
    definitions = read_hybrid(page.definitions, width) if width else repeat(0)
    width = len(leaf.list_levels).bit_length()
    repetitions = read_hybrid(page.repetitions, width) if width else repeat(0)
    for _ in range(integer(page.header, 1) or 0):
        repetition, definition = next(repetitions, None), next(definitions, None)
        if repetition is None or definition is None:
            raise page.values.end
        if definition < leaf.max_definition:
            yield repetition, definition, None
        elif (value := next(values, None)) is None:
            raise page.values.end
        else:
            yield repetition, definition, value


def _read_values(leaf: Leaf, page: _Page, dictionary: _Dictionary | None) -> Iterator[Any]:
    encoding = integer(page.header, 4 if page.kind == _DATA_V2 else 2)
    raw = page.values.raw
    if encoding == _PLAIN:
        return read_plain(leaf, raw)
    if encoding in {_OLD_DICTIONARY, _RLE_DICTIONARY}:
        if dictionary is None:
            raise Unreadable(_SHORT)
        return map(dictionary.look_up, read_hybrid(raw[1:], raw[0] if raw else 0))
    if encoding == _DELTAS and leaf.physical in {INT32, INT64}:
        return Deltas(raw, 32 if leaf.physical == INT32 else 64).read()
    if encoding == _DELTA_LENGTHS and leaf.physical == BINARY:
        return read_lengths(raw)
    if encoding == _RLE and leaf.physical == BOOLEAN:
        return map(bool, read_hybrid(raw[4:], 1))
    raise _other_encoding(encoding)


def _other_encoding(encoding: int | None) -> Unreadable:
    is_known = encoding is not None and 0 <= encoding < len(_ENCODINGS)
    name = _ENCODINGS[encoding or 0] if is_known else encoding
    return Unreadable(say("it is encoded as {encoding}, which is not read here", encoding=name))


def _read_pages(leaf: Leaf, chunk: Chunk, share: Share) -> Iterator[_Page]:
    """Each page of data, and the dictionary before them, as far as the share reaches."""
    at, end = chunk.start, chunk.start + chunk.size_bytes
    for _ in range(MAX_PAGES):
        if at >= end:
            return
        header, header_bytes, looked = _read_header(share, at, end)
        packed_bytes = integer(header, 3)
        at += header_bytes
        if packed_bytes is None or not 0 <= packed_bytes <= end - at:
            raise Unreadable(_SHORT)
        if integer(header, 1) != _INDEX:
            packed = _read_packed(header, chunk, at, looked[:packed_bytes], share)
            yield _open_page(leaf, header, chunk, packed, share)
        at += packed_bytes
    raise OverBudget(_CUT)


def _read_header(share: Share, at: int, end: int) -> tuple[dict[int, object], int, bytes]:
    """A page's header, its length, and those bytes of the page that came with it."""
    size = _HEADER_BYTES
    while True:
        wanted = min(size, end - at)
        raw = share.read(at, wanted)
        compact = Compact(raw, is_cut=len(raw) < end - at)
        try:
            return compact.read_struct(), compact.at, raw[compact.at :]
        except OverBudget:
            if len(raw) < wanted or size >= _MAX_HEADER_BYTES:
                raise OverBudget(_CUT) from None
            size *= 4
        except Unreadable:
            raise Unreadable(_SHORT) from None


def _read_packed(
    header: dict[int, object], chunk: Chunk, at: int, looked: bytes, share: Share
) -> _Part:
    """The page that lies at ``at``, whose first bytes ``looked`` are, as far as the share has it.

    A dictionary leaves half of the share for the numbers in it: the first rows have its first
    values, most often.
    """
    packed_bytes = integer(header, 3) or 0
    is_dictionary = integer(header, 1) == _DICTIONARY
    most = share.read_bytes // 2 if is_dictionary else packed_bytes
    if chunk.codec == ZSTD:
        most = ZSTD_BLOCK_BYTES
        if min(most, packed_bytes) << is_dictionary > share.read_bytes + len(looked):
            raise OverBudget(_CUT)  # before it is read in vain
    more = min(packed_bytes, most) - len(looked)
    raw = looked + (share.read(at + len(looked), more) if more > 0 else b"")
    return _Part(raw, is_whole=len(raw) == packed_bytes)


def _open_page(
    leaf: Leaf, header: dict[int, object], chunk: Chunk, packed: _Part, share: Share
) -> _Page:
    """The page with its levels apart from its values, both unpacked."""
    kind, size = integer(header, 1), integer(header, 2) or 0
    if kind == _DATA_V2:
        return _open_page_2(struct(header, 8), chunk, packed, size, share)
    most = share.unpacked_bytes // 2 if kind == _DICTIONARY else size
    raw = share.unpack(chunk.codec, packed.raw, min(size, most))
    is_whole = packed.is_whole and len(raw) == size
    if kind == _DICTIONARY:
        return _Page(kind, struct(header, 7), _Part(raw, is_whole))
    data = struct(header, 5)
    if kind != _DATA or _BIT_PACKED in (data.get(3), data.get(4)):
        raise _other_encoding(_BIT_PACKED) if kind == _DATA else Unreadable(_SHORT)
    repetitions, raw = _split(raw) if leaf.list_levels else (b"", raw)
    definitions, raw = _split(raw) if leaf.max_definition else (b"", raw)
    return _Page(kind, data, _Part(raw, is_whole), repetitions, definitions)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """What a length stands before, and the rest."""
    end = 4 + int.from_bytes(raw[:4], "little")
    return raw[4:end], raw[end:]


def _open_page_2(
    data: dict[int, object], chunk: Chunk, packed: _Part, size: int, share: Share
) -> _Page:
    """Of version 2: the levels are never packed, and stand before the values."""
    definition_bytes, repetition_bytes = integer(data, 5) or 0, integer(data, 6) or 0
    if min(definition_bytes, repetition_bytes) < 0:
        raise Unreadable(_SHORT)
    end = repetition_bytes + definition_bytes
    codec = chunk.codec if data.get(7) is not False else UNPACKED
    raw = share.unpack(codec, packed.raw[end:], size - end)
    return _Page(
        _DATA_V2,
        data,
        _Part(raw, is_whole=packed.is_whole and len(raw) == size - end),
        repetitions=packed.raw[:repetition_bytes],
        definitions=packed.raw[repetition_bytes:end],
    )
