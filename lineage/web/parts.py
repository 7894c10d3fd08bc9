"""Long tables in parts, so that no answer grows with what it is about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.utils.html import escape

MAX_PART_BYTES = 80_000

Row = TypeVar("Row")


@dataclass(frozen=True)
class Part(Generic[Row]):
    """Rows from ``start`` on; ``next_start`` is where the next part begins, None: there is none."""

    rows: tuple[Row, ...]
    start: int
    next_start: int | None


def part_of(
    rows: Sequence[Row], start: int, *, max_rows: int, text_of: Callable[[Row], str]
) -> Part[Row]:
    """At most ``max_rows`` of ``rows``, of MAX_PART_BYTES together as HTML, but at least one."""
    taken: list[Row] = []
    num_bytes = 0
    for row in rows[start : start + max_rows]:
        num_bytes += len(escape(text_of(row)).encode())
        if taken and num_bytes > MAX_PART_BYTES:
            break
        taken.append(row)
    end = start + len(taken)
    return Part(tuple(taken), start, end if end < len(rows) else None)
