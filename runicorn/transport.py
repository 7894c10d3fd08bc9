"""One HTTP call: connection, patience with a failing server, and errors made into exceptions.

A call is repeated only where repeating cannot do harm (``is_safe``) and only after a broken
connection, 429, 502, 503 or 504, with growing pauses, or the pause the server asks for.
"""

import base64
import json
import logging
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from runicorn.config import Config
from runicorn.errors import (
    AuthenticationRequired,
    RunicornError,
    ServerError,
    ServerUnreachable,
    error_from_response,
)
from runicorn.proxies import proxy_for
from runicorn.stopping import pause
from runicorn.version import __version__

logger = logging.getLogger(__name__)

WORKERS = 4
MOST_CONNECTIONS = 64
CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
HURRIED_SECONDS = 3.0
# A server that answered once gets about a minute to come back (a restart); one that never did
# is most likely not running, and the caller should hear so at once.
ATTEMPTS = 14
ATTEMPTS_AT_FIRST = 3
WARN_AT = 4
LONGEST_PAUSE_SECONDS = 8.0
LONGEST_RETRY_AFTER_SECONDS = 60.0

_RETRY_STATUSES = frozenset({429, 502, 503, 504})

Body = bytes | Iterable[bytes]


@dataclass(frozen=True)
class Call:
    """One request. ``body`` makes the body anew for every attempt."""

    method: str
    path: str
    query: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], Body] | None = None
    is_safe: bool = True
    read_seconds: float = READ_SECONDS

    @property
    def target(self) -> str:
        """Path and query; entries of the query that are None are left out."""
        given = {key: value for key, value in self.query.items() if value is not None}
        return f"{self.path}?{urlencode(given)}" if given else self.path


@dataclass(frozen=True)
class Reply:
    """A decoded JSON answer, and how it came about."""

    status: int
    data: Any  # whatever JSON the route promises; runicorn.api gives it a type
    attempts: int


def _connections(url: str) -> urllib3.PoolManager:
    proxy = proxy_for(url)
    if proxy is None:
        return urllib3.PoolManager(maxsize=MOST_CONNECTIONS, retries=False)
    headers = urllib3.make_headers(proxy_basic_auth=proxy.credentials)
    return urllib3.ProxyManager(
        proxy.url, maxsize=MOST_CONNECTIONS, retries=False, proxy_headers=headers
    )


