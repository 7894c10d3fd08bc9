"""Text that has to fit: as wide as measured, shortened in the middle."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lineage.web.text as text_module
from lineage.web.shapes import CHIPS_LEFT, VERSION, chips_of
from lineage.web.text import ELLIPSIS, shorten, width_of

ALIASES = st.lists(
    st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=40), min_size=1
)


def test_wider_letters_and_larger_and_bolder_fonts_take_more_room() -> None:
    assert width_of("iii", 10) < width_of("aaa", 10) < width_of("WWW", 10) < width_of("模型名", 10)
    assert width_of("abc", 13) > width_of("abc", 10)
    assert width_of("abc", 10, is_bold=True) > width_of("abc", 10)
    assert width_of("", 10) == 0


def test_a_mark_takes_no_room_of_its_own() -> None:
    assert width_of("e\u0301", 10) == width_of("e", 10)


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("short", 200, "short"),
        ("imagenet-subset-with-corrected-labels", 120, "imagenet…-labels"),
        ("a long name with spaces in it", 70, "a lon…in it"),
        ("模型模型模型模型", 60, "模型…型"),
        ("abc", 1, ELLIPSIS),
        ("", 0, ""),
    ],
)
def test_the_middle_goes_where_it_does_not_fit(text: str, width: int, short: str) -> None:
    assert shorten(text, width, 13) == short


@given(st.text(max_size=80), st.integers(20, 300))
def test_what_is_shortened_fits_and_keeps_both_ends(text: str, width: int) -> None:
    short = shorten(text, width, 13)
    assert width_of(short, 13) <= width
    if short != text:
        head, _, tail = short.rpartition(ELLIPSIS)
        assert text.startswith(head)
        assert text.endswith(tail)


def test_every_letter_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []
    units = text_module._units
    monkeypatch.setattr(text_module, "_units", lambda one: measured.append(one) or units(one))
    assert shorten("a" * 1000, 100, 13) == "aaaaaa…aaaaa"
    assert measured.count("a") == 1000


def test_no_mark_is_left_without_its_letter() -> None:
    text = "e\u0301" * 40
    for width in range(20, 200, 7):
        assert f"{ELLIPSIS}\u0301" not in shorten(text, width, 13)


@given(ALIASES)
def test_chips_stand_beside_each_other_within_the_node(names: list[str]) -> None:
    chips = list(chips_of(names, VERSION.width))
    assert chips[0].x == CHIPS_LEFT
    for one, other in pairwise(chips):
        assert one.x + one.width < other.x
    assert chips[-1].x + chips[-1].width <= VERSION.width - CHIPS_LEFT + 4
    shown = len(chips) - chips[-1].text.startswith("+")
    assert shown == len(names) or chips[-1].text == f"+{len(names) - shown}"
