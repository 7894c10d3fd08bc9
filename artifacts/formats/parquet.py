"""The footer of a Parquet file: its columns and how many rows it has.

Rows are not shown: their pages are compressed and encoded in a dozen ways, and the library that
reads them all (pyarrow) takes more room than the rest of the portal together. The footer is
Thrift's compact protocol, of which this reads as much as stands before the row groups.
"""

from dataclasses import dataclass
from typing import ClassVar

from accounts.sentences import say
from artifacts.formats.source import BoundedReader, OverBudget, Unreadable
from artifacts.formats.text import show_text

MAGIC = b"PAR1"
MAX_COLUMNS = 1_000
MAX_NAME_CHARACTERS = 500
_MAX_DEPTH = 16
_MAX_VALUES = 200_000
_LAST_FIELD = 3  # num_rows; the row groups follow
_PHYSICAL = (
    "boolean", "int32", "int64", "int96", "float", "double", "binary", "fixed_len_binary",
)  # fmt: skip
_CONVERTED = (
    "utf8", "map", "map_key_value", "list", "enum", "decimal", "date", "time_millis",
    "time_micros", "timestamp_millis", "timestamp_micros", "uint8", "uint16", "uint32", "uint64",
    "int8", "int16", "int32", "int64", "json", "bson", "interval",
)  # fmt: skip
_REPETITIONS = ("required", "optional", "repeated")


@dataclass(frozen=True)
class Column:
    """A column of values; ``repetition`` is ``required``, ``optional`` or ``repeated``."""

    name: str
    type: str
    repetition: str


@dataclass(frozen=True)
class Parquet:
    """A table as its footer tells it; ``num_columns`` counts also those that are not listed."""

    kind: ClassVar = "parquet"

    columns: tuple[Column, ...]
    num_columns: int
    num_rows: int


def read_parquet(reader: BoundedReader) -> Parquet:
    """What the footer says. Raises Unreadable."""
    tail = reader.read_at(max(0, reader.size_bytes - 8), 8)
    length = int.from_bytes(tail[:4], "little")
    if tail[4:] != MAGIC or length > reader.size_bytes - 12:
        raise Unreadable(say("Its footer is not where Parquet has it."))
    raw = reader.read_at(reader.size_bytes - 8 - length, min(length, reader.left_bytes))
    fields = _Compact(raw, is_cut=len(raw) < length).read_fields(_LAST_FIELD)
    rows, schema = fields.get(3), fields.get(2)
    if not isinstance(rows, int) or not isinstance(schema, list):
        raise Unreadable(say("Its footer says neither columns nor rows."))
    columns = _columns(schema)
    return Parquet(tuple(columns[:MAX_COLUMNS]), len(columns), max(0, rows))


def _columns(schema: list[object]) -> list[Column]:
    """The leaves of the tree that ``schema`` lists from the root on, each with its path."""
    found: list[Column] = []
    open_groups: list[tuple[str, int]] = []
    for element in schema[1:]:
        if not isinstance(element, dict):
            raise Unreadable(say("Its schema is damaged."))
        raw = element.get(4)
        name = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else "?"
        full = f"{open_groups[-1][0]}.{name}" if open_groups else name
        path = show_text(full, MAX_NAME_CHARACTERS)
        _count_child(open_groups)
        children = element.get(5)
        if isinstance(children, int) and children > 0:
            open_groups.append((path, children))
        else:
            found.append(Column(path, _type(element), _named(_REPETITIONS, element.get(3))))
        while open_groups and open_groups[-1][1] <= 0:
            open_groups.pop()
    return found


def _count_child(open_groups: list[tuple[str, int]]) -> None:
    if open_groups:
        path, left = open_groups[-1]
        open_groups[-1] = path, left - 1


def _type(element: dict[int, object]) -> str:
    converted = _named(_CONVERTED, element.get(6))
    return converted if converted != "?" else _named(_PHYSICAL, element.get(1))


def _named(names: tuple[str, ...], number: object) -> str:
    return names[number] if isinstance(number, int) and 0 <= number < len(names) else "?"


class _Compact:
    """Values in Thrift's compact protocol: structs are dicts by the number of the field."""

    def __init__(self, raw: bytes, *, is_cut: bool) -> None:
        self._raw = raw
        self._is_cut = is_cut
        self._at = 0
        self._num_values = 0

    def read_fields(self, last: int | None = None, depth: int = 0) -> dict[int, object]:
        """A struct, or of it the fields until the one numbered ``last``."""
        fields: dict[int, object] = {}
        number = 0
        while last is None or number < last:
            head = self._byte()
            if head == 0:
                break
            self._count()
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            kind = head & 15
            fields[number] = kind == 1 if kind in {1, 2} else self._value(kind, depth + 1)
        return fields

    def _count(self) -> None:
        self._num_values += 1
        if self._num_values > _MAX_VALUES:
            raise Unreadable(say("Its footer has too many values."))

    def _value(self, kind: int, depth: int) -> object:
        self._count()
        if depth > _MAX_DEPTH:
            raise Unreadable(say("Its footer is too deep."))
        match kind:
            case 1 | 2 | 3:
                return self._byte()
            case 4 | 5 | 6:
                return self._zigzag()
            case 7:
                return self._bytes(8)
            case 8:
                return self._bytes(self._varint())
            case 9 | 10:
                return self._list(depth)
            case 12:
                return self.read_fields(depth=depth)
        raise Unreadable(say("Its footer holds what is not read here."))

    def _list(self, depth: int) -> list[object]:
        head = self._byte()
        size = head >> 4 if head >> 4 < 15 else self._varint()
        return [self._value(head & 15, depth + 1) for _ in range(size)]

    def _zigzag(self) -> int:
        number = self._varint()
        return number >> 1 ^ -(number & 1)

    def _varint(self) -> int:
        number = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
        raise Unreadable(say("Its footer is damaged."))

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, count: int) -> bytes:
        found = self._raw[self._at : self._at + count]
        if len(found) != count:
            if self._is_cut:
                raise OverBudget(say("Its footer is larger than is looked at."))
            raise Unreadable(say("Its footer is damaged."))
        self._at += count
        return found
