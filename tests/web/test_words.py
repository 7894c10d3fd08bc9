"""How the pages write what is not text: types of values and how long something took."""

from datetime import timedelta

import numpy as np
import pytest

from artifacts.templatetags.artifacts import value_type
from runicorn_site.templatetags.portal import duration


@pytest.mark.parametrize("name", ["bool", "int8", "uint16", "int64", "float16", "complex64"])
def test_a_type_of_values_has_the_name_that_numpy_gives_it(name: str) -> None:
    assert value_type(np.dtype(name).str) == name


@pytest.mark.parametrize("written", [">f4", "<U12", "<M8[ns]", "|O", "F32", "[('x', '<f4')]", ""])
def test_what_has_no_plain_name_stays_as_it_is_written(written: str) -> None:
    assert value_type(written) == written


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "< 1 s"),
        (0.999, "< 1 s"),
        (1, "1 s"),
        (59.9, "59 s"),
        (60, "0:01:00"),
        (3723, "1:02:03"),
        (90_000, "1 d 1:00:00"),
    ],
)
def test_short_durations_are_in_seconds(seconds: float, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text
