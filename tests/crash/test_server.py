"""The real server: clients that go away in the middle, and a server killed in the middle."""

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest
import urllib3

from tests.conftest import digest_of
from tests.live import MANAGE, LivePortal, fresh_database, start_portal

BODY = os.urandom(8 << 20)
SECONDS = 30


@contextmanager
def half_sent_upload(portal: LivePortal, head: str, body: bytes) -> Iterator[socket.socket]:
    """A connection on which the server has begun to store ``body``, which is not all of it."""
    address, before = urlsplit(portal.url), staged_files(portal)
    with socket.create_connection((str(address.hostname), address.port or 80)) as client:
        start = f"PUT /api/blobs/{digest_of(BODY)} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        client.sendall(f"{start}{head}\r\n\r\n".encode() + body)
        wait_until(lambda: staged_files(portal) - before, "nothing is staged")
        yield client


def staged_files(portal: LivePortal) -> set[Path]:
    return set((portal.data_dir / "store/artifacts/.staging").iterdir())


def pool_files(portal: LivePortal) -> set[Path]:
    return set((portal.data_dir / "store/artifacts/.dedup").glob("*/*"))


def wait_until(holds: Callable[[], object], otherwise: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


def half_a_body() -> tuple[str, bytes]:
    return f"Content-Length: {len(BODY)}", BODY[: len(BODY) // 2]


def half_a_chunked_body() -> tuple[str, bytes]:
    return "Transfer-Encoding: chunked", b"%x\r\n" % len(BODY) + BODY[: len(BODY) // 2]


@pytest.mark.parametrize("half", [half_a_body, half_a_chunked_body])
@pytest.mark.parametrize("with_reset", [False, True], ids=["closed", "reset"])
def test_of_an_upload_whose_client_goes_away_nothing_is_kept(
    live_portal: LivePortal, half: Callable[[], tuple[str, bytes]], with_reset: bool
) -> None:
    # Clients killed by other tests may have left there what waits for them.
    before, staged = pool_files(live_portal), staged_files(live_portal)
    with half_sent_upload(live_portal, *half()) as client:
        if with_reset:  # as the kernel does for a client killed with bytes unread
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(lambda: staged_files(live_portal) <= staged, "half an upload is kept")
    assert pool_files(live_portal) == before
    answer = request("POST", f"{live_portal.url}/api/blobs/missing", {"digests": [digest_of(BODY)]})
    assert answer.json() == {"missing": [digest_of(BODY)]}


def request(
    method: str, url: str, json: object = None, body: bytes | None = None
) -> urllib3.BaseHTTPResponse:
    with urllib3.PoolManager(retries=False, timeout=SECONDS) as http:
        if json is not None:
            return http.request(method, url, json=json)
        return http.request(method, url, body=body)


class Logger:
    """A client that logs versions until the server is gone, and keeps what was acknowledged."""

    def __init__(self, portal: LivePortal, number: int) -> None:
        self.url = portal.url
        self.artifact = f"model-{number}"
        self.acknowledged: list[bytes] = []

    def run(self, enough: Event) -> None:
        while True:
            content = os.urandom(50_000)
            try:
                self._log(content)
            except urllib3.exceptions.HTTPError:
                return
            self.acknowledged.append(content)
            if len(self.acknowledged) == 5:
                enough.set()

    def _log(self, content: bytes) -> None:
        digest = digest_of(content)
        assert request("PUT", f"{self.url}/api/blobs/{digest}", body=content).status == 201
        file = {"path": "a.bin", "digest": digest, "size": len(content)}
        commit = {"type": "model", "files": [file]}
        url = f"{self.url}/api/artifacts/{self.artifact}/versions"
        assert request("POST", url, commit).status == 201

    def lost(self, portal: LivePortal) -> list[int]:
        """The acknowledged versions that do not come back whole."""
        base = f"{portal.url}/api/artifacts/{self.artifact}"
        return [
            number
            for number, content in enumerate(self.acknowledged, 1)
            if request("GET", f"{base}/v{number}/files/a.bin").data != content
        ]


def manage(portal: LivePortal, database_url: str, *words: str) -> int:
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "RUNICORN_DATA_DIR": str(portal.data_dir),
    }
    return subprocess.call([sys.executable, str(MANAGE), *words], env=environment)


@pytest.mark.slow
def test_a_server_killed_in_the_middle_starts_again_with_all_it_acknowledged(
    tmp_path: Path,
) -> None:
    with fresh_database() as database_url:
        portal = start_portal(tmp_path / "var", DATABASE_URL=database_url)
        loggers = kill_while_logging(portal)
        again = start_portal(tmp_path / "var", DATABASE_URL=database_url)
        try:
            assert [logger.lost(again) for logger in loggers] == [[]] * len(loggers)
            assert (
                request("PUT", f"{again.url}/api/blobs/{digest_of(BODY)}", body=BODY).status == 201
            )
            assert manage(again, database_url, "collect", "--min-age-hours=0") == 0
            assert manage(again, database_url, "scrub", "--read-data") == 0
        finally:
            again.stop()


def kill_while_logging(portal: LivePortal) -> list[Logger]:
    loggers = [Logger(portal, number) for number in range(4)]
    enough = Event()
    with ThreadPoolExecutor(len(loggers)) as threads, half_sent_upload(portal, *half_a_body()):
        running = [threads.submit(logger.run, enough) for logger in loggers]
        assert enough.wait(SECONDS)
        portal.stop(signal.SIGKILL)
        for one in running:
            one.result(SECONDS)
    assert staged_files(portal)
    return loggers
