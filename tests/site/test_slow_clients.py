"""Clients that stall keep a thread, never a database connection."""

import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from tests.live import LivePortal, fresh_database, start_portal

CONNECTIONS = 2
CLIENTS = 5
SIZE_BYTES = 32 << 20


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[LivePortal]:
    """One worker with fewer database connections than there are slow clients."""
    with fresh_database() as database_url:
        started = start_portal(
            tmp_path / "var",
            DATABASE_URL=database_url,
            RUNICORN_WORKERS="1",
            RUNICORN_DATABASE_POOL=str(CONNECTIONS),
        )
        yield started
        started.stop()


def stall(stack: ExitStack, portal: LivePortal, request: str, answered: bytes) -> None:
    """Send a request, see it begun, and then do nothing more."""
    address = urlsplit(portal.url)
    client = stack.enter_context(socket.create_connection((address.hostname, address.port)))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sendall(f"{request}\r\nHost: {address.netloc}\r\n".encode() + answered)


def test_stalled_downloads_and_uploads_leave_the_portal_to_others(portal: LivePortal) -> None:
    content = os.urandom(SIZE_BYTES)
    route = f"/api/blobs/sha256:{hashlib.sha256(content).hexdigest()}"
    http = urllib3.PoolManager(timeout=5, retries=False)
    assert http.request("PUT", portal.url + route, body=content, timeout=60).status == 201
    with ExitStack() as stack:
        for _ in range(CLIENTS):
            stall(stack, portal, f"GET {route} HTTP/1.1", b"\r\n")
            stall(stack, portal, f"PUT {route} HTTP/1.1", b"Content-Length: 99\r\n\r\nbegun")
        for _ in range(10):
            assert http.request("GET", f"{portal.url}/api/artifacts").status == 200
    http.clear()
