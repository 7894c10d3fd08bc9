"""Sending a large file in parts, so that a broken connection costs one part at most.

Each part is a request of its own. After a failure we ask what arrived and go on from there, and so
does a new process: the server knows an upload by its digest and who sends it. Parts, not one long
stream: a proxy that collects request bodies would lose all of it.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from runicorn import payloads
from runicorn.api import Client, Part, patience_seconds
from runicorn.errors import (
    RunicornError,
    ServerError,
    ServerUnavailable,
    UploadInProgress,
    UploadOffset,
)
from runicorn.hashing import SourceFile, read_ranges
from runicorn.stopping import pause
from runicorn.transfer import Advancing
from runicorn.transport import WARN_AT, pause_before_retry

logger = logging.getLogger(__name__)

PART_BYTES = 8 << 20
UNAVAILABLE_SECONDS = 60.0


class ServerTooOld(Exception):  # noqa: N818 caught on the way, never seen by users
    """The server takes content in one piece only."""


class Progress:
    """How much of a file is done, and whether it still is to be."""

    def __init__(self, transfer: Advancing) -> None:
        self._transfer = transfer
        self._done = 0

    def reach(self, done: int) -> None:
        """Note that so many bytes are done, maybe fewer than before.

        Raises :class:`TransferStopped` once the lot is given up.
        """
        self._transfer.advance(done - self._done)
        self._done = done

    def check(self) -> None:
        """Raise :class:`TransferStopped` once the lot is given up."""
        self._transfer.advance(0)


class Route(Protocol):
    """One way of sending a file. Where bytes received are told, None says that it is stored."""

    source: SourceFile
    total: int
    """How many bytes are to be sent; the server has the others of the file."""

    def ask(self) -> int | None:
        """Return how many of ``total`` the server has received."""

    def send(self, part: Part, body: Callable[[], Iterator[bytes]]) -> payloads.Upload:
        """Send one part."""

    def read(self, part: Part) -> Iterator[bytes]:
        """Read one part."""


class WholeFile:
    """The route of a file that is sent from its first byte to its last."""

    def __init__(self, client: Client, source: SourceFile, artifact: str) -> None:
        self.source = source
        self.total = source.size
        self._client = client
        self._artifact = artifact

    def ask(self) -> int | None:
        """Return how many bytes the server has received.

        Raises :class:`ServerTooOld`.
        """
        try:
            found = self._client.find_received(
                self.source.digest, self.total, artifact=self._artifact
            )
        except RunicornError as error:
            if error.status in {400, 422}:  # it took our question for the content
                raise ServerTooOld from error
            raise
        return found.get("received")

    def send(self, part: Part, body: Callable[[], Iterator[bytes]]) -> payloads.Upload:
        """Send one part."""
        return self._client.put_part(self.source.digest, part, body, artifact=self._artifact)

    def read(self, part: Part) -> Iterator[bytes]:
        """Read one part."""
        return read_ranges(self.source, [(part.start, part.end - part.start)])


def push(route: Route, progress: Progress) -> None:
    """Send what the server lacks of ``route`` until the file is stored.

    Raises what the route raises, and the last failure when nothing arrives for about a minute.
    """
    patience = _Patience(progress)
    received = ask_patiently(route, progress)
    while received is not None:
        start, received = received, _push_part(route, received, progress, patience)
        if received is not None and received > start:
            patience.renew()


def ask_patiently(route: Route, progress: Progress) -> int | None:
    """Ask, and wait for whoever is sending the same content, maybe a client just killed."""
    patience = _Patience(progress)
    while True:
        try:
            return route.ask()
        except UploadInProgress as error:
            patience.lose(error, patience_seconds(route.source.size))


def _push_part(
    route: Route, received: int, progress: Progress, patience: "_Patience"
) -> int | None:
    start = min(received, route.total)  # none of our servers says more
    part = Part(start, min(start + PART_BYTES, route.total), route.total)
    try:
        sent = route.send(part, lambda: counted(route.read(part), _done(route, part), progress))
    except UploadOffset as error:
        patience.lose(error, UNAVAILABLE_SECONDS)
        return error.received
    except UploadInProgress as error:
        patience.lose(error, patience_seconds(route.source.size))
    except ServerUnavailable as error:
        patience.lose(error, UNAVAILABLE_SECONDS)
    else:
        now = sent.get("received")
        if now is not None and now <= received:
            patience.lose(ServerError(f"The server keeps {received} bytes."), UNAVAILABLE_SECONDS)
        return now
    return ask_patiently(route, progress)


def _done(route: Route, part: Part) -> int:
    """How many bytes of the file are done before ``part``: those the server has are."""
    return route.source.size - route.total + part.start


def counted(pieces: Iterable[bytes], done: int, progress: Progress) -> Iterator[bytes]:
    """Pass ``pieces`` on, with ``done`` bytes of the file before them."""
    progress.reach(done)
    for piece in pieces:
        yield piece
        done += len(piece)
        progress.reach(done)


class _Patience:
    """Growing pauses after failures in a row."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.renew()

    def renew(self) -> None:
        """Begin anew: something arrived."""
        self._failures = 0
        self._waited_seconds = 0.0

    def lose(self, error: RunicornError, longest_seconds: float) -> None:
        """Wait; raises ``error`` when that was done for ``longest_seconds`` already."""
        if self._waited_seconds >= longest_seconds:
            raise error
        self._progress.check()
        self._failures += 1
        seconds = pause_before_retry(self._failures)
        level = logging.WARNING if self._failures == WARN_AT else logging.INFO
        logger.log(level, "%s Trying again in %.1f s", error, seconds)
        pause(seconds)
        self._waited_seconds += seconds
