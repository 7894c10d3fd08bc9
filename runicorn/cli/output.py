"""Showing things: data on standard output, talk on standard error."""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeVar

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from runicorn.cli.text import printable

# Wide enough that nothing is cut off for a program that reads the table from a pipe.
_PIPE_WIDTH = 5_000
_SIZES = frozenset({"Size", "On disk"})

T = TypeVar("T")


def show(data: T, render: Callable[[T], None], *, as_json: bool) -> None:
    """Write ``data`` as JSON, or as ``render`` writes it for people."""
    if as_json:
        print_json(data)
    else:
        render(data)


def print_json(data: object) -> None:
    """Write ``data`` as JSON, in ASCII: no control character can get through."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def print_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table; cells are shown as they are, markup and control characters included."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for header in headers:
        justify: Literal["left", "right"] = "right" if header in _SIZES else "left"
        table.add_column(header, overflow="fold", justify=justify)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    _console().print(table)


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Write ``name  value`` lines."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in fields:
        table.add_row(Text(printable(name)), Text(printable(value)))
    _console().print(table)


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
    return Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
