"""Uploads in parts against a running portal: chunked, broken off, and with the server killed."""

import http.client
import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import urllib3

from tests.conftest import digest_of
from tests.live import LivePortal, fresh_database, start_portal

SECONDS = 30
OFFSET = "upload_offset"  # a part that never is the next: refused so when nobody else is at it


def request(portal: LivePortal, method: str, path: str, said: str, body: bytes) -> tuple[int, dict]:
    with urllib3.PoolManager(retries=False, timeout=SECONDS) as pool:
        headers = {"Content-Range": said} if said else {}
        answer = pool.request(method, portal.url + path, body=body, headers=headers)
        return answer.status, answer.json()


def put(portal: LivePortal, path: str, said: str, body: bytes = b"") -> tuple[int, dict]:
    return request(portal, "PUT", path, said, body)


def test_a_part_may_come_chunked(live_portal: LivePortal) -> None:
    content = uuid4().bytes * 1000
    path, size = f"/api/blobs/{digest_of(content)}", len(content)
    outcomes = []
    for start, end in [(0, 6000), (6000, size)]:
        connection = http.client.HTTPConnection(urlsplit(live_portal.url).netloc, timeout=SECONDS)
        pieces = [content[start : start + 999], content[start + 999 : end]]
        said = {"Content-Range": f"bytes {start}-{end - 1}/{size}"}
        connection.request("PUT", path, iter(pieces), said, encode_chunked=True)
        outcomes.append(connection.getresponse().status)
        connection.close()
    assert outcomes == [202, 201]


def test_a_chunked_question_with_a_body_is_refused(live_portal: LivePortal) -> None:
    connection = http.client.HTTPConnection(urlsplit(live_portal.url).netloc, timeout=SECONDS)
    said = {"Content-Range": "bytes */10"}
    path = f"/api/blobs/{digest_of(uuid4().bytes)}"
    connection.request("PUT", path, iter([b"x"]), said, encode_chunked=True)
    assert connection.getresponse().status == 400
    connection.close()


def test_what_a_client_sent_before_it_went_away_is_kept(live_portal: LivePortal) -> None:
    content = uuid4().bytes * 100_000
    path, size = f"/api/blobs/{digest_of(content)}", len(content)
    address = urlsplit(live_portal.url)
    said = f"Content-Range: bytes 0-{size - 1}/{size}\r\nContent-Length: {size}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port)) as client:
        head = f"PUT {path} HTTP/1.1\r\nHost: {address.netloc}\r\n{said}"
        client.sendall(head.encode() + content[:900_000])
    received = settled(live_portal, path, size)
    assert 0 < received <= 900_000
    rest = f"bytes {received}-{size - 1}/{size}"
    assert put(live_portal, path, rest, content[received:])[0] == 201


def received_of(portal: LivePortal, path: str, size: int) -> int:
    return int(put(portal, path, f"bytes */{size}")[1]["received"])


def settled(portal: LivePortal, path: str, size: int) -> int:
    """How much came, once the request that broke off has begun and let go of it."""
    deadline = time.monotonic() + SECONDS
    while not received_of(portal, path, size) or is_busy(portal, path, size):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return received_of(portal, path, size)


def is_busy(portal: LivePortal, path: str, size: int) -> bool:
    return put(portal, path, f"bytes {size - 1}-{size - 1}/{size}", b"x")[1]["code"] != OFFSET


@pytest.mark.slow
def test_a_server_that_is_killed_keeps_what_came(tmp_path: Path) -> None:
    content = uuid4().bytes * 100_000
    path, size = f"/api/blobs/{digest_of(content)}", len(content)
    with fresh_database() as database_url:
        portal = start_portal(tmp_path / "var", DATABASE_URL=database_url)
        assert put(portal, path, f"bytes 0-999999/{size}", content[:1_000_000])[0] == 202
        portal.stop(signal.SIGKILL)
        portal = start_portal(tmp_path / "var", DATABASE_URL=database_url)
        assert received_of(portal, path, size) == 1_000_000
        last = put(portal, path, f"bytes 1000000-{size - 1}/{size}", content[1_000_000:])
        assert last[0] == 201
        portal.stop()
