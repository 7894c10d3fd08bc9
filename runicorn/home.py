"""Where this client keeps what it writes, and how much of it.

``RUNICORN_HOME`` moves all of it::

    $RUNICORN_HOME/cache/             content that was downloaded, and what is known of versions
    $RUNICORN_HOME/queue/             what was logged offline
    $RUNICORN_HOME/tmp/               downloads that were given no folder, while their process lives
    $RUNICORN_HOME/credentials.json   what ``runicorn login`` keeps

Without it: ``~/.cache/runicorn`` (below ``XDG_CACHE_HOME``), ``~/.local/share/runicorn/queue``
(below ``XDG_DATA_HOME``), the system's folder for temporary files, ``~/.config/runicorn``. Uploads
write nothing here: the server remembers how far they came.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

DEFAULT_CACHE_BYTES = 20 * 10**9
DEFAULT_DISK_SHARE = 10
"""At most one byte in so many of the disk."""


def home(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder that ``RUNICORN_HOME`` names, or None."""
    given = environ.get("RUNICORN_HOME", "").strip()
    return Path(given).expanduser().absolute() if given else None


def cache_path(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder of the cache; None where this user has no home to put it in."""
    return _path(environ, "cache", "XDG_CACHE_HOME", ".cache", "runicorn")


def queue_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of what was logged offline.

    Raises ``ValueError`` where this user has no home to put it in.
    """
    found = _path(environ, "queue", "XDG_DATA_HOME", ".local/share", "runicorn/queue")
    if found is None:
        raise ValueError("There is no home to queue what is logged offline: set RUNICORN_HOME")
    return found


def make_private(folder: Path) -> None:
    """Make ``folder`` at need, for its owner alone: what is in it may be a team's.

    One that is there stays as it is. Raises ``OSError``.
    """
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)


def cache_bytes(folder: Path, environ: Mapping[str, str] = os.environ) -> int:
    """Return how much the cache in ``folder`` may hold: ``RUNICORN_CACHE_BYTES``, 0 for no cache.

    Without it the smaller of 20 GB and a tenth of the disk. Raises ``ValueError`` for what is no
    number of bytes.
    """
    given = environ.get("RUNICORN_CACHE_BYTES", "").strip()
    if given:
        if not given.isdecimal():
            raise ValueError(f"RUNICORN_CACHE_BYTES must be 0 or a number of bytes, not {given!r}")
        return int(given)
    try:
        disk = shutil.disk_usage(_nearest(folder)).total
    except OSError:
        return 0
    return min(DEFAULT_CACHE_BYTES, disk // DEFAULT_DISK_SHARE)


def _path(
    environ: Mapping[str, str], name: str, variable: str, default: str, below: str
) -> Path | None:
    base = home(environ)
    if base is not None:
        return base / name
    given = environ.get(variable, "")
    if given:
        return Path(given) / below
    user = user_dir(environ)
    return user / default / below if user else None


def user_dir(environ: Mapping[str, str]) -> Path | None:
    """Return this user's own folder, or None."""
    given = next((environ[name] for name in ("HOME", "USERPROFILE") if environ.get(name)), None)
    return Path(given) if given else None


def _nearest(folder: Path) -> Path:
    return next(one for one in (folder, *folder.parents) if one.exists())
