"""Which tensors a file holds, and where: safetensors, ``.npz`` and ``.npy``.

Only headers are read: those of safetensors stand at its start (8 bytes of length, then JSON), those
of an ``.npz`` in the zip directory and before each array. What a header claims must fit the file.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from accounts.sentences import say
from artifacts.formats import arrays
from artifacts.formats.source import BoundedReader, OverBudget, Unreadable
from artifacts.formats.text import show_text, suffix_of
from artifacts.formats.zips import Member, MemberReader, read_members

MAX_NAME_CHARACTERS = 500
MAX_METADATA_CHARACTERS = 2_000
_ITEM_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "I16": 16, "U16": 16,
    "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64,
    "C64": 64,
}  # fmt: skip
_SIZE_LIMIT = 1 << 63


class Stream(Protocol):
    """Bytes from front to back."""

    def read(self, size: int, /) -> bytes:
        """The next ``size`` bytes, fewer only at the end."""


@dataclass(frozen=True)
class _Span:
    """Values that lie in the file as they are."""

    offset: int


@dataclass(frozen=True)
class _Packed:
    """Values in a member of an archive, behind ``skip`` bytes of header."""

    member: Member
    skip: int


@dataclass(frozen=True)
class Tensor:
    """Values of one type; ``dtype`` as the format writes it, ``size_bytes`` those of the values."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int
    place: _Span | _Packed = field(repr=False)
    is_fortran_ordered: bool = False


@dataclass(frozen=True)
class Tensors:
    """The tensors of a file; ``is_complete`` False: there are more than were looked at.

    ``metadata`` is what a safetensors file says of itself.
    """

    kind: ClassVar = "tensors"

    format: str
    tensors: tuple[Tensor, ...]
    metadata: dict[str, str]
    is_complete: bool = True

    @property
    def num_parameters(self) -> int:
        """How many values there are, of those looked at."""
        return sum(math.prod(one.shape) for one in self.tensors)


def is_tensor_file(path: str) -> bool:
    """Whether a file of that name should hold tensors that are read here."""
    return suffix_of(path) in {"safetensors", "npz", "npy"}


def read_tensors(reader: BoundedReader, path: str) -> Tensors:
    """The tensors of the file at ``path``, in its own order. Raises Unreadable."""
    match suffix_of(path):
        case "safetensors":
            return read_safetensors(reader)
        case "npz":
            return read_npz(reader)
        case "npy":
            return read_npy(reader)
    raise Unreadable(say("Its tensors are read of .safetensors, .npz and .npy only."))


def read_safetensors(reader: BoundedReader) -> Tensors:
    """The table in front of a safetensors file.

    Raises Unreadable where it is damaged, or claims more than the file has or is looked at.
    """
    length = int.from_bytes(reader.read_exactly(0, 8, say("the length of the header")), "little")
    if length > reader.size_bytes - 8:
        raise Unreadable(
            say(
                "The header claims {length} bytes; the file has {size_bytes}.",
                length=length,
                size_bytes=reader.size_bytes,
            )
        )
    if length > reader.left_bytes:
        raise OverBudget(
            say("The header has {length} bytes, more than is looked at.", length=length)
        )
    header = _parse_header(reader.read_exactly(8, length, say("the header")))
    said = header.pop("__metadata__", {})
    data_bytes = reader.size_bytes - 8 - length
    rows = [_tensor(name, row, 8 + length, data_bytes) for name, row in header.items()]
    rows.sort(key=lambda one: (one.place.offset, one.name))  # type: ignore[union-attr] # all spans
    return Tensors("safetensors", tuple(rows), _texts(said))


def _parse_header(raw: bytes) -> dict[str, Any]:
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise Unreadable(say("The header is not the JSON of safetensors."))
    return header


def _texts(said: object) -> dict[str, str]:
    if not isinstance(said, dict):
        raise Unreadable(say("The metadata in the header is no object."))
    return {
        show_text(key, MAX_NAME_CHARACTERS): show_text(str(value), MAX_METADATA_CHARACTERS)
        for key, value in said.items()
        if isinstance(value, str)
    }


