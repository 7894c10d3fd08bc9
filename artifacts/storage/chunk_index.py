"""Where chunks of other contents lie, looked up by their ids; held in memory for one ingest.

A hint: what is found has to be compared byte by byte, so of an id only 16 bytes are looked at. A
million chunks, 64 GiB of content, take 58 MB.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artifacts.storage.chunks import NO_CHUNKS, ChunkList
from artifacts.storage.layout import Place

MAX_CHUNKS = 1_000_000
MAX_BLOBS = 400

_ENTRY = np.dtype([("blob", "<u2"), ("number", "<u4")])
"""The number of a content, and of a chunk in its list."""
_COMPARED_BYTES = 16

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """``length`` bytes of the content at ``place``, from ``offset`` of that content on."""

    place: Place
    offset: int
    length: int


@dataclass(frozen=True)
class FoundMany:
    """Of each chunk asked about, in order: the number of the place it lies in, -1 for none."""

    number: Numbers
    offset: Numbers
    length: Numbers


@dataclass(frozen=True)
class _Segment:
    """Chunks in the order of their keys (the first 8 bytes of the id); equal ones as added."""

    keys: npt.NDArray[np.uint64]
    entries: npt.NDArray[np.void]

    def __len__(self) -> int:
        return len(self.keys)

    def sorted(self) -> "_Segment":
        order = np.argsort(self.keys, kind="stable")
        return _Segment(self.keys[order], self.entries[order])

    def without(self, blob: int) -> "_Segment":
        is_kept = self.entries["blob"] != blob
        return _Segment(self.keys[is_kept], self.entries[is_kept])

    def find(self, key: np.uint64) -> Iterator[tuple[int, int]]:
        """The entries with this key."""
        at = int(self.keys.searchsorted(key))
        while at < len(self.keys) and self.keys[at] == key:
            yield self.entries[at].item()
            at += 1


class ChunkIndex:
    """The chunks of up to 400 contents, a million together; of equal ones the first added."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._known: dict[str, int] = {}
        self._lists: list[ChunkList] = []
        self._segments: list[_Segment] = []
        self._added: list[_Segment] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, place: Place, chunks: ChunkList) -> bool:
        """Add the chunks that lie in the own file of the content at ``place``.

        Where not all fit, the first ones; False when nothing fits any more. A content that is
        known, or was dropped, is left as it is.
        """
        if place.sha256 in self._known:
            return True
        room = MAX_CHUNKS - self._count
        if room <= 0 or len(self._places) >= MAX_BLOBS:
            return False
        number = self._known[place.sha256] = len(self._places)
        self._places.append(place)
        self._lists.append(ChunkList(chunks.records[:room]))
        segment = _segment_of(number, self._lists[-1])
        self._added.append(segment)
        self._count += len(segment)
        return True

    def find(self, id_: bytes) -> Found | None:
        """Where the chunk with this id (32 bytes) lies; None when nothing here has it."""
        self._settle()
        key, wanted = np.uint64(int.from_bytes(id_[:8], "little")), id_[:_COMPARED_BYTES]
        for segment in self._segments:
            for blob, number in segment.find(key):
                found, offset, length = self._lists[blob].records[number].item()
                if found[:_COMPARED_BYTES] == wanted:
                    return Found(self._places[blob], offset, length)
        return None

    def find_many(self, words: npt.NDArray[np.uint64]) -> FoundMany:
        """As :meth:`find` for many ids (``ChunkList.id_words``), by the numbers of their places."""
        self._settle()
        found = FoundMany(*np.full((3, len(words)), -1, np.int64))
        for segment in self._segments:
            self._find_in(segment, found, words)
        return found

    def _find_in(self, segment: _Segment, found: FoundMany, words: npt.NDArray[np.uint64]) -> None:
        """Fill in those of ``words`` that lie in ``segment`` and were not found before."""
        asked = np.flatnonzero(found.number < 0)
        at = segment.keys.searchsorted(words[asked, 0])
        while len(asked):
            is_alike = at < len(segment)
            is_alike[is_alike] = segment.keys[at[is_alike]] == words[asked[is_alike], 0]
            asked, at = asked[is_alike], at[is_alike]
            self._note(found, words, asked, segment.entries[at])
            is_left = found.number[asked] < 0
            asked, at = asked[is_left], at[is_left] + 1

    def _note(
        self,
        found: FoundMany,
        words: npt.NDArray[np.uint64],
        asked: Numbers,
        entries: npt.NDArray[np.void],
    ) -> None:
        """Fill in those of ``asked`` whose entry, one each, has the same id."""
        for blob in np.unique(entries["blob"]):
            here = np.flatnonzero(entries["blob"] == blob)
            chunks = ChunkList(self._lists[blob].records[entries["number"][here]])
            is_same = chunks.id_words[:, 1] == words[asked[here], 1]
            to = asked[here[is_same]]
            found.number[to] = blob
            found.offset[to] = chunks.records["offset"][is_same]
            found.length[to] = chunks.records["length"][is_same]

    @property
    def places(self) -> Sequence[Place]:
        """What was added, by its number."""
        return self._places

    def chunks_of(self, sha256: str) -> ChunkList:
        """What was added of a content, in its order; none of one that is not known."""
        number = self._known.get(sha256, -1)
        return self._lists[number] if number >= 0 else NO_CHUNKS

    def drop(self, sha256: str) -> None:
        """Forget a content whose bytes are not what its chunks say; it is not taken again."""
        number = self._known.setdefault(sha256, -1)
        self._settle()
        self._segments = [segment.without(number) for segment in self._segments]
        self._count = sum(map(len, self._segments))

    def _settle(self) -> None:
        # Few segments, each much bigger than the next: adding often stays cheap, looking up too.
        if not self._added:
            return
        self._segments.append(_joined(self._added).sorted())
        self._added = []
        while len(self._segments) > 1 and 2 * len(self._segments[-1]) > len(self._segments[-2]):
            self._segments[-2:] = [_joined(self._segments[-2:]).sorted()]


def _segment_of(number: int, chunks: ChunkList) -> _Segment:
    entries = np.empty(len(chunks), _ENTRY)
    entries["blob"], entries["number"] = number, np.arange(len(chunks))
    return _Segment(chunks.id_words[:, 0].copy(), entries)


def _joined(segments: list[_Segment]) -> _Segment:
    return _Segment(
        np.concatenate([segment.keys for segment in segments]),
        np.concatenate([segment.entries for segment in segments]),
    )
