"""What a pickle would import, found by looking at its opcodes. It is never unpickled.

A pickle is a program. Which functions and classes it reaches for is what makes it dangerous or not,
and those are named by ``GLOBAL``, ``INST`` and ``STACK_GLOBAL``. The last takes its names from the
stack, so the stack is followed, with texts on it as they are and everything else as unknown; what
cannot be followed counts as unknown, and is warned of.
"""

import io
import pickletools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from accounts.sentences import say
from artifacts.formats.source import BoundedReader, OverBudget, Unreadable
from artifacts.formats.text import show_text
from artifacts.formats.zips import MemberReader, read_members

MAX_OPCODES = 200_000
MAX_IMPORTS = 1_000
MAX_NAME_CHARACTERS = 200
UNKNOWN = "?"

_MARK = pickletools.markobject
_TEXTS = frozenset({
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE",
    "BINUNICODE8",
})  # fmt: skip
_BUILTINS = frozenset({
    "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "long",
    "object", "range", "set", "slice", "str", "tuple", "unicode",
})  # fmt: skip
_ARRAYS = frozenset({"_reconstruct", "scalar"})
_TORCH = frozenset({
    "BFloat16Storage", "BoolStorage", "ByteStorage", "CharStorage", "DoubleStorage", "FloatStorage",
    "HalfStorage", "IntStorage", "LongStorage", "ShortStorage", "Size", "UntypedStorage",
    "bfloat16", "bool", "device", "float16", "float32", "float64", "int16", "int32", "int64",
    "int8", "uint8",
})  # fmt: skip
KNOWN: dict[str, frozenset[str]] = {
    "builtins": _BUILTINS,
    "__builtin__": _BUILTINS,
    "copyreg": frozenset({"_reconstructor"}),
    "copy_reg": frozenset({"_reconstructor"}),
    "_codecs": frozenset({"encode"}),
    "collections": frozenset({"Counter", "OrderedDict", "defaultdict", "deque"}),
    "datetime": frozenset({"date", "datetime", "time", "timedelta", "timezone"}),
    "decimal": frozenset({"Decimal"}),
    "fractions": frozenset({"Fraction"}),
    "uuid": frozenset({"UUID"}),
    "numpy": frozenset({"dtype", "ndarray"}),
    "numpy.core.multiarray": _ARRAYS,
    "numpy._core.multiarray": _ARRAYS,
    "numpy.core.numeric": frozenset({"_frombuffer"}),
    "numpy._core.numeric": frozenset({"_frombuffer"}),
    "torch": _TORCH,
    "torch._utils": frozenset({"_rebuild_parameter", "_rebuild_tensor", "_rebuild_tensor_v2"}),
    "torch.nn.parameter": frozenset({"Parameter"}),
    "torch.storage": frozenset({"TypedStorage", "UntypedStorage"}),
}
"""Module → what of it only makes values: to load a pickle of nothing else runs no foreign code."""


@dataclass(frozen=True)
class Import:
    """Something a pickle reaches for; ``is_known``: it is on the short list of what is harmless."""

    module: str
    name: str
    is_known: bool


@dataclass(frozen=True)
class Pickle:
    """What a pickle reaches for, each once; ``is_complete`` False: it was not followed to its end.

    ``num_imports`` counts also those beyond the thousand that are listed.
    """

    kind: ClassVar = "pickle"

    imports: tuple[Import, ...]
    num_imports: int
    is_complete: bool
    needs_warning: bool
    """Whether loading it may run code that is not on the short list."""


def is_pickle(head: bytes) -> bool:
    """Whether ``head`` begins as pickles of protocol 2 to 5 do."""
    return len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5


def read_pickle(raw: bytes, *, is_whole: bool) -> Pickle:
    """What the pickles in ``raw`` reach for, which follow one another, as in an old ``.pth``.

    Raises Unreadable where not even the first is one.
    """
    scan = _Scan()
    scan.follow(raw)
    if not scan.num_pickles and (is_whole or not scan.num_opcodes):
        raise Unreadable(say("It is no pickle."))
    return scan.result(is_whole=is_whole)


