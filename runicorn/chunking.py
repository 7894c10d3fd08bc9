"""Cutting large files where their content says so, as the server does: only new parts are sent.

The cut points (FastCDC 2020) and ids (blake3) are the server's, frozen for ever; a test compares
them. Cutting takes the wheels of the extra ``dedup``. Without them, or with pyfastcdc's pure-Python
stand-in, which is a hundred times slower, nothing is cut and files are sent whole.
"""

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from blake3 import blake3
    from pyfastcdc import FastCDC

CUT_FROM_BYTES = 8 << 20
MIN_BYTES = 16 << 10
AVG_BYTES = 64 << 10
MAX_BYTES = 256 << 10
NORMALIZATION: Final = 2
HEAD_BYTES = 16
ID_BYTES = 32
RECORD_BYTES = ID_BYTES + 4
"""A chunk in a list: its blake3, then its length as a big-endian number."""

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


@dataclass(frozen=True)
class _Tools:
    fastcdc: Callable[[], "FastCDC"]
    blake3: "type[blake3]"


class Cutter:
    """Cuts a stream into chunks and lists them; the sizes of the pieces fed make no difference."""

    def __init__(self, tools: _Tools) -> None:
        self._fastcdc = tools.fastcdc()
        self._blake3 = tools.blake3
        self._rest = b""
        self._records = bytearray()

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the content."""
        *complete, last = self._cut(self._rest + piece)
        # A cut depends only on what stands before it, but the last one is the end of the data.
        self._list(complete)
        self._rest = bytes(last)

    def finish(self) -> bytes:
        """Return the list: a record of RECORD_BYTES for each chunk, in order."""
        self._list(self._cut(self._rest))
        return bytes(self._records)

    def _cut(self, data: bytes) -> list[memoryview]:
        return [chunk.data for chunk in self._fastcdc.cut_buf(data)]

    def _list(self, chunks: list[memoryview]) -> None:
        for chunk in chunks:
            self._records += self._blake3(chunk).digest()
            self._records += len(chunk).to_bytes(RECORD_BYTES - ID_BYTES, "big")


def new_cutter(head: bytes, size_bytes: int) -> Cutter | None:
    """Return a cutter for content that starts with ``head``; None where it is sent whole."""
    if size_bytes < CUT_FROM_BYTES or not is_cuttable(head):
        return None
    tools = _load_tools()
    return Cutter(tools) if tools else None


def is_cuttable(head: bytes) -> bool:
    """Whether content that starts with ``head`` (HEAD_BYTES or more) may share parts with other.

    False for single compressed streams and media. True for zip, whose members lie apart: ``.npz``
    and ``.pth`` hold them uncompressed.
    """
    return not (
        head.startswith(_COMPRESSED)
        or head[4:8] in _COMPRESSED_BOXES
        or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")
    )


def lengths_of(records: bytes) -> list[int]:
    """Return the length in bytes of each chunk of a list."""
    starts = range(ID_BYTES, len(records), RECORD_BYTES)
    return [int.from_bytes(records[start : start + 4], "big") for start in starts]


@functools.cache
def _load_tools() -> _Tools | None:
    """Import the wheels, not before a file is to be cut: it takes a tenth of a second."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pyfastcdc says aloud when it is the slow one
            from blake3 import blake3  # noqa: PLC0415 optional
            from pyfastcdc import FastCDC  # noqa: PLC0415 optional
    except ImportError:
        return None
    if FastCDC.__module__ != "pyfastcdc.cy.fastcdc":
        return None
    make = functools.partial(
        FastCDC,
        AVG_BYTES,
        min_size=MIN_BYTES,
        max_size=MAX_BYTES,
        normalized_chunking=NORMALIZATION,
        seed=0,
    )
    return _Tools(make, blake3)
