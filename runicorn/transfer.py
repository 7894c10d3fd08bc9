"""Doing many transfers at once: progress, and stopping all when one fails or Ctrl-C is pressed."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar, runtime_checkable

from runicorn.stopping import Stop, heeding
from runicorn.transport import WORKERS

T = TypeVar("T")

MOST_WORKERS = 64
LEAVE_AFTER_SECONDS = 1.0
"""Whoever pressed Ctrl-C waits no longer for threads that read from a server."""


class Reporter(Protocol):
    """Somebody who shows how far a transfer is. Called from several threads."""

    def start(self, what: str, total_bytes: int) -> None:
        """Begin a phase, e.g. ``Uploading``."""

    def advance(self, size_bytes: int) -> None:
        """So many bytes are done; negative when some must be done again."""


@runtime_checkable
class LineReporter(Protocol):
    """A reporter that also shows the large files of a phase, each on a line of its own."""

    def begin_line(self, label: str, total_bytes: int) -> int:
        """Show another file; returns what the line is called."""

    def advance_line(self, line: int, size_bytes: int) -> None:
        """So many bytes of that file are done."""

    def end_line(self, line: int) -> None:
        """Take the line away."""


class Silent:
    """The reporter of those who did not ask."""

    def start(self, what: str, total_bytes: int) -> None:
        """Say nothing."""

    def advance(self, size_bytes: int) -> None:
        """Say nothing."""


class Advancing(Protocol):
    """A transfer, or one file of it."""

    def advance(self, size_bytes: int) -> None:
        """Note progress; raises :class:`TransferStopped` once the lot is given up."""


class Transfer:
    """One lot of transfers that succeeds or stops as a whole, ``workers`` of them at a time.

    Raises ``ValueError`` for a number of workers that is not 1 to 64.
    """

    def __init__(self, reporter: Reporter | None = None, *, workers: int | None = None) -> None:
        self.workers = WORKERS if workers is None else workers
        if not 1 <= self.workers <= MOST_WORKERS:
            raise ValueError(f"workers must be 1 to {MOST_WORKERS}, not {workers}")
        self._reporter = reporter or Silent()
        self._stop = Stop()

    def start(self, what: str, total_bytes: int) -> None:
        """Begin a phase."""
        self._reporter.start(what, total_bytes)

    def advance(self, size_bytes: int) -> None:
        """Note progress; raises :class:`TransferStopped` once the lot is given up."""
        self._stop.check()
        self._reporter.advance(size_bytes)

    @contextmanager
    def line(self, label: str, total_bytes: int) -> Iterator[Advancing]:
        """Give the file ``label`` a line of its own, where the reporter shows such lines."""
        reporter = self._reporter
        if not isinstance(reporter, LineReporter):
            yield self
            return
        number = reporter.begin_line(label, total_bytes)
        try:
            yield _Line(self, reporter, number)
        finally:
            reporter.end_line(number)

    def run(self, jobs: Sequence[Callable[[], T]]) -> list[T]:
        """Do ``jobs``, several at a time; return their results in order.

        The first exception stops the others and is raised when they have ended. After Ctrl-C those
        that read from a server that does not answer are left behind; they end with the process.
        """
        lot = _Lot(jobs, self._stop)
        try:
            return lot.run(self.workers)
        except BaseException as error:
            self._stop.set()
            lot.end(None if isinstance(error, Exception) else LEAVE_AFTER_SECONDS)
            raise


class _Lot(Generic[T]):
    """Jobs, and the threads that do them.

    Not an executor: the interpreter waits for the threads of one, however long they read.
    """

    def __init__(self, jobs: Sequence[Callable[[], T]], stop: Stop) -> None:
        self._stop = stop
        self._futures = [Future[T]() for _ in jobs]
        self._waiting = deque(zip(self._futures, jobs, strict=True))
        self._threads: list[threading.Thread] = []

    def run(self, workers: int) -> list[T]:
        """Do everything; raises the first exception."""
        for number in range(min(workers, len(self._futures))):
            name = f"runicorn_{number}"
            self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
            self._threads[-1].start()
        for future in wait(self._futures, return_when=FIRST_EXCEPTION).done:
            future.result()
        return [future.result() for future in self._futures]

    def end(self, longest_seconds: float | None) -> None:
        """Begin nothing more, and wait for what runs."""
        self._waiting.clear()
        until = time.monotonic() + (longest_seconds or 0)
        for thread in self._threads:
            if thread.ident is not None:
                left = max(until - time.monotonic(), 0)
                thread.join(None if longest_seconds is None else left)

    def _work(self) -> None:
        with heeding(self._stop):
            while True:
                try:
                    future, job = self._waiting.popleft()
                except IndexError:
                    return
                _do(job, future)


def _do(job: Callable[[], T], future: "Future[T]") -> None:
    try:
        result = job()
    except BaseException as error:  # noqa: BLE001 raised to whoever wants the result
        future.set_exception(error)
    else:
        future.set_result(result)


class _Line:
    """A file of a transfer whose reporter shows it."""

    def __init__(self, transfer: Transfer, reporter: LineReporter, number: int) -> None:
        self._transfer = transfer
        self._reporter = reporter
        self._number = number

    def advance(self, size_bytes: int) -> None:
        self._reporter.advance_line(self._number, size_bytes)  # first: the total may show it
        self._transfer.advance(size_bytes)


class Tally:
    """Progress that can be taken back."""

    def __init__(self, progress: Advancing) -> None:
        self._progress = progress
        self._done = 0

    def advance(self, size_bytes: int) -> None:
        """Note progress."""
        self._done += size_bytes
        self._progress.advance(size_bytes)

    def take_back(self) -> None:
        """Say that nothing of it counts."""
        self._progress.advance(-self._done)
        self._done = 0


class Quiet:
    """Work that was counted before; it still stops with the others."""

    def __init__(self, progress: Advancing) -> None:
        self._progress = progress

    def advance(self, size_bytes: int) -> None:
        """Only ask whether to go on."""
        self._progress.advance(0)
