"""Where a form or a login leads back to."""

from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def is_here(url: str, request: HttpRequest) -> bool:
    """Whether ``url`` is on the host that was asked, and as safe as the request."""
    try:
        hosts = {request.get_host()}
    except DisallowedHost:
        return False
    return url_has_allowed_host_and_scheme(url, hosts, require_https=request.is_secure())


def back_path(request: HttpRequest) -> str:
    """The path of the page that ``request`` is about.

    Of a form (POST), whose own path may have no page, it is the page that held it; ``/`` where the
    browser does not say which that was.
    """
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    referer = request.headers.get("referer", "")
    if not is_here(referer, request):
        return "/"
    parts = urlsplit(referer)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return path if is_here(path, request) else "/"
