"""Fetching the files of a version, verified on the way.

Each is hashed while it streams. A broken connection is taken up where it broke (``Range`` with
``If-Range``). The paths the server names are checked here again: none leads out of the target.
"""

import hashlib
import logging
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

import urllib3
from urllib3.exceptions import HTTPError

from runicorn.api import Client
from runicorn.bundle import choose_bundled, fetch_bundled
from runicorn.errors import IntegrityError, ServerUnavailable
from runicorn.models import ArtifactMetadata, FileEntry
from runicorn.placing import Placement, safe_target
from runicorn.transfer import Transfer

logger = logging.getLogger(__name__)

PIECE_BYTES = 1 << 20
BREAKS_IN_A_ROW = 5


def download_files(
    client: Client,
    version: ArtifactMetadata,
    entries: Sequence[FileEntry],
    target_dir: Path,
    transfer: Transfer,
) -> list[Path]:
    """Fetch ``entries`` of ``version`` into ``target_dir``; return where they are.

    A file that is there with the right content is kept as it is. Raises
    :class:`IntegrityError` for content or paths that are not what they should be.
    """
    planned = [Placement(entry, safe_target(target_dir, entry.path)) for entry in entries]
    target_dir.mkdir(parents=True, exist_ok=True)
    total = sum(entry.size for entry in entries)
    transfer.start("Downloading", total)
    wanted = _not_there(planned, transfer)
    bundled = choose_bundled(wanted, version_bytes=total)
    done = fetch_bundled(client, version, bundled, transfer) if bundled else set()
    left = [one for one in wanted if one.entry.path not in done]
    transfer.run([partial(_fetch, client, version, one, transfer) for one in left])
    return [one.target for one in planned]


def _not_there(planned: Sequence[Placement], transfer: Transfer) -> list[Placement]:
    done = transfer.run([partial(one.is_done, transfer) for one in planned])
    return [one for one, is_done in zip(planned, done, strict=True) if not is_done]


def _fetch(
    client: Client, version: ArtifactMetadata, placement: Placement, transfer: Transfer
) -> None:
    with placement.writing() as file:
        _Fetch(client, version, placement.entry, file, transfer).run()


class _Fetch:
    """One file on its way: how much is here, and the hash of that."""

    def __init__(
        self,
        client: Client,
        version: ArtifactMetadata,
        entry: FileEntry,
        file: BinaryIO,
        transfer: Transfer,
    ) -> None:
        self._client = client
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
        return f"The download of {self._version.name}:v{self._version.version} {self._entry.path}"

    def _receive(self) -> None:
        with self._open() as response:
            if self._done and not self._continues(response):
                self._start_over()
            for piece in response.stream(PIECE_BYTES, decode_content=False):
                self._take(piece)

    def _open(self) -> urllib3.BaseHTTPResponse:
        headers = {}
        if self._done:
            headers = {"Range": f"bytes={self._done}-", "If-Range": f'"{self._entry.digest}"'}
        return self._client.open_file(
            self._version.name,
            self._version.version,
            self._entry.path,
            artifact_type=self._version.type,
            team=self._version.owner,
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
