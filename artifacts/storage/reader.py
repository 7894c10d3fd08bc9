"""A whole content, read from the pieces of files that it is put together from.

Invariants: every byte comes from one piece; a file that ends early or cannot be read is Corrupted,
never a shorter content.
"""

import io
import os
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from accounts.sentences import say
from artifacts.errors import Corrupted
from artifacts.storage.closing import Closing
from artifacts.storage.durable import UNREADABLE
from artifacts.storage.footer import Numbers

READ_AHEAD_BYTES = 32 << 20
GAP_BYTES = 256 << 10
"""The disk reads over less in no time."""
CALL_BYTES = 1 << 30
"""One call of the system gives less than 2 GiB."""

Part = tuple[int, int, int]
"""(open file, offset there, length)."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Where a content lies: each piece begins in the content at ``starts``.

    ``files`` are numbers of files, ``physical`` the offsets there.
    """

    starts: Numbers
    files: Numbers
    physical: Numbers


class ContentReader(Closing):
    """A whole content, open for reading at any offset; a context manager, for one thread."""

    def __init__(
        self, fds: Sequence[int], pieces: Pieces, size_bytes: int, opened: ExitStack
    ) -> None:
        self.size_bytes = size_bytes
        self._starts: list[int] = [*pieces.starts.tolist(), size_bytes]
        self._lengths: list[int] = np.diff(self._starts).tolist()
        self._files: list[int] = [fds[number] for number in pieces.files.tolist()]
        self._physical: list[int] = pieces.physical.tolist()
        self._opened = opened
        self._position = 0
        self._advised_to: int | None = None

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes, fewer only at the end; all that are left when it is negative.

        Raises Corrupted (422) when a file ends early or the disk cannot read it.
        """
        rest = max(0, self.size_bytes - self._position)
        count = rest if size < 0 else min(size, rest)
        if not count:
            return b""
        self._read_ahead()
        try:
            found = self._read(count)
        except OSError as error:
            if error.errno in UNREADABLE:
                raise Corrupted(say("The disk cannot read a file of the store.")) from error
            raise
        if len(found) != count:
            raise Corrupted(say("A file of the store is torn: it ends early."))
        self._position += count
        return found

    def _read(self, count: int) -> bytes:
        """The next bytes; fewer where a file ends early."""
        parts = self._parts(self._position, self._position + count)
        if len(parts) == 1:
            fd, offset, length = parts[0]
            return os.pread(fd, length, offset)
        # All into one piece of memory: to join bytes costs far more than to read them.
        found = io.BytesIO()
        found.seek(count - 1)
        found.write(b"\0")
        with found.getbuffer() as buffer:
            at = 0
            for fd, offset, length in parts:
                if os.preadv(fd, [buffer[at : at + length]], offset) != length:
                    return b""
                at += length
        return found.getvalue()

    def _parts(self, start: int, end: int) -> list[Part]:
        """Where the content from ``start`` to ``end``, which is behind it, lies."""
        first = bisect_right(self._starts, start) - 1
        stop = bisect_left(self._starts, end, first)
        offsets, lengths = self._physical[first:stop], self._lengths[first:stop]
        offsets[0] += start - self._starts[first]
        lengths[0] -= start - self._starts[first]
        lengths[-1] -= self._starts[stop] - end
        parts = list(zip(self._files[first:stop], offsets, lengths, strict=True))
        return _split(parts) if max(lengths) > CALL_BYTES else parts

    def _read_ahead(self) -> None:
        """Let the disk fetch what comes next, from the second read in a row on.

        The system does so by itself inside one file only; and a small range needs no more.
        """
        if self._advised_to is None or len(self._files) == 1:
            self._advised_to = self._position
            return
        start = max(self._advised_to, self._position)
        end = min(self._position + READ_AHEAD_BYTES, self.size_bytes)
        if end - start >= READ_AHEAD_BYTES // 2 or start < end == self.size_bytes:
            for fd, offset, stop in _merged(self._parts(start, end)):
                os.posix_fadvise(fd, offset, stop - offset, os.POSIX_FADV_WILLNEED)
            self._advised_to = end

    def seek(self, offset: int) -> int:
        """Go on reading at ``offset``, counted from the start; behind the end there is nothing."""
        if offset < 0:
            raise ValueError(f"negative offset: {offset}")
        self._position, self._advised_to = offset, None
        return offset

    def tell(self) -> int:
        """The offset of the next byte."""
        return self._position

    def close(self) -> None:
        """Close every file; may be repeated."""
        self._opened.close()


def _split(parts: list[Part]) -> list[Part]:
    return [
        (fd, offset + at, min(CALL_BYTES, length - at))
        for fd, offset, length in parts
        for at in range(0, length, CALL_BYTES)
    ]


def _merged(parts: list[Part]) -> list[tuple[int, int, int]]:
    """The same as (file, start, end), with what lies close together in a file as one."""
    merged: list[tuple[int, int, int]] = []
    last: dict[int, int] = {}
    for fd, offset, length in parts:
        at = last.get(fd)
        if at is not None and 0 <= offset - merged[at][2] <= GAP_BYTES:
            merged[at] = fd, merged[at][1], offset + length
        else:
            last[fd] = len(merged)
            merged.append((fd, offset, offset + length))
    return merged
