"""Where the server is and how to enter, read from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

DEFAULT_URL = "http://127.0.0.1:23300"


@dataclass(frozen=True)
class Config:
    """The address of a server, without credentials, and the credentials apart from it."""

    url: str = DEFAULT_URL
    api_key: str | None = field(default=None, repr=False)
    basic_auth: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Config":
        """Read ``RUNICORN_TRACKING_URI`` and ``RUNICORN_API_KEY``.

        Raises ``ValueError`` when the address is not an http or https URL.
        """
        given = environ.get("RUNICORN_TRACKING_URI", "").strip() or DEFAULT_URL
        api_key = environ.get("RUNICORN_API_KEY", "").strip() or None
        parts = _parse(given)
        path = (parts.path or "").rstrip("/")
        url = Url(scheme=parts.scheme, host=parts.host, port=parts.port, path=path).url
        basic_auth = unquote(parts.auth) if parts.auth else None
        return cls(url=url, api_key=api_key, basic_auth=basic_auth)


def _parse(given: str) -> Url:
    try:
        parts = parse_url(given)
    except LocationParseError:
        parts = Url()
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise ValueError(
            f"RUNICORN_TRACKING_URI must be an address like {DEFAULT_URL}, not {_hide(given)!r}"
            " (a name and a password in it are percent-encoded: @ is %40)"
        )
    return parts


def _hide(url: str) -> str:
    """Leave out what stands before the ``@``: it may be a password."""
    return url.rpartition("@")[2]
