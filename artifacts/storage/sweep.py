"""Leftovers in ``.staging`` go once they are old: files, folders, uploads nobody goes on with.

Invariants: no file of the pool is touched; an upload in parts goes only under its lock, and only
if it is still old then: a request may have gone on with it since we looked.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from artifacts.storage.durable import PART_PREFIX, remove_folder
from artifacts.storage.layout import Store
from artifacts.storage.partial import hold_unused


def sweep_staging(store: Store, older_than_seconds: float) -> int:
    """Remove what crashes left in ``.staging``, and unfinished copies in the pool.

    Only what was last written more than ``older_than_seconds`` ago; returns how many. Never
    touches a file of the pool.
    """
    cutoff = time.time() - older_than_seconds
    return sum(_remove_old(path, cutoff) for path in _leftovers(store))


def old_leftovers(store: Store, older_than_seconds: float) -> list[Path]:
    """What :func:`sweep_staging` would remove if nobody worked with it, sorted."""
    cutoff = time.time() - older_than_seconds
    return sorted(path for path in _leftovers(store) if _is_old(path, cutoff))


def _is_old(path: Path, cutoff: float) -> bool:
    with suppress(FileNotFoundError):
        return path.lstat().st_mtime <= cutoff
    return False


def _leftovers(store: Store) -> Iterator[Path]:
    yield from list(store.staging.iterdir())
    yield from list(store.pool.glob(f"*/{PART_PREFIX}*"))


def _remove_old(path: Path, cutoff: float) -> bool:
    if not _is_old(path, cutoff):  # asked first, so that no lock is in the way of a young upload
        return False
    with hold_unused(path) as is_unused:
        return is_unused and _is_old(path, cutoff) and _remove(path)


def _remove(path: Path) -> bool:
    with suppress(FileNotFoundError):  # Its owner, or another sweep, was quicker.
        if path.is_dir():
            remove_folder(path)
        else:
            path.unlink()
        return True
    return False
