"""The runs of this process that are not finished, and what becomes of them when it ends."""

import atexit
import multiprocessing
import sys
from typing import Protocol

from runicorn.forking import ForkSafeLock


class Active(Protocol):
    """A run that is going on."""

    @property
    def is_ours(self) -> bool:
        """Whether this process began it (a fork inherits the object, not the duty to finish)."""

    def end_at_exit(self, status: str) -> None:
        """Finish in a hurry, and only log it if that fails."""


class ActiveRuns:
    """The runs that are going on; the newest is the active one."""

    def __init__(self) -> None:
        self._runs: list[Active] = []
        self._lock = ForkSafeLock()

    def remember(self, run: Active) -> None:
        """Note a run that begins."""
        with self._lock:
            self._runs.append(run)
        self._be_called_in_a_worker()

    def forget(self, run: Active) -> None:
        """Note that a run has ended."""
        with self._lock:
            self._runs = [one for one in self._runs if one is not run]

    @property
    def newest(self) -> Active | None:
        """The run that began last, or None."""
        with self._lock:
            return self._runs[-1] if self._runs else None

    def _be_called_in_a_worker(self) -> None:
        """A forked worker of multiprocessing ends without ``atexit``, but with its finalizers."""
        util = sys.modules.get("multiprocessing.util")
        if util is not None and multiprocessing.parent_process() is not None:
            util.Finalize(None, self.finish_all, exitpriority=0)

    def finish_all(self) -> None:
        """At exit: a script that died of an exception leaves failed runs, any other finished."""
        for run in [run for run in self._runs if run.is_ours]:
            run.end_at_exit("failed" if _died() else "finished")


def is_clean_exit(error: BaseException) -> bool:
    """Whether it ends the program without a complaint."""
    return isinstance(error, SystemExit) and error.code in {None, 0}


def _died() -> bool:
    """Whether an exception ends the program, or the function of a worker."""
    if hasattr(sys, "ps1"):  # at a prompt the last one is long past
        return False
    error = sys.exc_info()[1] or getattr(sys, "last_value", None)
    return error is not None and not is_clean_exit(error)


active_runs = ActiveRuns()
atexit.register(active_runs.finish_all)
