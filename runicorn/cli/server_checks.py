"""What ``runicorn doctor`` asks the server; nothing of it stays there.

Every question is asked once and briefly: a doctor that waits a minute helps nobody.
"""

import hashlib
import json
import secrets
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from urllib3.exceptions import HTTPError

from runicorn import payloads
from runicorn.api import Client
from runicorn.cli.finding import Finding, Status
from runicorn.cli.text import human_size, human_time
from runicorn.config import Config
from runicorn.errors import (
    AuthenticationRequired,
    DigestMismatch,
    NotFoundError,
    RunicornError,
    ServerError,
)
from runicorn.proxies import is_this_machine
from runicorn.transport import HURRIED_SECONDS, Call, Transport, way_out
from runicorn.version import __version__

SOON_SECONDS = 7 * 86_400.0
LARGEST_DIFFERENCE_SECONDS = 30.0
PROBE_BYTES = 64 << 10
READERS = frozenset({None, "viewer"})


@dataclass(frozen=True)
class Visit:
    """What the server said when asked how it is, and when; ``clock`` is its time, if it told."""

    version: str
    seconds: float
    clock: datetime | None
    here: datetime


def visit(config: Config) -> Visit:
    """Ask the server how it is.

    Raises :class:`ServerUnavailable` where nothing answers or it is not well, :class:`ServerError`
    where something else than a portal answers.
    """
    transport = Transport(config)
    transport.hurry()
    began = time.monotonic()
    with transport.open(Call("GET", "/api/health")) as response:
        version = _version_in(_read(response), config.url)
        seconds = time.monotonic() - began
        clock = _moment(response.headers.get("Date", ""))
    return Visit(version, seconds, clock, datetime.now(UTC))


def _read(response: Any) -> bytes:
    try:
        return bytes(response.read())
    except HTTPError as error:
        raise ServerError(f"The answer broke off: {error}") from None


def _version_in(body: bytes, url: str) -> str:
    try:
        found = json.loads(body)
        version, is_portal = str(found["version"]), found["status"] == "healthy"
    except (ValueError, TypeError, KeyError):
        is_portal = False
    if not is_portal:
        raise ServerError(f"{url} answers, but not as a Runicorn server. {way_out(url)}")
    return version


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None


def check_version(found: Visit) -> Finding:
    """Whether client and server are of one release."""
    summary = f"server {found.version}, client {__version__}"
    if found.version.split(".")[:2] == __version__.split(".")[:2]:
        return Finding("version", Status.OK, summary)
    advice = "Install the client of the server's release, else one may lack what the other asks."
    return Finding("version", Status.WARNING, summary, advice)


def check_tls(url: str) -> Finding:
    """Whether what is sent can be read on the way, and how long the certificate is good."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return _check_certificate(parts)
    if is_this_machine(parts.hostname or ""):
        return Finding("tls", Status.OK, "none, and none needed: the server is this machine")
    advice = "Serve it over HTTPS (RUNICORN_HTTPS in docs/settings.md), use its https address."
    return Finding("tls", Status.WARNING, "none: tokens and content can be read on the way", advice)


def _check_certificate(parts: SplitResult) -> Finding:
    try:
        protocol, ends = _look_at_certificate(parts.hostname or "", parts.port or 443)
    except ssl.SSLCertVerificationError as error:
        summary = f"the certificate is not trusted: {error.verify_message}"
        advice = "Set SSL_CERT_FILE to a file with the certificates of who signed it (PEM)."
        return Finding("tls", Status.FAILURE, summary, advice)
    except OSError as error:
        return Finding("tls", Status.FAILURE, f"no TLS connection: {error}", _ADVICE_NO_TLS)
    summary = f"{protocol}, certificate good until {human_time(ends)}"
    if ends - time.time() < SOON_SECONDS:
        return Finding("tls", Status.WARNING, summary, "Have the certificate renewed.")
    return Finding("tls", Status.OK, summary)


_ADVICE_NO_TLS = "Is it an http address after all? Then say so in RUNICORN_TRACKING_URI."


def _look_at_certificate(host: str, port: int) -> tuple[str, float]:
    """The protocol, and when the certificate ends (epoch seconds)."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), HURRIED_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        certificate = secured.getpeercert() or {}
        ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
        return str(secured.version()), float(ends)


