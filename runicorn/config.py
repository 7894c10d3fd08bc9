"""Where the server is, how to enter, and for which team: from the environment and ``login``."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from runicorn import rules
from runicorn.credentials import find_token

DEFAULT_URL = "http://127.0.0.1:23300"
MODES = ("online", "offline", "disabled")
_OFF = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True)
class Config:
    """The address of a server, without credentials, and the credentials apart from it.

    ``team`` is whose artifacts are meant where nothing else says so; None: the server decides.
    """

    url: str = DEFAULT_URL
    api_key: str | None = field(default=None, repr=False)
    basic_auth: str | None = field(default=None, repr=False)
    team: str | None = None

    def __post_init__(self) -> None:
        """Refuse a token that no header can carry, here where no message shows it."""
        if self.api_key is not None and not _fits_a_header(self.api_key):
            raise ValueError("This is no token: it holds a space, or what is not ASCII")

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] = os.environ, *, url: str | None = None
    ) -> "Config":
        """Read ``RUNICORN_TRACKING_URI`` (unless ``url`` is given), ``_API_KEY`` and ``_TEAM``.

        Without a token there, and without a password in the address, the one that ``runicorn
        login`` keeps for that address is taken.

        Raises ``ValueError`` when the address is not an http or https URL, or another value is
        outside the rules.
        """
        given = url or environ.get("RUNICORN_TRACKING_URI", "").strip() or DEFAULT_URL
        parts = _parse(given, "The address" if url else "RUNICORN_TRACKING_URI")
        path = (parts.path or "").rstrip("/")
        address = Url(scheme=parts.scheme, host=parts.host, port=parts.port, path=path).url
        basic_auth = unquote(parts.auth) if parts.auth else None
        api_key = environ.get("RUNICORN_API_KEY", "").strip() or None
        if api_key is None and basic_auth is None:
            api_key = find_token(address, environ)
        return cls(url=address, api_key=api_key, basic_auth=basic_auth, team=_team(environ))


def read_mode(given: str | None = None, environ: Mapping[str, str] = os.environ) -> str:
    """Return how runs work: as given, else as ``RUNICORN_MODE`` says, else ``online``.

    Raises ``ValueError`` for anything else.
    """
    mode = given or environ.get("RUNICORN_MODE", "").strip().lower() or MODES[0]
    if mode not in MODES:
        source = "mode" if given else "RUNICORN_MODE"
        raise ValueError(f"{source} must be online, offline or disabled, not {mode!r}")
    return mode


def read_run_id(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the run that all processes of a job share, ``RUNICORN_RUN_ID``, or None."""
    return environ.get("RUNICORN_RUN_ID", "").strip() or None


def read_former_folder(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return where Runicorn 0.5 would have stored, ``RUNICORN_DIR``, or None; it is not used."""
    return environ.get("RUNICORN_DIR", "").strip() or None


def is_progress_shown(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether transfers say how far they are: not with ``RUNICORN_DISABLE_PROGRESS``."""
    return environ.get("RUNICORN_DISABLE_PROGRESS", "").strip().lower() in _OFF


def _team(environ: Mapping[str, str]) -> str | None:
    text = environ.get("RUNICORN_TEAM", "").strip()
    try:
        return rules.check_team(text) if text else None
    except ValueError as error:
        raise ValueError(f"RUNICORN_TEAM: {error}") from None


def _fits_a_header(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token


def _parse(given: str, source: str) -> Url:
    try:
        parts = parse_url(given)
    except LocationParseError:
        parts = Url()
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise ValueError(
            f"{source} must be like {DEFAULT_URL}, not {_hide(given)!r}"
            " (a name and a password in it are percent-encoded: @ is %40)"
        )
    return parts


def _hide(url: str) -> str:
    """Leave out what stands before the ``@``: it may be a password."""
    return url.rpartition("@")[2]
