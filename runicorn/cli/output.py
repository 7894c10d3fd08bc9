"""Showing things: data on standard output, talk on standard error."""

import codecs
import io
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from runicorn.cli.text import printable

_GAP = "  "
_SIZES = frozenset({"Size", "On disk"})

# What we draw with, where standard output is of an encoding that has none of it.
_IN_ASCII = {"─": "-", "→": "->", "…": "...", "✅": "[done]"}

T = TypeVar("T")


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """What to write for characters that the encoding has not: nothing ends in a codec's error."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    shown = (
        _IN_ASCII.get(one) or one.encode("ascii", "backslashreplace").decode() for one in found
    )
    return "".join(shown), error.end


codecs.register_error("runicorn", _replaced)


def stand_any_encoding() -> None:
    """Have standard output and error show what they can, and escape the rest."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="runicorn")


def show(data: T, render: Callable[[T], None], *, as_json: bool) -> None:
    """Write ``data`` as JSON, or as ``render`` writes it for people."""
    if as_json:
        print_json(data)
    else:
        render(data)


def print_json(data: object) -> None:
    """Write ``data`` as JSON, in ASCII: no control character can get through."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def print_table(
    headers: Sequence[str], rows: Iterable[Sequence[object]], *, if_none: str = "There are none."
) -> None:
    """Write a table as wide as it needs, and ``if_none`` to standard error where it has no rows.

    Nothing is cut and no cell is folded: what is too long for a terminal goes on in its next line,
    so that it can be copied whole. Cells are shown as they are, markup included.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    if not cells:
        say(if_none)
        return
    widths = [max(map(cell_len, column)) for column in zip(headers, *cells, strict=True)]
    console = _console()
    _print_cells(console, headers, headers, widths, style="bold")
    rule = sum(widths) + len(_GAP) * (len(widths) - 1)
    line = "─" * (min(rule, console.width) if console.is_terminal else rule)
    console.print(Text(line), soft_wrap=True)
    for row in cells:
        _print_cells(console, headers, row, widths)


def _print_cells(
    console: Console,
    headers: Sequence[str],
    row: Sequence[str],
    widths: Sequence[int],
    *,
    style: str = "",
) -> None:
    padded = []
    for header, text, width in zip(headers, row, widths, strict=True):
        blank = " " * (width - cell_len(text))
        padded.append(f"{blank}{text}" if header in _SIZES else f"{text}{blank}")
    console.print(Text(_GAP.join(padded).rstrip(), style), soft_wrap=True)


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Write ``name  value`` lines."""
    pairs = [(printable(name), printable(value)) for name, value in fields]
    width = max((cell_len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        label = f"{name}{' ' * (width - cell_len(name))}{_GAP}"
        _console().print(Text.assemble((label, "bold"), value), soft_wrap=True)


def print_line(text: object) -> None:
    """Write one line of data."""
    _console().print(Text(printable(text)), soft_wrap=True)


def print_report(mark: str, style: str, summary: str, advice: str) -> None:
    """Write how one thing is, and in the line below what to do about it."""
    console = _console()
    console.print(Text(f"{mark:9}", style), Text(printable(summary)), sep="", soft_wrap=True)
    if advice:
        console.print(Text(f"{'':18}{printable(advice)}"), soft_wrap=True)


def print_secret(text: str) -> None:
    """Write a line of data for a program to take: nothing is wrapped, coloured or escaped."""
    sys.stdout.write(f"{text}\n")


def say(text: object, *, end: str = "\n") -> None:
    """Tell the person at the terminal something."""
    Console(stderr=True).print(Text(printable(text)), soft_wrap=True, end=end)


def _console() -> Console:
    return Console()
