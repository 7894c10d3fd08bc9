"""One file from the server, hashed while it streams, taken up where it broke off.

That is so after a broken connection (``Range`` with ``If-Range``) as after a killed process: the
bytes that came lie in a :class:`runicorn.partial.Partial`.
"""

import logging

import urllib3
from urllib3.exceptions import HTTPError

from runicorn.api import Client
from runicorn.errors import IntegrityError, RunicornError, ServerUnreachable
from runicorn.models import ArtifactMetadata, FileEntry
from runicorn.partial import PIECE_BYTES, Partial
from runicorn.stopping import pause
from runicorn.transfer import Advancing

logger = logging.getLogger(__name__)

BREAKS_IN_A_ROW = 5


class Fetch:
    """One file on its way into ``partial``."""

    def __init__(
        self,
        client: Client,
        version: ArtifactMetadata,
        entry: FileEntry,
        partial: Partial,
        progress: Advancing,
    ) -> None:
        self._client = client
        self._version = version
        self._entry = entry
        self._partial = partial
        self._progress = progress

    def run(self) -> None:
        """Fetch and check everything that is not there yet; what is wrong is dropped.

        Raises :class:`IntegrityError` for other bytes than the version's,
        :class:`ServerUnreachable`.
        """
        self._partial.take_up(self._entry.size, self._progress)
        has_old = self._partial.done > 0
        try:
            self._fetch_rest()
        except IntegrityError:
            if not has_old:
                raise
            # What an earlier process left behind may have been torn by a crash of the machine.
            logger.info("%s: what was here is damaged; fetching all of it", self._label)
            self._begin_anew()
            self._fetch_rest()

    def _fetch_rest(self) -> None:
        self._receive_all()
        self._partial.check(self._entry.size, self._entry.digest, self._label)

    def _receive_all(self) -> None:
        breaks = 0
        while True:
            before = self._partial.done
            try:
                self._receive()
            except HTTPError as error:
                breaks = 1 if self._partial.done > before else breaks + 1
                if breaks >= BREAKS_IN_A_ROW:
                    raise ServerUnreachable(f"{self._label} keeps breaking off: {error}") from error
                logger.info("%s broke off at byte %d", self._label, self._partial.done)
                pause(0.1 * 2**breaks)
            else:
                return

    @property
    def _label(self) -> str:
        return f"The download of {self._version.name}:v{self._version.version} {self._entry.path}"

    def _receive(self) -> None:
        if self._partial.done and self._partial.done == self._entry.size:
            return
        with self._open() as response:
            if self._partial.done and not self._continues(response):
                self._begin_anew()
            for piece in response.stream(PIECE_BYTES, decode_content=False):
                self._take(piece)

    def _open(self) -> urllib3.BaseHTTPResponse:
        headers = {}
        if self._partial.done:
            first = self._partial.done
            headers = {"Range": f"bytes={first}-", "If-Range": f'"{self._entry.digest}"'}
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
        return response.status == 206 and start.startswith(f"{self._partial.done}-")

    def _begin_anew(self) -> None:
        self._progress.advance(-self._partial.done)
        self._partial.start_over()

    def _take(self, piece: bytes) -> None:
        self._partial.write(piece)
        self._progress.advance(len(piece))
        if self._partial.done > self._entry.size:
            self._partial.drop()
            raise IntegrityError(f"{self._label} is longer than the {self._entry.size} bytes said")


def is_disk_trouble(error: OSError) -> bool:
    """Whether the disk is to blame: some refusals of a server are an OSError too."""
    return not isinstance(error, RunicornError) and error.errno is not None
