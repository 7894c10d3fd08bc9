"""Raw request bodies as streams: never ``request.body``, never a temporary folder elsewhere."""

from typing import BinaryIO, cast

from rest_framework.request import Request

from artifacts.errors import Invalid, LengthRequired, SizeMismatch, TooLarge
from artifacts.services.connections import release_connection


def open_body(request: Request) -> tuple[BinaryIO, int | None]:
    """The body of ``request`` and its length, None for a chunked one.

    Raises LengthRequired (411) where neither a length nor chunks say where it ends, Invalid (400).
    """
    release_connection()
    source = cast("BinaryIO", request._request)  # noqa: SLF001 - DRF's only way to the stream
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return source, None
    length = request.META.get("CONTENT_LENGTH", "")
    if not length:
        raise LengthRequired("Send a Content-Length or a chunked body.")
    if not (length.isascii() and length.isdecimal()):
        raise Invalid({"Content-Length": [f"{length!r} is not a number of bytes"]})
    return source, int(length)


class ExactBody:
    """A body that must have exactly the length its header declared, and at most ``max_bytes``.

    A truncated upload reaches WSGI without an error: the end just comes early.
    """

    def __init__(
        self, source: BinaryIO, length: int | None, *, max_bytes: int | None = None
    ) -> None:
        self._source = source
        self._length = length
        self._max_bytes = max_bytes
        self._read = 0
        self._refuse_too_large(length or 0)

    def _refuse_too_large(self, size_bytes: int) -> None:
        if self._max_bytes is not None and size_bytes > self._max_bytes:
            raise TooLarge(f"A body has at most {self._max_bytes} bytes here.")

    def read(self, size: int) -> bytes:
        """Read up to ``size`` bytes.

        Raises SizeMismatch (422) where the end comes too early, TooLarge (413).
        """
        piece = self._source.read(size)
        self._read += len(piece)
        self._refuse_too_large(self._read)
        if not piece and size and self._length is not None and self._read < self._length:
            raise SizeMismatch(f"The body broke off after {self._read} of {self._length} bytes.")
        return piece


def refuse_body(request: Request) -> None:
    """Raise Invalid (400) unless the body of ``request`` is empty."""
    if request.META.get("CONTENT_LENGTH", "") in {"", "0"}:
        return
    source, _ = open_body(request)
    if source.read(1):
        raise Invalid({"body": ["must be empty where Content-Range only asks"]})
