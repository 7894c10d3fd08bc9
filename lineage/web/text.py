"""How wide text is, before any browser has it: an SVG does not wrap, so it has to fit.

The widths are those of DejaVu Sans, as wide as any font that browsers take for ``system-ui``, in
thousandths of the font's size. Where a reader's font is wider still, the picture clips it.
"""

import unicodedata
from itertools import accumulate, takewhile

ELLIPSIS = "…"
BOLD = 1.12
_WIDTHS = {
    **dict.fromkeys("ijlI'|.,:;!` ", 340),
    **dict.fromkeys('frt()[]-"/\\', 420),
    **dict.fromkeys("JcsvxyzkaeghnoubdpqL?_*^", 610),
    **dict.fromkeys("0123456789$", 640),
    **dict.fromkeys("ABCDEFGKPRSTVXYZ&", 720),
    **dict.fromkeys("HNUOQ<>=+~#", 840),
    **dict.fromkeys("mwMW@%", 1000),
}
_OTHER, _WIDE, _EMOJI = 720, 1050, 1400


def width_of(text: str, size: float, *, is_bold: bool = False) -> float:
    """How many pixels ``text`` takes at most in a font of ``size`` pixels."""
    return _pixels(sum(map(_units, text)), size, is_bold=is_bold)


def _pixels(units: int, size: float, *, is_bold: bool) -> float:
    return units * size / 1000 * (BOLD if is_bold else 1)


def _units(character: str) -> int:
    if character in _WIDTHS:
        return _WIDTHS[character]
    category = unicodedata.category(character)
    if category in {"Mn", "Me", "Cf"}:
        return 0
    if category == "So":
        return _EMOJI
    return _WIDE if unicodedata.east_asian_width(character) in {"W", "F"} else _OTHER


def shorten(text: str, width: float, size: float, *, is_bold: bool = False) -> str:
    """``text`` as it is where it fits into ``width`` pixels, else without some of its middle.

    Names tell apart by their ends as by their beginnings: ``train-2024…-seed7``.
    """
    units = list(accumulate(map(_units, text), initial=0))
    if _pixels(units[-1], size, is_bold=is_bold) <= width:
        return text
    for kept in range(len(text) - 1, 0, -1):
        head = text[: kept - kept // 2].rstrip()
        tail = _whole(text[len(text) - kept // 2 :]) if kept > 1 else ""
        taken = units[len(head)] + _units(ELLIPSIS) + units[-1] - units[len(text) - len(tail)]
        if _pixels(taken, size, is_bold=is_bold) <= width:
            return f"{head}{ELLIPSIS}{tail}"
    return ELLIPSIS


def _whole(tail: str) -> str:
    """``tail`` without the marks that belong to a letter before it."""
    marks = takewhile(lambda one: unicodedata.category(one) in {"Mn", "Mc", "Me", "Cf"}, tail)
    return tail[sum(1 for _ in marks) :].lstrip()
