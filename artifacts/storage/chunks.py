"""Cutting content by what it holds, so that equal bytes are found again at any offset.

The cut points are those of FastCDC (2020) with the parameters below, the ids blake3. Both are
written into ``store.json`` and never change: other cuts would find nothing in what is stored.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from blake3 import blake3
from pyfastcdc import FastCDC

from artifacts.storage.recipe import Range

MIN_BYTES = 16 << 10
AVG_BYTES = 64 << 10
MAX_BYTES = 256 << 10
NORMALIZATION: Final = 2
CUT_FROM_BYTES = 8 << 20
"""Smaller content is stored whole: there is too little to gain."""
HOOK_MASK = 63
"""One chunk in 64 is a hook: known across artifacts."""

RECORD = np.dtype([("id", "V32"), ("offset", "<u8"), ("length", "<u4")])
"""A chunk in 44 bytes: its blake3, where it starts in the content, its length; little-endian."""
_WORDS = np.dtype(
    {"names": ["words"], "formats": ["(4,)<u8"], "offsets": [0], "itemsize": RECORD.itemsize}
)

if FastCDC.__module__ != "pyfastcdc.cy.fastcdc":
    raise ImportError(
        "pyfastcdc lacks its compiled extension here, and without it cutting is a hundred times "
        "slower: install a wheel of pyfastcdc for this Python and machine."
    )

# Compressed already: one changed byte changes all that follows, so cuts would find nothing.
_COMPRESSED = (
    b"\x1f\x8b",  # gzip
    b"BZh",  # bzip2
    b"\xfd7zXZ\0",  # xz
    b"LZIP",
    b"\x28\xb5\x2f\xfd",  # zstd
    b"\x04\x22\x4d\x18",  # lz4
    b"\xff\x06\0\0sNaPpY",  # framed snappy
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"GIF8",
    b"\0\0\0\x0cJXL ",
    b"\0\0\0\x0cjP  ",
    b"ID3",  # MP3
    b"\xff\xfb",
    b"\xff\xf3",
    b"\xff\xf2",
    b"OggS",
    b"fLaC",
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
)
_COMPRESSED_BOXES = (b"ftyp", b"moov", b"mdat")  # MP4, MOV, HEIC, AVIF; after a length


def is_cuttable(head: bytes) -> bool:
    """Whether content that starts with ``head`` (16 bytes or more) may share parts with other.

    False for single compressed streams and media. True for zip, whose members lie apart: ``.npz``
    and ``.pth`` hold them uncompressed.
    """
    return not (
        head.startswith(_COMPRESSED)
        or head[4:8] in _COMPRESSED_BOXES
        or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")
    )


def chunk_id(data: bytes | memoryview) -> bytes:
    """The name of a chunk: its blake3, 32 bytes."""
    return blake3(data).digest()


def cut(data: bytes | memoryview) -> Iterator[memoryview]:
    """The chunks of ``data``, which begins where a chunk does; each is looked for when asked.

    Those that end by what they hold, or begin ``MAX_BYTES`` or more before the end of ``data``,
    are the same whatever comes behind. They are views that keep ``data`` alive.
    """
    for chunk in _FASTCDC.cut_buf(data):
        yield chunk.data


_FASTCDC = FastCDC(
    AVG_BYTES,
    min_size=MIN_BYTES,
    max_size=MAX_BYTES,
    normalized_chunking=NORMALIZATION,
    seed=0,
)
"""Only parameters: threads may share it."""


class Cutter:
    """Cuts a stream into chunks; the cuts depend on the bytes only, not on the pieces fed.

    Not for two threads at once. Chunks are views that keep the piece they lie in alive.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[memoryview]:
        """Take the next bytes; returns the chunks that are complete with them."""
        if len(piece) <= MAX_BYTES:
            return self._cut_but_last(self._rest + piece)
        chunks, start = self._cut_seam(piece)
        return chunks + self._cut_but_last(memoryview(piece)[start:])

    def finish(self) -> list[memoryview]:
        """The chunks that are left at the end of the content."""
        rest, self._rest = self._rest, b""
        return list(cut(rest))

    def _cut_seam(self, piece: bytes) -> tuple[list[memoryview], int]:
        """The chunks that begin in the rest, and where in ``piece`` the next one begins."""
        # No chunk is longer than MAX_BYTES, so this much is enough, and the rest is not copied.
        seam, chunks, position = self._rest + piece[:MAX_BYTES], [], 0
        for chunk in cut(seam):
            if position >= len(self._rest):
                break
            chunks.append(chunk)
            position += len(chunk)
        return chunks, position - len(self._rest)

    def _cut_but_last(self, data: bytes | memoryview) -> list[memoryview]:
        # A cut depends only on what stands before it, but the last one is the end of the data.
        chunks = list(cut(data)) if len(data) > MAX_BYTES else []
        self._rest = bytes(chunks.pop() if chunks else data)
        return chunks


@dataclass(frozen=True)
class ChunkList:
    """The chunks of one content whose bytes lie in its own file, in order."""

    records: npt.NDArray[np.void]
    """Of the type ``RECORD``; not to be written to."""

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> "ChunkList":
        """Read what :meth:`to_bytes` gave.

        Raises ValueError when ``data`` is not a whole number of records.
        """
        return cls(np.frombuffer(data, RECORD))

    def to_bytes(self) -> bytes:
        """The records, 44 bytes each."""
        return self.records.tobytes()

    def as_buffer(self) -> memoryview:
        """The same, not copied where they lie side by side in memory."""
        return np.ascontiguousarray(self.records).view(np.uint8).data

    def __len__(self) -> int:
        return len(self.records)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ChunkList) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __iter__(self) -> Iterator[tuple[bytes, int, int]]:
        """Give (id, offset, length in bytes) of each."""
        for record in self.records:
            yield record["id"].tobytes(), int(record["offset"]), int(record["length"])

    def within(self, ranges: Sequence[Range]) -> "ChunkList":
        """Only those chunks that lie wholly inside one of ``ranges``, sorted and apart."""
        if not ranges:
            return ChunkList(self.records[:0])
        starts = np.array([one.offset for one in ranges], np.uint64)
        ends = np.array([one.end for one in ranges], np.uint64)
        offsets = self.records["offset"]
        nearest = np.searchsorted(starts, offsets, side="right") - 1
        is_inside = (nearest >= 0) & (offsets + self.records["length"] <= ends[nearest])
        return ChunkList(self.records[is_inside])

    def hooks(self) -> list[int]:
        """The keys under which other artifacts find this content: signed 64-bit, each once."""
        words = self.id_words
        is_hook = words[:, 0] & HOOK_MASK == 0  # little-endian: the first byte
        return [int(key) for key in np.unique(words[is_hook, 1].view("<i8"))]

    @property
    def id_words(self) -> npt.NDArray[np.uint64]:
        """The ids as four 64-bit numbers each; no copy."""
        words: npt.NDArray[np.uint64] = self.records.view(_WORDS)["words"]
        return words


NO_CHUNKS = ChunkList.from_bytes(b"")


def hook_key(id_: bytes) -> int | None:
    """The hook key of the chunk with this id; None when it is no hook."""
    if id_[0] & HOOK_MASK:
        return None
    return int.from_bytes(id_[8:16], "little", signed=True)
