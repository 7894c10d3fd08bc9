"""How far a transfer is, for whoever looks: a bar in terminals and notebooks, else lines.

A bar appears after half a second, with a line below for each large file on its way; lines, for the
total and each such file, after five seconds, and then every ten. ``RUNICORN_DISABLE_PROGRESS=1``
turns both off. All goes to standard error.
"""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from runicorn.config import is_progress_shown
from runicorn.forking import ForkSafeLock
from runicorn.transfer import Reporter, Silent

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

BAR_AFTER_SECONDS = 0.5
FIRST_LINE_SECONDS = 5.0
LINE_EVERY_SECONDS = 10.0
MIB = 1 << 20


@contextmanager
def reporting(
    given: Reporter | None, what: str, environ: Mapping[str, str] = os.environ
) -> Iterator[Reporter]:
    """Give the reporter of a transfer: the ``given`` one, else what suits standard error.

    ``what`` is said of the transfer, e.g. ``points:v3``.
    """
    if given is not None:
        yield given
    elif not is_progress_shown(environ):
        yield Silent()
    else:
        with Bars(what) if _is_interactive() else Lines(what) as reporter:
            yield reporter


def _is_interactive() -> bool:
    """Whether bars can be drawn: at a terminal, or in a notebook that has widgets for them."""
    is_notebook = "ipykernel" in sys.modules and find_spec("ipywidgets") is not None
    return sys.stderr.isatty() or is_notebook


class Lines:
    """Writes the total now and then, with a line for each large file on its way; a context manager.

    Of a transfer that was told of, each such file and the total also have a last line.
    """

    def __init__(self, what: str, out: TextIO | None = None) -> None:
        self._what = what
        self._out = out or sys.stderr
        self._lock = ForkSafeLock()
        self._phase = ""
        self._total = self._done = 0
        self._began = self._said = time.monotonic()
        self._has_spoken = False
        self._files: dict[int, tuple[str, int, int]] = {}
        self._shown: set[int] = set()
        self._number = 0

    def start(self, what: str, total_bytes: int) -> None:
        """Begin a phase."""
        with self._lock:
            self._phase, self._total, self._done = what, total_bytes, 0
            self._began = time.monotonic()

    def advance(self, size_bytes: int) -> None:
        """Count, and say so if it is time."""
        with self._lock:
            self._done += size_bytes
            now = time.monotonic()
            pause = LINE_EVERY_SECONDS if self._has_spoken else FIRST_LINE_SECONDS
            if now - self._said >= pause:
                self._said, self._has_spoken = now, True
                self._shown.update(self._files)
                self._write(self._line(now), *map(_file_line, self._files.values()))

    def begin_line(self, label: str, total_bytes: int) -> int:
        """Show another file, from the next time on."""
        with self._lock:
            self._number += 1
            self._files[self._number] = (label, total_bytes, 0)
            return self._number

    def advance_line(self, line: int, size_bytes: int) -> None:
        """Count for a file."""
        with self._lock:
            label, total, done = self._files[line]
            self._files[line] = (label, total, done + size_bytes)

    def end_line(self, line: int) -> None:
        """Show no more of a file, but that it is done."""
        with self._lock:
            label, total, done = self._files.pop(line)
            if line in self._shown and done >= total:
                self._write(_file_line((label, total, done)))

    def _write(self, *lines: str) -> None:
        self._out.write("".join(f"runicorn: {line}\n" for line in lines))
        self._out.flush()

    def _line(self, now: float) -> str:
        rate = self._done / MIB / max(now - self._began, 1e-9)
        return f"{self._phase} {self._what}: {_share(self._done, self._total)}, {rate:.1f} MiB/s"

    def __enter__(self) -> "Lines":
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Say that all is done, where something was said."""
        with self._lock:
            if error is None and self._has_spoken:
                self._write(self._line(time.monotonic()))


def _file_line(file: tuple[str, int, int]) -> str:
    label, total, done = file
    return f"  {label}: {_share(done, total)}"


def _share(done: int, total: int) -> str:
    share = f"{100 * done // total} % of " if total else ""
    return f"{share}{total / MIB:.1f} MiB"


class Bars:
    """Shows the total of a phase, and each large file below it; a context manager.

    Rich is imported when the first bar appears: most transfers are over before.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._pid = os.getpid()
        self._lock = ForkSafeLock()
        self._began = time.monotonic()
        self._bars: Progress | None = None
        self._phase = ("", 0, 0)
        self._task: TaskID | None = None
        self._lines: dict[int, tuple[str, int, int]] = {}
        self._tasks: dict[int, TaskID] = {}
        self._number = 0

    def start(self, what: str, total_bytes: int) -> None:
        """Begin a phase; the one before it is done."""
        with self._lock:
            self._phase = (what, total_bytes, 0)
            if self._bars is not None and self._task is not None:
                description = f"{what} {self._what}"
                self._bars.reset(self._task, total=total_bytes, description=description)

    def advance(self, size_bytes: int) -> None:
        """Move the total."""
        with self._lock:
            what, total, done = self._phase
            self._phase = (what, total, done + size_bytes)
            if self._bars is None and time.monotonic() - self._began > BAR_AFTER_SECONDS:
                self._show()
            elif self._bars is not None and self._task is not None:
                self._bars.advance(self._task, size_bytes)

    def begin_line(self, label: str, total_bytes: int) -> int:
        """Show another file."""
        with self._lock:
            self._number += 1
            self._lines[self._number] = (label, total_bytes, 0)
            if self._bars is not None:
                self._add_line(self._number)
            return self._number

    def advance_line(self, line: int, size_bytes: int) -> None:
        """Move the line of a file."""
        with self._lock:
            label, total, done = self._lines[line]
            self._lines[line] = (label, total, done + size_bytes)
            if self._bars is not None and line in self._tasks:
                self._bars.advance(self._tasks[line], size_bytes)

    def end_line(self, line: int) -> None:
        """Take the line of a file away."""
        with self._lock:
            del self._lines[line]
            task = self._tasks.pop(line, None)
            if self._bars is not None and task is not None:
                self._bars.remove_task(task)

    def _show(self) -> None:
        if os.getpid() != self._pid:
            return  # a forked child: the terminal is its parent's
        self._bars = _make_bars()
        self._bars.start()
        what, total, done = self._phase
        self._task = self._bars.add_task(f"{what} {self._what}", total=total, completed=done)
        for line in self._lines:
            self._add_line(line)

    def _add_line(self, line: int) -> None:
        if self._bars is not None:
            label, total, done = self._lines[line]
            self._tasks[line] = self._bars.add_task(f"  {label}", total=total, completed=done)

    def __enter__(self) -> "Bars":
        """Begin; nothing is shown yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take everything away, also after Ctrl-C."""
        with self._lock:
            if self._bars is not None and os.getpid() == self._pid:
                self._bars.stop()
            self._bars = None


def _make_bars() -> "Progress":
    from rich.console import Console  # noqa: PLC0415 takes a tenth of a second
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
