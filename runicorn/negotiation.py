"""Sending only what the server lacks of a large file.

The server hears the list of the file's chunks and says which it needs; the rest it has in other
content. Those needed are sent one behind the other, and the server puts the file together and
checks its digest.
"""

import logging
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from runicorn import payloads
from runicorn.api import Client, Part
from runicorn.chunking import lengths_of
from runicorn.errors import InvalidInput, NegotiationStale, NotFoundError
from runicorn.hashing import SourceFile, read_ranges
from runicorn.resume import Progress, push

logger = logging.getLogger(__name__)

NEGOTIATIONS = 2
WORTH_IT = 0.9
"""Where the server needs more of a file than this part, all of it is sent."""


class NotWorthIt(Exception):  # noqa: N818 caught below
    """The server needs nearly all of the file."""


class NeededChunks:
    """The route of the chunks that the server needs."""

    def __init__(self, client: Client, source: SourceFile, artifact: str) -> None:
        self.source = source
        self._client = client
        self._artifact = artifact
        self._use([])

    def _use(self, ranges: Sequence[tuple[int, int]]) -> None:
        self._ranges = ranges
        self._starts = [0, *accumulate(length for _, length in ranges)]
        self.total = self._starts[-1]

    def ask(self) -> int | None:
        """Negotiate, at first or again; return how many of the needed bytes arrived.

        Raises :class:`NotWorthIt`.
        """
        found = self._client.negotiate_blob(
            self.source.digest, self.source.chunks, artifact=self._artifact
        )
        if found["stored"]:
            return None
        if found["needed_bytes"] >= WORTH_IT * self.source.size:
            raise NotWorthIt
        self._use(_ranges_of(found, self.source))
        return found["received"]

    def send(self, part: Part, body: Callable[[], Iterator[bytes]]) -> payloads.Upload:
        """Send one part of the needed bytes."""
        return self._client.put_needed_part(
            self.source.digest, part, body, size_bytes=self.source.size, artifact=self._artifact
        )

    def read(self, part: Part) -> Iterator[bytes]:
        """Read one part of the needed bytes."""
        return read_ranges(self.source, self._within(part))

    def _within(self, part: Part) -> Iterator[tuple[int, int]]:
        """Give the ranges of the file that make up ``part``."""
        at = part.start
        while at < part.end:
            number = bisect_right(self._starts, at) - 1
            skipped = at - self._starts[number]
            length = min(part.end, self._starts[number + 1]) - at
            yield self._ranges[number][0] + skipped, length
            at += length


def send_needed(client: Client, source: SourceFile, artifact: str, progress: Progress) -> bool:
    """Send what the server needs of ``source``; False where the whole of it is to be sent."""
    for _ in range(NEGOTIATIONS if source.chunks else 0):
        try:
            push(NeededChunks(client, source, artifact), progress)
        except NegotiationStale:
            logger.info("What the server compared %s with is gone; asking again", source.path)
        except (NotWorthIt, NotFoundError, InvalidInput) as reason:  # or a server too old for it
            logger.debug("%s is sent as a whole: %r", source.path, reason)
            return False
        else:
            return True
    return False


def _ranges_of(found: payloads.Negotiation, source: SourceFile) -> list[tuple[int, int]]:
    starts = [0, *accumulate(lengths_of(source.chunks))]
    return [
        (starts[first], starts[first + count] - starts[first]) for first, count in found["needed"]
    ]
