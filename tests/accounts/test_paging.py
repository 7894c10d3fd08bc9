"""Numbers that a URL asks for."""

import pytest
from django.http import QueryDict

from accounts.web.paging import MAX_NUMBER, number_in


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("", 7), ("n=12", 12), ("n=", 7), ("n=-1", 7), ("n=x", 7), ("n=²", 7), ("n=%00", 7),
        (f"n={9**40}", 7), ("n=0", 0), ("n=007", 7), (f"n={MAX_NUMBER}", MAX_NUMBER),
        (f"n={MAX_NUMBER + 1}", 7), ("n=1&n=2", 2), ("n=%EF%BC%91", 7), ("n=1.5", 7),
    ],
)  # fmt: skip
def test_a_number_of_the_query_is_one_or_the_default(query: str, number: int) -> None:
    assert number_in(QueryDict(query), "n", 7) == number


@pytest.mark.parametrize(("text", "number"), [("0", 1), ("1", 1), ("9", 9), ("999", 10)])
def test_it_stays_within_its_bounds(text: str, number: int) -> None:
    assert number_in({"n": text}, "n", 3, least=1, most=10) == number
