"""The contents that parts of one coming in were found in: open files, compared and read.

They stay open until it is decided how the content is stored, so that their bytes cannot vanish
before, whatever is collected or compacted meanwhile.
"""

from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from artifacts.storage.chunks import ChunkList
from artifacts.storage.closing import Closing
from artifacts.storage.content import OwnBytes, open_own
from artifacts.storage.layout import Place, Store

MAX_BASES = 64
"""A content leans on no more than these: reading it opens them all."""
WINDOW_BYTES = 1 << 20
MAX_RUN = 64
"""How many chunks a window may have."""


class Bases(Closing):
    """The contents that chunks were found in, open for reading while one content comes in."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._files = ExitStack()
        self._open: dict[str, OwnBytes] = {}
        # Always the same memory: fresh one costs more than the reading.
        self._buffer = bytearray(WINDOW_BYTES)
        self._window: tuple[str, int, int] = ("", 0, 0)
        """Whose bytes the buffer has, from which offset of the content on, and how many."""

    def close(self) -> None:
        """Close the files."""
        self._files.close()

    def has_room_for(self, place: Place) -> bool:
        """Whether this one is open, or one more may be opened."""
        return place.sha256 in self._open or len(self._open) < MAX_BASES

    def open(self, place: Place) -> None:
        """Open its own file unless it is. Raises Corrupted (422), StoreUnavailable (503)."""
        if place.sha256 not in self._open:
            self._open[place.sha256] = self._files.enter_context(open_own(self._store, place))

    def read_at(self, sha256: str, offset: int, length: int) -> bytes | None:
        """These bytes of an open base; None when its file has them no longer."""
        return self._open[sha256].read_at(offset, length)

    def holds(self, sha256: str, offset: int, chunk: memoryview, *, ahead: int = 0) -> bool:
        """Whether the bytes of an open base from ``offset`` on are those of ``chunk``.

        So many bytes ``ahead`` are read at once, where they will be asked for next. A chunk has at
        most ``WINDOW_BYTES``.
        """
        owner, start, count = self._window
        if owner != sha256 or not start <= offset <= start + count - len(chunk):
            start, count = offset, self._fill(sha256, offset, max(len(chunk), ahead))
        end = offset - start + len(chunk)
        return end <= count and self._buffer.startswith(chunk, offset - start)

    def _fill(self, sha256: str, offset: int, length: int) -> int:
        with memoryview(self._buffer) as buffer:
            count = self._open[sha256].read_into(buffer[:length], offset)
        self._window = sha256, offset, count
        return count


class Trail:
    """The chunks of a base in order: where one was found the next ones will most likely follow.

    Cuts depend on what stands between them only, so where the same bytes follow a cut, the next
    cuts are the same, and so are the ids. Only the last chunk of a content ends otherwise: it is
    left out.
    """

    def __init__(self, chunks: ChunkList, size_bytes: int) -> None:
        self._records = chunks.records
        self._starts: NDArray[np.int64] = chunks.records["offset"].astype(np.int64)
        self._ends: NDArray[np.int64] = self._starts + chunks.records["length"]
        self._last_end = size_bytes - 1

    def run(self, offset: int, at_most: int) -> NDArray[np.void]:
        """The chunks (``RECORD``) that begin at ``offset`` and follow each other without a gap.

        So many as fit into ``at_most`` bytes and a window; perhaps none.
        """
        at = int(self._starts.searchsorted(offset))
        starts, ends = self._starts[at : at + MAX_RUN], self._ends[at : at + MAX_RUN]
        is_next = ends <= min(offset + min(at_most, WINDOW_BYTES), self._last_end)
        is_next[1:] &= starts[1:] == ends[:-1]
        if not len(starts) or starts[0] != offset:
            return self._records[:0]
        count = len(is_next) if is_next.all() else int(is_next.argmin())
        return self._records[at : at + count]
