"""Tables as CSV for people: no spreadsheet runs what somebody else wrote into a cell."""

import csv
import json
from collections.abc import Iterable, Iterator

FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet may run as a formula; the last four are full width."""


class _Lines:
    """A file that hands back what is written to it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Each row as a line (RFC 4180), times in ISO 8601 and None as nothing."""
    writer = csv.writer(_Lines())
    for row in rows:
        yield writer.writerow(map(_cell, row))


def _cell(value: object) -> str:
    """Text that no spreadsheet runs: whoever names an artifact must not command an admin's."""
    if value is None:
        return ""
    if isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False)
    else:
        text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(FORMULA_MARKS) else text
