"""Servers that misbehave on purpose, which the portal cannot be made to do."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


Answer = Callable[[BaseHTTPRequestHandler, Seen], None]


@dataclass
class Peer:
    """A scripted server: each request takes the next answer; the last one is given for ever."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def script(self, *answers: Answer) -> None:
        """Set what the next requests get."""
        self.answers[:] = answers

    def take(self) -> Answer:
        """The answer to the request at hand."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def calls(self) -> list[str]:
        """Method and path of each request."""
        return [f"{one.method} {one.path}" for one in self.seen]


def json_answer(status: int, body: object, **headers: str) -> Answer:
    """Answer in JSON; header names are given with ``_`` for ``-``."""
    return bytes_answer(status, json.dumps(body).encode(), length=None, **headers)


def bytes_answer(status: int, body: bytes, *, length: int | None = None, **headers: str) -> Answer:
    """Answer ``body``, said to be ``length`` bytes long; then close the connection if that lies."""

    def answer(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = length is not None

    return answer


def hang_up(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


@contextmanager
def serve_peer() -> Iterator[Peer]:
    """Run a scripted server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(peer := Peer(url="")))
    peer.url = f"http://127.0.0.1:{server.server_address[1]}"
    with _running(server):
        yield peer


@contextmanager
def _running(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler_for(peer: Peer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5

        def respond(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            seen = Seen(self.command, self.path, dict(self.headers), self.rfile.read(length))
            peer.seen.append(seen)
            with suppress(ConnectionError):
                peer.take()(self, seen)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond  # noqa: N815 the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's name
            pass

    return Handler


@contextmanager
def cutting_proxy(url: str, *, cut_after_bytes: int) -> Iterator[str]:
    """Stand before the server at ``url`` and cut every answer after so many bytes."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(
            target=_forward_each, args=(listener, (host, int(port)), cut_after_bytes)
        )
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _forward_each(listener: socket.socket, target: tuple[str, int], cut_after_bytes: int) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client, socket.create_connection(target) as server:
            _forward(client, server, cut_after_bytes)


def _forward(client: socket.socket, server: socket.socket, cut_after_bytes: int) -> None:
    """Pass one request on, and ``cut_after_bytes`` of its answer back."""
    request = client.recv(65536)
    server.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    left = cut_after_bytes
    while left and (piece := server.recv(min(65536, left))):
        client.sendall(piece)
        left -= len(piece)
