"""Chunked JSON bodies. Django's WSGIRequest reads a body without Content-Length as empty."""

from collections.abc import Callable
from io import BytesIO

from django.http import HttpRequest, HttpResponseBase

from runicorn_site.api import MAX_JSON_BYTES, error_response

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class ChunkedJSONMiddleware:
    """Reads a chunked JSON body whole, so that what follows finds it; others stay streams.

    A chunked body that the server does not mark as ending is answered 411, never read as empty.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass ``request`` on, its body made readable."""
        if "HTTP_TRANSFER_ENCODING" not in request.META or "CONTENT_LENGTH" in request.META:
            return self.get_response(request)
        if not request.META.get("wsgi.input_terminated"):
            return error_response(411, "Send a Content-Length.", "length_required")
        if request.content_type == "application/json":
            raw = request.META["wsgi.input"].read(MAX_JSON_BYTES + 1)
            request.META["CONTENT_LENGTH"] = str(len(raw))
            request._stream = BytesIO(raw)  # type: ignore[attr-defined] # noqa: SLF001 - Django has no public setter
        return self.get_response(request)
