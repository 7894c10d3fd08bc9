"""The documents show commands that exist, and the quickstart works line by line."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from runicorn.cli.main import app
from tests.live import MANAGE, fresh_database, start_portal

ROOT = MANAGE.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "README.zh-hans.md", ROOT / "docs/quickstart.md"]
SHOWN = re.compile(r"(?:^\$ (?:\S+=\$\()?|`|\| |<\()(?:\S*/)?runicorn ([a-z-][^`#)|\n]*)", re.M)
FILE = re.compile(r"Save this as `([a-z]+\.py)`.*?```python\n(.*?)```", re.S)


def shown_commands() -> list[str]:
    """What the documents tell to type, without the program's name."""
    found = [line for path in DOCUMENTS for line in SHOWN.findall(path.read_text())]
    return sorted({line.strip() for line in found})


def test_the_documents_show_many_commands() -> None:
    shown = shown_commands()
    assert len(shown) > 20
    assert {line.split()[0] for line in shown} >= {"artifacts", "alias", "doctor", "login", "token"}


@pytest.mark.parametrize("line", shown_commands())
def test_a_command_that_is_shown_exists(line: str) -> None:
    words = shlex.split(line)
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    options = {option for one in command.params for option in one.opts} | {"--help"}
    given = {word for word in words if word.startswith("-") and word != "-"}
    assert given <= options
    assert given or not hasattr(command, "commands"), "a group says nothing by itself"


@pytest.mark.slow
def test_the_quickstart_works(tmp_path: Path) -> None:
    text = (ROOT / "docs/quickstart.md").read_text().partition("## In an environment")[0]
    for name, content in FILE.findall(text):
        (tmp_path / name).write_text(content)
    _, _, from_the_first_log_on = text.partition("## 3.")
    lines = re.findall(r"(?m)^\$ (.*)$", from_the_first_log_on)
    with fresh_database() as database_url:
        portal = start_portal(tmp_path / "var", DATABASE_URL=database_url)
        environment = {"RUNICORN_TRACKING_URI": portal.url, "XDG_CONFIG_HOME": str(tmp_path)}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-e", "-c", "\n".join(lines)],
            cwd=tmp_path,
            env=os.environ | environment | {"PATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        portal.stop()
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if re.match("logged|line:|production", line)]
    assert [line for line in said if "─" not in line] == [
        "logged line:v1",
        "line:v1 says 7.0",
        "line:v2",
        "line:v1 says 7.0",
        "production is v2",
        "line:v2 says 10.0",
        "production is v1",
    ]
