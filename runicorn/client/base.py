"""What the routes of every kind stand on: a connection, and JSON there and back."""

import json
from dataclasses import replace
from typing import Any, TypeVar

from runicorn.shapes import Source, as_promised
from runicorn.transport import Call, Reply, Transport

T = TypeVar("T")


class Routes:
    """Routes of a server; ``transport`` carries them.

    Each says the shape of its answer, and :class:`ServerError` is raised for another one.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _get(self, shape: type[T], path: str, **query: object) -> T:
        return self._ask(shape, Call("GET", path, query))

    def _send(
        self,
        shape: type[T],
        method: str,
        path: str,
        body: object,
        *,
        query: dict[str, Any] | None = None,
        is_safe: bool = True,
    ) -> T:
        return self._ask(shape, json_call(method, path, body, query=query, is_safe=is_safe))

    def _ask(self, shape: type[T], call: Call) -> T:
        found: T = self._reply(shape, call).data
        return found

    def _reply(self, shape: type[T], call: Call) -> Reply:
        """Make ``call``; its answer has the shape, or :class:`ServerError` is raised."""
        reply = self._transport.request(call)
        source = Source(self._transport.url, f"{call.method} {call.path}")
        return replace(reply, data=as_promised(shape, reply.data, source))


def json_call(
    method: str,
    path: str,
    body: object,
    *,
    query: dict[str, Any] | None = None,
    is_safe: bool = True,
) -> Call:
    """Return the call that sends ``body`` as JSON."""
    data = json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json"}
    return Call(method, path, query or {}, headers, body=lambda: data, is_safe=is_safe)