def _tensor(name: str, row: object, data_offset: int, data_bytes: int) -> Tensor:
    shown = show_text(name, MAX_NAME_CHARACTERS)
    if not isinstance(row, dict):
        raise Unreadable(say("The tensor {name!r} is not described.", name=shown))
    dtype, shape, span = row.get("dtype"), _sizes(row, "shape"), _sizes(row, "data_offsets")
    if not isinstance(dtype, str) or shape is None or span is None:
        raise Unreadable(say("The tensor {name!r} is described by something else.", name=shown))
    if len(span) != 2 or not span[0] <= span[1] <= data_bytes:
        raise Unreadable(say("The tensor {name!r} lies outside of the file.", name=shown))
    if math.prod(shape) > arrays.MAX_VALUES:
        raise Unreadable(say("The shape of the tensor {name!r} is impossible.", name=shown))
    size = span[1] - span[0]
    bits = _ITEM_BITS.get(dtype)
    if bits is not None and math.prod(shape) * bits != size * 8:
        raise Unreadable(
            say("The tensor {name!r} does not have the bytes of its shape.", name=shown)
        )
    return Tensor(shown, show_text(dtype, 40), tuple(shape), size, _Span(data_offset + span[0]))


def _sizes(row: dict[str, Any], key: str) -> list[int] | None:
    """The list of sizes or offsets there, few enough to be multiplied; None where it is none."""
    values = row.get(key)
    if not isinstance(values, list) or len(values) > arrays.MAX_DIMENSIONS:
        return None
    are_sizes = all(type(one) is int and 0 <= one < _SIZE_LIMIT for one in values)
    return values if are_sizes else None


def read_npy(reader: BoundedReader) -> Tensors:
    """The one array of a ``.npy`` file. Raises Unreadable."""
    head = reader.read_at(0, arrays.header_bytes(reader.read_at(0, arrays.FIRST_BYTES)))
    found = arrays.parse_header(head)
    size = reader.size_bytes - found.data_offset
    return Tensors("npy", (_array("", found, size, _Span(found.data_offset)),), {})


def _array(name: str, header: arrays.ArrayHeader, size: int, place: _Span | _Packed) -> Tensor:
    """Raises Unreadable where the array claims more than the ``size`` bytes that are there."""
    each = arrays.item_bytes(header.dtype)
    if size < 0 or (each is not None and math.prod(header.shape) * each > size):
        raise Unreadable(say("The array {name!r} does not have the bytes of its shape.", name=name))
    dtype = show_text(header.dtype, 200)
    return Tensor(name, dtype, header.shape, size, place, header.is_fortran_ordered)


def read_npz(reader: BoundedReader) -> Tensors:
    """The arrays of an ``.npz`` file; not complete where their headers are more than is looked at.

    Raises Unreadable.
    """
    members = [one for one in read_members(reader) if one.name.endswith(".npy")]
    found: list[Tensor] = []
    try:
        found.extend(_arrays(reader, members))
    except OverBudget:
        return Tensors("npz", tuple(found), {}, is_complete=False)
    return Tensors("npz", tuple(found), {})


def _arrays(reader: BoundedReader, members: list[Member]) -> Iterator[Tensor]:
    for member in members:
        unpacked = MemberReader(reader, member)
        head = unpacked.read(arrays.FIRST_BYTES)
        head += unpacked.read(max(0, arrays.header_bytes(head) - len(head)))
        found = arrays.parse_header(head)
        size = member.size_bytes - found.data_offset
        name = show_text(member.name.removesuffix(".npy"), MAX_NAME_CHARACTERS)
        yield _array(name, found, size, _Packed(member, found.data_offset))


def open_tensor(reader: BoundedReader, tensor: Tensor) -> Stream:
    """The values of ``tensor``, a tensor of the file that ``reader`` reads, as they lie there.

    Raises Unreadable, and so does reading.
    """
    if isinstance(tensor.place, _Span):
        return _SpanReader(reader, tensor.place.offset, tensor.size_bytes)
    unpacked = MemberReader(reader, tensor.place.member)
    unpacked.read(tensor.place.skip)
    return unpacked


class _SpanReader:
    """``length`` bytes of a file from ``offset`` on."""

    def __init__(self, reader: BoundedReader, offset: int, length: int) -> None:
        self._reader, self._at, self._end = reader, offset, offset + length

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer only at the end."""
        piece = self._reader.read_at(self._at, min(size, self._end - self._at))
        self._at += len(piece)
        return piece
