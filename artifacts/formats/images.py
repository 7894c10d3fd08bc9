"""Pictures, known by their first bytes and never by their names. SVG is none: it is text."""

import struct
from dataclasses import dataclass
from typing import ClassVar

from artifacts.formats.source import BoundedReader

_MAX_SEGMENTS = 200
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of JPEG after which its size stands."""


@dataclass(frozen=True)
class Image:
    """A picture that browsers show; ``width`` and ``height`` in pixels, None: it does not say."""

    kind: ClassVar = "image"

    media_type: str
    width: int | None
    height: int | None


def find_image(reader: BoundedReader, head: bytes) -> Image | None:
    """The picture that begins with ``head``, at least 32 bytes of it; None where it is none."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _sized("image/png", head, 16, ">2L")
    if head.startswith((b"GIF87a", b"GIF89a")):
        return _sized("image/gif", head, 6, "<2H")
    if head.startswith(b"\xff\xd8\xff"):
        return Image("image/jpeg", *_jpeg_size(reader))
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Image("image/webp", *_webp_size(head))
    return None


def _sized(media_type: str, head: bytes, at: int, layout: str) -> Image:
    if len(head) < at + struct.calcsize(layout):
        return Image(media_type, None, None)
    width, height = struct.unpack_from(layout, head, at)
    return Image(media_type, width, height)


def _jpeg_size(reader: BoundedReader) -> tuple[int | None, int | None]:
    """What the first frame says, found from segment to segment."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        segment = reader.read_at(at, 9)
        if len(segment) < 9 or segment[0] != 0xFF:
            break
        if segment[1] in _FRAMES:
            height, width = struct.unpack_from(">2H", segment, 5)
            return width, height
        at += 2 + int.from_bytes(segment[2:4], "big")
    return None, None


def _webp_size(head: bytes) -> tuple[int | None, int | None]:
    if len(head) < 30:
        return None, None
    if head[12:16] == b"VP8 ":
        width, height = struct.unpack_from("<2H", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if head[12:16] == b"VP8X":
        return _one_more(head[24:27]), _one_more(head[27:30])
    return None, None


def _one_more(raw: bytes) -> int:
    return int.from_bytes(raw, "little") + 1
