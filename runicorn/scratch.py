"""Folders of downloads that were given none. They live as long as the process that made them.

Below ``RUNICORN_HOME`` each has a lock file beside it, ``.NAME.lock``, which its process, and what
that forks, holds open: whoever makes the next folder removes those that nobody has held for a day.
Without ``RUNICORN_HOME`` they are the system's, among its other temporary files.
"""

import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runicorn.home import home
from runicorn.partial import Taken, lock_file

DAY = 24 * 3600

_held: list[int] = []
"""Open lock files; the system closes them when the process ends, however it does."""


@dataclass(frozen=True)
class Scratch:
    """A folder of a download; ``made_at`` is in epoch seconds."""

    path: Path
    num_files: int
    size_bytes: int
    made_at: float


def scratch_path(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return where the folders are; None where they are the system's."""
    base = home(environ)
    return base / "tmp" if base else None


def make_download_dir(prefix: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Make a folder for a download that was given none; remove old ones of ended processes."""
    base = scratch_path(environ)
    if base is None:
        return Path(tempfile.mkdtemp(prefix=prefix))
    base.mkdir(parents=True, exist_ok=True)
    remove_abandoned(base, min_age_seconds=DAY)
    return _make_held(base, prefix)


def _make_held(base: Path, prefix: str) -> Path:
    while True:
        folder = base / f"{prefix}{secrets.token_hex(4)}"
        try:
            _held.append(lock_file(_lock_of(folder)))
        except Taken:
            continue
        except OSError:  # no locks here: nobody can tell that it is abandoned, so it stays
            pass
        folder.mkdir(mode=0o700)
        return folder


def list_folders(base: Path) -> list[Scratch]:
    """Every folder there is, held or not, with what is in it."""
    return [_measure(one) for one in _folders(base)]


def remove_abandoned(base: Path, *, min_age_seconds: float = 0) -> list[Scratch]:
    """Remove the folders that no living process holds, if they are that old; return them."""
    before = time.time() - min_age_seconds
    locks = [(one, _lock_of(one)) for one in _folders(base)]
    found = [one for one, lock in locks if lock.exists() and lock.stat().st_mtime <= before]
    return [known for one in found if (known := _try_remove(one)) is not None]


def _try_remove(folder: Path) -> Scratch | None:
    lock = _lock_of(folder)
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        known = _measure(folder)
        shutil.rmtree(folder)
        lock.unlink()
    except OSError:
        return None
    finally:
        os.close(fd)
    return known


def _folders(base: Path) -> list[Path]:
    try:
        return sorted(Path(one.path) for one in os.scandir(base) if one.is_dir())
    except OSError:
        return []


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.lock")


def _measure(folder: Path) -> Scratch:
    sizes = [path.lstat().st_size for path in folder.rglob("*") if path.is_file()]
    return Scratch(folder, len(sizes), sum(sizes), folder.stat().st_mtime)
