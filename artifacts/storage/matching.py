"""Which parts of content coming in lie in other contents already, or further ahead in itself.

Where bytes were found in a base, those behind them are compared with what follows there, a window
at a time; content is cut, and its chunks looked up, only where that ends. The cuts are the same
either way (``bases.Trail``).

Invariants: a part counts as found only after its bytes were read where they lie and were compared;
what is found lies in the own file of its owner, so that a recipe is never deeper than one step.
"""

import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from artifacts.errors import Corrupted
from artifacts.storage.bases import WINDOW_BYTES, Bases, Trail
from artifacts.storage.body import Body
from artifacts.storage.chunk_index import ChunkIndex, Found
from artifacts.storage.chunks import MAX_BYTES, ChunkList, chunk_id, cut, hook_key
from artifacts.storage.closing import Closing
from artifacts.storage.layout import Place, Store
from artifacts.storage.recipe import Extent, Range, Recipe, merge_ranges

MAX_REPEATS = 200_000
"""How many chunks of the content itself are remembered: 16 GiB of it."""
FIRST_WINDOW_BYTES = MAX_BYTES
FEW_CHUNKS = 4
MANY_CHUNKS = 1 << 20
"""More than any buffer has."""

FindMore = Callable[[list[int]], None]
Part = tuple[str | None, int, int]
"""(owner, offset there, length); the owner None is the content itself."""
_RECORD = struct.Struct("<32sQI")
WORTH_BYTES = 4 << 20
"""So much must lie in others, and a tenth of the whole, for content to lean on them."""
_NO_CHUNKS = ChunkList.from_bytes(b"").records


def is_worth_extents(found_bytes: int, size_bytes: int) -> bool:
    """Whether it pays to lean on others: 10 % of the content and 4 MiB lie there already."""
    return found_bytes >= WORTH_BYTES and found_bytes * 10 >= size_bytes


class Repeats:
    """The chunks of the content itself that are literal; of equal ones the first."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._offsets: dict[bytes, int] = {}

    def add(self, id_: bytes, offset: int) -> None:
        """Remember a chunk that has to be stored."""
        if len(self._offsets) < MAX_REPEATS:
            self._offsets.setdefault(id_[:16], offset)

    def find(self, id_: bytes, chunk: memoryview) -> int | None:
        """The offset of an equal chunk further ahead; its bytes are compared too."""
        offset = self._offsets.get(id_[:16])
        if offset is None:
            return None
        return offset if self._body.read_at(offset, len(chunk)).startswith(chunk) else None


@dataclass(frozen=True)
class _KeptLiteral:
    """The ranges whose bytes have to stay in the content's own file."""

    ranges: tuple[Range, ...]
    starts: tuple[int, ...]

    def touches(self, offset: int, end: int) -> bool:
        at = bisect_right(self.starts, end - 1) - 1
        return at >= 0 and self.ranges[at].end > offset


