"""JSON of others: bounded, never a traceback, and without the numbers that are none."""

import errno
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

MAX_BYTES = 256 << 20

Note = Callable[[str], None]


class Unreadable(ValueError):  # noqa: N818 - a verdict
    """The file is not there, no plain file, torn, too large or no JSON object; the text says."""


def read_object(path: Path, note: Note = lambda _: None) -> dict[str, Any]:
    """The JSON object in ``path``; ``note`` hears of each value that had to be changed.

    Python writes NaN and Infinity, which are no JSON: they are kept as text. Raises Unreadable.
    """
    return parse_object(read_bytes(path), path.name, note)


def read_bytes(path: Path) -> bytes:
    """The content of a plain file that is no link; raises Unreadable."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Unreadable(f"{path.name}: {_why(error)}") from None
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode):
        os.close(fd)
        raise Unreadable(f"{path.name} is no plain file")
    with open(fd, "rb") as file:  # noqa: PTH123 - a descriptor
        if found.st_size > MAX_BYTES:
            raise Unreadable(f"{path.name} has {found.st_size} bytes; at most {MAX_BYTES} are read")
        try:
            return file.read(MAX_BYTES)
        except OSError as error:
            raise Unreadable(f"{path.name}: {_why(error)}") from None


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "is missing"
    return "is a link" if error.errno == errno.ELOOP else str(error.strerror)


def parse_object(data: bytes, name: str, note: Note = lambda _: None) -> dict[str, Any]:
    """The JSON object in ``data``, the content of a file called ``name``; raises Unreadable."""

    def as_text(constant: str) -> str:
        note(f"{name}: {constant} is no JSON number; kept as text")
        return constant

    def as_float(text: str) -> float | str:
        number = float(text)
        return as_text(text[:40]) if number in {float("inf"), float("-inf")} else number

    try:
        found = json.loads(data.decode(), parse_constant=as_text, parse_float=as_float)
    except RecursionError:
        raise Unreadable(f"{name} is nested too deeply") from None
    except ValueError as error:
        raise Unreadable(f"{name} is torn, or no JSON: {str(error)[:200]}") from None
    if not isinstance(found, dict):
        raise Unreadable(f"{name} holds no JSON object")
    return found
