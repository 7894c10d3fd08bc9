"""Sizes as people write them, the same on the server and in the command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.sizes import exact_size, human_size, parse_size
from runicorn.cli import text

SIZES = st.integers(0, (1 << 63) - 1)


@given(SIZES)
def test_server_and_command_write_them_alike(size_bytes: int) -> None:
    assert human_size(size_bytes) == text.human_size(size_bytes)


@given(SIZES)
def test_the_exact_form_is_read_as_it_was(size_bytes: int) -> None:
    assert parse_size(exact_size(size_bytes)) == size_bytes


@pytest.mark.parametrize(
    ("typed", "size_bytes"),
    [("1 KiB", 1024), ("1.5kib", 1536), (" 2 TiB ", 2 << 40), ("7 B", 7), ("7", 7)],
)
def test_units_are_binary(typed: str, size_bytes: int) -> None:
    assert parse_size(typed) == size_bytes


@pytest.mark.parametrize("typed", ["", "1 GB", "1k", "-1", "1,5 GiB", "GiB", "1 GiB 2", "nan"])
def test_what_is_no_size_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        parse_size(typed)


def test_of_bytes_there_are_no_fractions() -> None:
    with pytest.raises(ValueError, match="is no size"):
        parse_size("1.5")
