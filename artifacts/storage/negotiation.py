"""What was agreed on for an upload of chunks, kept beside what has come of it.

::

    .staging/partial-<sha256>-<owner>.chunks     what came: the needed chunks, in order
    .staging/partial-<sha256>-<owner>.plan       a line of JSON (see ``_Head``), then the extents of
                                                 the recipe (20 bytes each: owner u32, offset and
                                                 length u64), then the list: 44 bytes a chunk
                                                 (``chunks``)

The line says what each part has to know; the rest, perhaps 40 MB, is read when all has come.

Invariants: a chunk that is needed stands in the recipe as literal, at its first place; so what
came, once all of it is there, is the body of a ``.d`` file. A plan that cannot be read is none.
"""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, TypedDict, cast

import numpy as np

from artifacts.errors import UploadInProgress
from artifacts.storage.chunks import ChunkList
from artifacts.storage.durable import disk_errors, new_file, write_all
from artifacts.storage.footer import EXTENT, Columns, Numbers, from_table, to_table
from artifacts.storage.layout import Store
from artifacts.storage.partial import open_partial, partial_path
from artifacts.storage.recipe import Recipe, recipe_of

MAX_LINE_BYTES = 1 << 16
"""More than a line with the most bases there may be."""
ROWS_AT_ONCE = 4096


class _Head(TypedDict):
    """``list_digest`` is that of the client's list, ``needed`` how many bytes he has to send.

    ``owners`` are sha256: that of the content, then those of its bases.
    """

    list_digest: str
    needed: int
    size: int
    owners: list[str]
    extents: int


@dataclass(frozen=True)
class Agreed:
    """What a part has to know: ``list_digest`` tells the client's list from others."""

    list_digest: str
    needed_bytes: int


@dataclass(frozen=True)
class Plan:
    """How a content will be put together: ``columns`` are its recipe, ``chunks`` all its chunks."""

    list_digest: str
    columns: Columns
    chunks: ChunkList

    @property
    def sha256(self) -> str:
        """Of the content."""
        return self.columns.sha256

    @property
    def recipe(self) -> Recipe:
        """The same as ``columns``; 130 bytes of memory an extent."""
        return recipe_of(self.columns)

    @property
    def needed_bytes(self) -> int:
        """How many bytes the client has to send."""
        return self.columns.literals.num_bytes

    def extents(self) -> Iterator[tuple[str, int, int]]:
        """Give (sha256 of who holds them, offset there, length) of the bytes, in order."""
        columns = self.columns
        names = (columns.sha256, *columns.owners)
        for start in range(0, len(columns.owner), ROWS_AT_ONCE):
            some = slice(start, start + ROWS_AT_ONCE)
            rows = (one[some].tolist() for one in (columns.owner, columns.offset, columns.length))
            for owner, offset, length in zip(*rows, strict=True):
                yield names[owner], offset, length

    @property
    def needed_chunks(self) -> ChunkList:
        """What the client has to send, in order."""
        return ChunkList(self.chunks.records[self._needed])

    @property
    def needed(self) -> list[tuple[int, int]]:
        """The same as runs in the client's list: (number of the first chunk, how many)."""
        numbers = self._needed
        is_first = np.ones(len(numbers), np.bool_)
        is_first[1:] = np.diff(numbers) != 1
        starts = np.flatnonzero(is_first)
        counts = np.diff(starts, append=len(numbers))
        return list(zip(numbers[starts].tolist(), counts.tolist(), strict=True))

    @cached_property
    def _needed(self) -> Numbers:
        literals, offset = self.columns.literals, self.chunks.records["offset"].astype(np.int64)
        run = np.searchsorted(literals.starts, offset, side="right") - 1
        ends = np.append(literals.ends, 0)  # the last one is that of -1
        return np.flatnonzero(offset < ends[run])


def plan_path(store: Store, name: str) -> Path:
    """Where the plan of the upload ``name`` (``<sha256>-<owner>``) waits."""
    return partial_path(store, f"{name}.plan")


def write_plan(store: Store, name: str, plan: Plan) -> None:
    """Keep ``plan``; another one goes. Not synced: losing it costs the client one question.

    Raises StorageFull (507), StoreUnavailable (503).
    """
    path, columns = store.staging / uuid.uuid4().hex, plan.columns
    with new_file(path) as fd:
        write_all(fd, json.dumps(_head_of(plan)).encode() + b"\n")
        write_all(fd, to_table(columns).tobytes())
        write_all(fd, plan.chunks.as_buffer())
    with disk_errors():
        path.replace(plan_path(store, name))


def _head_of(plan: Plan) -> _Head:
    columns = plan.columns
    return {
        "list_digest": plan.list_digest,
        "needed": plan.needed_bytes,
        "size": columns.size_bytes,
        "owners": [columns.sha256, *columns.owners],
        "extents": len(columns.owner),
    }


def read_agreed(store: Store, name: str) -> Agreed | None:
    """What was agreed on for the upload ``name``; None without a plan. A sweep takes it for new."""
    path = plan_path(store, name)
    with suppress(FileNotFoundError), path.open("rb") as file:
        os.utime(path)
        head = _read_head(file)
        return head and Agreed(head["list_digest"], head["needed"])
    return None


def read_plan(store: Store, name: str) -> Plan | None:
    """The whole plan of the upload ``name``; otherwise as :func:`read_agreed`."""
    path = plan_path(store, name)
    with suppress(FileNotFoundError, ValueError), path.open("rb") as file:
        os.utime(path)
        head = _read_head(file)
        return head and _read_rest(file, head)
    return None


def _read_head(file: BinaryIO) -> _Head | None:
    line = file.readline(MAX_LINE_BYTES)
    with suppress(ValueError):
        match json.loads(line):
            case {
                "list_digest": str(),
                "needed": int(),
                "size": int(),
                "owners": [str(), *_],
                "extents": int(),
            } as head:
                return cast("_Head", head)
    return None


def _read_rest(file: BinaryIO, head: _Head) -> Plan:
    """Raises ValueError when it is not what the first line says."""
    sha256, *owners = head["owners"]
    table = np.frombuffer(file.read(head["extents"] * EXTENT.itemsize), EXTENT)
    columns = from_table(sha256, head["size"], tuple(owners), table)
    columns.check()
    plan = Plan(head["list_digest"], columns, ChunkList.from_bytes(file.read()))
    if plan.needed_bytes != head["needed"]:
        raise ValueError("the first line is another plan's")
    return plan


def remove_plan(store: Store, name: str) -> None:
    """Forget what was agreed on; may be repeated."""
    plan_path(store, name).unlink(missing_ok=True)


def forget_negotiation(store: Store, name: str) -> None:
    """Remove the plan of the upload ``name`` and what came of it: the content came another way.

    Left alone while a request still works with them.
    """
    if not plan_path(store, name).exists():
        return
    with suppress(UploadInProgress), open_partial(store, f"{name}.chunks") as partial:
        remove_plan(store, name)
        partial.remove()
