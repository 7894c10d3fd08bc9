"""Doing many transfers at once: progress, and stopping all when one fails or Ctrl-C is pressed."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Protocol, TypeVar

from runicorn.errors import TransferStopped
from runicorn.transport import WORKERS

T = TypeVar("T")


class Reporter(Protocol):
    """Somebody who shows how far a transfer is. Called from several threads."""

    def start(self, what: str, total_bytes: int) -> None:
        """Begin a phase, e.g. ``Uploading``."""

    def advance(self, size_bytes: int) -> None:
        """So many bytes are done; negative when some must be done again."""


class Silent:
    """The reporter of those who did not ask."""

    def start(self, what: str, total_bytes: int) -> None:
        """Say nothing."""

    def advance(self, size_bytes: int) -> None:
        """Say nothing."""


class Transfer:
    """One lot of transfers that succeeds or stops as a whole."""

    def __init__(self, reporter: Reporter | None = None) -> None:
        self._reporter = reporter or Silent()
        self._stop = threading.Event()

    def start(self, what: str, total_bytes: int) -> None:
        """Begin a phase."""
        self._reporter.start(what, total_bytes)

    def advance(self, size_bytes: int) -> None:
        """Note progress; raises :class:`TransferStopped` once the lot is given up."""
        if self._stop.is_set():
            raise TransferStopped("The transfer was stopped.")
        self._reporter.advance(size_bytes)

    def run(self, jobs: Sequence[Callable[[], T]]) -> list[T]:
        """Do ``jobs``, several at a time; return their results in order.

        The first exception stops the others and is raised when they have ended.
        """
        with ThreadPoolExecutor(WORKERS, thread_name_prefix="runicorn") as pool:
            futures = [pool.submit(job) for job in jobs]
            try:
                done = wait(futures, return_when=FIRST_EXCEPTION).done
                for future in done:
                    future.result()
                return [future.result() for future in futures]
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