def read_torch(reader: BoundedReader) -> Pickle | None:
    """What the ``data.pkl`` of a PyTorch archive reaches for; None for an archive without one.

    Of several all are followed: who loads it may take any. Raises Unreadable.
    """
    members = [
        one for one in read_members(reader) if one.name.rpartition("/")[2] == "data.pkl"
    ]  # fmt: skip
    if not members:
        return None
    scan, is_whole = _Scan(), True
    for member in members:
        raw = b""
        try:
            unpacked = MemberReader(reader, member)
            raw = unpacked.read(min(reader.left_bytes, member.size_bytes))
        except OverBudget:
            is_whole = False
        scan.follow(raw)
        is_whole = is_whole and len(raw) == member.size_bytes
    return scan.result(is_whole=is_whole)


class _Scan:
    """What was found so far, and how much was looked at."""

    def __init__(self) -> None:
        self.num_opcodes = 0
        self.num_pickles = 0
        self._found: dict[tuple[str, str], None] = {}
        self._is_broken = False

    def follow(self, raw: bytes) -> None:
        """Follow the pickles in ``raw``, one after the other, until what is none.

        Behind the last of an old ``.pth`` stand the plain values, so that something else follows is
        no fault; what it would import counts all the same.
        """
        stream = io.BytesIO(raw)
        is_first = True
        while stream.tell() < len(raw):
            is_due = is_first or is_pickle(raw[stream.tell() : stream.tell() + 2])
            if not self._follow_one(stream):
                self._is_broken |= is_due
                break
            self.num_pickles += 1
            is_first = False

    def _follow_one(self, stream: io.BytesIO) -> bool:
        """Follow one to its end; whether it has one."""
        stack = _Stack()
        try:
            for opcode, argument, _ in pickletools.genops(stream):
                self.num_opcodes += 1
                if self.num_opcodes > MAX_OPCODES:
                    self._is_broken = True
                    return False
                self._found.update(dict.fromkeys(stack.step(opcode, argument)))
        except (ValueError, OverflowError):  # cut, or no pickle
            return False
        return True

    def result(self, *, is_whole: bool) -> Pickle:
        """All of it."""
        imports = [_as_import(module, name) for module, name in self._found]
        is_complete = is_whole and not self._is_broken
        return Pickle(
            tuple(imports[:MAX_IMPORTS]),
            len(imports),
            is_complete,
            needs_warning=not is_complete or not all(one.is_known for one in imports),
        )


def _as_import(module: str, name: str) -> Import:
    is_known = name in KNOWN.get(module, ())
    return Import(
        show_text(module, MAX_NAME_CHARACTERS), show_text(name, MAX_NAME_CHARACTERS), is_known
    )


class _Stack:
    """The unpickler's stack and memo: texts as they are, marks, and None for all else."""

    def __init__(self) -> None:
        self._values: list[object] = []
        self._memo: dict[object, object] = {}

    def step(self, opcode: pickletools.OpcodeInfo, argument: object) -> Iterator[tuple[str, str]]:
        """Do what ``opcode`` does to the stack; gives what it imports."""
        match opcode.name:
            case "GLOBAL" | "INST":
                module, _, name = str(argument).partition(" ")
                yield module, name
            case "STACK_GLOBAL":
                yield self._named(-2), self._named(-1)
            case "EXT1" | "EXT2" | "EXT4":
                yield "copyreg", f"extension {argument}"
        self._move(opcode, argument)

    def _named(self, at: int) -> str:
        value = self._values[at] if len(self._values) >= -at else None
        return value if isinstance(value, str) else UNKNOWN

    def _move(self, opcode: pickletools.OpcodeInfo, argument: object) -> None:
        top = self._values[-1] if self._values else None
        match opcode.name:
            case "MEMOIZE":
                self._memo[len(self._memo)] = top
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = top
            case "GET" | "BINGET" | "LONG_BINGET":
                self._values.append(self._memo.get(argument))
            case "DUP":
                self._values.append(top)
            case _:
                self._pop(opcode, top)
                self._push(opcode, argument)

    def _pop(self, opcode: pickletools.OpcodeInfo, top: object) -> None:
        before = opcode.stack_before
        count = len(before)
        if _MARK in before or (opcode.name == "POP" and top is _MARK):
            count = before.index(_MARK) if _MARK in before else 0
            while self._values and self._values.pop() is not _MARK:
                pass
        if count:
            del self._values[-count:]

    def _push(self, opcode: pickletools.OpcodeInfo, argument: object) -> None:
        text = argument if opcode.name in _TEXTS else None
        self._values += [_MARK if one is _MARK else text for one in opcode.stack_after]
