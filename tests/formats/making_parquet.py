"""Parquet files made byte by byte, as no library would write them."""

from typing import Any

import numpy as np


def varint(number: int) -> bytes:
    """Unsigned LEB128."""
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def thrift(value: Any) -> bytes:
    """A value in Thrift's compact protocol: a dict is a struct, by the numbers of its fields."""
    if isinstance(value, dict):
        out, last = b"", 0
        for number, one in sorted(value.items()):
            out += bytes([number - last << 4 | kind_of(one)])
            out += b"" if isinstance(one, bool) else thrift(one)
            last = number
        return out + b"\0"
    if isinstance(value, list):
        kind = kind_of(value[0]) if value else 5
        return bytes([0xF0 | kind]) + varint(len(value)) + b"".join(map(thrift, value))
    if isinstance(value, bytes):
        return varint(len(value)) + value
    return varint(value * 2 if value >= 0 else -value * 2 - 1)


def kind_of(value: Any) -> int:
    """The kind of a field with this value."""
    if isinstance(value, bool):
        return 1 if value else 2
    return {int: 6, bytes: 8, list: 9, dict: 12}[type(value)]


def page(
    body: bytes, *, num_values: int, encoding: int = 0, size: int | None = None, **data: int
) -> bytes:  # fmt: skip
    """A page of data, its body as it stands in the file; ``size``: what it claims to unpack to."""
    said = {1: num_values, 2: encoding, 3: data.get("levels", 3), 4: 3}
    header = {1: 0, 2: len(body) if size is None else size, 3: len(body), 5: said}
    return thrift(header) + body


def dictionary(body: bytes, num_values: int) -> bytes:
    """A page of the values that the other pages have numbers of."""
    return thrift({1: 2, 2: len(body), 3: len(body), 7: {1: num_values, 2: 0}}) + body


def file_of(
    *pages: bytes, rows: int, columns: int = 1, codec: int = 0, schema: Any = None, **said: int
) -> bytes:
    """A file of ``columns`` columns of int64, required, each with the same pages."""
    chunk = b"".join(pages)
    leaf = {1: 2, 3: 0, 4: b"n"}
    elements = schema or [{4: b"schema", 5: columns}, *[leaf] * columns]
    chunks = [
        {2: 0, 3: {1: 2, 4: codec, 7: said.get("length", len(chunk)), 9: said.get("start", start)}}
        for start in range(4, 4 + len(chunk) * columns, len(chunk))
    ]
    footer = thrift({1: 1, 2: elements, 3: rows, 4: [{1: chunks, 2: 0, 3: rows}]})
    body = b"PAR1" + chunk * columns + footer
    return body + len(footer).to_bytes(4, "little") + b"PAR1"


def numbers(*values: int) -> bytes:
    """int64, as PLAIN has them."""
    return np.array(values, "<i8").tobytes()
