"""What every answer lets a browser do with it: load what is ours, and nothing from anywhere else.

Nothing inline runs, so text that found its way into a page as markup stays without effect.
"""

from django.http import HttpRequest, HttpResponseBase

from runicorn_site.request_log import GetResponse

PAGE_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)


def page_policy(get_response: GetResponse) -> GetResponse:
    """Set ``Content-Security-Policy``, except where a download has a stricter one of its own."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        return response

    return middleware
