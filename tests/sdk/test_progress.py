"""What is shown of a transfer: nothing of short ones, lines in logs, bars for people."""

import io
import os
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest

from runicorn.progress import MIB, Bars, Lines, reporting
from runicorn.transfer import LineReporter, Silent, Transfer


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands until the test moves it."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_short_transfer_says_nothing(clock: list[float]) -> None:
    out = io.StringIO()
    lines = Lines("points:v1", out)
    lines.start("Uploading", 10)
    clock[0] += 4.9
    lines.advance(10)
    assert out.getvalue() == ""


def test_a_long_one_says_how_far_it_is_now_and_then(clock: list[float]) -> None:
    out = io.StringIO()
    lines = Lines("points:v1", out)
    lines.start("Uploading", 100 * MIB)
    for _ in range(24):
        clock[0] += 1
        lines.advance(MIB)
    assert out.getvalue().splitlines() == [
        "runicorn: Uploading points:v1: 5 % of 100.0 MiB, 1.0 MiB/s",
        "runicorn: Uploading points:v1: 15 % of 100.0 MiB, 1.0 MiB/s",
    ]


def test_each_large_file_has_a_line_below_the_total(clock: list[float]) -> None:
    out = io.StringIO()
    with Lines("points:v1", out) as lines:
        transfer = Transfer(lines)
        transfer.start("Uploading", 100 * MIB)
        with transfer.line("a.bin", 40 * MIB) as first, transfer.line("b.bin", 60 * MIB) as second:
            first.advance(10 * MIB)
            second.advance(60 * MIB)
            clock[0] += 5
            transfer.advance(0)
            assert out.getvalue().splitlines() == [
                "runicorn: Uploading points:v1: 70 % of 100.0 MiB, 14.0 MiB/s",
                "runicorn:   a.bin: 25 % of 40.0 MiB",
                "runicorn:   b.bin: 100 % of 60.0 MiB",
            ]
            first.advance(30 * MIB)
    assert out.getvalue().splitlines()[3:] == [
        "runicorn:   b.bin: 100 % of 60.0 MiB",
        "runicorn:   a.bin: 100 % of 40.0 MiB",
        "runicorn: Uploading points:v1: 100 % of 100.0 MiB, 20.0 MiB/s",
    ]


def test_a_short_transfer_of_large_files_says_nothing(clock: list[float]) -> None:
    out = io.StringIO()
    with Lines("points:v1", out) as lines:
        transfer = Transfer(lines)
        transfer.start("Uploading", 10)
        with transfer.line("a.bin", 10) as line:
            line.advance(10)
    assert out.getvalue() == ""


def test_what_failed_is_not_called_done(clock: list[float]) -> None:
    out = io.StringIO()

    def fail() -> None:
        with Lines("points:v1", out) as lines:
            transfer = Transfer(lines)
            transfer.start("Uploading", 2 * MIB)
            with transfer.line("a.bin", 2 * MIB) as line:
                clock[0] += 5
                line.advance(MIB)
                raise OSError("disk on fire")

    with pytest.raises(OSError, match="on fire"):
        fail()
    assert out.getvalue().splitlines() == [
        "runicorn: Uploading points:v1: 50 % of 2.0 MiB, 0.2 MiB/s",
        "runicorn:   a.bin: 50 % of 2.0 MiB",
    ]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal in the place of standard error."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("runicorn.progress.sys", SimpleNamespace(stderr=screen, modules={}))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return screen


@pytest.fixture
def bars(terminal: io.StringIO, clock: list[float]) -> Iterator[Bars]:
    """Bars on the terminal, whose time has come."""
    with Bars("points:v1") as shown:
        shown.start("Downloading", 100)
        clock[0] += 1
        yield shown


def test_a_bar_shows_the_total_and_each_large_file(bars: Bars, terminal: io.StringIO) -> None:
    transfer = Transfer(bars)
    with transfer.line("early.bin", 50) as early, transfer.line("[red]late.bin", 50) as late:
        early.advance(20)
        late.advance(10)
        assert bars._bars is not None
        tasks = [(one.description, one.completed) for one in bars._bars.tasks]
        assert tasks == [
            ("Downloading points:v1", 30),
            ("  early.bin", 20),
            ("  [red]late.bin", 10),
        ]
    assert [one.description for one in bars._bars.tasks] == ["Downloading points:v1"]
    bars._bars.refresh()
    assert "Downloading points:v1" in terminal.getvalue()


def test_a_new_phase_begins_at_nothing(bars: Bars) -> None:
    bars.advance(70)
    bars.start("Verifying", 40)
    bars.advance(10)
    assert bars._bars is not None
    (total,) = bars._bars.tasks
    assert (total.description, total.total, total.completed) == ("Verifying points:v1", 40, 10)


def test_a_short_transfer_shows_no_bar(terminal: io.StringIO, clock: list[float]) -> None:
    with Bars("points:v1") as bars:
        bars.start("Uploading", 10)
        bars.advance(10)
    assert terminal.getvalue() == ""


def test_a_forked_child_leaves_the_terminal_alone(bars: Bars) -> None:
    bars._pid = os.getpid() + 1
    bars.advance(10)
    assert bars._bars is None


def chosen(given: Any = None, **environ: str) -> type:
    with reporting(given, "points:v1", environ) as reporter:
        return type(reporter)


def test_the_reporter_suits_whoever_looks(
    terminal: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert chosen() is Bars
    assert chosen(RUNICORN_DISABLE_PROGRESS="1") is Silent
    assert chosen(RUNICORN_DISABLE_PROGRESS="0") is Bars
    log = SimpleNamespace(stderr=io.StringIO(), modules={})
    monkeypatch.setattr("runicorn.progress.sys", log)
    assert chosen() is Lines
    log.modules["ipykernel"] = None
    monkeypatch.setattr("runicorn.progress.find_spec", lambda _: None)
    assert chosen() is Lines
    monkeypatch.setattr("runicorn.progress.find_spec", find_spec)
    monkeypatch.setitem(sys.modules, "ipywidgets", SimpleNamespace(__spec__=SimpleNamespace()))
    assert chosen() is Bars
    assert chosen(Silent()) is Silent


def test_simple_reporters_have_no_lines() -> None:
    assert isinstance(Bars("x"), LineReporter)
    assert not isinstance(Silent(), LineReporter)
    transfer = Transfer()
    with transfer.line("a", 1) as line:
        assert line is transfer
