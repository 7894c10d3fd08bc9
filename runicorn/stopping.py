"""Pauses between attempts, which end at once when what they belong to is given up.

Whoever waits is deep below whoever gives up: each thread knows the :class:`Stop` it works under.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from runicorn.errors import TransferStopped

_STOPPED = "The transfer was stopped."


class Stop(threading.Event):
    """Set once a lot of transfers is given up."""

    def check(self) -> None:
        """Raise :class:`TransferStopped` once it is set."""
        if self.is_set():
            raise TransferStopped(_STOPPED)


class _Thread(threading.local):
    stop: Stop | None = None


_thread = _Thread()


@contextmanager
def heeding(stop: Stop) -> Iterator[None]:
    """Have the pauses of this thread end when ``stop`` is set."""
    _thread.stop = stop
    try:
        yield
    finally:
        _thread.stop = None


def pause(seconds: float) -> None:
    """Wait; raises :class:`TransferStopped` as soon as this thread's work is given up."""
    if _thread.stop is None:
        time.sleep(seconds)
    else:
        _thread.stop.wait(seconds)
        _thread.stop.check()
