"""Content over HTTP: what is missing, whole, in parts, or the chunks that lack."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runicorn import payloads
from runicorn.client.base import Routes
from runicorn.routes import blob_path
from runicorn.transport import READ_SECONDS, Body, Call

# The server hashes while it receives, but its last fsync may take a while for a large file.
_SLOWEST_DISK_BYTES_PER_SECOND = 20e6


@dataclass(frozen=True)
class Part:
    """The bytes from ``start`` to before ``end`` of ``total``; none of them finishes an upload."""

    start: int
    end: int
    total: int

    @property
    def headers(self) -> dict[str, str]:
        """What tells the server which part it gets."""
        span = f"{self.start}-{self.end - 1}" if self.end > self.start else "*"
        return {
            "Content-Range": f"bytes {span}/{self.total}",
            "Content-Length": str(self.end - self.start),
        }


class BlobRoutes(Routes):
    """Content by its digest."""

    def find_missing(
        self, digests: Sequence[str], announced: payloads.Announced | None = None
    ) -> list[str]:
        """``POST /api/blobs/missing``: which of ``digests`` (at most 100 000) are to be sent.

        A version that is ``announced`` is refused here where it would be later.
        """
        body = {"digests": list(digests), **(announced or {})}
        return self._send(payloads.Missing, "POST", "/api/blobs/missing", body)["missing"]

    def put_blob(
        self,
        digest: str,
        size_bytes: int,
        body: Callable[[], Body],
        *,
        artifact: str | None = None,
    ) -> None:
        """``PUT /api/blobs/{digest}``: one blob, streamed with its length.

        ``artifact`` (``[team/]type/name``) is what it is for: the server compares it with that
        one's.
        """
        headers = {"Content-Length": str(size_bytes)}
        self._put(blob_path(digest), headers, body, size_bytes, artifact=artifact)

    def find_received(
        self, digest: str, size_bytes: int, *, artifact: str | None = None
    ) -> payloads.Upload:
        """``PUT /api/blobs/{digest}`` of nothing: how much of a blob arrived so far."""
        headers = {"Content-Range": f"bytes */{size_bytes}", "Content-Length": "0"}
        return self._put(blob_path(digest), headers, lambda: b"", size_bytes, artifact=artifact)

    def put_part(
        self, digest: str, part: Part, body: Callable[[], Body], *, artifact: str | None = None
    ) -> payloads.Upload:
        """``PUT /api/blobs/{digest}`` of a part, once: after a failure ask what arrived of it."""
        path = blob_path(digest)
        return self._put(path, part.headers, body, part.total, artifact=artifact, is_safe=False)

    def negotiate_blob(
        self, digest: str, chunks: bytes, *, artifact: str | None = None
    ) -> payloads.Negotiation:
        """``POST /api/blobs/{digest}/chunks``: which of its chunks the server needs."""
        headers = {"Content-Type": "application/octet-stream"}
        query = {"artifact": artifact}
        call = Call("POST", f"{blob_path(digest)}/chunks", query, headers, body=lambda: chunks)
        return self._ask(payloads.Negotiation, call)

    def put_needed_part(
        self,
        digest: str,
        part: Part,
        body: Callable[[], Body],
        *,
        size_bytes: int,
        artifact: str | None = None,
    ) -> payloads.Upload:
        """``PUT /api/blobs/{digest}/chunks``: a part of the chunks the server needs, once.

        ``size_bytes`` is that of the whole blob, which the server reads before it answers.
        """
        path = f"{blob_path(digest)}/chunks"
        return self._put(path, part.headers, body, size_bytes, artifact=artifact, is_safe=False)

    def post_blobs(self, body: bytes, *, artifact: str | None = None) -> payloads.StoredBlobs:
        """``POST /api/blobs``: many small blobs in one body, for ``artifact``."""
        headers = {"Content-Type": "application/octet-stream"}
        call = Call("POST", "/api/blobs", {"artifact": artifact}, headers, body=lambda: body)
        return self._ask(payloads.StoredBlobs, call)

    def _put(
        self,
        path: str,
        headers: dict[str, str],
        body: Callable[[], Body],
        size_bytes: int,
        *,
        artifact: str | None = None,
        is_safe: bool = True,
    ) -> payloads.Upload:
        call = Call(
            "PUT",
            path,
            {"artifact": artifact},
            {"Content-Type": "application/octet-stream"} | headers,
            body=body,
            is_safe=is_safe,
            read_seconds=patience_seconds(size_bytes),
        )
        return self._ask(payloads.Upload, call)


def patience_seconds(size_bytes: int) -> float:
    """How long the server may take to store so many bytes."""
    return READ_SECONDS + size_bytes / _SLOWEST_DISK_BYTES_PER_SECOND
