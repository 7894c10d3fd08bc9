"""Text in pieces and in colours."""

import time

import pytest

from artifacts.web.code import (
    COLOURED,
    MAX_CHARACTERS,
    MAX_COLOURED_LINE,
    MAX_LINES,
    Piece,
    show_lines,
    split_text,
)

NASTY = [
    '"' * 399, "'" * 399, "\\" * 399, "(" * 399, " " * 399, "$" * 399, "{" * 399, "`" * 399,
    "<<a " * 90, "a=" * 190, "#" * 399, "f'{" * 130, "[[" * 190, "- " * 190, ": " * 190, "/*" * 190,
    "0" * 399, "1e" * 190, "a." * 190, "!" * 399, "&a *" * 90, "|\n " * 90, "\t" * 399, "%(" * 190,
]  # fmt: skip


def test_short_text_is_one_piece() -> None:
    assert split_text("a\nb\n") == [Piece(1, ("a", "b"))]
    assert split_text("") == [Piece(1, ("",))]
    assert split_text("a\r\n\r\nb") == [Piece(1, ("a", "", "b"))]


def test_pieces_have_so_many_lines_and_go_on_counting() -> None:
    text = "\n".join(str(n) for n in range(1, 2 * MAX_LINES + 2))
    pieces = split_text(text)
    assert [(one.first_line, len(one.lines)) for one in pieces] == [
        (1, MAX_LINES), (MAX_LINES + 1, MAX_LINES), (2 * MAX_LINES + 1, 1),
    ]  # fmt: skip
    assert [line for one in pieces for line in one.lines] == text.split("\n")


def test_a_long_line_goes_on_in_the_next_piece_under_its_number() -> None:
    pieces = split_text(f"a\n{'x' * (2 * MAX_CHARACTERS + 5)}\nb")
    assert [one.first_line for one in pieces] == [1, 2, 2, 2]
    assert "".join(pieces[1].lines) == "x" * MAX_CHARACTERS
    assert pieces[3].lines == ("x" * 5, "b")
    assert pieces[3].last_line == 3


@pytest.mark.parametrize("language", [*sorted(COLOURED), None, "cobol"])
def test_markup_is_escaped_whatever_the_language(language: str | None) -> None:
    lines = ("<script>alert('x')</script>", "", "a & b # <i>", '"<b>" = 1')
    shown = show_lines(Piece(1, lines), language)
    assert len(shown) == len(lines)
    for line in shown:
        assert "<" not in line.replace("<span class=", "").replace("</span>", "")


def test_tokens_over_several_lines_are_coloured_in_each() -> None:
    shown = show_lines(Piece(1, ('"""a', "b", '"""')), "python")
    assert all(line.startswith('<span class="s">') for line in shown)


def test_long_lines_have_no_colours() -> None:
    assert show_lines(Piece(1, ("x = 1" + " " * MAX_COLOURED_LINE,)), "python")[0].startswith(
        "x = 1"
    )


@pytest.mark.parametrize("language", sorted(COLOURED))
@pytest.mark.parametrize("nasty", NASTY)
def test_text_made_to_take_long_does_not(language: str, nasty: str) -> None:
    line = nasty[:MAX_COLOURED_LINE]
    text = f"{line}\n" * (MAX_CHARACTERS // (len(line) + 1))
    piece = split_text(text)[0]
    started = time.process_time()
    show_lines(piece, language)
    assert time.process_time() - started < 3
