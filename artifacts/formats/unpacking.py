"""The beginning of packed bytes, unpacked: never more than is asked for, whatever they say.

Of a beginning, all of these give as much as it holds, so a page need not be read whole to show what
stands at its front; Zstandard gives it in blocks of 128 KiB.
"""

import sys
import zlib

from accounts.sentences import say
from artifacts.formats.source import Unreadable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

UNPACKED, ZSTD = 0, 6
NAMES = ("uncompressed", "snappy", "gzip", "lzo", "brotli", "lz4", "zstd", "lz4_raw")
"""As Parquet numbers them."""
ZSTD_BLOCK_BYTES = (128 << 10) + 64
"""With the headers before it; less of a page unpacks to nothing."""
_MAX_WINDOW_LOG = 23
_TAG_BYTES = (0, 1, 2, 4)


def unpack_head(codec: int, packed: bytes, limit: int) -> bytes:
    """The first bytes of what ``packed`` holds, ``limit`` at most.

    Raises Unreadable where they are damaged, or packed in a way that is not unpacked here.
    """
    try:
        match codec:
            case 0:
                return packed[:limit]
            case 1:
                return _unsnap(packed, limit)
            case 2:
                return zlib.decompressobj(wbits=47).decompress(packed, limit)
            case 6:
                return _unzstd(packed, limit)
    except (zlib.error, zstd.ZstdError):
        raise Unreadable(say("it is damaged")) from None
    name = NAMES[codec] if 0 <= codec < len(NAMES) else str(codec)
    raise Unreadable(say("it is packed as {codec}, which is not unpacked here", codec=name))


def _unzstd(packed: bytes, limit: int) -> bytes:
    """The window is memory that the packed bytes ask for: so it has a limit too."""
    options = {int(zstd.DecompressionParameter.window_log_max): _MAX_WINDOW_LOG}
    return zstd.ZstdDecompressor(options=options).decompress(packed, limit)


def _unsnap(packed: bytes, limit: int) -> bytes:
    """Snappy's raw format: runs of bytes, and copies of what was unpacked before."""
    out = bytearray()
    at = 0
    while at < len(packed) and packed[at] & 0x80:  # how long it becomes, which is not believed
        at += 1
    at += 1
    while at < len(packed) and len(out) < limit:
        at = _unsnap_one(packed, at, out)
    return bytes(out[:limit])


def _unsnap_one(packed: bytes, at: int, out: bytearray) -> int:
    """One element, as far as it is there; returns where the next one begins."""
    tag = packed[at]
    if tag & 3 == 0:
        size, start = tag >> 2, at + 1
        if size >= 60:
            start += size - 59
            size = int.from_bytes(packed[at + 1 : start], "little")
        out += packed[start : start + size + 1]
        return start + size + 1
    end = at + 1 + _TAG_BYTES[tag & 3]
    if end > len(packed):
        return end
    low = int.from_bytes(packed[at + 1 : end], "little")
    is_short = tag & 3 == 1
    size = (tag >> 2 & 7) + 4 if is_short else (tag >> 2) + 1
    _copy(out, low | (tag >> 5) << 8 if is_short else low, size)
    return end


def _copy(out: bytearray, back: int, size: int) -> None:
    """Repeat ``size`` bytes from ``back`` before the end; they may reach into themselves."""
    if not 0 < back <= len(out):
        raise Unreadable(say("it is damaged"))
    start = len(out) - back
    piece = bytes(out[start : start + size])
    out += (piece * (-(-size // len(piece))))[:size]
