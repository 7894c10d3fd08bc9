"""The data folder belongs to one running portal: its lock, and the secret key kept in it.

::

    <data dir>/lock         held (flock) while a portal runs; says which
    <data dir>/secret_key   mode 0600, made at the first start unless RUNICORN_SECRET_KEY is set
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

LEFTOVERS_SECONDS = 5  # how long the workers of a killed portal may take to go


class DataDirError(Exception):
    """The data folder cannot be used; the text says why."""


@contextmanager
def hold_data_dir(data_dir: Path, *, url: str) -> Iterator[None]:
    """Hold the lock of ``data_dir``, made where absent, for the ``with`` block.

    ``url`` is told to whoever tries meanwhile. The kernel frees the lock when this process and
    the workers it forked are gone, however they went. Raises DataDirError.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "lock").open("a+b")
    except OSError as error:
        raise DataDirError(f"RUNICORN_DATA_DIR {data_dir} cannot be used: {error}") from error
    with lock:
        _acquire(lock, data_dir)
        lock.truncate(0)
        lock.write(json.dumps({"pid": os.getpid(), "url": url}).encode())
        lock.flush()
        yield


def _acquire(lock: BinaryIO, data_dir: Path) -> None:
    deadline = time.monotonic() + LEFTOVERS_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, url = _holder(lock)
            if Path("/proc", pid).exists() or time.monotonic() > deadline:
                raise DataDirError(
                    f"{data_dir} is in use: a portal runs there already (pid {pid}, {url})."
                ) from None
            time.sleep(0.1)
        else:
            return


def _holder(lock: BinaryIO) -> tuple[str, str]:
    lock.seek(0)
    try:
        said = json.loads(lock.read())
    except ValueError:  # it holds the lock and has not written yet
        return "unknown", "starting"
    return str(said["pid"]), said["url"]


def keep_secret_key(path: Path, key: str) -> None:
    """Write ``key`` to ``path``, readable by its owner only, unless one is kept there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(key)
