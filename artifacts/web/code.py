"""Text as a page shows it: so many lines at a time, in colours where that is cheap and safe.

The colours are five classes of portal's own; which words get them says Pygments. Its patterns were
not made for text that somebody wrote to keep them busy: so only some languages are looked at, no
text with long lines, and not for longer than it takes to notice.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, String, _TokenType

MAX_LINES = 600
MAX_CHARACTERS = 25_000
MAX_HTML = 160_000
"""Characters of it that a page can hold; where colours take more, there are none."""
MAX_COLOURED_LINE = 400
MAX_SECONDS = 0.3
COLOURED = frozenset({"bash", "ini", "json", "python", "sql", "toml", "yaml"})
CLASSES: dict[_TokenType, str] = {
    Comment: "c", Keyword: "k", Number: "m", String: "s", Name.Function: "f", Name.Class: "f",
    Name.Decorator: "f", Name.Tag: "f",
}  # fmt: skip
_STEP = 20
"""So many tokens between two looks at the clock."""


@dataclass(frozen=True)
class Piece:
    """Lines that follow one another, without their ends; the first is number ``first_line``."""

    first_line: int
    lines: tuple[str, ...]

    @property
    def last_line(self) -> int:
        """The number of the last."""
        return self.first_line + len(self.lines) - 1


def split_text(text: str) -> list[Piece]:
    """``text`` in pieces of at most 600 lines and 25 000 characters, at least one.

    A line that is longer goes on in the next piece, under the same number.
    """
    pieces: list[Piece] = []
    lines: list[str] = []
    number, size = 1, 0
    for part, is_begun in _parts(text):
        if lines and (len(lines) == MAX_LINES or size + len(part) > MAX_CHARACTERS):
            pieces.append(Piece(number - len(lines), tuple(lines)))
            lines, size = [], 0
            number -= is_begun
        lines.append(part)
        number, size = number + 1, size + len(part)
    return [*pieces, Piece(number - len(lines), tuple(lines))]


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """The lines, cut where they are too long; whether a part goes on with the line before it."""
    for line in text.removesuffix("\n").split("\n"):
        bare = line.removesuffix("\r")
        yield bare[:MAX_CHARACTERS], False
        for at in range(MAX_CHARACTERS, len(bare), MAX_CHARACTERS):
            yield bare[at : at + MAX_CHARACTERS], True


def show_lines(piece: Piece, language: str | None) -> list[SafeString]:
    """The lines as HTML, escaped, in colours where ``language`` is one of those looked at."""
    is_short = all(len(line) <= MAX_COLOURED_LINE for line in piece.lines)
    if language in COLOURED and is_short:
        coloured = _colour("\n".join(piece.lines), language)
        if len(coloured) == len(piece.lines) and sum(map(len, coloured)) < MAX_HTML:
            return coloured
    return [escape(line) for line in piece.lines]


def _colour(text: str, language: str) -> list[SafeString]:
    """The lines with spans; fewer where it took too long."""
    lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    lines, current = [], []
    for token, part in _in_time(lexer.get_tokens(text)):
        name = _class_of(token)
        head, *rest = part.split("\n")
        current.append(_span(head, name))
        for piece in rest:
            lines.append("".join(current))
            current = [_span(piece, name)]
    lines.append("".join(current))
    return [mark_safe(line) for line in lines]  # noqa: S308 - of escaped parts


def _in_time(tokens: Iterable[tuple[_TokenType, str]]) -> Iterator[tuple[_TokenType, str]]:
    end = time.monotonic() + MAX_SECONDS
    for number, token in enumerate(tokens):
        if number % _STEP == 0 and time.monotonic() > end:
            return
        yield token


def _class_of(token: _TokenType) -> str:
    while token is not None:
        if token in CLASSES:
            return CLASSES[token]
        token = token.parent
    return ""


def _span(text: str, name: str) -> str:
    shown = escape(text)
    return f'<span class="{name}">{shown}</span>' if name and text else str(shown)
