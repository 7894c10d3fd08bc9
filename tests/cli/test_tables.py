"""Tables at a terminal and in a pipe: as wide as they need, every word whole."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

import runicorn as rn
from runicorn.cli.output import print_table
from tests.cli.conftest import RunCommand
from tests.cli.terminal import plain, read_all
from tests.live import LivePortal

MakeFile = Callable[..., Path]
RUNICORN = (sys.executable, "-m", "runicorn")


def lines_at_80_columns(*arguments: str) -> list[str]:
    """What a command writes to a terminal of 80 columns, which wraps the lines by itself."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    command = [*RUNICORN, *arguments]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=env | {"TERM": "xterm"}
    ):
        os.close(theirs)
        shown = read_all(ours)
    os.close(ours)
    return plain(shown).splitlines()


@pytest.fixture
def busy(portal: LivePortal, name: str, make_file: MakeFile) -> str:
    """An artifact with many aliases and long paths, from which another was made."""
    with rn.Run("tests", name="wide") as run:
        long = make_file("a-folder-of-some-length/weights-of-the-best-epoch.bin")
        first = rn.Artifact(name).add_file(long, "a-folder-of-some-length/weights.bin")
        run.log_artifact(first, aliases=["production", "candidate", "the-one-for-the-demo"])
        run.use_artifact(name)
        run.log_artifact(rn.Artifact(f"{name}-distilled").add_file(long), aliases="staging-area")
    return name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["versions", "{}"], "latest, candidate, production, the-one-for-the-demo"),
        (["impact", "{}"], "{}-distilled:v1"),
        (["files", "{}"], "a-folder-of-some-length/weights.bin"),
        (["files", "{}"], "sha256:[0-9a-f]{{64}}"),
        (["list", "--search", "{}"], "the-one-for-the-demo=v1"),
        (["info", "{}"], "sha256:[0-9a-f]{{64}}"),
        (["lineage", "{}"], "{}-distilled:v1"),
        (["alias", "list", "{}"], "the-one-for-the-demo"),
    ],
)
def test_no_word_is_broken_at_80_columns(busy: str, arguments: list[str], words: str) -> None:
    lines = lines_at_80_columns("artifacts", *(one.format(busy) for one in arguments))
    assert any(re.search(words.format(busy), line) for line in lines), lines


def test_the_cache_is_listed_with_whole_digests(
    busy: str, runicorn: RunCommand, tmp_path: Path
) -> None:
    runicorn("artifacts", "get", busy, tmp_path / "out")
    lines = lines_at_80_columns("cache", "ls")
    assert any(re.match(r"sha256:[0-9a-f]{64} .* whole$", line) for line in lines), lines


def test_a_row_is_one_line_and_the_rule_fits(busy: str) -> None:
    lines = lines_at_80_columns("artifacts", "files", busy)
    header, rule, row = lines
    assert header.split() == ["Path", "Size", "Digest"]
    assert set(rule) == {"─"}
    assert len(rule) == 80 < len(row)


def test_columns_stand_under_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("Name", "Size", "Status"), [("模型", "1 B", "ready"), ("b", "20 KiB", "gone")])
    header, rule, *rows = capsys.readouterr().out.splitlines()
    assert [header, *rows] == [
        "Name    Size  Status",
        "模型     1 B  ready",
        "b     20 KiB  gone",
    ]
    assert cell_len(rule) == cell_len(header)


def test_a_table_without_rows_is_told_and_writes_no_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("Name",), [], if_none="No artifact matches.")
    assert capsys.readouterr() == ("", "No artifact matches.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["artifacts", "list", "--tag", "no-such-tag"], "No artifact matches.\n"),
        (["artifacts", "list", "--team", "nosuch"], "No artifact matches.\n"),
        (["artifacts", "impact", "{}"], "Nothing was made from it.\n"),
        (["alias", "list", "{}"], None),
    ],
)
def test_an_empty_list_says_so(
    runicorn: RunCommand, logged: str, arguments: list[str], said: str | None
) -> None:
    filled = [one.format(logged) for one in arguments]
    outcome = runicorn(*filled)
    assert (outcome.code, outcome.err) == (0, said or "")
    assert bool(outcome.out) is (said is None)
    assert runicorn(*filled, "--json").err == "", "programs see that it is empty"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_a_terminal_cannot_show_is_escaped(
    portal: LivePortal, name: str, make_file: MakeFile, encoding: str
) -> None:
    with rn.Run("tests") as run:
        run.log_artifact(rn.Artifact(f"modèle-{name}").add_file(make_file("a")))
        run.use_artifact(f"modèle-{name}")
    env = os.environ | {"PYTHONIOENCODING": encoding}
    shown = []
    for command in (["list", "--search", name], ["lineage", f"modèle-{name}"], ["--help"]):
        done = subprocess.run(
            [*RUNICORN, "artifacts", *command], capture_output=True, env=env, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
        shown.append(done.stdout.decode(encoding))
    assert (f"mod\\xe8le-{name}" if encoding == "ascii" else f"modèle-{name}") in shown[0]
    assert "---" in shown[0].splitlines()[1]
    assert "-produces->" in shown[1]
