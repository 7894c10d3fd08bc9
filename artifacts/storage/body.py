"""The file that content is written to while it comes in, and what of it can be read back.

It begins as the whole content. As soon as bytes were found in another content it goes on as the
body of a ``.d`` file: only literal bytes, in order. Where a repeat came before that, which is
written already, it stays whole to the end.

Invariants: the file holds a prefix of the content, or its literal bytes so far, and nothing else.
"""

import os
from bisect import bisect_right
from pathlib import Path

from artifacts.storage.closing import Closing
from artifacts.storage.durable import start_writeback, write_all

WRITEBACK_BYTES = 8 << 20
_NOTHING = memoryview(b"")


class Body(Closing):
    """Takes content in order, as ranges of buffers; a context manager.

    ``fd`` is where it is written to; None: the whole content is at ``path`` already. ``is_whole``
    says whether the file has all that was taken.
    """

    def __init__(self, path: Path, fd: int | None = None) -> None:
        self.is_whole = True
        self.path = path
        self._fd = fd
        self._may_shrink = fd is not None
        self._reader = -1
        self._position = self._size = self._started = 0
        self._starts, self._physical = [0], [0]
        self._pending, self._pending_bytes = _NOTHING, 0

    def keep(self, data: memoryview, length: int) -> None:
        """Take the first bytes of ``data``, as literal.

        They are written together with those that follow: before another buffer comes there has to
        be a :meth:`flush`.
        """
        if not self._pending_bytes:
            self._pending = data
        self._pending_bytes += length

    def leave_out(self, data: memoryview, length: int, *, is_repeat: bool) -> None:
        """Take bytes that lie in another content or, a repeat, further ahead in this one."""
        if self._may_shrink:  # these are the first
            self._may_shrink, self.is_whole = False, is_repeat
        if self.is_whole:
            self.keep(data, length)
        else:
            self.flush()
            self._position += length

    def flush(self) -> None:
        """Write what was kept. Raises OSError."""
        pending, count = self._pending[: self._pending_bytes], self._pending_bytes
        self._pending, self._pending_bytes = _NOTHING, 0
        if self._fd is not None and count:
            write_all(self._fd, pending)
        if count and self._position - self._size != self._starts[-1] - self._physical[-1]:
            self._starts.append(self._position)
            self._physical.append(self._size)
        self._position += count
        self._size += count
        self._push()

    def _push(self) -> None:
        count = self._size - self._started
        if self._fd is not None and count >= WRITEBACK_BYTES:
            start_writeback(self._fd, self._started, count)
            self._started = self._size

    def touch(self) -> None:
        """Say that more may come, though nothing of it had to be written: no leftover to sweep."""
        if self._fd is not None and not self.is_whole:
            os.utime(self._fd)

    def read_at(self, offset: int, length: int) -> bytes:
        """Literal bytes that were taken before; fewer where the file ends. Raises OSError."""
        self.flush()
        if self._reader < 0:
            self._reader = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        run = bisect_right(self._starts, offset) - 1
        return os.pread(self._reader, length, self._physical[run] + offset - self._starts[run])

    def close(self) -> None:
        """Close what it has opened; may be repeated."""
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1
