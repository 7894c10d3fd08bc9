"""Content goes out: whole or by Range, with its digest as ETag, always as an attachment.

Stored content is not trusted: it is never shown inline (RFC 6266) nor guessed at (nosniff).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from django.http import (
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    StreamingHttpResponse,
)
from django.utils.http import parse_etags
from rest_framework.request import Request

from artifacts.errors import Corrupted, RangeNotSatisfiable
from artifacts.models import Blob
from artifacts.services.connections import release_connection
from artifacts.services.contents import open_blob
from artifacts.storage.reader import ContentReader

PIECE = 1 << 20
CACHE_CONTROL = "private, no-cache"
DOWNLOAD_POLICY = "sandbox; default-src 'none'"
"""Should a browser show it after all, it runs no script, and is of no site."""
_RANGE = re.compile(r"bytes=([0-9]{0,19})-([0-9]{0,19})", re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """The bytes ``start`` to ``end`` (exclusive) of ``size``."""

    start: int
    end: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.start


def send_blob(request: Request, blob: Blob, filename: str) -> HttpResponseBase:
    """The answer to GET or HEAD of ``blob``: 200, 206, 304 or 416 (RFC 9110).

    Raises Corrupted (422) for damaged content, RangeNotSatisfiable (416).
    """
    if blob.damaged_at:
        raise Corrupted(f"{blob.digest} is damaged; upload the same content again to heal it.")
    etag = f'"{blob.digest}"'
    if _is_known(request, etag):
        return HttpResponseNotModified(headers={"ETag": etag, "Cache-Control": CACHE_CONTROL})
    part = _asked_part(request, etag, blob.size_bytes)
    span, status = (part, 206) if part else (Span(0, blob.size_bytes, blob.size_bytes), 200)
    return _respond(request, blob, span, status, _headers(etag, span, status, filename))


def _is_known(request: Request, etag: str) -> bool:
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag in known or f"W/{etag}" in known


def _asked_part(request: Request, etag: str, size: int) -> Span | None:
    """The part to send; None for the whole: Range means something to GET only, and nothing to a
    client whose If-Range names other content, be it in range or not."""
    if request.method != "GET" or request.headers.get("If-Range", etag) != etag:
        return None
    return parse_range(request.headers.get("Range", ""), size)


def parse_range(header: str, size: int) -> Span | None:
    """The span a ``Range`` header asks for; None where the whole is the right answer.

    That is so without a header, for another unit, for several ranges and for what is no range at
    all (RFC 9110 §14.2 lets a server ignore those). Raises RangeNotSatisfiable (416) for a span
    outside the content.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        return _suffix(int(match[2]), size)
    start, last = int(match[1]), int(match[2]) if match[2] else size
    if last < start and match[2]:
        return None
    if start >= size:
        raise RangeNotSatisfiable(size)
    return Span(start, min(last + 1, size), size)


def _suffix(length: int, size: int) -> Span | None:
    """The last ``length`` bytes; those of empty content are the whole of it (no 206 can say so)."""
    if length == 0:
        raise RangeNotSatisfiable(size)
    return Span(max(0, size - length), size, size) if size else None


def _headers(etag: str, span: Span, status: int, filename: str) -> dict[str, str]:
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": CACHE_CONTROL,
        **attachment_headers(filename),
        "Content-Length": str(span.length),
        "ETag": etag,
    }
    if status == 206:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{span.size}"
    return headers


def _respond(
    request: Request, blob: Blob, span: Span, status: int, headers: dict[str, str]
) -> HttpResponseBase:
    source = open_blob(blob)
    kind = "application/octet-stream"
    if request.method == "HEAD":
        source.close()
        return HttpResponse(status=status, headers=headers, content_type=kind)
    release_connection()
    return StreamingHttpResponse(
        SpanReader(source, span), status=status, headers=headers, content_type=kind
    )


class SpanReader:
    """The bytes of ``span`` in pieces of 1 MiB; ``close`` closes ``source``.

    Django's FileResponse sends 4 KiB blocks under granian, at four times the CPU; a generator that
    nobody has begun to read would leave the file open.
    """

    def __init__(self, source: ContentReader, span: Span) -> None:
        source.seek(span.start)
        self._source = source
        self._left = span.length
        self.close = source.close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._left:
            raise StopIteration
        piece = self._source.read(min(PIECE, self._left))
        if not piece:
            raise Corrupted("The stored content is shorter than its row says.")
        self._left -= len(piece)
        return piece


def attachment_headers(filename: str) -> dict[str, str]:
    """What keeps a browser from showing content instead of saving it."""
    return {
        "Content-Disposition": attachment(filename),
        "Content-Security-Policy": DOWNLOAD_POLICY,
    }


def attachment(filename: str) -> str:
    """A Content-Disposition that saves as ``filename``, whatever its script (RFC 6266)."""
    plain = re.sub(r'[^\x20-\x7e]|["\\]', "_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
