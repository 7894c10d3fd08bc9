"""Values of others: what is kept, what is left out and said, what makes a whole thing odd."""

from typing import Any

import pytest

from runicorn.legacy import checking
from runicorn.legacy.checking import Odd


@pytest.fixture
def notes() -> list[str]:
    """What was said."""
    return []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1), ((1 << 31) - 1, (1 << 31) - 1), (0, None), (-1, None), (1 << 31, None),
        (1.0, None), (True, None), ("1", None), (None, None), ([1], None),
    ],
)  # fmt: skip
def test_a_version_number(value: object, expected: int | None) -> None:
    assert checking.number_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, 1.5), (0, 0.0), (-5, -5.0), (253_402_300_799, 253_402_300_799.0),
        (253_402_300_800, None), (float("nan"), None), (float("inf"), None), (10**400, None),
        (True, None), ("1.5", None), (None, None),
    ],
)  # fmt: skip
def test_a_time(value: object, expected: float | None) -> None:
    assert checking.time_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a name", "a name"), ("  a ", "a"), ("a\nb", ""), ("\0", ""), ("\ud800", ""), (7, ""),
        ("x" * 255, "x" * 255), ("x" * 256, ""), ("名", "名"),
    ],
)  # fmt: skip
def test_one_line_of_text(value: object, expected: str) -> None:
    assert checking.line_of(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 0), (7, 7), (7.0, 7), ((1 << 63) - 1, (1 << 63) - 1)]
)
def test_a_size(value: object, expected: int) -> None:
    assert checking.size_of(value, "a.bin") == expected


@pytest.mark.parametrize("value", [-1, 1.5, True, "7", None, 1 << 63, [], float("inf")])
def test_what_is_no_size_is_odd(value: object) -> None:
    with pytest.raises(Odd, match=r"a\.bin: the size .* is no number of bytes"):
        checking.size_of(value, "a.bin")


def test_a_digest_with_and_without_its_prefix() -> None:
    assert checking.digest_of("0" * 64, "a") == f"sha256:{'0' * 64}"
    assert checking.digest_of(f"sha256:{'a' * 64}", "a") == f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    "value", ["", "sha256:", "0" * 63, "A" * 64, "g" * 64, f"md5:{'0' * 64}", None, 7, []]
)
def test_what_is_no_digest_is_odd(value: object) -> None:
    with pytest.raises(Odd, match="is no sha256 digest"):
        checking.digest_of(value, "a")


@pytest.mark.parametrize(
    "value", ["", "/a", "a//b", "a/../b", ".", "a\0", "x" * 1025, None, 7, "\ud800"]
)
def test_what_is_no_path_is_odd(value: object) -> None:
    with pytest.raises(Odd):
        checking.path_of(value)


def test_a_description_is_kept_or_cut_and_that_is_said(notes: list[str]) -> None:
    assert checking.description_of("text\nof lines", notes.append) == "text\nof lines"
    assert checking.description_of(None, notes.append) == ""
    assert notes == []
    assert len(checking.description_of("x" * 100_001, notes.append)) == 100_000
    assert checking.description_of(["x"], notes.append) == ""
    assert checking.description_of("\0", notes.append) == ""
    assert len(notes) == 3


def test_tags_are_each_kept_once_or_left_out(notes: list[str]) -> None:
    given = ["a", "a", " b ", "", "x" * 129, 7, None, "\0", "中文"]
    assert checking.tags_of(given, notes.append) == ("a", "b", "中文")
    assert len(notes) == 5
    assert checking.tags_of(None, notes.append) == ()
    assert len(checking.tags_of([f"t{n}" for n in range(101)], notes.append)) == 100
    assert notes[-1] == "there are 101 tags; the first 100 are kept"


DEEP: dict[str, Any] = {}
for _ in range(70):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    "value", [[], "x", 7, {"a": "\0"}, {"a\0": 1}, {"a": "\ud800"}, {"a": "x" * (1 << 20)}, DEEP]
)
def test_metadata_that_cannot_be_kept_is_left_out(value: object, notes: list[str]) -> None:
    assert checking.metadata_of(value, notes.append) == {}
    assert len(notes) == 1
    assert notes[0].startswith("metadata left out: ")


def test_metadata_that_can_be_kept_is(notes: list[str]) -> None:
    value = {"a": [1, 2.5, None, True, {"b": "中"}], "": {}}
    assert checking.metadata_of(value, notes.append) == value
    assert checking.metadata_of(None, notes.append) == {}
    assert notes == []


def test_a_reference_is_as_it_was_declared(notes: list[str]) -> None:
    value = {"uri": "s3://b", "checksum": "", "size": 7.0, "metadata": {"k": 1}, "other": 1}
    found = checking.reference_of(value, notes.append, "the name")
    assert (found.uri, found.checksum, found.size, found.metadata, found.name) == (
        "s3://b", "", 7, {"k": 1}, "the name",
    )  # fmt: skip
    assert checking.reference_of({"uri": "u"}, notes.append).size is None
    assert notes == []


@pytest.mark.parametrize(
    "value",
    [
        None, "s3://b", {}, {"uri": ""}, {"uri": 7}, {"uri": "u", "checksum": 7},
        {"uri": "u", "size": "7"}, {"uri": "x" * 8193}, {"uri": "u\0"},
    ],
)  # fmt: skip
def test_what_is_no_reference_is_odd(value: object, notes: list[str]) -> None:
    with pytest.raises(Odd):
        checking.reference_of(value, notes.append)


def test_metadata_of_a_reference_is_left_out_alone(notes: list[str]) -> None:
    assert checking.reference_of({"uri": "u", "metadata": [1]}, notes.append).metadata == {}
    assert "metadata of the reference u left out" in notes[0]
