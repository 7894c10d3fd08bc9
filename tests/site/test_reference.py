"""docs/cli.md and docs/sdk.md are written from the code (``make reference``)."""

import enum
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

import runicorn as rn
from runicorn.cli.main import app

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    """The script, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["reference"] = module
    spec.loader.exec_module(module)
    return module


def commands(command: Any, path: str = "runicorn") -> Iterator[tuple[str, bool]]:
    """Every command by its words, and whether it is hidden."""
    for name, one in getattr(command, "commands", {}).items():
        yield f"{path} {name}", one.hidden
        if not one.hidden:
            yield from commands(one, f"{path} {name}")


def test_every_command_has_a_section_unless_it_is_hidden(reference: ModuleType) -> None:
    found = list(commands(typer.main.get_command(app)))
    headings = {line.lstrip("#").strip(" `") for line in reference.write_cli().splitlines()}
    assert len(found) > 20
    assert [words for words, is_hidden in found if (words in headings) is is_hidden] == []


def test_the_first_sentence_of_a_command_is_whole(reference: ModuleType) -> None:
    text = reference.write_cli()
    assert "* `login`: Keep a token for a server, after asking the server whose it is.\n" in text
    assert "..." not in text.partition("## `runicorn login`")[0].partition("**Commands**")[2]
    assert "&#" not in text


def test_every_public_name_has_a_section(reference: ModuleType) -> None:
    text = reference.write_sdk()
    public = [name for name in rn.__all__ if not name.startswith("_")]
    assert [name for name in public if f"\n## `rn.{name}`\n" not in text] == []
    for member in ("log_artifact()", "use_artifact()", "download()", "full_name"):
        assert f"### `.{member}`" in text
    assert "| `AliasNotFound` | `NotFoundError`, `ValueError` |" in text


def test_what_is_not_current_is_found(reference: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "cli.md"
    assert not reference.is_current(path, "text")
    path.write_text("text")
    assert reference.is_current(path, "text")
    assert not reference.is_current(path, "other")


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("``name:v3`` raises :class:`ValueError`.", "`name:v3` raises `ValueError`."),
        ("See :meth:`~runicorn.Run.finish`.", "See `runicorn.Run.finish`."),
        ("In a folder::\n\n    a/b", "In a folder:\n\n    a/b"),
        ("::\n\n    a/b", "a/b"),
        (
            "It adds.\n\n>>> 1 + 1\n2\n>>> 2\n2\n\nAnd more.",
            "It adds.\n\n```pycon\n>>> 1 + 1\n2\n>>> 2\n2\n```\n\nAnd more.",
        ),
        (">>> for x in ():\n...     print(x)", "```pycon\n>>> for x in ():\n...     print(x)\n```"),
    ],
)
def test_docstrings_become_markdown(reference: ModuleType, docstring: str, expected: str) -> None:
    assert reference.to_markdown(docstring).strip() == expected


class Base:
    def inherited(self) -> None:
        """From below."""


@dataclass
class Sample(Base):
    """A sample."""

    size: int | None = None
    names: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, *, path: str = "a", **rest: Any) -> "Sample":
        """Make one."""
        return cls()

    @staticmethod
    def plain(one: int) -> None:
        """Take one."""

    @property
    def double(self) -> int:
        """Twice."""
        return 2

    def _private(self) -> None: ...


class Colour(enum.Enum):
    """Which."""

    RED = "red"


def test_a_class_is_described_by_its_fields_and_members(reference: ModuleType) -> None:
    text = "\n\n".join(reference.describe_class(Sample))
    fields = "class Sample:\n    size: int | None = None\n    names: list[str] = field("
    assert fields in text
    assert "### `.double`\n\nTwice." in text
    assert '```python\nmake(*, path: str = "a", **rest: Any) -> Sample\n```' in text
    assert "```python\nplain(one: int) -> None\n```" in text
    assert "_private" not in text
    assert "inherited" not in text, "Base is none of ours"


def test_members_of_our_own_bases_count(
    reference: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Base, "__module__", "runicorn.base")
    monkeypatch.setattr(Sample, "__module__", "runicorn.sample")
    assert list(reference.public_members(Sample))[-1] == "inherited"


def test_an_enum_is_described_by_its_values(reference: ModuleType) -> None:
    assert "One of `RED` (`'red'`)." in "\n\n".join(reference.describe_class(Colour))


def test_a_long_signature_is_broken(reference: ModuleType) -> None:
    def long(*, first_of_them: str = "", second_of_them: str = "", third_of_them: str = "") -> int:
        """Count."""
        return 3

    assert reference.signature(long, "rn.long").splitlines()[1:3] == [
        "rn.long(",
        '    *, first_of_them: str = "", second_of_them: str = "", third_of_them: str = ""',
    ]
