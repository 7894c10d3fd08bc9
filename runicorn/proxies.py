"""Whether the way to the server leads through a proxy, as the environment says.

``HTTP_PROXY``, ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` mean what they mean elsewhere, in
small letters too; a server on this machine is asked directly whatever they say.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass


@dataclass(frozen=True)
class Proxy:
    """Where it is, without the password; ``credentials`` are ``name:password`` or None."""

    url: str
    credentials: str | None


def proxy_for(url: str) -> Proxy | None:
    """Return the proxy on the way to ``url``; None: there is none.

    Raises ``ValueError`` for one that speaks no HTTP.
    """
    parts = urlsplit(url)
    if is_this_machine(parts.hostname or "") or proxy_bypass(parts.netloc):
        return None
    asked = getproxies()
    found = asked.get(parts.scheme) or asked.get("all")
    return _parse(found) if found else None


def _parse(text: str) -> Proxy:
    parts = urlsplit(text if "://" in text else f"http://{text}")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(
            f"a proxy is http://… or https://…, not {parts.scheme}://…: see HTTP_PROXY, "
            "HTTPS_PROXY, ALL_PROXY, or name the server's host in NO_PROXY"
        )
    place = parts.netloc.rpartition("@")[2]
    given = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return Proxy(f"{parts.scheme}://{place}", given if parts.username else None)


def is_this_machine(host: str) -> bool:
    """Whether ``host`` can be no other machine than this one."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
