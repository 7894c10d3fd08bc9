"""A whole version as one stream, zip or tar, without a copy on disk.

The entries have the paths of the version, sorted, and the version's creation time, so that the
same version always gives the same bytes.
"""

import tarfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, cast

from artifacts.models import Version
from artifacts.services.store import current_store
from artifacts.storage import pool

PIECE = 1 << 20
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
Row = tuple[str, str, int]


class Sink:
    """What the archive writers write to, emptied by whoever sends it on."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep a copy of ``data``."""
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing to do."""

    def take(self) -> bytes:
        """All that was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def archive_rows(version: Version) -> list[Row]:
    """``(path, sha256, size)`` of each file, sorted by path."""
    rows = version.entries.order_by("path").values_list("path", "blob__sha256", "blob__size_bytes")
    return list(rows)


def stream_zip(rows: list[Row], created_at: datetime) -> Iterator[bytes]:
    """The files as an uncompressed zip (zip64 where needed)."""
    sink = Sink()
    moment = max(created_at.timetuple()[:6], ZIP_EPOCH)
    with zipfile.ZipFile(cast("BinaryIO", sink), "w", zipfile.ZIP_STORED) as archive:
        for path, sha256, size in rows:
            info = zipfile.ZipInfo(path, moment)
            info.file_size = size
            info.external_attr = 0o100644 << 16
            with archive.open(info, "w") as target:
                for piece in _pieces(sha256, size):
                    target.write(piece)
                    yield sink.take()
    yield sink.take()


def stream_tar(rows: list[Row], created_at: datetime) -> Iterator[bytes]:
    """The files as a POSIX (pax) tar."""
    for path, sha256, size in rows:
        info = tarfile.TarInfo(path)
        info.size, info.mtime, info.mode = size, int(created_at.timestamp()), 0o644
        yield info.tobuf(tarfile.PAX_FORMAT, "utf-8")
        yield from _pieces(sha256, size)
        yield bytes(-size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _pieces(sha256: str, size: int) -> Iterator[bytes]:
    with pool.open_blob(current_store(), sha256, size) as source:
        while piece := source.read(PIECE):
            yield piece


def missing_files(rows: list[Row]) -> list[str]:
    """The paths whose content is gone from the store or torn: no archive of them may begin."""
    store = current_store()
    return [path for path, sha256, size in rows if not pool.has_blob(store, sha256, size)]


STREAMS = {"zip": stream_zip, "tar": stream_tar}
MEDIA_TYPES = {"zip": "application/zip", "tar": "application/x-tar"}
