"""How the command behaves among others: in pipes, at a terminal, when it is interrupted."""

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

import runicorn as rn
from tests.cli.conftest import HEEDING_CTRL_C, RunCommand
from tests.cli.terminal import read_all
from tests.live import LivePortal
from tests.sdk.peers import Peer, json_answer

RUNICORN = (sys.executable, "-m", "runicorn")


def at_a_terminal(*arguments: str, **environment: str) -> bytes:
    """What a command shows on a terminal that knows colours."""
    ours, theirs = pty.openpty()
    env = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100"} | environment
    with subprocess.Popen([*RUNICORN, *arguments], stdout=theirs, stderr=theirs, env=env):
        os.close(theirs)
        shown = read_all(ours)
    os.close(ours)
    return shown


COMMANDS = pytest.mark.parametrize(
    "arguments", [["artifacts", "list"], ["doctor"], ["artifacts", "nonsense"]]
)


@COMMANDS
def test_colours_are_for_terminals(logged: str, arguments: list[str]) -> None:
    assert b"\x1b[" in at_a_terminal(*arguments)
    done = subprocess.run([*RUNICORN, *arguments], capture_output=True, check=False)
    assert b"\x1b" not in done.stdout + done.stderr


@COMMANDS
def test_no_color_turns_them_off(logged: str, arguments: list[str]) -> None:
    shown = at_a_terminal(*arguments, NO_COLOR="1")
    assert shown
    assert b"\x1b[3" not in shown, "no colour; bold and the like may stay"


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_written_to_in_vain(portal: LivePortal, closed: str) -> None:
    command = f"exec {sys.executable} -m runicorn artifacts list {closed}"
    done = subprocess.run(["bash", "-c", command], stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_is_gone_at_once_is_no_news(portal: LivePortal, options: list[str]) -> None:
    command = [*HEEDING_CTRL_C, *RUNICORN, "artifacts", "stats", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_what_cannot_be_written_is_a_failure(portal: LivePortal) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*RUNICORN, "artifacts", "stats", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, b"No space left" in done.stderr) == (1, True)
    assert b"Traceback" not in done.stderr


ABORTED = b'{"detail": "Interrupted", "code": "aborted", "exit_code": 130}\n'


@pytest.mark.parametrize(("options", "said"), [([], b"Interrupted\n"), (["--json"], ABORTED)])
def test_ctrl_c_ends_it_with_130_and_says_so(peer: Peer, options: list[str], said: bytes) -> None:
    asked, ended = threading.Event(), threading.Event()

    def never_answers(handler: Any, seen: Any) -> None:
        asked.set()
        ended.wait(60)
        handler.close_connection = True

    peer.script(never_answers)
    command = [*HEEDING_CTRL_C, *RUNICORN, "artifacts", "stats", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert asked.wait(60)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            ended.set()
            process.kill()
    assert (process.returncode, out, err) == (130, b"", said)


@pytest.mark.parametrize(
    "arguments",
    [
        ["artifacts", "info", "{}"],
        ["artifacts", "versions", "model/{}"],
        ["artifacts", "delete", "{}:v1"],
        ["alias", "list", "{}"],
        ["alias", "set", "{}", "v1", "best"],
    ],
)
def test_a_slip_of_the_pen_is_told_at_a_terminal(
    runicorn: RunCommand, logged: str, arguments: list[str]
) -> None:
    slip = f"{logged[:-2]}{logged[-1]}"
    filled = [one.format(slip) for one in arguments]
    shown = " ".join(at_a_terminal(*filled, COLUMNS="300").decode().split())
    assert f"Artifact not found: {slip}; did you mean {logged}" in shown
    assert runicorn(*filled).err == f"Artifact not found: {slip}\n"


def test_wide_characters_keep_their_columns(
    runicorn: RunCommand, portal: LivePortal, name: str, make_file: Callable[..., Path]
) -> None:
    with rn.Run("tests") as run:
        run.log_artifact(rn.Artifact(f"模型-{name}").add_file(make_file("a")))
        run.log_artifact(rn.Artifact(f"plain-{name}", "code").add_file(make_file("a")))
    lines = runicorn("artifacts", "list", "--search", name).out.splitlines()
    starts = {cell_len(line[: line.index(" v1 ")]) for line in lines if name in line}
    assert len(starts) == 1
    assert cell_len(lines[0][: lines[0].index("Latest")]) == starts.pop() + 1


def test_json_is_all_there_is_on_standard_output(
    runicorn: RunCommand, peer: Peer, tmp_path: Path
) -> None:
    peer.script(json_answer(200, []))
    outcome = runicorn("artifacts", "list", "--json")
    assert (outcome.out, outcome.err) == ("[]\n", "")
