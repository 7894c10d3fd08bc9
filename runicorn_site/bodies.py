"""Chunked bodies. Django's WSGIRequest reads a body without Content-Length as empty."""

from io import BytesIO

from django.http import HttpRequest, HttpResponseBase

from runicorn_site.api import error_response
from runicorn_site.json_parser import MAX_JSON_BYTES
from runicorn_site.request_log import GetResponse


def readable_chunked_json(get_response: GetResponse) -> GetResponse:
    """Read a chunked JSON body whole, so that what follows finds it; others stay streams.

    A chunked body that the server does not mark as ending is answered 411, never read as empty.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if "HTTP_TRANSFER_ENCODING" not in request.META or request.META.get("CONTENT_LENGTH"):
            return get_response(request)
        if not request.META.get("wsgi.input_terminated"):
            return error_response(411, "Send a Content-Length.", "length_required")
        if request.content_type == "application/json":
            _keep_body(request, request.META["wsgi.input"].read(MAX_JSON_BYTES + 1))
        return get_response(request)

    return middleware


def _keep_body(request: HttpRequest, raw: bytes) -> None:
    request.META["CONTENT_LENGTH"] = str(len(raw))
    request._stream = BytesIO(raw)  # noqa: SLF001 - Django has no setter
