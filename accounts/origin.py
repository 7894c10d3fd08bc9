"""Where a request comes from. Knows no models: it is needed before there are any."""

from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


@dataclass(frozen=True)
class Origin:
    """The address of the client, and the id of the request in the logs."""

    address: str | None = None
    request_id: str = ""


NOWHERE = Origin()
current_origin: ContextVar[Origin] = ContextVar("current_origin", default=NOWHERE)
"""Set for each request by the frame. Who acts is never taken from here: that is an argument."""


def client_address(request: HttpRequest) -> str | None:
    """The address of the client, seen past as many proxies as ``RUNICORN_TRUSTED_PROXIES`` says.

    None where what stands there is no IP address: a proxy may write ``unknown``.

    Each proxy appends to ``X-Forwarded-For`` the address it was called from; what stands further
    left the client may have made up. With fewer entries than proxies the request went around one,
    and the address that called us counts.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    hops: int = settings.RUNICORN_TRUSTED_PROXIES
    header = request.META.get("HTTP_X_FORWARDED_FOR", "")
    forwarded = [one.strip() for one in header.split(",") if one.strip()]
    try:
        return str(ip_address(forwarded[-hops] if 0 < hops <= len(forwarded) else peer))
    except ValueError:
        return None
