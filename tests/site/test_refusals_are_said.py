"""Whatever a page may have to say no with is put together by ``say``, and so has a translation.

``tests/site/test_translations.py`` looks whether each such sentence is there in Chinese.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import accounts.errors
import artifacts.errors
from artifacts.formats.source import Unreadable

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("accounts", "artifacts", "lineage", "runicorn_site")
MACHINES = {"api", "management", "migrations", "server"}
"""Folders of what no page shows."""
COMMANDS = {"runicorn_site/embedded.py", "runicorn_site/export_file.py"}
IMPORTS = {
    "artifacts/storage/adopt.py", "artifacts/services/adopting.py",
    "artifacts/services/importing.py", "lineage/importing.py",
}  # fmt: skip
"""Asked for by the API and by a command; no page imports anything."""
BODIES = {"runicorn_site/json_parser.py", "runicorn_site/bodies.py"}
RULES = {"artifacts/names.py", "artifacts/descriptions.py", "lineage/references.py"}
"""Their ValueErrors say what is allowed."""
UNSEEN = {"StoreUnavailable"}
"""It names paths of the server: pages say STORE_AWAY in its place."""
SAYING = {"say", "_", "gettext", "ngettext"}


def all_kinds(kind: type[Exception]) -> Iterator[str]:
    yield kind.__name__
    for one in kind.__subclasses__():
        yield from all_kinds(one)


REFUSALS = {*all_kinds(accounts.errors.DomainError), *all_kinds(Unreadable)} - UNSEEN


def modules() -> list[Path]:
    found = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT)
            if (
                not MACHINES.intersection(name.parts)
                and str(name) not in COMMANDS | IMPORTS | BODIES
            ):
                found.append(name)
    return found


def called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


def refusals_in(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    """Where a refusal is made: an error, what its class says of itself, a note, an answer."""
    kinds = REFUSALS | {"Refusal", "refuse", "read_exactly", "require_admin", "require_on"}
    kinds |= {"ValueError"} if name in RULES else set()
    kinds |= {"__init__"} if name.endswith("/errors.py") else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in kinds:
            yield node
        if isinstance(node, ast.Call) and called(node) == "Look":
            yield node


def unsaid(node: ast.AST) -> Iterator[str]:
    """The texts of more than a word in ``node`` that are in no ``say(…)``."""
    if isinstance(node, ast.Call) and called(node) in SAYING:
        return
    if isinstance(node, ast.Constant | ast.JoinedStr):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        texts = [one.value for one in parts if isinstance(one, ast.Constant)]
        if any(isinstance(text, str) and " " in text.strip() for text in texts) or any(
            text.isspace() for text in texts if isinstance(text, str)
        ):
            yield ast.unparse(node)
        return
    for child in ast.iter_child_nodes(node):
        yield from unsaid(child)


def test_the_rule_finds_what_it_is_for() -> None:
    source = 'raise Conflict(f"{name} is taken")\nraise Invalid({"a": ["is wrong"]})\n'
    assert len(found_in(source, "accounts/x.py")) == 2
    assert found_in('raise Conflict(say("{name} is taken", name=name))', "accounts/x.py") == []
    assert found_in('raise ValueError("must be long")', "artifacts/names.py") != []
    assert found_in('raise ValueError("must be long")', "artifacts/chart.py") == []
    assert found_in('super().__init__(f"{name} is taken")', "accounts/errors.py") != []


def found_in(source: str, name: str) -> list[str]:
    calls = refusals_in(ast.parse(source), name)
    return [text for call in calls for one in ast.iter_child_nodes(call) for text in unsaid(one)]


@pytest.mark.parametrize("room", ROOMS)
def test_every_refusal_has_a_translation(room: str) -> None:
    names = [name for name in modules() if name.parts[0] == room]
    assert len(names) > 10
    found = {str(name): found_in((ROOT / name).read_text(), str(name)) for name in names}
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_the_kinds_of_refusal_are_all_known() -> None:
    written = {one for module in (accounts.errors, artifacts.errors) for one in vars(module)}
    assert {"AliasProtected", "QuotaExceeded", "ChangedMeanwhile"} <= written & REFUSALS
    assert "OverBudget" in REFUSALS
