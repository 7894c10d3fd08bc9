"""Chunked bodies. Django's WSGIRequest reads a body without Content-Length as empty."""

from django.http import HttpRequest, HttpResponseBase

from runicorn_site.api import error_response
from runicorn_site.request_log import GetResponse

UNKNOWN_LENGTH = "-1"
"""Not 0: Django and REST framework take that for "there is no body"."""


def readable_chunked_body(get_response: GetResponse) -> GetResponse:
    """Let chunked bodies be read to their end, as a stream, like any other.

    One that the server does not mark as ending is answered 411, never read as empty.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if "HTTP_TRANSFER_ENCODING" in request.META:
            if not request.META.get("wsgi.input_terminated"):
                return error_response(411, "Send a Content-Length.", "length_required")
            request.META["CONTENT_LENGTH"] = UNKNOWN_LENGTH
            request._stream = request.META["wsgi.input"]  # noqa: SLF001 - Django has no setter
        return get_response(request)

    return middleware
