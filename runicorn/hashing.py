"""Reading files that must not change while they are read.

A file is hashed once, and cut into chunks in the same pass; size and modification time are noted
then. Whoever reads it again later passes the same :class:`SourceFile` and gets
:class:`SourceChanged` instead of other content.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from runicorn.chunking import CUT_FROM_BYTES, HEAD_BYTES, Cutter, new_cutter
from runicorn.errors import SourceChanged

PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class SourceFile:
    """A file as it was when it was hashed; ``digest`` is ``sha256:…``.

    ``chunks`` is the list that :mod:`runicorn.chunking` makes; empty where it was not cut.
    """

    path: Path
    size: int
    mtime_ns: int
    digest: str
    chunks: bytes = field(default=b"", repr=False)

    @property
    def modified_at(self) -> float:
        """When it was last written, in epoch seconds."""
        return self.mtime_ns / 1e9


def hash_file(path: Path, advance: Callable[[int], None]) -> SourceFile:
    """Hash ``path``; ``advance`` hears of every piece read.

    Raises ``FileNotFoundError`` if it is gone, :class:`SourceChanged` if it changed meanwhile.
    """
    with path.open("rb", buffering=0) as file:
        before = os.fstat(file.fileno())
        is_small = before.st_size < CUT_FROM_BYTES  # most are: spare them the look at their head
        head = b"" if is_small else os.pread(file.fileno(), HEAD_BYTES, 0)
        cutter = new_cutter(head, before.st_size)
        pieces = _reported(_pieces(file, before.st_size, path, before), advance)
        digest, chunks = _digest_and_cut(pieces, cutter) if cutter else (_digest(pieces), b"")
    return SourceFile(path, before.st_size, before.st_mtime_ns, f"sha256:{digest}", chunks)


def _reported(pieces: Iterator[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        advance(len(piece))


def _digest(pieces: Iterable[bytes]) -> str:
    hasher = hashlib.sha256()
    for piece in pieces:
        hasher.update(piece)
    return hasher.hexdigest()


def _digest_and_cut(pieces: Iterable[bytes], cutter: Cutter) -> tuple[str, bytes]:
    """Hash in a thread beside the cutting; both let other threads run."""
    hasher = hashlib.sha256()
    with ThreadPoolExecutor(1, thread_name_prefix="runicorn-sha256") as beside:
        for piece in pieces:
            hashed = beside.submit(hasher.update, piece)
            cutter.feed(piece)
            hashed.result()
    return hasher.hexdigest(), cutter.finish()


def read_again(source: SourceFile) -> Iterator[bytes]:
    """Yield the content of ``source`` in pieces.

    Raises :class:`SourceChanged` before the last piece if the file is not as it was hashed; what
    was yielded until then is short of ``source.size``, so no receiver can take it for the whole.
    """
    return read_ranges(source, [(0, source.size)])


def read_ranges(source: SourceFile, ranges: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    """Yield these parts of ``source``, each given by offset and length, in pieces.

    Raises :class:`SourceChanged` instead of a piece read from a file that is not as it was hashed.
    """
    try:
        with source.path.open("rb") as file:
            now = os.fstat(file.fileno())
            if (now.st_size, now.st_mtime_ns) != (source.size, source.mtime_ns):
                raise _changed(source.path)
            for offset, length in ranges:
                file.seek(offset)
                yield from _pieces(file, length, source.path, now)
    except OSError as error:
        raise SourceChanged(
            f"{source.path} cannot be read any more: {error.strerror or error}"
        ) from error


def _pieces(file: BinaryIO, length: int, path: Path, expected: os.stat_result) -> Iterator[bytes]:
    """Yield exactly the next ``length`` bytes; the check comes before each piece."""
    left = length
    while left:
        piece = file.read(min(PIECE_BYTES, left))
        _check_unchanged(file, path, expected)
        if not piece:
            raise _changed(path)
        left -= len(piece)
        yield piece
    _check_unchanged(file, path, expected)


def _check_unchanged(file: BinaryIO, path: Path, expected: os.stat_result) -> None:
    now = os.fstat(file.fileno())
    if (now.st_size, now.st_mtime_ns) != (expected.st_size, expected.st_mtime_ns):
        raise _changed(path)


def _changed(path: Path) -> SourceChanged:
    return SourceChanged(f"{path} changed while it was being read; log it when it is finished.")
