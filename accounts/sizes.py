"""Sizes as people read and write them: binary units under their own names, as the SDK's command."""

import re
from decimal import Decimal

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SIZE = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z]*)", re.ASCII)


def human_size(size_bytes: int) -> str:
    """Write ``1536`` as ``1.5 KiB``."""
    size, unit = float(size_bytes), 0
    while abs(size) >= 1024 and unit < len(UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size_bytes} B" if unit == 0 else f"{size:.1f} {UNITS[unit]}"


def exact_size(size_bytes: int) -> str:
    """``size_bytes`` in the largest unit that needs no fraction: ``10 GiB``, ``1500 B``."""
    size, unit = size_bytes, 0
    while size and size % 1024 == 0 and unit < len(UNITS) - 1:
        size, unit = size // 1024, unit + 1
    return f"{size} {UNITS[unit]}"


def parse_size(text: str) -> int:
    """Bytes, from ``10 GiB``, ``1.5 tib`` or ``1500``.

    Raises ValueError for anything else: of GB nobody knows whether it means 1000 or 1024.
    """
    found = _SIZE.fullmatch(text.strip())
    units = {unit.lower(): 1024**power for power, unit in enumerate(UNITS)}
    factor = units.get((found["unit"] or "B").lower()) if found else None
    if found is None or factor is None or (factor == 1 and "." in found["number"]):
        raise ValueError(f"{text!r} is no size such as 500 MiB or 10 GiB: use {', '.join(UNITS)}")
    return int(Decimal(found["number"]) * factor)
