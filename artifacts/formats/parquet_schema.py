"""The columns of a Parquet file: the leaves of its schema, and how their values are to be read."""

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.sentences import say
from artifacts.formats.source import Unreadable
from artifacts.formats.text import show_text
from artifacts.formats.thrift import integer, struct

MAX_NAME_CHARACTERS = 500
_MAX_LISTS = 16
_REQUIRED, _REPEATED = 0, 2
_PHYSICAL = (
    "boolean", "int32", "int64", "int96", "float", "double", "binary", "fixed_len_binary",
)  # fmt: skip
_CONVERTED = (
    "utf8", "map", "map_key_value", "list", "enum", "decimal", "date", "time_millis",
    "time_micros", "timestamp_millis", "timestamp_micros", "uint8", "uint16", "uint32", "uint64",
    "int8", "int16", "int32", "int64", "json", "bson", "interval",
)  # fmt: skip
_LOGICAL = {1: "utf8", 4: "enum", 5: "decimal", 6: "date", 12: "json", 14: "uuid", 15: "float16"}
_UNITS = {1: "millis", 2: "micros", 3: "nanos"}
_REPETITIONS = ("required", "optional", "repeated")


@dataclass(frozen=True)
class Column:
    """A column of values; ``repetition`` is ``required``, ``optional`` or ``repeated``."""

    name: str
    type: str
    repetition: str


@dataclass(frozen=True)
class Leaf:
    """How the values of a column are stored.

    ``list_levels``: of each list around the value, from the outermost on, the definition level at
    which it has an element. A value is there at ``max_definition``. ``is_local``: a time of no
    zone.
    """

    column: Column
    physical: int
    length: int
    scale: int
    is_local: bool
    max_definition: int
    list_levels: tuple[int, ...]


@dataclass
class _Group:
    path: str
    children_left: int
    definition: int
    lists: tuple[int, ...]


def read_leaves(schema: list[object]) -> list[Leaf]:
    """The leaves of the tree that ``schema`` lists from the root on. Raises Unreadable."""
    return list(_leaves(schema[1:]))


def _leaves(elements: list[object]) -> Iterator[Leaf]:
    open_groups = [_Group("", len(elements), 0, ())]
    for element in elements:
        if not isinstance(element, dict):
            raise Unreadable(say("Its schema is damaged."))
        parent = open_groups[-1]
        parent.children_left -= 1
        inner = _inner(parent, element)
        children = integer(element, 5) or 0
        if children > 0:
            open_groups.append(inner)
        else:
            yield _leaf(inner, element)
        while len(open_groups) > 1 and open_groups[-1].children_left <= 0:
            open_groups.pop()


def _inner(parent: _Group, element: dict[int, object]) -> _Group:
    """What ``element`` is for those below it."""
    raw = element.get(4)
    name = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else "?"
    path = show_text(f"{parent.path}.{name}" if parent.path else name, MAX_NAME_CHARACTERS)
    repetition = integer(element, 3) or _REQUIRED
    definition = parent.definition + (repetition != _REQUIRED)
    lists = (*parent.lists, definition) if repetition == _REPEATED else parent.lists
    if len(lists) > _MAX_LISTS:
        raise Unreadable(say("Its schema is too deep."))
    return _Group(path, integer(element, 5) or 0, definition, lists)


def _leaf(inner: _Group, element: dict[int, object]) -> Leaf:
    kind, is_local = _type(element)
    column = Column(inner.path, kind, _named(_REPETITIONS, element.get(3)))
    physical = integer(element, 1)
    scale = integer(element, 7) or integer(struct(struct(element, 10), 5), 1) or 0
    return Leaf(
        column=column,
        physical=-1 if physical is None else physical,
        length=integer(element, 2) or 0,
        scale=scale,
        is_local=is_local,
        max_definition=inner.definition,
        list_levels=inner.lists,
    )


def _type(element: dict[int, object]) -> tuple[str, bool]:
    """What the values are, in a word, and whether they are times of no zone."""
    logical = struct(element, 10)
    for number, word in ((7, "time"), (8, "timestamp")):
        if number in logical:
            said = struct(logical, number)
            unit = next(iter(struct(said, 2)), 0)
            return f"{word}_{_UNITS.get(unit, '?')}", said.get(1) is not True
    converted = _named(_CONVERTED, element.get(6))
    if converted != "?":
        return converted, False
    named = next((_LOGICAL[number] for number in logical if number in _LOGICAL), "")
    return named or _named(_PHYSICAL, element.get(1)), False


def _named(names: tuple[str, ...], number: object) -> str:
    return names[number] if isinstance(number, int) and 0 <= number < len(names) else "?"
