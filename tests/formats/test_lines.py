"""Diffs that are as short as they can be, and take no time for texts that were made to."""

import difflib
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.formats.lines import DiffLine, count_lines, diff_texts


def shown(old: str, new: str) -> list[str]:
    """The diff as ``diff -u`` writes it, without the names."""
    marks = {"context": " ", "removed": "-", "added": "+", "hunk": ""}
    return [marks[line.kind] + line.text for line in diff_texts(old, new)]


def test_what_is_the_same_has_no_lines() -> None:
    assert diff_texts("a\nb\n", "a\nb\n") == []
    assert diff_texts("", "") == []


def test_one_line_in_the_middle() -> None:
    old = "".join(f"{n}\n" for n in range(10))
    assert shown(old, old.replace("5\n", "five\n")) == [
        "@@ -3,7 +3,7 @@", " 2", " 3", " 4", "-5", "+five", " 6", " 7", " 8",
    ]  # fmt: skip


def test_edits_far_apart_are_two_hunks_and_near_ones_are_one() -> None:
    old = [f"{n}\n" for n in range(30)]
    far, near = list(old), list(old)
    far[2] = far[20] = near[10] = near[16] = "x\n"
    assert sum(one.kind == "hunk" for one in diff_texts("".join(old), "".join(far))) == 2
    assert sum(one.kind == "hunk" for one in diff_texts("".join(old), "".join(near))) == 1


def test_a_new_text_is_added_whole() -> None:
    assert shown("", "a\nb\n") == ["@@ -0,0 +1,2 @@", "+a", "+b"]
    assert shown("a\n", "") == ["@@ -1,1 +0,0 @@", "-a"]


def test_a_line_break_that_is_missing_is_told() -> None:
    lines = diff_texts("a", "a\n")
    assert lines[1:] == [
        DiffLine("removed", 1, None, "a", is_unterminated=True),
        DiffLine("added", None, 1, "a"),
    ]


def test_only_line_feeds_end_lines_and_long_ones_are_cut() -> None:
    assert shown("a\u2028b\rc\n", "") == ["@@ -1,1 +0,0 @@", "-a\u2028b\rc"]
    assert len(diff_texts("", "x" * 5000)[1].text) == 2001
    assert [count_lines(text) for text in ("", "a", "a\n", "a\nb")] == [0, 1, 1, 2]


LINES = st.lists(st.sampled_from("abcd"), max_size=12)


@given(LINES, LINES)
def test_a_diff_leads_from_the_old_to_the_new(old: list[str], new: list[str]) -> None:
    before, after = ("".join(f"{one}\n" for one in lines) for lines in (old, new))
    got, at = [], 0
    num_edits = 0
    for line in diff_texts(before, after):
        if line.kind == "hunk":
            continue
        if line.old_number is not None:
            got += old[at : line.old_number - 1]
            at = line.old_number
        if line.kind != "removed":
            got.append(line.text)
        num_edits += line.kind != "context"
    # A line that was added stands where the context around it says: three lines, so none is lost.
    assert [*got, *old[at:]] == new
    assert num_edits == len(old) + len(new) - 2 * longest_common(old, new)


def longest_common(old: list[str], new: list[str]) -> int:
    row = [0] * (len(new) + 1)
    for one in old:
        last = 0
        for at, other in enumerate(new, 1):
            last, row[at] = row[at], last + 1 if one == other else max(row[at], row[at - 1])
    return row[-1]


def test_it_reads_as_difflib_writes_it() -> None:
    old = [f"line {n}" for n in range(100)]
    new = [*old[:10], "new", *old[11:50], *old[55:], "end"]
    expected = list(difflib.unified_diff(old, new, lineterm=""))[2:]
    got = shown("\n".join(old) + "\n", "\n".join(new) + "\n")
    assert [one for one in got if not one.startswith("@@")] == [
        one for one in expected if not one.startswith("@@")
    ]


@pytest.mark.parametrize("kind", ["other", "shuffled", "reversed", "repeated"])
def test_texts_made_to_be_slow_are_not(kind: str) -> None:
    chosen = random.Random(1)  # noqa: S311 - no secret
    old = [f"{n % 200}\n" for n in range(10_000)]
    new = {
        "other": [f"x{n}\n" for n in range(10_000)],
        "shuffled": chosen.sample(old, len(old)),
        "reversed": old[::-1],
        "repeated": ["0\n"] * 10_000,
    }[kind]
    began = time.process_time()
    lines = diff_texts("".join(old), "".join(new))
    assert time.process_time() - began < 5
    num_old = sum(line.kind in {"context", "removed"} for line in lines)
    assert num_old == len(old)
