"""JSON as a tree that a page can hold: so much of it as fits, the rest a link further.

Every node has the path that people copy (``train.lr``, ``layers[2]["a b"]``) and the JSON pointer
(RFC 6901) that its own page is asked for with. Keys that are very long are cut in the path.
"""

import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from django.utils.html import escape

from accounts.web.paging import number_in

MAX_COST = 120_000
"""In bytes of HTML; what a node takes besides its texts is counted too."""

NODE_COST = 330
MAX_TEXT = 400
MAX_BRIEF = 60
"""Of what stands in for an object or an array that is folded."""
MAX_ALONE = 60_000
"""Of a text that is a page's only one."""

MAX_FOUND = 150
MAX_WANTED = 300
"""Of what is searched for, so many characters."""

MAX_SHOWN_PATH = 300
MAX_SHOWN_KEY = 200
"""Of each key in a path."""

_WORD = re.compile(r"[^\W\d][\w-]*")
_NAMES: dict[type, str] = {
    dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null",
}  # fmt: skip


@dataclass
class Node:
    """A value; ``text`` is its JSON, and may be cut: that of an object or an array to some words.

    ``num_left``: so many of its ``num_children`` are not here, those from ``next_from`` on.
    """

    key: str
    path: str
    pointer: str
    kind: str
    text: str = ""
    is_cut: bool = False
    num_children: int = 0
    first: int = 0
    children: list["Node"] = field(default_factory=list)

    @property
    def next_from(self) -> int:
        """Which child would be the next."""
        return self.first + len(self.children)

    @property
    def num_left(self) -> int:
        """How many children follow those that are here."""
        return self.num_children - self.next_from

    @property
    def is_container(self) -> bool:
        """Whether it is an object or an array."""
        return self.kind in {"object", "array"}


def build_tree(value: Any, pointer: str = "", start: int = 0) -> Node | None:
    """What is at ``pointer`` in ``value``, its children from the one numbered ``start`` on.

    Breadth first, so that what is cut are the deepest. None where there is nothing.
    """
    found = _descend(value, pointer)
    if found is None:
        return None
    at, path = found
    root = _node("", path, pointer, at, MAX_ALONE)
    root.first = min(start, root.num_children)
    _grow(root, at)
    return root


def search_tree(value: Any, text: str) -> tuple[list[Node], bool]:
    """The values without others in them with ``text`` in their path or in themselves.

    Whatever its case. So many as a page holds, and whether there are more.
    """
    wanted, budget = text.casefold(), MAX_COST
    found: list[Node] = []
    for keys, is_found, leaf in _leaves(value, wanted):
        if is_found or wanted in _json(leaf).casefold():
            node = _found(keys, leaf)
            budget -= _cost(node)
            if len(found) == MAX_FOUND or (found and budget < 0):
                return found, True
            found.append(node)
    return found, False


def _found(keys: list[str | int], leaf: Any) -> Node:
    path, pointer = reduce(_below, keys, ""), "".join(f"/{_escape(key)}" for key in keys)
    return _node(path[:MAX_SHOWN_PATH], path, pointer, leaf, MAX_TEXT)


def _grow(root: Node, value: Any) -> None:
    budget, pending = MAX_COST, deque([(root, value)])
    while pending:
        node, holder = pending.popleft()
        for number, (key, child) in enumerate(_children(holder)):
            if number < node.first:
                continue
            made = _child(node, key, child)
            budget -= _cost(made)
            if budget < 0 and root.children:
                return
            node.children.append(made)
            pending.append((made, child))


def _cost(node: Node) -> int:
    texts = (node.key, node.path, node.pointer, node.text)
    return NODE_COST + sum(len(escape(text).encode()) for text in texts)


def _child(node: Node, key: str | int, value: Any) -> Node:
    shown = str(key) if isinstance(key, int) else key
    path, pointer = _below(node.path, key), f"{node.pointer}/{_escape(key)}"
    return _node(shown[:MAX_SHOWN_PATH], path, pointer, value, MAX_TEXT)


