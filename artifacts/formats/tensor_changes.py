"""Which tensors differ between two files: by name, then type and shape, then by their bytes.

Bytes are read the smallest tensor first, as far as the readers may; what is left is said not to
have been compared, which is no claim that it is the same.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from accounts.sentences import say
from artifacts.formats.source import BoundedReader, OverBudget, Unreadable
from artifacts.formats.tensors import Tensor, Tensors, open_tensor

PIECE_BYTES = 1 << 20

Change = Literal["added", "removed", "reshaped", "changed", "unchanged", "uncompared"]


@dataclass(frozen=True)
class TensorChange:
    """What became of the tensor ``name``; None where it is not in that file.

    ``reshaped``: it has another type or shape. ``uncompared``: as far as is known it is the same.
    """

    name: str
    change: Change
    before: Tensor | None
    after: Tensor | None

    @property
    def is_compared(self) -> bool:
        """Whether ``change`` is certain."""
        return self.change != "uncompared"


@dataclass(frozen=True)
class OpenTensors:
    """A file's tensors, and what reads it."""

    reader: BoundedReader
    table: Tensors


def compare_tensors(
    before: OpenTensors, after: OpenTensors, *, is_same_content: bool = False
) -> list[TensorChange]:
    """What became of each tensor, by name. ``is_same_content``: nothing needs to be read.

    Raises Unreadable where one of the files is damaged.
    """
    old, new = _by_name(before.table), _by_name(after.table)
    pairs = [(name, old.get(name), new.get(name)) for name in sorted({*old, *new}, key=_as_counted)]
    verdicts = {name: _by_header(one, other) for name, one, other in pairs}
    alike = [(name, one, other) for name, one, other in pairs if one and other]
    alike.sort(key=lambda pair: pair[1].size_bytes + pair[2].size_bytes)
    for name, one, other in alike:
        if verdicts[name] == "uncompared":
            verdicts[name] = (
                "unchanged" if is_same_content else _by_bytes(before, one, after, other)
            )
    return [TensorChange(name, verdicts[name], one, other) for name, one, other in pairs]


def _as_counted(name: str) -> tuple[list[str], str]:
    """A key by which ``layer.2`` comes before ``layer.10``: longer numbers are larger."""
    parts = re.split("([0-9]+)", name)
    return [f"{len(one):04}{one}" if n % 2 else one for n, one in enumerate(parts)], name


def count_changes(changes: list[TensorChange]) -> dict[Change, int]:
    """How many there are of each kind."""
    found = Counter(one.change for one in changes)
    kinds: tuple[Change, ...] = (
        "added", "removed", "reshaped", "changed", "unchanged", "uncompared",
    )  # fmt: skip
    return {kind: found[kind] for kind in kinds}


def _by_name(table: Tensors) -> dict[str, Tensor]:
    """A name that comes twice, as in a hostile archive, is told apart by its number."""
    found: dict[str, Tensor] = {}
    seen: Counter[str] = Counter()
    for tensor in table.tensors:
        seen[tensor.name] += 1
        number = seen[tensor.name]
        found[tensor.name if number == 1 else f"{tensor.name} ({number})"] = tensor
    return found


def _by_header(before: Tensor | None, after: Tensor | None) -> Change:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    same_form = (before.dtype, before.shape) == (after.dtype, after.shape)
    return "uncompared" if same_form else "reshaped"


def _by_bytes(before: OpenTensors, one: Tensor, after: OpenTensors, other: Tensor) -> Change:
    if (one.size_bytes, one.is_fortran_ordered) != (other.size_bytes, other.is_fortran_ordered):
        return "changed"
    try:
        pieces = _pieces(before, one, after, other)
        return "unchanged" if all(left == right for left, right in pieces) else "changed"
    except OverBudget:
        return "uncompared"


def _pieces(
    before: OpenTensors, one: Tensor, after: OpenTensors, other: Tensor
) -> Iterator[tuple[bytes, bytes]]:
    """The values of both side by side, as many bytes as the headers claim and not one more."""
    for table, tensor in ((before, one), (after, other)):
        if tensor.size_bytes > table.reader.left_bytes:
            raise OverBudget(say("Its values are more than is looked at."))
    left, right = open_tensor(before.reader, one), open_tensor(after.reader, other)
    for at in range(0, one.size_bytes, PIECE_BYTES):
        size = min(PIECE_BYTES, one.size_bytes - at)
        pair = left.read(size), right.read(size)
        if {len(pair[0]), len(pair[1])} != {size}:
            raise Unreadable(say("The tensor {name!r} is shorter than it claims.", name=one.name))
        yield pair
