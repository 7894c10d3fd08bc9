"""What changed between two texts, line by line.

The shortest edit script (Myers 1986), which takes time in the lines times the edits. Python's own
``difflib`` takes the square of the lines or worse for texts that were made to. Beyond a number of
edits the middle is told as replaced.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

MAX_EDITS = 500
CONTEXT = 3
MAX_LINE_CHARACTERS = 2_000

Kind = Literal["hunk", "context", "removed", "added"]
_Edit = tuple[Kind, int, int]
"""What became of a line; how many lines of the old and of the new text stand before it."""


@dataclass(frozen=True)
class DiffLine:
    """A line of a diff; numbers count from 1, None: the line is not in that text.

    A ``hunk`` says in ``text`` where the lines that follow it stand. ``is_unterminated``: the text
    ends there without a line break.
    """

    kind: Kind
    old_number: int | None
    new_number: int | None
    text: str
    is_unterminated: bool = False


def diff_texts(old: str, new: str) -> list[DiffLine]:
    """The lines that differ, with three around them; none where the texts are the same."""
    before, after = _split(old), _split(new)
    edits = list(_edits(before, after))
    found: list[DiffLine] = []
    for start, stop in _hunks(edits):
        found.append(_header(edits[start:stop]))
        found += [_line(edit, before, after) for edit in edits[start:stop]]
    return found


def count_lines(text: str) -> int:
    """How many lines ``text`` has."""
    return text.count("\n") + (not text.endswith("\n") and bool(text))


def _split(text: str) -> list[str]:
    """The lines with their ends; only a line feed ends one, as everywhere in diffs."""
    lines = text.split("\n")
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _edits(before: Sequence[str], after: Sequence[str]) -> Iterator[_Edit]:
    """What becomes of each line, in order."""
    shortest = min(len(before), len(after))
    head = _common(before, after, shortest)
    tail = _common(before[::-1], after[::-1], shortest - head)
    ends = len(before) - tail, len(after) - tail
    yield from (("context", at, at) for at in range(head))
    for kind, old, new in _middle(before[head : ends[0]], after[head : ends[1]]):
        yield kind, old + head, new + head
    yield from (("context", ends[0] + at, ends[1] + at) for at in range(tail))


def _common(before: Sequence[str], after: Sequence[str], limit: int) -> int:
    count = 0
    while count < limit and before[count] == after[count]:
        count += 1
    return count


def _middle(before: Sequence[str], after: Sequence[str]) -> list[_Edit]:
    numbers: dict[str, int] = {}
    old = [numbers.setdefault(line, len(numbers)) for line in before]
    new = [numbers.setdefault(line, len(numbers)) for line in after]
    found = _shortest(old, new) if old and new else None
    if found is not None:
        return found
    removed: list[_Edit] = [("removed", at, 0) for at in range(len(old))]
    return [*removed, *(("added", len(old), at) for at in range(len(new)))]


def _shortest(old: list[int], new: list[int]) -> list[_Edit] | None:
    """The shortest script; None where it has more than MAX_EDITS edits.

    ``furthest[k]`` is the number of old lines that so many edits can bring behind them on the
    diagonal ``k``, that is with ``k`` new lines fewer.
    """
    furthest, trace = {1: 0}, []
    for num_edits in range(min(MAX_EDITS, len(old) + len(new)) + 1):
        trace.append(dict(furthest))
        for k in range(-num_edits, num_edits + 1, 2):
            x = furthest[k + 1] if _is_down(furthest, k, num_edits) else furthest[k - 1] + 1
            while x < len(old) and x - k < len(new) and old[x] == new[x - k]:
                x += 1
            furthest[k] = x
            if x >= len(old) and x - k >= len(new):
                return _walk_back(trace, len(old), len(new))
    return None


def _is_down(furthest: dict[int, int], k: int, num_edits: int) -> bool:
    """Whether the best way to the diagonal ``k`` adds a line, and does not remove one."""
    return k == -num_edits or (k != num_edits and furthest[k - 1] < furthest[k + 1])


def _walk_back(trace: list[dict[int, int]], x: int, y: int) -> list[_Edit]:
    found: list[_Edit] = []
    for num_edits in range(len(trace) - 1, -1, -1):
        furthest, k = trace[num_edits], x - y
        is_down = _is_down(furthest, k, num_edits)
        from_x = furthest[k + 1] if is_down else furthest[k - 1]
        from_y = from_x - (k + 1 if is_down else k - 1)
        while x > from_x and y > from_y and (x > 0 and y > 0):
            x, y = x - 1, y - 1
            found.append(("context", x, y))
        if num_edits:
            x, y = from_x, from_y
            found.append(("added" if is_down else "removed", x, y))
    return found[::-1]


def _hunks(edits: Sequence[_Edit]) -> Iterator[tuple[int, int]]:
    """From where to where the edits go together: those with at most six lines between them."""
    start = stop = None
    for at, (kind, _, _) in enumerate(edits):
        if kind == "context":
            continue
        if stop is None or start is None:
            start = max(0, at - CONTEXT)
        elif at - CONTEXT > stop:
            yield start, stop
            start = at - CONTEXT
        stop = min(len(edits), at + 1 + CONTEXT)
    if start is not None and stop is not None:
        yield start, stop


def _header(edits: Sequence[_Edit]) -> DiffLine:
    _, old, new = edits[0]
    num_old = sum(kind != "added" for kind, _, _ in edits)
    num_new = sum(kind != "removed" for kind, _, _ in edits)
    text = f"@@ -{_range(old, num_old)} +{_range(new, num_new)} @@"
    return DiffLine("hunk", old + 1, new + 1, text)


def _range(before: int, count: int) -> str:
    """As in unified diffs: of nothing, the line before it."""
    return f"{before + 1 if count else before},{count}"


def _line(edit: _Edit, before: Sequence[str], after: Sequence[str]) -> DiffLine:
    kind, old, new = edit
    line = after[new] if kind == "added" else before[old]
    text = line.removesuffix("\n")
    shown = text if len(text) <= MAX_LINE_CHARACTERS else f"{text[:MAX_LINE_CHARACTERS]}…"
    return DiffLine(
        kind,
        None if kind == "added" else old + 1,
        None if kind == "removed" else new + 1,
        shown,
        is_unterminated=not line.endswith("\n"),
    )
