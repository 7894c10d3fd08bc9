"""Metadata side by side: every value by its path, as ``train.lr`` or ``layers[0].units``.

A megabyte may hold half a million values, or one long key above twenty thousand of them. So both
sides are walked beside each other, and only what is listed has its path written out.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

MetadataChangeKind = Literal["added", "removed", "changed", "unchanged"]

MAX_KEY_CHARACTERS = 200
MAX_PATH_CHARACTERS = 1_000_000
"""Of all the paths that are listed."""

_PLAIN_KEY = re.compile(r"[^\s.\[\]\"]+")
_NOTHING = object()


@dataclass(frozen=True)
class MetadataChange:
    """A value in both versions; the one that a version has not is None, and ``kind`` says so.

    Keys of more than MAX_KEY_CHARACTERS are cut in ``path``, and end in ``…``.
    """

    path: str
    kind: MetadataChangeKind
    before: Any
    after: Any


@dataclass(frozen=True)
class MetadataChanges:
    """The first of ``num_rows``; of these ``num_changes`` differ, the others were asked for."""

    rows: tuple[MetadataChange, ...]
    num_rows: int
    num_changes: int


def compare_metadata(
    before: dict[str, Any], after: dict[str, Any], *, limit: int, with_unchanged: bool = False
) -> MetadataChanges:
    """What differs, in the order of the older version and then of what is new.

    Listed are the first ``limit``, and fewer where their paths are very long. An empty object or
    array is a value. ``1`` and ``1.0`` are the same number, ``true`` is none.
    """
    rows: list[MetadataChange] = []
    num_rows = num_changes = num_characters = 0
    for keys, kind, old, new in _changes(before, after):
        if kind == "unchanged" and not with_unchanged:
            continue
        num_rows += 1
        num_changes += kind != "unchanged"
        if len(rows) < limit and num_characters < MAX_PATH_CHARACTERS:
            rows.append(MetadataChange(_path_of(keys), kind, old, new))
            num_characters += len(rows[-1].path)
    return MetadataChanges(tuple(rows), num_rows, num_changes)


def _changes(
    before: dict[str, Any], after: dict[str, Any]
) -> Iterator[tuple[list[str | int], MetadataChangeKind, Any, Any]]:
    for keys, old, new in _walk(before, after):
        if _holds_others(new) or new is _NOTHING:
            yield keys, "removed", old, None
        else:
            yield keys, "unchanged" if _is_same(old, new) else "changed", old, new
    for keys, new, old in _walk(after, before):
        if _holds_others(old) or old is _NOTHING:
            yield keys, "added", None, new


def _walk(one: Any, other: Any) -> Iterator[tuple[list[str | int], Any, Any]]:
    """Every value of ``one`` that holds no others, with what ``other`` has in its place.

    In order and without recursion. The keys that lead there are one list, changed for the next.
    """
    keys: list[str | int] = []
    pending = [(_children(one), other)]
    while pending:
        children, beside = pending[-1]
        for key, value in children:
            keys.append(key)
            twin = _child(beside, key)
            if _holds_others(value):
                pending.append((_children(value), twin))
                break
            yield keys, value, twin
            keys.pop()
        else:
            pending.pop()
            del keys[-1:]


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    return iter(value.items() if isinstance(value, dict) else enumerate(value))


def _child(value: Any, key: str | int) -> Any:
    if isinstance(key, str):
        return value.get(key, _NOTHING) if isinstance(value, dict) else _NOTHING
    return value[key] if isinstance(value, list) and key < len(value) else _NOTHING


def _holds_others(value: Any) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _is_same(before: object, after: object) -> bool:
    return isinstance(before, bool) == isinstance(after, bool) and before == after


def _path_of(keys: Sequence[str | int]) -> str:
    return "".join(map(_step, keys)).removeprefix(".")


def _step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    shown = key if len(key) <= MAX_KEY_CHARACTERS else f"{key[:MAX_KEY_CHARACTERS]}…"
    if not _PLAIN_KEY.fullmatch(shown):
        return f"[{json.dumps(shown, ensure_ascii=False)}]"
    return f".{shown}"