class Transport:
    """A pool of connections to one server; threads may share it."""

    def __init__(self, config: Config) -> None:
        self.url = config.url
        self._has_answered = False
        self._is_hurried = False
        self._headers = _standing_headers(config)
        self._pools: dict[int, urllib3.PoolManager] = {}

    def request(self, call: Call) -> Reply:
        """Make ``call`` and read its JSON answer."""
        response, attempts = self._send(call, stream=False)
        return Reply(response.status, _decode(response.data, self.url), attempts)

    def open(self, call: Call) -> urllib3.BaseHTTPResponse:
        """Make ``call`` and return the answer with its body still to be read; close it."""
        return self._send(call, stream=True)[0]

    def hurry(self) -> None:
        """From now on try everything once, and briefly: the program is about to end."""
        self._is_hurried = True

    @contextmanager
    def hurrying(self) -> Iterator[None]:
        """Try everything once, and briefly, in this block: somebody waits for its end."""
        was_hurried, self._is_hurried = self._is_hurried, True
        try:
            yield
        finally:
            self._is_hurried = was_hurried

    def _send(self, call: Call, *, stream: bool) -> tuple[urllib3.BaseHTTPResponse, int]:
        for attempt in self._attempts(call):
            try:
                response = self._send_once(call, stream=stream)
            except HTTPError as error:
                if attempt.is_last:
                    logger.debug("%s %s failed", call.method, call.path, exc_info=error)
                    raise self._unreachable(error) from None
                seconds = pause_before_retry(attempt.number)
            else:
                self._has_answered = True
                if response.status not in _RETRY_STATUSES or attempt.is_last:
                    return self._checked(response), attempt.number
                seconds = _pause_asked_for(response.headers) or pause_before_retry(attempt.number)
                response.close()
            # The first ones are nothing to worry about; then people should know why they wait.
            level = logging.WARNING if attempt.number == WARN_AT else logging.INFO
            logger.log(level, "%s does not answer; trying again in %.1f s", self.url, seconds)
            pause(seconds)
        raise AssertionError("the last attempt returns or raises")

    def _attempts(self, call: Call) -> Iterator["_Attempt"]:
        number = 0
        while True:
            number += 1
            yield _Attempt(number, is_last=number >= self._patience(call))

    def _patience(self, call: Call) -> int:
        if self._is_hurried or not call.is_safe:
            return 1
        return ATTEMPTS if self._has_answered else ATTEMPTS_AT_FIRST

    def _send_once(self, call: Call, *, stream: bool) -> urllib3.BaseHTTPResponse:
        return self._pool.request(
            call.method,
            self.url + call.target,
            body=call.body() if call.body else None,
            headers={**self._headers, **call.headers},
            preload_content=not stream,
            decode_content=False,
            redirect=False,
            timeout=self._timeout(call),
        )

    @property
    def _pool(self) -> urllib3.PoolManager:
        """The connections of this process: a fork must not write into its parent's sockets."""
        pid = os.getpid()
        if pid not in self._pools:
            return self._pools.setdefault(pid, _connections(self.url))
        return self._pools[pid]

    def _timeout(self, call: Call) -> urllib3.Timeout:
        longest = HURRIED_SECONDS if self._is_hurried else float("inf")
        return urllib3.Timeout(
            connect=min(CONNECT_SECONDS, longest), read=min(call.read_seconds, longest)
        )

    def _checked(self, response: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
        if response.status < 300 or response.status == 304:
            return response
        if response.status < 400:
            response.close()
            raise _moved(response, self.url)
        body = _error_body(response)
        if response.status == 404 and "detail" not in body:
            what = "answers 404, but not as a Runicorn server"
            body["detail"] = f"{self.url} {what}. {way_out(self.url)}"
        error = error_from_response(response.status, body)
        if isinstance(error, AuthenticationRequired):
            error.message += (
                f" Log in with `runicorn login {self.url}`, or set RUNICORN_API_KEY to a token."
            )
        raise error

    def _unreachable(self, error: HTTPError) -> ServerUnreachable:
        return ServerUnreachable(
            f"Cannot reach the Runicorn server at {self.url}: {_reason(error)}. Start one with "
            "`make run` in the portal's folder, or set RUNICORN_TRACKING_URI to the address of "
            "yours."
        )


@dataclass(frozen=True)
class _Attempt:
    number: int
    is_last: bool


def pause_before_retry(failures: int) -> float:
    """Return how many seconds to wait after so many failures in a row.

    It doubles each time, with up to half of it left to chance so that clients spread out.
    """
    longest = min(LONGEST_PAUSE_SECONDS, 0.25 * 2.0 ** (failures - 1))
    return longest * (0.5 + secrets.randbelow(1000) / 2000)


def _standing_headers(config: Config) -> dict[str, str]:
    headers = {"User-Agent": f"runicorn/{__version__}", "Accept-Encoding": "identity"}
    if config.api_key:
        headers["Authorization"] = f"Bearer {config.api_key}"
    elif config.basic_auth:
        encoded = base64.b64encode(config.basic_auth.encode()).decode()  # UTF-8: RFC 7617
        headers["Authorization"] = f"Basic {encoded}"
    return headers


def _pause_asked_for(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After`` (seconds or a date); None where it is absent or makes no sense."""
    given = headers.get("Retry-After", "").strip()
    if given.isdecimal():
        seconds = float(given)
    else:
        try:
            moment = parsedate_to_datetime(given)
        except ValueError:
            return None
        seconds = (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)


def _decode(data: bytes, url: str) -> Any:  # JSON of any shape
    try:
        return json.loads(data)
    except ValueError:
        raise ServerError(f"{url} did not answer in JSON. {way_out(url)}") from None


def way_out(url: str) -> str:
    """Say what to try where something else than a portal's API answers at ``url``."""
    parts = urlsplit(url)
    if not parts.path.strip("/"):
        return "Is it the address of a Runicorn server?"
    origin = f"{parts.scheme}://{parts.netloc}"
    return (
        f"That address has a path, {parts.path}, as the address of a page has; "
        f"try RUNICORN_TRACKING_URI={origin}"
    )


def _error_body(response: urllib3.BaseHTTPResponse) -> dict[str, object]:
    """Read the body of a refusal; an odd or broken one is as good as none."""
    try:
        body = json.loads(response.data)
    except (ValueError, HTTPError):
        return {}
    finally:
        response.close()
    return body if isinstance(body, dict) else {}


def _moved(response: urllib3.BaseHTTPResponse, url: str) -> RunicornError:
    target = response.headers.get("Location", "nowhere")
    return ServerError(
        f"{url} sends us on to {target}; set RUNICORN_TRACKING_URI to the server's own address.",
        status=response.status,
    )


def _reason(error: HTTPError) -> str:
    """Say why in a few words: the innermost cause, without urllib3's wrapping."""
    cause: BaseException = error
    deeper: BaseException | None = error
    while deeper is not None:
        cause, deeper = deeper, deeper.__cause__ or deeper.__context__
    return str(getattr(cause, "strerror", None) or str(cause) or type(cause).__name__)
