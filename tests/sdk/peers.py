"""Servers that misbehave on purpose, which the portal cannot be made to do."""

import json
import selectors
import socket
import ssl
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


@dataclass
class Receiver:
    """An :data:`Answer` that takes one large blob in parts, as the portal does.

    ``breaks`` says of each coming part how much of it is kept before the connection breaks, None
    for all of it and an answer. ``needed`` turns negotiation on: the runs of chunks it asks for.
    """

    size: int
    breaks: list[int | None] = field(default_factory=list)
    needed: list[list[int]] | None = None
    needed_bytes: int = 0
    content: bytearray = field(default_factory=bytearray)
    is_stored: bool = False

    def __call__(self, handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        """Answer one request."""
        if seen.path.partition("?")[0].endswith("/chunks"):
            self._negotiated(handler, seen)
        elif seen.method == "PUT" and "Content-Range" in seen.headers:
            self._take(handler, seen, self.size)
        else:
            json_answer(404, {"detail": "no such route", "code": "not_found"})(handler, seen)

    def _negotiated(self, handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        if self.needed is None:
            json_answer(405, {"detail": "not here", "code": "method_not_allowed"})(handler, seen)
        elif seen.method == "PUT":
            self._take(handler, seen, self.needed_bytes)
        else:
            state = {"digest": "", "size": self.size, "num_chunks": len(seen.body) // 36}
            state |= {"needed": self.needed, "needed_bytes": self.needed_bytes}
            state |= {"received": len(self.content), "stored": self.is_stored}
            json_answer(200, state)(handler, seen)

    def _take(self, handler: BaseHTTPRequestHandler, seen: Seen, total: int) -> None:
        span, _, given_total = seen.headers["Content-Range"].removeprefix("bytes ").partition("/")
        assert int(given_total) == total
        if span == "*":
            self._tell(handler, seen, total)
        elif int(span.partition("-")[0]) != len(self.content):
            refusal = {"code": "upload_offset", "received": len(self.content), "detail": "offset"}
            json_answer(409, refusal)(handler, seen)
        else:
            kept = self.breaks.pop(0) if self.breaks else None
            self.content += seen.body[:kept]
            self._tell(handler, seen, total) if kept is None else hang_up(handler, seen)

    def _tell(self, handler: BaseHTTPRequestHandler, seen: Seen, total: int) -> None:
        self.is_stored |= len(self.content) == total
        state = {"digest": "", "size": self.size, "received": len(self.content)}
        if self.is_stored:
            del state["received"]
        json_answer(201 if self.is_stored else 202, state)(handler, seen)


@contextmanager
def serve_peer(secured_by: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """Run a scripted server, over TLS where ``secured_by`` is given."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(peer := Peer(url="")))
    peer.url = f"{'https' if secured_by else 'http'}://127.0.0.1:{server.server_address[1]}"
    if secured_by:  # each connection shakes hands in its own thread, at its first byte
        server.socket = secured_by.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
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


@dataclass
class Meter:
    """What went through a proxy towards the server, in bytes."""

    url: str
    sent: int = 0


@contextmanager
def metering_proxy(url: str) -> Iterator[Meter]:
    """Stand before the server at ``url`` and count what clients send.

    Little is held up on the way: what is counted is what the server gets, but for small buffers.
    """
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        meter = Meter(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_meter_each, args=(listener, (host, int(port)), meter))
        thread.start()
        yield meter
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _meter_each(listener: socket.socket, target: tuple[str, int], meter: Meter) -> None:
    passing = []
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            break
        server = socket.create_connection(target)
        thread = threading.Thread(target=_pass_on, args=(client, server, meter))
        thread.start()
        passing.append((client, server, thread))
    for client, server, thread in passing:
        for one in (client, server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)  # a client that is still there keeps it open
        thread.join(10)


def _pass_on(client: socket.socket, server: socket.socket, meter: Meter) -> None:
    """Pass bytes on both ways until one side closes."""
    with client, server, selectors.DefaultSelector() as selector, suppress(OSError):
        selector.register(client, selectors.EVENT_READ, server)
        selector.register(server, selectors.EVENT_READ, client)
        while True:
            for key, _ in selector.select(timeout=60):
                piece = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                if not piece:
                    return
                if key.fileobj is client:
                    meter.sent += len(piece)
                key.data.sendall(piece)
