"""The portal's work in a process of its own, on the test's database and store, to be killed.

The processes are forked from one that has Django loaded already, and no connection: a fresh
interpreter for each crash would take longer than all the rest.
"""

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connection

SECONDS = 60

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["tests.crash.preload"])


def run(work: Callable[..., object], *args: object, crash_at: str = "", **options: object) -> int:
    """Run a function of a module; its process's exit code (-9: it was killed at ``crash_at``)."""
    process = start(work, *args, crash_at=crash_at, **options)
    process.join(SECONDS)
    assert process.exitcode is not None, "it hangs"
    return process.exitcode


def start(
    work: Callable[..., object], *args: object, crash_at: str = "", **options: object
) -> multiprocessing.process.BaseProcess:
    """Begin ``work`` in a process; the caller joins it."""
    here = (connection.settings_dict["NAME"], settings.RUNICORN_STORAGE_ROOT, crash_at)
    process = _server.Process(target=_work, args=(here, work, args, options), daemon=True)
    process.start()
    return process


def _work(
    here: tuple[str, Path, str],
    work: Callable[..., object],
    args: tuple[object, ...],
    options: dict[str, object],
) -> None:
    database, settings.RUNICORN_STORAGE_ROOT, os.environ["RUNICORN_CRASH_AT"] = here
    connection.settings_dict["NAME"] = database
    work(*args, **options)
