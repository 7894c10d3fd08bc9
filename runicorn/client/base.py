"""What the routes of every kind stand on: a connection, and JSON there and back."""

import json
from typing import Any

from runicorn.transport import Call, Reply, Transport


class Routes:
    """Routes of a server; ``transport`` carries them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def _get(self, path: str, **query: object) -> Any:  # callers cast to the route's type
        return self._transport.request(Call("GET", path, query)).data

    def _send(
        self,
        method: str,
        path: str,
        body: object,
        *,
        query: dict[str, Any] | None = None,
        is_safe: bool = True,
    ) -> Reply:
        data = json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        call = Call(method, path, query or {}, headers, body=lambda: data, is_safe=is_safe)
        return self._transport.request(call)
