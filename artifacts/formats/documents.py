"""Text that has a shape: JSON as a tree, CSV and TSV as the rows of a table."""

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

from accounts.sentences import say
from artifacts.formats.source import Unreadable
from artifacts.formats.text import show_text

MAX_DEPTH = 64
MAX_VALUES = 20_000
MAX_ROWS = 51
"""The first is most often the names of the columns."""
MAX_COLUMNS = 100
MAX_CELL_CHARACTERS = 500
_ENOUGH = MAX_ROWS + 1
_DELIMITERS = ",;\t|"


FAULTS = (
    say("Expecting value"),
    say("Expecting ',' delimiter"),
    say("Expecting ':' delimiter"),
    say("Expecting property name enclosed in double quotes"),
    say("Illegal trailing comma before end of object"),
    say("Illegal trailing comma before end of array"),
    say("Extra data"),
    say("Unterminated string starting at"),
    say("Invalid control character at"),
    say("Invalid \\escape"),
    say("Invalid \\uXXXX escape"),
    say("Unexpected UTF-8 BOM (decode using utf-8-sig)"),
)
"""What Python's reader of JSON says is wrong; pages translate it."""


@dataclass(frozen=True)
class Json:
    """A whole JSON document; NaN and numbers out of range are in it as text."""

    kind: ClassVar = "json"

    value: Any


@dataclass(frozen=True)
class Table:
    """The first rows of a table; of each at most 100 cells of the ``num_columns`` there are."""

    kind: ClassVar = "table"

    delimiter: str
    rows: tuple[tuple[str, ...], ...]
    num_columns: int
    has_more: bool


def parse_json(text: str) -> Json:
    """The document in ``text``.

    Raises Unreadable where it is no JSON, or deeper or larger than may be shown as a tree.
    """
    try:
        value = json.loads(text, parse_constant=str, parse_float=_finite)
    except RecursionError:
        raise Unreadable(say("It is nested too deep to be shown as a tree.")) from None
    except json.JSONDecodeError as error:
        fault = say(error.msg)  # one of FAULTS
        raise Unreadable(
            say(
                "It is not JSON: line {line}, column {column}: {fault}.",
                line=error.lineno, column=error.colno, fault=fault,
            )
        ) from None  # fmt: skip
    except ValueError as error:
        raise Unreadable(say("It is not JSON: {error}", error=show_text(str(error), 200))) from None
    _check_tree(value)
    return Json(value)


def _finite(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _check_tree(value: object) -> None:
    pending, count = [(value, 1)], 0
    while pending:
        current, depth = pending.pop()
        count += 1
        if depth > MAX_DEPTH or count + len(pending) > MAX_VALUES:
            raise Unreadable(say("It is too deep or too large to be shown as a tree."))
        if isinstance(current, dict):
            _check_texts(current)
            pending += [(child, depth + 1) for child in current.values()]
        elif isinstance(current, list):
            pending += [(child, depth + 1) for child in current]
        elif isinstance(current, str):
            _check_texts([current])


def _check_texts(texts: Iterable[str]) -> None:
    """JSON may write half a character, which cannot be sent on."""
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Unreadable(say("It is not JSON: a text in it is not Unicode.")) from None


def read_table(text: str, *, suffix: str, is_whole: bool) -> Table:
    """The first rows in ``text``. Raises Unreadable where there are none."""
    delimiter = "\t" if suffix == "tsv" else _guess_delimiter(text)
    rows = list(_read_rows(text, delimiter))
    has_more = len(rows) > MAX_ROWS or not is_whole
    if not is_whole and len(rows) <= MAX_ROWS:
        rows = rows[:-1]  # the last may be cut in two
    if not rows:
        raise Unreadable(say("No row of it is a table's."))
    return Table(
        delimiter,
        tuple(tuple(_cells(row)) for row in rows[:MAX_ROWS]),
        max(map(len, rows)),
        has_more,
    )


def _read_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """One more than are shown; none after a fault, such as a cell that does not end."""
    try:
        yield from islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), _ENOUGH)
    except csv.Error:
        return


def _cells(row: list[str]) -> list[str]:
    return [show_text(cell, MAX_CELL_CHARACTERS) for cell in row[:MAX_COLUMNS]]


def _guess_delimiter(text: str) -> str:
    """What the first line has most of; no sniffer, whose patterns take for ever on some texts."""
    line = text[:10_000].partition("\n")[0]
    return max(_DELIMITERS, key=line.count)
