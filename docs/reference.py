"""Write docs/cli.md from the program and docs/sdk.md from the docstrings of ``runicorn.__all__``.

``make reference`` runs it; ``--check`` writes nothing and fails where a file is not current.
"""

import argparse
import ast
import dataclasses
import html
import inspect
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any

import typer
from typer.cli import get_docs_for_click
from typer.core import TyperGroup

import runicorn as rn
from runicorn.cli.main import app

DOCS = Path(__file__).parent
LINE_CHARACTERS = 88
QUOTES = "\"'"  # around a name that is made further down
NOTE = "<!-- Written by `make reference` from the code: change it there. -->\n\n"


def main() -> None:
    """Write the files, or say which are not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    texts = {DOCS / "cli.md": write_cli(), DOCS / "sdk.md": write_sdk()}
    if parser.parse_args().check:
        stale = [path.name for path, text in texts.items() if not is_current(path, text)]
        sys.exit(f"Not current: {', '.join(stale)}; run `make reference`" if stale else 0)
    for path, text in texts.items():
        path.write_text(text)


def is_current(path: Path, text: str) -> bool:
    """Whether the file says what the code does."""
    return path.is_file() and path.read_text() == text


def write_cli() -> str:
    """Every command that is not hidden, as typer documents it."""
    command: Any = typer.main.get_command(app)
    prepare(command)
    context = typer.Context(command, info_name="runicorn")
    text = get_docs_for_click(obj=command, ctx=context, name="runicorn", title="The command line")
    return NOTE + html.unescape(text).rstrip() + "\n"


def prepare(command: Any) -> None:
    """Leave out hidden commands, and give each of the others its first sentence in full."""
    command.short_help = " ".join((command.help or "").partition("\n\n")[0].split())
    if isinstance(command, TyperGroup):
        shown = {name: one for name, one in command.commands.items() if not one.hidden}
        command.commands = shown
        for one in shown.values():
            prepare(one)


def write_sdk() -> str:
    """Every public name with its docstring, and the public members of classes."""
    parts = ["# The Python SDK", to_markdown(inspect.getdoc(rn) or "")]
    names = [name for name in rn.__all__ if not name.startswith("_")]
    for name in sorted(names, key=lambda one: (inspect.ismodule(getattr(rn, one)), one.lower())):
        parts.extend(describe(name, getattr(rn, name)))
    return NOTE + "\n\n".join(part for part in parts if part) + "\n"


def describe(name: str, found: Any) -> Iterator[str]:
    """A section for one public name."""
    yield f"## `rn.{name}`"
    if isinstance(found, ModuleType):
        yield to_markdown(inspect.getdoc(found) or "")
        yield table_of_classes(found)
    elif inspect.isclass(found):
        yield from describe_class(found)
    else:
        yield signature(found, f"rn.{name}")
        yield to_markdown(inspect.getdoc(found) or "")


def describe_class(cls: type[Any]) -> Iterator[str]:
    """What it is, how one is made, and what it can do."""
    if dataclasses.is_dataclass(cls):
        yield fields_of(cls)
    elif issubclass(cls, Enum):
        yield "One of " + ", ".join(f"`{member.name}` (`{member.value!r}`)" for member in cls) + "."
    elif "__init__" in vars(cls):
        yield signature(cls.__init__, f"rn.{cls.__name__}", is_method=True)
    yield to_markdown(inspect.getdoc(cls) or "")
    if not issubclass(cls, Enum):
        for name, member in public_members(cls).items():
            yield from describe_member(name, member)


def public_members(cls: type[Any]) -> dict[str, Any]:
    """Its own members, then those of the classes of ours that it is made of."""
    ours = [
        one for one in cls.__mro__
        if one is cls or one.__module__.partition(".")[0] == rn.__name__
    ]  # fmt: skip
    found: dict[str, Any] = {}
    for one in ours:
        for name, member in vars(one).items():
            found.setdefault(name, member)
    return {name: member for name, member in found.items() if not name.startswith("_")}


def describe_member(name: str, member: Any) -> Iterator[str]:
    """A method or a property; what is neither is no part of the reference."""
    if isinstance(member, property) and member.fget:
        yield f"### `.{name}`\n\n{to_markdown(inspect.getdoc(member) or '')}"
        return
    function = getattr(member, "__func__", member)
    if inspect.isfunction(function):
        is_method = not isinstance(member, staticmethod)
        yield f"### `.{name}()`"
        yield signature(function, name, is_method=is_method)
        yield to_markdown(inspect.getdoc(function) or "")


def fields_of(cls: Any) -> str:
    """The fields of a dataclass as they stand in its source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    body: list[ast.stmt] = tree.body[0].body  # type: ignore[attr-defined] # of a class
    lines = [ast.unparse(line) for line in body if isinstance(line, ast.AnnAssign)]
    text = textwrap.indent("\n".join(lines), " " * 4)
    return f"```python\nclass {cls.__name__}:\n{text}\n```"


def signature(function: Any, name: str, *, is_method: bool = False) -> str:
    """How it is called, from its source: the same under every Python."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    made: Any = tree.body[0]
    if is_method:
        (made.args.posonlyargs or made.args.args).pop(0)
    has_return = made.returns and made.name != "__init__"
    ends = f" -> {ast.unparse(made.returns).strip(QUOTES)}" if has_return else ""
    text = f"def {name.replace('.', '_')}({ast.unparse(made.args)}){ends}: ..."
    shown = re.sub(r"^def \w+", name, formatted(text)).removesuffix(": ...")
    return f"```python\n{shown}\n```"


def formatted(text: str) -> str:
    """Python as ruff would lay it out."""
    command = [sys.executable, "-m", "ruff", "format", "--line-length", str(LINE_CHARACTERS), "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def table_of_classes(module: ModuleType) -> str:
    """The classes of a module, with what each means."""
    classes = [
        one for one in vars(module).values()
        if inspect.isclass(one) and one.__module__ == module.__name__
    ]  # fmt: skip
    rows = [f"| `{one.__name__}` | {bases_of(one)} | {first_line(one)} |" for one in classes]
    return "\n".join(["| class | is also | means |", "|---|---|---|", *rows])


def bases_of(cls: type[Any]) -> str:
    return ", ".join(f"`{base.__name__}`" for base in cls.__bases__)


def first_line(cls: type[Any]) -> str:
    return to_markdown((inspect.getdoc(cls) or "").partition("\n\n")[0].replace("\n", " "))


def to_markdown(text: str) -> str:
    """A docstring as Markdown: literals, references, and examples in fences."""
    text = re.sub(r":\w+:`~?\.?([^`]+)`", r"`\1`", text)
    text = text.replace("``", "`")
    text = re.sub(r"(?m)(^|\S)::$", lambda found: found[1] and f"{found[1]}:", text)
    return re.sub(r"(?m)(?:^>>>.*\n?(?:^(?!>>>)\S.*\n?)*)+", fence, text).strip()


def fence(found: re.Match[str]) -> str:
    """An example of the interactive prompt, so that Markdown takes it for no quotation."""
    return f"```pycon\n{found[0].rstrip()}\n```\n"


if __name__ == "__main__":
    main()
