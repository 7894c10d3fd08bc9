"""What happens to every request before a view sees it.

What is malformed is answered here. And a web page of another site may not write: in open mode
anybody on this machine may do everything, and that must not mean every page in their browser.
"""

from urllib.parse import unquote_to_bytes

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBase

from accounts.limits import may_write, seconds_left
from accounts.sentences import say
from runicorn_site.api import error_response, is_api, refuse
from runicorn_site.request_log import GetResponse

SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
TOO_FAST = say("Too many changes in this minute: wait for the next one.")
OWN_FETCH_SITES = {"same-origin", "none"}  # same-site too is another program: only the port differs


def well_formed_request(get_response: GetResponse) -> GetResponse:
    """Answer 400 to a foreign ``Host`` (DNS rebinding) and to a query string that is not UTF-8."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return _malformed(request) or get_response(request)

    return middleware


def _malformed(request: HttpRequest) -> HttpResponseBase | None:
    if not is_api(request):
        return None  # Django's own checks and pages will do
    try:
        request.get_host()
        unquote_to_bytes(request.META.get("QUERY_STRING", "").encode("latin-1")).decode()
    except DisallowedHost:
        detail = "This host name is not one of RUNICORN_ALLOWED_HOSTS."
        return error_response(400, detail, "host_not_allowed")
    except UnicodeDecodeError:
        return error_response(400, "The query string is not UTF-8.", "invalid")
    return None


def same_site_writes(get_response: GetResponse) -> GetResponse:
    """Refuse writes that a web page of another site sends (403).

    Browsers say where a request comes from in ``Sec-Fetch-Site`` and ``Origin``, which pages cannot
    change; programs send neither.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.method not in SAFE_METHODS and _comes_from_another_site(request):
            detail = "A page of another site may not write here."
            return error_response(403, detail, "cross_site")
        return get_response(request)

    return middleware


def limited_writes(get_response: GetResponse) -> GetResponse:
    """Refuse writes on pages that come too fast (429), as ``limits.WriteLimit`` does in the API.

    There the user may be known by a token only, which no middleware knows.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if is_api(request) or may_write(request):
            return get_response(request)
        return refuse(request, 429, TOO_FAST, "throttled", {"Retry-After": str(seconds_left())})

    return middleware


def _comes_from_another_site(request: HttpRequest) -> bool:
    site = request.headers.get("Sec-Fetch-Site", "none")
    host = request.get_host()
    own = {f"{request.scheme}://{host}"}
    if site == "same-origin":
        own.add(f"https://{host}")  # a proxy speaks HTTPS for us
    origin = request.headers.get("Origin")
    return site not in OWN_FETCH_SITES or (origin is not None and origin not in own)
