"""Fetching files so that only the right bytes ever stand under their name.

A file is streamed into a temporary one beside its target, hashed on the way, and renamed when
size and digest are right. A broken connection is taken up where it broke (``Range`` with
``If-Range``). The paths the server names are checked here again: none leads out of the target.
"""

import contextlib
import hashlib
import logging
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import urllib3
from urllib3.exceptions import HTTPError

from runicorn import rules
from runicorn.api import Client
from runicorn.errors import IntegrityError, ServerUnavailable, SourceChanged
from runicorn.hashing import hash_file
from runicorn.models import FileEntry
from runicorn.transfer import Transfer

logger = logging.getLogger(__name__)

PIECE_BYTES = 1 << 20
BREAKS_IN_A_ROW = 5


@dataclass(frozen=True)
class Version:
    """Which version, on which server."""

    client: Client
    name: str
    artifact_type: str
    number: int


def download_files(
    version: Version, entries: Iterable[FileEntry], target_dir: Path, transfer: Transfer
) -> list[Path]:
    """Fetch ``entries`` into ``target_dir``, several at a time; return where they are.

    A file that is there with the right content is kept as it is. Raises
    :class:`IntegrityError` for content or paths that are not what they should be.
    """
    planned = [(entry, safe_target(target_dir, entry.path)) for entry in entries]
    target_dir.mkdir(parents=True, exist_ok=True)
    transfer.start("Downloading", sum(entry.size for entry, _ in planned))
    return transfer.run(
        [partial(_provide, version, entry, target, transfer) for entry, target in planned]
    )


def safe_target(target_dir: Path, path: str) -> Path:
    """Return where ``path`` belongs; raises :class:`IntegrityError` if that is elsewhere."""
    try:
        target = target_dir.joinpath(*rules.check_path(path).split("/"))
    except ValueError as error:
        raise IntegrityError(f"The server names a file no version can have: {error}") from error
    if not target.resolve().is_relative_to(target_dir.resolve()):
        raise IntegrityError(f"{path!r} would be written outside of {target_dir}")
    return target


def is_intact(path: Path, entry: FileEntry, transfer: Transfer) -> bool:
    """Whether ``path`` is a file with the content of ``entry``."""
    if not path.is_file() or path.stat().st_size != entry.size:
        return False
    try:
        return hash_file(path, lambda _: transfer.advance(0)).digest == entry.digest
    except SourceChanged:
        return False


def _provide(version: Version, entry: FileEntry, target: Path, transfer: Transfer) -> Path:
    if is_intact(target, entry, transfer):
        transfer.advance(entry.size)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with _beside(target) as (part, file):
        _Fetch(version, entry, file, transfer).run()
        file.close()
        if entry.modified_at is not None:
            os.utime(part, (entry.modified_at, entry.modified_at))
        part.replace(target)
    return target


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a new file beside ``target``; it is gone afterwards, unless it was renamed."""
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    with part.open("xb") as file:
        try:
            yield part, file
        finally:
            part.unlink(missing_ok=True)


class _Fetch:
    """One file on its way: how much is here, and the hash of that."""

    def __init__(
        self, version: Version, entry: FileEntry, file: BinaryIO, transfer: Transfer
    ) -> None:
        self._version = version
        self._entry = entry
        self._file = file
        self._transfer = transfer
        self._hasher = hashlib.sha256()
        self._done = 0

    def run(self) -> None:
        """Fetch and check everything."""
        breaks = 0
        while True:
            before = self._done
            try:
                self._receive()
            except HTTPError as error:
                breaks = 1 if self._done > before else breaks + 1
                if breaks >= BREAKS_IN_A_ROW:
                    raise ServerUnavailable(f"{self._label} keeps breaking off: {error}") from error
                logger.info("%s broke off at byte %d", self._label, self._done)
                time.sleep(0.1 * 2**breaks)
            else:
                return self._check()

    @property
    def _label(self) -> str:
        return f"The download of {self._version.name}:v{self._version.number} {self._entry.path}"

    def _receive(self) -> None:
        with self._open() as response:
            if self._done and not self._continues(response):
                self._start_over()
            for piece in response.stream(PIECE_BYTES, decode_content=False):
                self._take(piece)

    def _open(self) -> urllib3.BaseHTTPResponse:
        version, headers = self._version, {}
        if self._done:
            headers = {"Range": f"bytes={self._done}-", "If-Range": f'"{self._entry.digest}"'}
        return version.client.open_file(
            version.name,
            version.number,
            self._entry.path,
            artifact_type=version.artifact_type,
            headers=headers,
        )

    def _continues(self, response: urllib3.BaseHTTPResponse) -> bool:
        start = response.headers.get("Content-Range", "").removeprefix("bytes ")
        return response.status == 206 and start.startswith(f"{self._done}-")

    def _start_over(self) -> None:
        self._transfer.advance(-self._done)
        self._file.seek(0)
        self._file.truncate()
        self._hasher = hashlib.sha256()
        self._done = 0

    def _take(self, piece: bytes) -> None:
        self._file.write(piece)
        self._hasher.update(piece)
        self._done += len(piece)
        self._transfer.advance(len(piece))
        if self._done > self._entry.size:
            raise IntegrityError(f"{self._label} is longer than the {self._entry.size} bytes said")

    def _check(self) -> None:
        if self._done != self._entry.size:
            raise IntegrityError(
                f"{self._label} has {self._done} bytes where {self._entry.size} were said"
            )
        if f"sha256:{self._hasher.hexdigest()}" != self._entry.digest:
            raise IntegrityError(f"{self._label} does not have the digest {self._entry.digest}")
