"""Uploads in parts: what has come so far waits in ``.staging`` for the rest, through any break.

Invariants: the file holds a prefix of what was sent, in order; one request at a time writes to it;
a file that was sealed, and so may have got its address in the pool, is never written to again; a
file loses its name only under its lock.
"""

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from accounts.sentences import say
from artifacts.errors import SizeMismatch, StorageFull, UploadInProgress
from artifacts.storage.durable import disk_errors, write_all
from artifacts.storage.layout import Store
from artifacts.storage.staging import PIECE_BYTES, Source, require_staging

PREFIX = "partial-"
_NAME = re.compile(r"[0-9a-f]{64}-[0-9A-Za-z_-]{1,64}(\.[a-z]{1,16})?")


@dataclass(frozen=True)
class Partial:
    """What has come of an upload; this process alone writes to it until it is let go."""

    path: Path
    fd: int

    @property
    def received(self) -> int:
        """How many bytes there are."""
        return os.fstat(self.fd).st_size

    def append(self, source: Source, at_most: int) -> int:
        """Write what ``source`` gives behind the rest; returns how many bytes that was.

        Not synced. What came before the source failed, or said more than ``at_most`` bytes,
        stays.

        Raises SizeMismatch (422) when more came than ``at_most``, whatever ``source`` raises, and
        StorageFull (507), StoreUnavailable (503): of these bytes none is kept then.
        """
        before = self.received
        try:
            with disk_errors():
                return self._append(source, at_most)
        except StorageFull:
            os.ftruncate(self.fd, before)  # makes room for the others
            raise

    def _append(self, source: Source, at_most: int) -> int:
        count = 0
        while piece := source.read(min(PIECE_BYTES, at_most - count + 1)):
            fitting = piece[: at_most - count]
            write_all(self.fd, fitting)
            count += len(fitting)
            if len(fitting) < len(piece):
                raise SizeMismatch(say("Declared were {limit} bytes, more came.", limit=at_most))
        return count

    def remove(self) -> None:
        """Forget what came; may be repeated."""
        self.path.unlink(missing_ok=True)


def partial_path(store: Store, name: str) -> Path:
    """Where the upload ``name`` (``<sha256>-<owner>``, perhaps with an ending) waits.

    Raises ValueError for another name.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"not the name of a partial upload: {name!r}")
    return store.staging / (PREFIX + name)


def received_of(store: Store, name: str) -> int:
    """How many bytes wait under ``name``; 0 when none do."""
    try:
        found = partial_path(store, name).lstat()
    except FileNotFoundError:
        return 0
    return 0 if _is_sealed(found) else found.st_size


@contextmanager
def open_partial(store: Store, name: str) -> Iterator[Partial]:
    """What waits under ``name`` (see :func:`partial_path`), or a new empty file; locked.

    Raises UploadInProgress (409) when another request writes to it just now, StorageFull (507),
    StoreUnavailable (503).
    """
    require_staging(store)
    path = partial_path(store, name)
    with ExitStack() as stack:
        with disk_errors():
            lock = _open_locked(path)
            stack.callback(os.close, lock)
            fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            stack.callback(os.close, fd)
            os.utime(fd)  # a sweep takes it for new again
        yield Partial(path, fd)


def _open_locked(path: Path) -> int:
    """Open and lock the file at ``path``, which may be written to; a new one, if need be."""
    while True:
        # Only to read: who owns a sealed file still has to get its lock before it goes.
        fd = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(fd)
            if _is_at(path, fd):
                if not _is_sealed(os.fstat(fd)):
                    return fd
                path.unlink()
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _lock(fd: int) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UploadInProgress(say("Another request is sending this content just now.")) from None


@contextmanager
def hold_unused(path: Path) -> Iterator[bool]:
    """Whether no request works with the file of ``.staging``; until the block ends none begins to.

    The lock of an upload of chunks is that of what came, and guards its plan too. What is no
    upload in parts has no lock, and is unused.
    """
    with ExitStack() as stack:
        yield not path.name.startswith(PREFIX) or _lock_unused(stack, path)


def _lock_unused(stack: ExitStack, path: Path) -> bool:
    try:
        fd = os.open(_lock_path(path), os.O_RDONLY | os.O_CLOEXEC)
        stack.callback(os.close, fd)
        _lock(fd)
    except FileNotFoundError:
        return True
    except UploadInProgress:
        return False
    return True


def _lock_path(path: Path) -> Path:
    return path.with_suffix(".chunks") if path.suffix == ".plan" else path


def _is_at(path: Path, fd: int) -> bool:
    """Whether the open file still has its name: who had the lock before may have removed it."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(fd))
    except FileNotFoundError:
        return False


def _is_sealed(found: os.stat_result) -> bool:
    """Whether a crash left it between its seal and the removal of this name.

    The pool may have the same file, so not a byte may be added.
    """
    return found.st_nlink > 1 or not found.st_mode & stat.S_IWUSR