class Matcher(Closing):
    """Takes a content piece by piece and says how it is best put together; a context manager.

    ``body`` takes what has to be written. ``find_more`` gets the hooks of chunks that ``index``
    lacks and may add to it. The bytes in the ranges ``keep`` are literal whatever is found.
    """

    def __init__(
        self,
        store: Store,
        body: Body,
        index: ChunkIndex,
        find_more: FindMore | None,
        keep: Sequence[Range] = (),
    ) -> None:
        self.bases = Bases(store)
        self.parts: list[Part] = []
        """What was taken, as far as it is decided, merged."""
        self._body = body
        self._index = index
        self._find_more = find_more
        self._repeats = Repeats(body)
        kept = merge_ranges(keep)
        self._keep = _KeptLiteral(kept, tuple(one.offset for one in kept))
        self._trails: dict[str, Trail] = {}
        self._window = FIRST_WINDOW_BYTES
        # Where the artifact has versions, some bytes are most likely the same, and need no cuts.
        self._at_once = FEW_CHUNKS if len(index) else MANY_CHUNKS
        self._rest = b""
        self._position = 0
        self._records = bytearray()

    def close(self) -> None:
        """Close what it has opened."""
        self.bases.close()

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the content."""
        seam_bytes = len(self._rest)
        if len(piece) < MAX_BYTES:
            seam = self._rest + piece
            end = self._match(memoryview(seam), len(seam) - MAX_BYTES)
            self._rest = seam[end:]
            return
        # No chunk is longer than MAX_BYTES, so this much is enough, and the rest is not copied.
        seam = self._rest + piece[:MAX_BYTES]
        start = self._match(memoryview(seam), seam_bytes) - seam_bytes if seam_bytes else 0
        data = memoryview(piece)[start:]
        end = self._match(data, len(data) - MAX_BYTES)
        self._rest = bytes(data[end:])

    def finish(self, sha256: str) -> tuple[ChunkList, Recipe | None]:
        """Take what is left; all chunks, in order, and the recipe, None where to store it whole."""
        self._match(memoryview(self._rest), len(self._rest) - 1)
        self._rest = b""
        chunks = ChunkList.from_bytes(memoryview(self._records).toreadonly())
        if any(owner == sha256 for owner, _, _ in self.parts):  # it would lean on itself
            return chunks, None
        extents = (Extent(owner or sha256, offset, size) for owner, offset, size in self.parts)
        recipe = Recipe(sha256, self._position, tuple(extents))
        is_worth = is_worth_extents(self._position - recipe.literal_bytes, self._position)
        return chunks, recipe if is_worth else None

    def _match(self, data: memoryview, last: int) -> int:
        """Take the chunks of ``data`` that begin at ``last`` or before; returns where they end.

        Each of them must be complete in ``data``.
        """
        at = 0
        while at <= last:
            at += self._follow(data[at:])
            if at <= last:
                at += self._cut_some(data[at:], last - at)
        self._body.flush()
        return at

    def _follow(self, data: memoryview) -> int:
        """Take the first bytes of ``data`` that go on as the base does; returns how many."""
        at = 0
        while len(run := self._next_run(len(data) - at)):
            taken, is_all = self._take_run(run, data[at:])
            at += taken
            if not is_all:
                break
        if at:
            self._at_once = FEW_CHUNKS
        return at

    def _next_run(self, at_most: int) -> NDArray[np.void]:
        """What follows in the base that the last bytes were found in; perhaps nothing."""
        owner, offset, length = self.parts[-1] if self.parts else (None, 0, 0)
        if owner is None:
            return _NO_CHUNKS
        run = self._trails[owner].run(offset + length, min(at_most, self._window))
        num_bytes = int(run["length"].sum())
        if not num_bytes or self._keep.touches(self._position, self._position + num_bytes):
            return _NO_CHUNKS
        return run

    def _take_run(self, run: NDArray[np.void], data: memoryview) -> tuple[int, bool]:
        """Take the first chunks of ``run`` that ``data`` begins with: (bytes, whether all)."""
        owner, start = str(self.parts[-1][0]), int(run["offset"][0])
        num_bytes = int(run["length"].sum())
        is_all = self.bases.holds(owner, start, data[:num_bytes], ahead=num_bytes)
        if not is_all:
            run, num_bytes = self._equal_start(owner, run, data)
        self._window = min(2 * self._window, WINDOW_BYTES) if is_all else FIRST_WINDOW_BYTES
        if num_bytes:
            rows = run.copy()
            rows["offset"] = rows["offset"].astype(np.int64) + (self._position - start)
            self._records += rows.tobytes()
            self._take(data, num_bytes, owner, start)
        return num_bytes, is_all

    def _equal_start(
        self, owner: str, run: NDArray[np.void], data: memoryview
    ) -> tuple[NDArray[np.void], int]:
        at = 0
        for count, (offset, length) in enumerate(run[["offset", "length"]].tolist()):
            if not self.bases.holds(owner, offset, data[at : at + length]):
                return run[:count], at
            at += length
        return run, at

    def _take(self, data: memoryview, length: int, owner: str | None, offset: int) -> None:
        """Take the first bytes of ``data``, which are those of ``owner`` from ``offset`` on."""
        if owner is None and offset == self._position:
            self._body.keep(data, length)
        else:
            self._body.leave_out(data, length, is_repeat=owner is None)
        self._position += length
        if self.parts:
            last_owner, last_offset, last_length = self.parts[-1]
            if last_owner == owner and last_offset + last_length == offset:
                self.parts[-1] = owner, last_offset, last_length + length
                return
        self.parts.append((owner, offset, length))

    def _cut_some(self, data: memoryview, last: int) -> int:
        """Cut and take a few chunks, more each time in a row; returns how many bytes."""
        chunks = [(chunk_id(chunk), chunk) for chunk in self._cut(data, last)]
        self._at_once = min(4 * self._at_once, MANY_CHUNKS)
        self._ask_for_more([id_ for id_, _ in chunks])
        at = 0
        for id_, chunk in chunks:
            self._take_chunk(id_, data[at:], len(chunk))
            at += len(chunk)
        return at

    def _cut(self, data: memoryview, last: int) -> Iterator[memoryview]:
        start = 0
        for _, chunk in zip(range(self._at_once), cut(data), strict=False):
            yield chunk
            start += len(chunk)
            if start > last:
                break

    def _ask_for_more(self, ids: list[bytes]) -> None:
        if self._find_more is None:
            return
        hooks = {key: id_ for id_ in ids if (key := hook_key(id_)) is not None}
        unknown = [key for key, id_ in hooks.items() if self._index.find(id_) is None]
        if unknown:
            self._find_more(unknown)

    def _take_chunk(self, id_: bytes, data: memoryview, length: int) -> None:
        start = self._position
        is_kept = self._keep.touches(start, start + length)
        found = None if is_kept else self._find(id_, data[:length])
        self._records += _RECORD.pack(id_, start, length)
        if found is None:
            self._repeats.add(id_, start)
        owner, offset = found or (None, start)
        self._take(data, length, owner, offset)

    def _find(self, id_: bytes, chunk: memoryview) -> tuple[str | None, int] | None:
        """Where the bytes of ``chunk`` lie: (owner, offset); the owner None is the content."""
        found = self._find_next(chunk) or self._find_elsewhere(id_, chunk)
        if found is not None:
            return found
        offset = self._repeats.find(id_, chunk)
        return None if offset is None else (None, offset)

    def _find_next(self, chunk: memoryview) -> tuple[str, int] | None:
        # What follows in the base of the last chunk is most likely what follows here; extents stay
        # long and bases few, even where the index knows of another place.
        owner, offset, length = self.parts[-1] if self.parts else (None, 0, 0)
        if owner is None:
            return None
        end = offset + length
        is_next = self.bases.holds(owner, end, chunk, ahead=self._window)
        return (owner, end) if is_next else None

    def _find_elsewhere(self, id_: bytes, chunk: memoryview) -> tuple[str, int] | None:
        while found := self._index.find(id_):
            if not self.bases.has_room_for(found.place):
                return None
            if self._is_there(found, chunk):
                return found.place.sha256, found.offset
            self._index.drop(found.place.sha256)
        return None

    def _is_there(self, found: Found, chunk: memoryview) -> bool:
        try:
            self._open(found.place)
        except Corrupted:  # gone, perhaps: collected or compacted since it was looked up
            return False
        return self.bases.holds(found.place.sha256, found.offset, chunk)

    def _open(self, place: Place) -> None:
        self.bases.open(place)
        if place.sha256 not in self._trails:
            chunks = self._index.chunks_of(place.sha256)
            self._trails[place.sha256] = Trail(chunks, place.size_bytes)
