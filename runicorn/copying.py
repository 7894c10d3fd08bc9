"""Copies that are checked as they are made, or share their bytes where the filesystem can.

A *clone* (``FICLONE``: btrfs, XFS, bcachefs …) takes no room and no time, and each side changes
alone.
"""

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

PIECE_BYTES = 1 << 20
CLONE_FROM_BYTES = 64 << 10
_FICLONE = 0x40049409
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC

_cannot_clone: set[tuple[int, int]] = set()
"""Pairs of filesystems that were seen to refuse."""


def copy_hashed(source: BinaryIO, target: BinaryIO, advance: Callable[[int], None]) -> str:
    """Copy or clone the whole ``source``; return the sha256 of what was read, ``sha256:…``."""
    is_cloned = _try_clone(source, target)
    hasher = hashlib.sha256()
    while piece := source.read(PIECE_BYTES):
        hasher.update(piece)
        if not is_cloned:
            target.write(piece)
        advance(len(piece))
    return f"sha256:{hasher.hexdigest()}"


def hash_open(source: BinaryIO, advance: Callable[[int], None]) -> str:
    """Return the sha256 of the rest of ``source``, ``sha256:…``."""
    hasher = hashlib.sha256()
    while piece := source.read(PIECE_BYTES):
        hasher.update(piece)
        advance(len(piece))
    return f"sha256:{hasher.hexdigest()}"


def write_new(
    path: Path, content: bytes, *, mode: int = 0o666, modified_at: float | None = None
) -> None:
    """Write a new file in as few steps as there can be: it may be one of many.

    Its folder is made at need; ``modified_at`` is in epoch seconds.
    """
    try:
        fd = os.open(path, _NEW_FILE, mode)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, _NEW_FILE, mode)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        if modified_at is not None:
            os.utime(fd, (modified_at, modified_at))
    finally:
        os.close(fd)


def try_link(source: Path, target: Path) -> bool:
    """Make ``target`` another name of ``source``; False where these filesystems cannot."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno in {errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP, errno.EACCES}:
            return False
        raise
    return True


def _try_clone(source: BinaryIO, target: BinaryIO) -> bool:
    here = os.fstat(source.fileno())
    pair = (here.st_dev, os.fstat(target.fileno()).st_dev)
    if here.st_size < CLONE_FROM_BYTES or pair in _cannot_clone:
        return False
    try:
        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
    except OSError:
        _cannot_clone.add(pair)
        return False
    return True
