"""Raw request bodies as streams: never ``request.body``, never a temporary folder elsewhere."""

from typing import BinaryIO, cast

from rest_framework.request import Request

from artifacts.errors import Invalid, LengthRequired, SizeMismatch, TooLarge


def open_body(request: Request) -> tuple[BinaryIO, int | None]:
    """The body of ``request`` and its length, None for a chunked one.

    Django reads a body without Content-Length as empty, so a chunked one is taken from the server
    itself, if it marks the end of its input. Raises LengthRequired (411) otherwise.
    """
    meta = request.META
    length = meta.get("CONTENT_LENGTH", "")
    if length:
        if not (length.isascii() and length.isdecimal()):
            raise Invalid({"Content-Length": [f"{length!r} is not a number of bytes"]})
        return cast("BinaryIO", request._request), int(length)  # noqa: SLF001 - DRF's only way to it
    if "HTTP_TRANSFER_ENCODING" in meta and meta.get("wsgi.input_terminated"):
        return cast("BinaryIO", meta["wsgi.input"]), None
    raise LengthRequired("Send a Content-Length or a chunked body.")


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
