"""JSON as RFC 8259 has it, and no more of it than a body may hold."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from artifacts.descriptions import read_json
from artifacts.errors import TooLarge

MAX_JSON_BYTES = 128 << 20


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 has it: no NaN, no Infinity, no number too large for a float, no key twice.

    Reads at most ``MAX_JSON_BYTES``; raises TooLarge (413) beyond.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Parse the whole of ``stream``; raises ParseError (400) with where it went wrong."""
        raw = read_at_most(stream, MAX_JSON_BYTES + 1)
        if len(raw) > MAX_JSON_BYTES:
            raise TooLarge(f"A JSON body has at most {MAX_JSON_BYTES} bytes.")
        try:
            return read_json(raw.decode())
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}") from None


def read_at_most(stream: IO[Any], limit: int) -> bytes:
    """Read ``stream`` to its end, or ``limit`` bytes of it: one read may bring less than asked."""
    raw = bytearray()
    while piece := stream.read(min(1 << 20, limit - len(raw))):
        raw += piece
    return bytes(raw)
