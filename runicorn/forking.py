"""Locks that a forked process may use: PyTorch's DataLoader forks while other threads work.

A lock that another thread holds at the moment of the fork would stay locked in the child for ever:
that thread does not exist there.
"""

import os
import threading
import weakref
from types import TracebackType


class ForkSafeLock:
    """A lock that is free again in a forked child; a context manager."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        _locks.add(self)

    def renew(self) -> None:
        """Be a free lock; only right after a fork, when no other thread exists."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        """Wait for the lock and take it."""
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let others have it."""
        self._lock.release()


_locks: "weakref.WeakSet[ForkSafeLock]" = weakref.WeakSet()


def _renew_all() -> None:
    for lock in list(_locks):
        lock.renew()


os.register_at_fork(after_in_child=_renew_all)