def check_login(client: Client) -> tuple[Finding, payloads.WhoAmI | None]:
    """Who one is to the server; the second is None where it does not say."""
    try:
        found = client.whoami()
    except NotFoundError:
        advice = "It is older than this client, or no portal: Runicorn's own viewer has no logins."
        return Finding("login", Status.FAILURE, "the server knows no logins", advice), None
    except AuthenticationRequired as error:
        return Finding("login", Status.FAILURE, "not logged in", error.message), None
    except RunicornError as error:
        return Finding("login", Status.FAILURE, error.message), None
    return _judge_login(found), found


def _judge_login(found: payloads.WhoAmI) -> Finding:
    if found["username"] is None:
        return Finding("login", Status.OK, "nobody: in open mode everybody may do everything")
    roles = [f"{found['role']} everywhere"] if found["role"] else []
    roles += [f"{team['role']} in {team['name']}" for team in found["teams"]]
    if not roles:
        advice = "Ask an admin of the portal for a role, everywhere or in a team."
        return Finding("login", Status.WARNING, f"{found['username']}, without any role", advice)
    return Finding("login", Status.OK, f"{found['username']}: {', '.join(roles)}")


def check_token(token: payloads.WhoAmIToken | None) -> Finding:
    """How long the token is good."""
    if token is None:
        return Finding("token", Status.OK, "none in use")
    named = f"{token['name']} (scope {token['scope']})"
    ends = token["expires_at"]
    if ends is None:
        return Finding("token", Status.OK, f"{named} never ends")
    summary = f"{named} ends {human_time(ends)}"
    if ends - time.time() < SOON_SECONDS:
        advice = "Make another (`runicorn token create`, or under Settings), then `runicorn login`."
        return Finding("token", Status.WARNING, summary, advice)
    return Finding("token", Status.OK, summary)


def check_clock(found: Visit) -> Finding:
    """Whether the clocks agree; the server tells whole seconds."""
    if found.clock is None:
        return Finding("clock", Status.SKIPPED, "the server does not tell its time")
    difference = (found.here - found.clock).total_seconds()
    if abs(difference) <= LARGEST_DIFFERENCE_SECONDS:
        return Finding("clock", Status.OK, "agrees with the server's")
    word = "ahead of" if difference > 0 else "behind"
    summary = f"{abs(difference):.0f} s {word} the server's"
    advice = "Times of files and ends of tokens look wrong: have both machines keep time (NTP)."
    return Finding("clock", Status.WARNING, summary, advice)


def check_upload(client: Client, who: payloads.WhoAmI) -> Finding:
    """Send a little content under a digest that is not its own.

    The server has to receive all of it and to refuse it (422), so nothing is left behind.
    """
    if who["role"] in READERS and all(team["role"] in READERS for team in who["teams"]):
        return Finding("upload", Status.SKIPPED, "this login may only read")
    content = secrets.token_bytes(PROBE_BYTES)
    digest = f"sha256:{hashlib.sha256(content + b'.').hexdigest()}"
    began = time.monotonic()
    try:
        client.put_blob(digest, len(content), lambda: content)
    except DigestMismatch:
        milliseconds = (time.monotonic() - began) * 1000
        summary = f"{human_size(PROBE_BYTES)} arrived in {milliseconds:.0f} ms (not kept)"
        return Finding("upload", Status.OK, summary)
    except RunicornError as error:
        return Finding("upload", Status.FAILURE, error.message)
    advice = "Something between here and there answers in the server's place."
    return Finding("upload", Status.FAILURE, "what was damaged on purpose was accepted", advice)
