"""The header of a NumPy array (NEP 1): what it is of and how large, read without evaluating it.

NumPy itself evaluates the header as a Python literal, which hostile nesting makes slow or worse;
here three patterns take it apart.
"""

import math
import re
from dataclasses import dataclass

from accounts.sentences import say
from artifacts.formats.source import Unreadable

MAGIC = b"\x93NUMPY"
MAX_HEADER_BYTES = 10_000
"""NumPy refuses more, too."""
FIRST_BYTES = 12
MAX_DIMENSIONS = 64
MAX_VALUES = 1 << 63
_PLAIN = re.compile(r"[<>|=]?([?bBiufcSUV])([0-9]{1,9})")
_PAIR = re.compile(
    r"\s*(?:'descr'\s*:\s*(?P<descr>'[^']{0,200}'|\[.*\])"
    r"|'fortran_order'\s*:\s*(?P<order>True|False)"
    r"|'shape'\s*:\s*\((?P<shape>[0-9L,\s]*)\))\s*(?:,\s*)?"
)


@dataclass(frozen=True)
class ArrayHeader:
    """``dtype`` as NumPy writes it (``<f4``); the values begin at ``data_offset``."""

    dtype: str
    shape: tuple[int, ...]
    is_fortran_ordered: bool
    data_offset: int


def header_bytes(head: bytes) -> int:
    """How long the header is, magic and all, by its first 12 bytes.

    Raises Unreadable where it is none, or longer than NumPy takes.
    """
    if len(head) < FIRST_BYTES or not head.startswith(MAGIC) or head[6] not in {1, 2, 3}:
        raise Unreadable(say("It is no NumPy array."))
    width = 2 if head[6] == 1 else 4
    length = int.from_bytes(head[8 : 8 + width], "little")
    if length > MAX_HEADER_BYTES:
        raise Unreadable(say("The header of the array claims {length} bytes.", length=length))
    return 8 + width + length


def parse_header(head: bytes) -> ArrayHeader:
    """The header that ``head`` begins with. Raises Unreadable."""
    end = header_bytes(head)
    if len(head) < end:
        raise Unreadable(say("The file ends inside the header of the array."))
    start = 10 if head[6] == 1 else 12
    found = _pairs(head[start:end].decode("utf-8", "replace").strip())
    if None in (found["descr"], found["order"], found["shape"]):
        raise Unreadable(say("The header of the array does not say what it should."))
    descr = found["descr"] or ""
    return ArrayHeader(
        dtype=descr.strip("'") if descr.startswith("'") else descr,
        shape=_shape(found["shape"] or ""),
        is_fortran_ordered=found["order"] == "True",
        data_offset=end,
    )


def _pairs(text: str) -> dict[str, str | None]:
    """The text of each of the three values, in whatever order they stand."""
    found: dict[str, str | None] = {"descr": None, "order": None, "shape": None}
    at = 1
    for _ in found:
        match = _PAIR.match(text, at)
        if match is None:
            break
        found |= {key: value for key, value in match.groupdict().items() if value is not None}
        at = match.end()
    if not text.startswith("{") or text[at:].strip() != "}":
        raise Unreadable(say("The header of the array is damaged."))
    return found


def _shape(text: str) -> tuple[int, ...]:
    parts = [part.strip().rstrip("L") for part in text.split(",")]
    numbers = [part for part in parts if part]
    if len(numbers) > MAX_DIMENSIONS or not all(
        one.isdecimal() and len(one) < 20 for one in numbers
    ):
        raise Unreadable(say("The shape of the array is impossible."))
    shape = tuple(map(int, numbers))
    if math.prod(shape) > MAX_VALUES:
        raise Unreadable(say("The shape of the array is impossible."))
    return shape


def item_bytes(dtype: str) -> int | None:
    """How many bytes one value of ``dtype`` takes; None where that is not plain, as of objects."""
    match = _PLAIN.fullmatch(dtype)
    return None if match is None else int(match[2]) * (4 if match[1] == "U" else 1)
