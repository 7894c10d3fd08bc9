"""Reading files that must not change while they are read.

A file is hashed once; size and modification time are noted then. Whoever reads it again later
passes the same :class:`SourceFile` and gets :class:`SourceChanged` instead of other content.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runicorn.errors import SourceChanged

PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class SourceFile:
    """A file as it was when it was hashed; ``digest`` is ``sha256:…``."""

    path: Path
    size: int
    mtime_ns: int
    digest: str

    @property
    def modified_at(self) -> float:
        """When it was last written, in epoch seconds."""
        return self.mtime_ns / 1e9


def hash_file(path: Path, advance: Callable[[int], None]) -> SourceFile:
    """Hash ``path``; ``advance`` hears of every piece read.

    Raises ``FileNotFoundError`` if it is gone, :class:`SourceChanged` if it changed meanwhile.
    """
    hasher = hashlib.sha256()
    with path.open("rb") as file:
        before = os.fstat(file.fileno())
        for piece in _pieces(file, path, before):
            hasher.update(piece)
            advance(len(piece))
    return SourceFile(path, before.st_size, before.st_mtime_ns, f"sha256:{hasher.hexdigest()}")


def read_again(source: SourceFile) -> Iterator[bytes]:
    """Yield the content of ``source`` in pieces.

    Raises :class:`SourceChanged` before the last piece if the file is not as it was hashed; what
    was yielded until then is short of ``source.size``, so no receiver can take it for the whole.
    """
    try:
        with source.path.open("rb") as file:
            now = os.fstat(file.fileno())
            if (now.st_size, now.st_mtime_ns) != (source.size, source.mtime_ns):
                raise _changed(source.path)
            yield from _pieces(file, source.path, now)
    except OSError as error:
        raise SourceChanged(
            f"{source.path} cannot be read any more: {error.strerror or error}"
        ) from error


def _pieces(file: BinaryIO, path: Path, expected: os.stat_result) -> Iterator[bytes]:
    """Yield exactly ``expected.st_size`` bytes; the check comes before the last piece."""
    left = expected.st_size
    while left:
        piece = file.read(min(PIECE_BYTES, left))
        if not piece:
            raise _changed(path)
        left -= len(piece)
        if not left:
            _check_unchanged(file, path, expected)
        yield piece
    _check_unchanged(file, path, expected)


def _check_unchanged(file: BinaryIO, path: Path, expected: os.stat_result) -> None:
    now = os.fstat(file.fileno())
    if (now.st_size, now.st_mtime_ns) != (expected.st_size, expected.st_mtime_ns):
        raise _changed(path)


def _changed(path: Path) -> SourceChanged:
    return SourceChanged(f"{path} changed while it was being read; log it when it is finished.")
