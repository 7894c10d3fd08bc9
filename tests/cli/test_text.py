"""Sizes, times and foreign text."""

import re

import pytest

from runicorn.cli.text import human_size, human_time, printable


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (None, "-"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (102_400_000, "97.7 MiB"),
        (5 << 30, "5.0 GiB"),
        (1 << 60, "1024.0 PiB"),
    ],
)
def test_human_size(size: int | None, text: str) -> None:
    assert human_size(size) == text


def test_human_time() -> None:
    assert human_time(None) == "-"
    assert re.fullmatch(r"2024-01-0[01] \d\d:\d\d:00", human_time(1704067200.0)) or re.fullmatch(
        r"202[34]-(12-31|01-01) \d\d:\d\d:\d\d", human_time(1704067200.0)
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("模型 é 🦄", "模型 é 🦄"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x9b2J", r"\x9b2J"),
        ("a\u202eb", r"a\u202eb"),
        ("a\u2028b", r"a\u2028b"),
        ("\udcff", r"\udcff"),
        (7, "7"),
    ],
)
def test_printable_leaves_nothing_that_steers_a_terminal(text: object, shown: str) -> None:
    assert printable(text) == shown
