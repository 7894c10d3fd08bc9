"""The runs of this process that are not finished, and what becomes of them when it ends."""

import atexit
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

    def forget(self, run: Active) -> None:
        """Note that a run has ended."""
        with self._lock:
            self._runs = [one for one in self._runs if one is not run]

    @property
    def newest(self) -> Active | None:
        """The run that began last, or None."""
        with self._lock:
            return self._runs[-1] if self._runs else None

    def finish_all(self) -> None:
        """At exit: a script that died of an exception leaves failed runs, any other finished."""
        is_interactive = hasattr(sys, "ps1")
        died = getattr(sys, "last_value", None) is not None and not is_interactive
        for run in [run for run in self._runs if run.is_ours]:
            run.end_at_exit("failed" if died else "finished")


active_runs = ActiveRuns()
atexit.register(active_runs.finish_all)
