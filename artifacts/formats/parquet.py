"""A Parquet file: its columns, how many rows it has, and the first of them.

All of it is read here in Python, and not by pyarrow: that would be more than the rest of the portal
together, and is C++ that would have to be fenced off from the bytes of strangers, in a process for
each look. And it reads pages whole, so that of a file with pages of the usual 1 MiB there would be
no row within what a preview may read; here the front of each column's first page is enough.
What is not read (rare encodings and codecs, encryption) is told for the column (docs/adr/0012).

The footer is in Thrift's compact protocol, of which as much is read as the first rows need.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from accounts.sentences import Sentence, say
from artifacts.formats.parquet_pages import Chunk, Share, read_rows
from artifacts.formats.parquet_schema import Column, Leaf, read_leaves
from artifacts.formats.parquet_values import show_cell
from artifacts.formats.source import BoundedReader, OverBudget, Unreadable
from artifacts.formats.thrift import STRUCT, Compact, integer, struct

MAGIC = b"PAR1"
MAX_COLUMNS = 1_000
MAX_ROWS = 50
MAX_SHOWN_COLUMNS = 100
"""Of which rows are shown."""
MAX_UNPACKED_BYTES = 4 << 20
MAX_VALUES = 200_000
MAX_NAMES_IN_NOTES = 5
UNREAD = "…"
_MAX_FOOTER_SHARE = 2
_MAX_GROUPS = 50
_SCHEMA, _NUM_ROWS, _GROUPS = 2, 3, 4

Cell = str | None
"""A value as text, lists as JSON has them; None for null, UNREAD for what could not be read."""


@dataclass(frozen=True)
class Parquet:
    """A table; ``num_columns`` counts also those that are not listed.

    ``rows``: the first, of the first 100 columns.
    """

    kind: ClassVar = "parquet"

    columns: tuple[Column, ...]
    num_columns: int
    num_rows: int
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def has_more(self) -> bool:
        """Whether there are more rows than are shown."""
        return self.num_rows > len(self.rows)


@dataclass(frozen=True)
class _Footer:
    leaves: list[Leaf]
    num_rows: int
    groups: list[dict[int, object]]
    why_not: Sentence | None
    """Where the groups are not all that the first rows need."""


@dataclass(frozen=True)
class _Cells:
    """What was read of a column: its first rows, and why not more."""

    cells: list[Cell]
    error: Unreadable | None = None


def read_parquet(reader: BoundedReader) -> tuple[Parquet, tuple[Sentence, ...]]:
    """The table, and notes about what could not be read. Raises Unreadable without a footer."""
    footer = _read_footer(reader)
    leaves = footer.leaves[:MAX_SHOWN_COLUMNS]
    found = _read_columns(reader, leaves, footer)
    num_shown = max((len(one.cells) for one in found), default=0)
    table = Parquet(
        columns=tuple(leaf.column for leaf in footer.leaves[:MAX_COLUMNS]),
        num_columns=len(footer.leaves),
        num_rows=footer.num_rows,
        rows=tuple(
            tuple(one.cells[row] if row < len(one.cells) else UNREAD for one in found)
            for row in range(num_shown)
        ),
    )
    return table, tuple(_notes(footer, leaves, found))


def _read_footer(reader: BoundedReader) -> _Footer:
    tail = reader.read_at(max(0, reader.size_bytes - 8), 8)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != MAGIC or length > reader.size_bytes - 12:
        raise Unreadable(say("Its footer is not where Parquet has it."))
    most = reader.left_bytes // _MAX_FOOTER_SHARE
    raw = reader.read_at(reader.size_bytes - 8 - length, min(length, most))
    compact = Compact(raw, is_cut=len(raw) < length)
    found: dict[int, object] = {}
    for number, kind in compact.fields():
        if number == _GROUPS and _NUM_ROWS in found:
            return _footer_of(found, *_read_groups(compact))
        found[number] = compact.read_value(kind)
    return _footer_of(found, [], None)


def _footer_of(
    found: dict[int, object], groups: list[dict[int, object]], why_not: Sentence | None
) -> _Footer:
    rows, schema = integer(found, _NUM_ROWS), found.get(_SCHEMA)
    if rows is None or not isinstance(schema, list):
        raise Unreadable(say("Its footer says neither columns nor rows."))
    return _Footer(read_leaves(schema), max(0, rows), groups, why_not)


def _read_groups(compact: Compact) -> tuple[list[dict[int, object]], Sentence | None]:
    """The first groups of rows, as many as the first rows lie in."""
    groups: list[dict[int, object]] = []
    num_rows = 0
    try:
        size, kind = compact.read_list_head()
        while len(groups) < min(size, _MAX_GROUPS) and num_rows < MAX_ROWS and kind == STRUCT:
            groups.append(compact.read_struct())
            num_rows += max(0, integer(groups[-1], 3) or 0)
    except Unreadable as error:
        return groups, error.sentence
    return groups, None


def _read_columns(reader: BoundedReader, leaves: list[Leaf], footer: _Footer) -> list[_Cells]:
    """The first rows of each.

    All get an equal share of what may be read; what one leaves, the next ones have. Those of which
    that showed nothing have what is left then, one after the other.
    """
    chunks = [_chunks_of(footer.groups, number, reader.size_bytes) for number in range(len(leaves))]
    found = []
    for number, leaf in enumerate(leaves):
        share = _share_of(reader, len(leaves), len(leaves) - number)
        found.append(_read_column(leaf, chunks[number], share, footer.num_rows))
    for number, leaf in enumerate(leaves):
        if not found[number].cells and isinstance(found[number].error, OverBudget):
            share = _share_of(reader, len(leaves), 1)
            found[number] = _read_column(leaf, chunks[number], share, footer.num_rows)
    return found


def _share_of(reader: BoundedReader, num_columns: int, num_left: int) -> Share:
    return Share(
        reader=reader,
        read_bytes=reader.left_bytes // num_left,
        unpacked_bytes=MAX_UNPACKED_BYTES // num_columns,
        num_values=MAX_VALUES // num_columns,
    )


def _chunks_of(groups: list[dict[int, object]], number: int, size_bytes: int) -> list[Chunk]:
    """Where the column is in each group, up to the first group that does not say it."""
    found = []
    for group in groups:
        listed = group.get(1)
        column = listed[number] if isinstance(listed, list) and number < len(listed) else None
        said = struct(column, 3)
        starts = [start for field in (9, 11) if (start := integer(said, field))]
        length, codec = integer(said, 7), integer(said, 4)
        if not starts or length is None or codec is None or _other_file(column):
            break
        if not 0 < min(starts) <= min(starts) + length <= size_bytes:
            break
        found.append(Chunk(min(starts), length, codec))
    return found


def _other_file(column: object) -> bool:
    """Whether the column is said to be in a file of its own."""
    return isinstance(column, dict) and 1 in column


def _read_column(leaf: Leaf, chunks: list[Chunk], share: Share, num_rows: int) -> _Cells:
    cells: list[Cell] = []
    wanted = min(MAX_ROWS, num_rows)
    try:
        values = islice(read_rows(leaf, chunks, share), wanted)
        cells.extend(show_cell(leaf, value) for value in values)  # keeps those before an error
    except Unreadable as error:
        return _Cells(cells, error)
    if len(cells) < wanted:
        return _Cells(cells, Unreadable(say("its pages are not where the footer says")))
    return _Cells(cells)


def _notes(footer: _Footer, leaves: list[Leaf], found: list[_Cells]) -> Iterator[Sentence]:
    """What could not be read, a note for each reason."""
    if footer.why_not:
        yield say("Not all rows are shown: {why}", why=footer.why_not)
        if not footer.groups:
            return
    by_reason: dict[str, list[str]] = defaultdict(list)
    reasons: dict[str, Sentence] = {}
    for leaf, one in zip(leaves, found, strict=True):
        if one.error is not None:
            reason = one.error.sentence
            reasons[str(reason)] = reason
            by_reason[str(reason)].append(leaf.column.name)
    for text, names in by_reason.items():
        yield _note(names, reasons[text])


def _note(names: list[str], why: Sentence) -> Sentence:
    shown = ", ".join(names[:MAX_NAMES_IN_NOTES])
    more = len(names) - MAX_NAMES_IN_NOTES
    named = say("{names} and {num} more", names=shown, num=more) if more > 0 else shown
    return say("These columns are not shown in full: {names}: {why}.", names=named, why=why)
