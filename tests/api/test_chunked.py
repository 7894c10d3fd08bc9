"""Bodies without a length, over the wire: read whole or refused, never taken for empty."""

import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from tests.conftest import digest_of
from tests.live import LivePortal


def send_chunked(
    portal: LivePortal, method: str, path: str, pieces: list[bytes], kind: str
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(urlsplit(portal.url).netloc, timeout=30)
    connection.request(method, path, iter(pieces), {"Content-Type": kind}, encode_chunked=True)
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


def get(portal: LivePortal, path: str, method: str = "GET") -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(portal.url).netloc, timeout=30)
    connection.request(method, path)
    answer = connection.getresponse()
    answer.body = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


def test_a_chunked_blob_is_stored_whole(live_portal: LivePortal) -> None:
    pieces = [uuid4().bytes * 10_000 for _ in range(5)]
    content = b"".join(pieces)
    route = f"/api/blobs/{digest_of(content)}"
    status, body = send_chunked(live_portal, "PUT", route, pieces, "application/octet-stream")
    assert (status, body["size"]) == (201, len(content))
    assert get(live_portal, route).body == content  # type: ignore[attr-defined]


def test_a_chunked_blob_of_another_digest_is_422(live_portal: LivePortal) -> None:
    route = f"/api/blobs/{digest_of(b'other')}"
    status, body = send_chunked(live_portal, "PUT", route, [b"x", b"y"], "application/octet-stream")
    assert (status, body["code"]) == (422, "digest_mismatch")


def test_many_chunked_blobs_are_stored(live_portal: LivePortal) -> None:
    content = uuid4().bytes
    digest = bytes.fromhex(digest_of(content).removeprefix("sha256:"))
    pieces = [digest[:5], digest[5:] + (16).to_bytes(8, "big"), content]
    answer = send_chunked(live_portal, "POST", "/api/blobs", pieces, "application/octet-stream")
    assert answer == (200, {"stored": 1, "size_bytes": 16})


def test_chunked_json_is_read_whole(live_portal: LivePortal) -> None:
    pieces = [b'{"digests": ["', digest_of(uuid4().bytes).encode(), b'"]}']
    status, body = send_chunked(
        live_portal, "POST", "/api/blobs/missing", pieces, "application/json"
    )
    assert (status, len(body["missing"])) == (200, 1)


def test_chunked_json_that_is_none_is_400(live_portal: LivePortal) -> None:
    status, body = send_chunked(live_portal, "POST", "/api/runs", [b'{"a"'], "application/json")
    assert (status, body["code"]) == (400, "parse_error")


def test_a_connection_that_breaks_leaves_nothing(live_portal: LivePortal) -> None:
    content = uuid4().bytes * 1000
    digest = digest_of(content)
    host = urlsplit(live_portal.url)
    with socket.create_connection((host.hostname, host.port)) as wire:
        line, length = f"PUT /api/blobs/{digest} HTTP/1.1", "Content-Length: 16000"
        head = f"{line}\r\nHost: {host.netloc}\r\n{length}\r\n\r\n"
        wire.sendall(head.encode() + content[:5000])
    assert get(live_portal, f"/api/blobs/{digest}").status == 404


def test_head_over_the_wire_has_a_length_and_no_body(live_portal: LivePortal) -> None:
    content = uuid4().bytes
    route = f"/api/blobs/{digest_of(content)}"
    send_chunked(live_portal, "PUT", route, [content], "application/octet-stream")
    answer = get(live_portal, route, "HEAD")
    assert (answer.status, answer.body) == (200, b"")  # type: ignore[attr-defined]
    assert answer.headers["Content-Length"] == "16"
    assert get(live_portal, "/api/health", "HEAD").status == 200


def test_a_chunked_body_of_another_kind_is_refused_not_taken_for_empty(
    live_portal: LivePortal,
) -> None:
    address = urlsplit(live_portal.url)
    head = "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked"
    request = f"POST /api/runs HTTP/1.1\r\nHost: {address.netloc}\r\n{head}\r\n\r\n"
    # In one piece: the refusal comes without a look at the body, and the connection may end.
    with socket.create_connection((address.hostname, address.port), timeout=30) as client:
        client.sendall(request.encode() + b"9\r\nproject=p\r\n0\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 415 ")
