"""A version, or a folder of it, as one stream, zip or tar, without a copy on disk.

The entries have the paths of the version, sorted, and the version's creation time, so that the
same version always gives the same bytes.
"""

import tarfile
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, NamedTuple, cast

from artifacts.models import Version
from artifacts.services.connections import release_connection
from artifacts.services.contents import PLACE_FIELDS, Located, find_stored, open_located
from artifacts.storage.layout import Place

PIECE = 1 << 20
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class Row(NamedTuple):
    """A file of the version and where its content lies."""

    path: str
    located: Located

    @property
    def size_bytes(self) -> int:
        """The size of the file."""
        return self.located.place.size_bytes


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


def archive_rows(version: Version, folder: str = "") -> list[Row]:
    """The files, sorted by path; of ``folder`` alone, which ends in a slash, if one is named."""
    fields = [f"blob__{name}" for name in PLACE_FIELDS]
    entries = version.entries.filter(path__startswith=folder) if folder else version.entries
    rows = entries.order_by("path").values_list("path", "blob_id", *fields)
    return [Row(path, Located(blob_id, Place(*values))) for path, blob_id, *values in rows]


def stream_zip(rows: list[Row], created_at: datetime) -> Iterator[bytes]:
    """The files as an uncompressed zip (zip64 where needed)."""
    sink = Sink()
    moment = max(created_at.timetuple()[:6], ZIP_EPOCH)
    with zipfile.ZipFile(cast("BinaryIO", sink), "w", zipfile.ZIP_STORED) as archive:
        for row in rows:
            info = zipfile.ZipInfo(row.path, moment)
            info.file_size = row.size_bytes
            info.external_attr = 0o100644 << 16
            with archive.open(info, "w") as target:
                for piece in _pieces(row):
                    target.write(piece)
                    yield sink.take()
    yield sink.take()


def stream_tar(rows: list[Row], created_at: datetime) -> Iterator[bytes]:
    """The files as a POSIX (pax) tar."""
    for row in rows:
        info = tarfile.TarInfo(row.path)
        size = info.size = row.size_bytes
        info.mtime, info.mode = int(created_at.timestamp()), 0o644
        yield info.tobuf(tarfile.PAX_FORMAT, "utf-8")
        yield from _pieces(row)
        yield bytes(-size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _pieces(row: Row) -> Iterator[bytes]:
    with open_located(row.located) as source:
        release_connection()  # what leans on other contents has asked for them
        while piece := source.read(PIECE):
            yield piece


def missing_files(rows: list[Row]) -> list[str]:
    """The paths whose content is gone from the store or torn: no archive of them may begin."""
    stored = find_stored(row.located for row in rows)
    return [row.path for row in rows if row.located.blob_id not in stored]


STREAMS = {"zip": stream_zip, "tar": stream_tar}
MEDIA_TYPES = {"zip": "application/zip", "tar": "application/x-tar"}
