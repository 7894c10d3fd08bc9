"""``runicorn completion``, in the shells themselves."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runicorn.cli import suggestions
from tests.cli.conftest import RunCommand
from tests.live import LivePortal

BASH = """
source <(runicorn completion bash)
COMP_WORDS=(runicorn "$@")
COMP_CWORD=$#
$(complete -p runicorn | sed -E 's/.*-F ([^ ]+).*/\\1/') runicorn
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
autoload -Uz compinit && compinit -u -D
source <(runicorn completion zsh)
print -r -- $_comps[runicorn]
"""
FISH = 'runicorn completion fish | source; complete -C "runicorn $argv"'


def in_shell(shell: str, script: str, *words: str) -> list[str]:
    """What the real shell prints, line by line."""
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    arguments = [*words] if shell == "fish" else [shell, *words]
    done = subprocess.run(
        [shell, "-c", script, *arguments],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["art"], ["artifacts"]),
        (["alias", "r"], ["rm", "rollback"]),
        (["artifacts", "delete", "--perm"], ["--permanent"]),
        (["artifacts", "list", "--type", "co"], ["config", "code"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["artifacts", "--ac"], [""]),
    ],
)
def test_bash_completes_words(words: list[str], expected: list[str]) -> None:
    assert in_shell("bash", BASH, *words) == expected


def test_bash_completes_names_of_artifacts(logged: str, portal: LivePortal) -> None:
    assert in_shell("bash", BASH, "artifacts", "versions", logged[:-2]) == [logged]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ([":", "pro"], ["production"]),
        ([":"], ["latest", "production", "v2", "v1"]),
        ([":", "v"], ["v2", "v1"]),
        ([":", "x"], [""]),
    ],
)
def test_bash_completes_what_follows_a_colon(
    logged: str, portal: LivePortal, typed: list[str], offered: list[str]
) -> None:
    assert in_shell("bash", BASH, "artifacts", "info", logged, *typed) == offered
    owned = ["artifacts", "info", f"everyone/model/{logged}", *typed]
    assert in_shell("bash", BASH, *owned) == offered


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nonsense"])
def test_bash_completes_nothing_where_no_server_answers(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", url)
    assert in_shell("bash", BASH, "artifacts", "versions", "t") == [""]


def test_zsh_knows_the_command() -> None:
    assert in_shell("zsh", ZSH) == ["_runicorn_completion"]


def test_fish_completes_words() -> None:
    found = in_shell("fish", FISH, "alias r")
    assert [line.partition("\t")[0] for line in found] == ["rm", "rollback"]


def test_fish_completes_references(logged: str, portal: LivePortal) -> None:
    found = in_shell("fish", FISH, f"artifacts info {logged}:")
    assert set(found) == {f"{logged}:{ref}" for ref in ("latest", "production", "v1", "v2")}


def test_references_are_aliases_then_versions(logged: str) -> None:
    found = suggestions.references(f"model/{logged}:")
    refs = [one.partition(":")[2] for one in found]
    assert refs == ["latest", "production", "v2", "v1"]
    assert suggestions.references(f"{logged}:p") == [f"{logged}:production"]
    assert suggestions.references(logged) == [logged]


def test_what_wants_a_number_gets_versions(logged: str) -> None:
    assert suggestions.versions(f"{logged}:") == [f"{logged}:v2", f"{logged}:v1"]
    assert suggestions.versions(logged) == [logged]
    assert suggestions.versions("no-such-thing:") == []
    assert suggestions.versions("a/b/c/d:") == []


def test_an_unknown_shell_is_wrong_usage(runicorn: RunCommand) -> None:
    outcome = runicorn("completion", "tcsh")
    assert (outcome.code, outcome.out) == (2, "")
