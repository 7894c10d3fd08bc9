"""Numbers, times and foreign text in the form people read."""

import unicodedata
from datetime import datetime

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
# Marks that turn the direction of what follows, and so can make a name look like another.
_DIRECTION_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def human_size(size_bytes: int | None) -> str:
    """Write ``1536`` as ``1.5 KiB``; nothing known is a dash."""
    if size_bytes is None:
        return "-"
    size, unit = float(size_bytes), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size_bytes} B" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"


def counted(count: int, word: str) -> str:
    """Write ``1 file`` and ``2 files``."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def human_time(epoch_seconds: float | None) -> str:
    """Write a moment in local time, to the second."""
    if epoch_seconds is None:
        return "-"
    return f"{datetime.fromtimestamp(epoch_seconds).astimezone():%Y-%m-%d %H:%M:%S}"


def printable(value: object) -> str:
    """Show text that others wrote without letting it steer the terminal."""
    return "".join(map(_printable_character, str(value)))


def _printable_character(character: str) -> str:
    is_control = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
    if is_control or character in _DIRECTION_MARKS:
        return character.encode("unicode_escape").decode("ascii")
    return character