def _node(key: str, path: str, pointer: str, value: Any, max_text: int) -> Node:
    kind = _NAMES.get(type(value), "number")
    if isinstance(value, dict | list):
        brief = _brief(value)
        return Node(key, path, pointer, kind, brief, num_children=len(value))
    text = _json(value)
    return Node(key, path, pointer, kind, text[:max_text], is_cut=len(text) > max_text)


def _json(value: Any) -> str:
    """A value without others in it, as JSON; a number as Python has it, which may be huge."""
    return json.dumps(value, ensure_ascii=False)


def _brief(value: Any) -> str:
    """The beginning of the JSON of ``value``; no more of it is made than is shown."""
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(text) > MAX_BRIEF:
            return f"{text[:MAX_BRIEF]}…"
    return text


def _pieces(value: Any) -> Iterator[str]:
    """The JSON of ``value``, each text in it but for what nobody asks for of a long one."""
    if not isinstance(value, dict | list):
        yield _json(value[: MAX_BRIEF + 1] if isinstance(value, str) else value)
        return
    begin, end = "{}" if isinstance(value, dict) else "[]"
    yield begin
    for number, (key, child) in enumerate(_children(value)):
        yield ", " if number else ""
        yield f"{_json(key[:MAX_BRIEF])}: " if isinstance(key, str) else ""
        yield from _pieces(child)
    yield end


def _children(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _leaves(value: Any, wanted: str) -> Iterator[tuple[list[str | int], bool, Any]]:
    """What holds no others: the keys that lead there, whether ``wanted`` is in its path, and it.

    In order and without recursion. The keys are one list, changed for the next. Of a path only so
    much of the end is kept as ``wanted`` may begin in: whole, a long key above many values would
    be copied for each of them.
    """
    keys: list[str | int] = []
    pending = [(_children([value]), "", False)]
    while pending:
        children, end, is_like = pending[-1]
        for key, child in children:
            keys.append(key)
            path = end + _step(key, is_first=len(keys) == 2).casefold() if len(keys) > 1 else ""
            is_found = is_like or wanted in path
            if isinstance(child, dict | list) and child:
                pending.append((_children(child), path[-len(wanted) :], is_found))
                break
            yield keys[1:], is_found, child
            keys.pop()
        else:
            pending.pop()
            del keys[-1:]


def _step(key: str | int, *, is_first: bool) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    if _WORD.fullmatch(key):
        return key if is_first else f".{key}"
    return f"[{json.dumps(key, ensure_ascii=False)}]"


def _below(path: str, key: str | int) -> str:
    """The path of what lies under ``key``, which is cut there if it is very long."""
    if isinstance(key, str) and len(key) > MAX_SHOWN_KEY:
        key = f"{key[:MAX_SHOWN_KEY]}…"
    return path + _step(key, is_first=not path)


def _escape(key: str | int) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _descend(value: Any, pointer: str) -> tuple[Any, str] | None:
    """What ``pointer`` leads to, and its path for people."""
    path = ""
    for step in pointer.split("/")[1:]:
        key: str | int = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            key = int(key) if str(key).isascii() and str(key).isdecimal() else -1
            if not 0 <= key < len(value):
                return None
        elif not isinstance(value, dict) or key not in value:
            return None
        value, path = value[key], _below(path, key)
    return value, path


def tree_context(value: Any, query: Any) -> dict[str, Any]:
    """What ``parts/json_tree.html`` needs, as the ``q``, ``at`` and ``from`` of ``query`` ask.

    ``tree`` None: ``at`` leads nowhere.
    """
    text = query.get("q", "").strip()[:MAX_WANTED]
    if text:
        found, has_more = search_tree(value, text)
        return {"q": text, "found": found, "has_more": has_more}
    at = query.get("at", "")
    return {"q": "", "at": at, "tree": build_tree(value, at, number_in(query, "from", 0))}
