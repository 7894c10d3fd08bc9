"""Thrift's compact protocol, in which Parquet describes itself: bounded, and read step by step."""

from collections.abc import Iterator

from accounts.sentences import say
from artifacts.formats.source import OverBudget, Unreadable

STRUCT = 12
_MAX_DEPTH = 16
_MAX_VALUES = 200_000
_TRUE, _FALSE = 1, 2


class Compact:
    """Reads ``raw`` from front to back; structs become dicts by the number of the field.

    ``is_cut``: there is more than ``raw``, so where it ends is no damage.
    """

    def __init__(self, raw: bytes, *, is_cut: bool) -> None:
        self._raw = raw
        self._is_cut = is_cut
        self._num_values = 0
        self.at = 0
        """How many bytes were read."""

    def fields(self) -> Iterator[tuple[int, int]]:
        """The number and the kind of each field of a struct; read each value before the next."""
        number = 0
        while head := self._byte():
            self._count()
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            yield number, head & 15

    def read_struct(self, depth: int = 0) -> dict[int, object]:
        """A whole struct. Raises Unreadable, and OverBudget where it goes on behind a cut."""
        return {number: self.read_value(kind, depth) for number, kind in self.fields()}

    def read_list_head(self) -> tuple[int, int]:
        """How many elements a list has, and of which kind."""
        head = self._byte()
        return head >> 4 if head >> 4 < 15 else self._varint(), head & 15

    def read_value(self, kind: int, depth: int = 0, *, is_element: bool = False) -> object:
        """A value of a field, or an element of a list: a boolean of a field is its kind."""
        self._count()
        if depth > _MAX_DEPTH:
            raise Unreadable(say("It describes itself too deep."))
        match kind:
            case 1 | 2:
                return (self._byte() if is_element else kind) == _TRUE
            case 4 | 5 | 6:
                return self._zigzag()
            case 3 | 7 | 8:
                return self._bytes({3: 1, 7: 8}.get(kind) or self._varint())
            case 9 | 10:
                size, kind = self.read_list_head()
                return [self.read_value(kind, depth + 1, is_element=True) for _ in range(size)]
            case 12:
                return self.read_struct(depth + 1)
        raise Unreadable(say("It describes itself in a way that is not read here."))

    def _count(self) -> None:
        self._num_values += 1
        if self._num_values > _MAX_VALUES:
            raise Unreadable(say("It says too much of itself."))

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
        raise Unreadable(say("What it says of itself is damaged."))

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, count: int) -> bytes:
        found = self._raw[self.at : self.at + count]
        if len(found) != count:
            if self._is_cut:
                raise OverBudget(say("It says more of itself than is looked at."))
            raise Unreadable(say("What it says of itself is damaged."))
        self.at += count
        return found


def integer(fields: object, number: int) -> int | None:
    """The field ``number`` of a struct, where both are what they should be."""
    found = fields.get(number) if isinstance(fields, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def struct(fields: object, number: int) -> dict[int, object]:
    """The struct in the field ``number``; an empty one where there is none."""
    found = fields.get(number) if isinstance(fields, dict) else None
    return found if isinstance(found, dict) else {}
