"""The values in the pages of a Parquet file: out of their encodings, and as people read them."""

import json
import struct
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import repeat
from typing import Any

import numpy as np

from accounts.sentences import say
from artifacts.formats.parquet_schema import Leaf
from artifacts.formats.source import Unreadable
from artifacts.formats.text import show_text

BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BINARY, FIXED = range(8)
MAX_CELL_CHARACTERS = 500
MAX_SHOWN_BYTES = 32
_MAX_RUN = 1 << 32
_FIXED_BYTES = {INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8}
_LAYOUTS = {INT32: "<i", INT64: "<q", FLOAT: "<f", DOUBLE: "<d"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JULIAN_EPOCH = 2_440_588
_PER_SECOND = {"millis": 10**3, "micros": 10**6, "nanos": 10**9}
_UNSIGNED = {"uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}
_TEXTS = frozenset({"utf8", "enum", "json"})


def read_varint(raw: bytes, at: int) -> tuple[int, int]:
    """An unsigned number in LEB128 and where it ends. Raises IndexError where ``raw`` ends."""
    number = 0
    for shift in range(0, 70, 7):
        byte = raw[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise Unreadable(say("it is damaged"))


def read_hybrid(raw: bytes, width: int) -> Iterator[int]:
    """Numbers of ``width`` bits, in runs of one or packed eight by eight, until ``raw`` ends.

    Runs are not unfolded: they may claim to be longer than any memory.
    """
    if not 0 <= width <= 32:
        raise Unreadable(say("it is damaged"))
    at, run_bytes, mask = 0, (width + 7) // 8, (1 << width) - 1
    while at < len(raw):
        try:
            head, at = read_varint(raw, at)
        except IndexError:
            return
        if head & 1:
            for _ in range(min(head >> 1, _MAX_RUN)):
                packed = raw[at : at + width]
                if len(packed) < width:
                    return
                at += width
                bits = int.from_bytes(packed, "little")
                yield from (bits >> place * width & mask for place in range(8))
        else:
            value = raw[at : at + run_bytes]
            if len(value) < run_bytes:
                return
            at += run_bytes
            yield from repeat(int.from_bytes(value, "little"), min(head >> 1, _MAX_RUN))


def read_plain(leaf: Leaf, raw: bytes) -> Iterator[Any]:
    """Values one after the other, until ``raw`` ends, or ends inside one. Raises Unreadable."""
    if leaf.physical == BOOLEAN:
        yield from (bool(byte >> place & 1) for byte in raw for place in range(8))
    elif leaf.physical == BINARY:
        yield from _read_binaries(raw)
    else:
        yield from _read_fixed(leaf, raw)


def _read_binaries(raw: bytes) -> Iterator[bytes]:
    at = 0
    while at + 4 <= len(raw):
        size = int.from_bytes(raw[at : at + 4], "little")
        at += 4 + size
        if at > len(raw):
            return
        yield raw[at - size : at]


def _read_fixed(leaf: Leaf, raw: bytes) -> Iterator[Any]:
    size = leaf.length if leaf.physical == FIXED else _FIXED_BYTES.get(leaf.physical, 0)
    if size < 1:
        raise Unreadable(say("it is damaged"))
    layout = _LAYOUTS.get(leaf.physical)
    for at in range(0, len(raw) - size + 1, size):
        yield struct.unpack_from(layout, raw, at)[0] if layout else raw[at : at + size]


def show_cell(leaf: Leaf, value: Any) -> str | None:
    """A cell as text: a value, or a list of them as JSON writes lists; None for null."""
    if value is None:
        return None
    if isinstance(value, list):
        return show_text(_show_list(leaf, value), MAX_CELL_CHARACTERS)
    return show_text(_show(leaf, value), MAX_CELL_CHARACTERS)


def _show_list(leaf: Leaf, values: list[Any]) -> str:
    shown: list[str] = []
    size = 0
    for value in values:
        if size > MAX_CELL_CHARACTERS:
            break
        shown.append(_show_element(leaf, value))
        size += len(shown[-1])
    return f"[{', '.join(shown)}]"


def _show_element(leaf: Leaf, value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return _show_list(leaf, value)
    text = show_text(_show(leaf, value), MAX_CELL_CHARACTERS)
    return json.dumps(text, ensure_ascii=False) if leaf.physical in {BINARY, FIXED} else text


def _show(leaf: Leaf, value: Any) -> str:
    """One value. What is out of range for its type is shown as the number that it is."""
    word, _, unit = leaf.column.type.partition("_")
    try:
        if leaf.physical in {INT32, INT64}:
            return _show_integer(leaf, value, word, unit)
        if leaf.physical in {BINARY, FIXED, INT96}:
            return _show_bytes(leaf, value)
    except (ValueError, OverflowError):
        return _show_raw(value)
    if leaf.physical == FLOAT:
        return str(np.float32(value))  # the shortest text that is this number
    return str(value).lower() if leaf.physical == BOOLEAN else repr(value)


def _show_raw(value: Any) -> str:
    return value[:MAX_SHOWN_BYTES].hex() if isinstance(value, bytes) else str(value)


def _show_integer(leaf: Leaf, value: int, word: str, unit: str) -> str:
    kind = leaf.column.type
    if kind == "decimal":
        return show_decimal(value, leaf.scale)
    if kind in _UNSIGNED:
        return str(value & (1 << _UNSIGNED[kind]) - 1)
    if kind == "date":
        return (date(1970, 1, 1) + timedelta(days=value)).isoformat()
    if word == "timestamp" and unit in _PER_SECOND:
        return _show_moment(value, _PER_SECOND[unit], is_local=leaf.is_local)
    if word == "time" and unit in _PER_SECOND:
        return _show_moment(value, _PER_SECOND[unit], is_local=True).partition(" ")[2]
    return str(value)


def show_decimal(value: int, scale: int) -> str:
    """The whole number ``value`` with ``scale`` digits behind the point."""
    if not 0 < scale <= 100 or value.bit_length() > 1024:
        return str(value) if value.bit_length() <= 1024 else "?"
    digits = str(abs(value)).rjust(scale + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-scale]}.{digits[-scale:]}"


def _show_moment(count: int, per_second: int, *, is_local: bool) -> str:
    """So many parts of a second after 1970, by UTC."""
    seconds, rest = divmod(count, per_second)
    moment = _EPOCH + timedelta(seconds=seconds)
    digits = str(rest).rjust(len(str(per_second)) - 1, "0").rstrip("0")
    fraction = f".{digits}" if rest else ""
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction}{'' if is_local else 'Z'}"


def _show_bytes(leaf: Leaf, value: bytes) -> str:
    kind = leaf.column.type
    if kind in _TEXTS:
        return value[: 4 * MAX_CELL_CHARACTERS + 4].decode("utf-8", "replace")
    if kind == "decimal":
        return show_decimal(int.from_bytes(value, "big", signed=True), leaf.scale)
    if leaf.physical == INT96:
        nanos, days = struct.unpack("<qI", value)
        return _show_moment((days - _JULIAN_EPOCH) * 86_400 * 10**9 + nanos, 10**9, is_local=True)
    if kind == "uuid":
        return str(uuid.UUID(bytes=value))
    if kind == "float16":
        return str(np.frombuffer(value, "<f2", 1)[0])
    shown = value[:MAX_SHOWN_BYTES].hex()
    return f"{shown}…" if len(value) > MAX_SHOWN_BYTES else shown
