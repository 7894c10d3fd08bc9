"""Files on their way: they outlive the process that fetches them, and one process fills each.

What is there is hashed when a file is taken up again, so it makes no difference how much of it a
crash kept; the whole is verified before it gets its name.
"""

import errno
import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from runicorn.errors import IntegrityError
from runicorn.transfer import Advancing

PIECE_BYTES = 1 << 20
STALLED_SECONDS = 120.0
LOOK_AGAIN_SECONDS = 0.1
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}


class Taken(Exception):  # noqa: N818 caught by whoever waits
    """Another process fills this file just now."""


class Partial:
    """A file that is being filled: ``done`` bytes are there. A context manager; it stays after it.

    Raises :class:`Taken` where another process, or thread, has it.
    """

    def __init__(self, path: Path, *, is_locked: bool = True) -> None:
        self.path = path
        self.has_waited = False
        self._fd = lock_file(path) if is_locked else _open(path)
        self._hasher = hashlib.sha256()
        self.done = 0

    def __enter__(self) -> "Partial":
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let others take it up."""
        os.close(self._fd)

    def take_up(self, size_bytes: int, progress: Advancing) -> None:
        """Hash what is there already, of a content of ``size_bytes``; it counts as done."""
        if os.fstat(self._fd).st_size > size_bytes:
            self.start_over()
        while piece := os.pread(self._fd, PIECE_BYTES, self.done):
            self._hasher.update(piece)
            self.done += len(piece)
            progress.advance(len(piece))

    def write(self, piece: bytes) -> None:
        """Append ``piece``, at once: what a killed process wrote is there for the next one."""
        view = memoryview(piece)
        while view:
            written = os.pwrite(self._fd, view, self.done)
            self._hasher.update(view[:written])
            self.done += written
            view = view[written:]

    def start_over(self) -> None:
        """Drop all of it."""
        os.ftruncate(self._fd, 0)
        self._hasher = hashlib.sha256()
        self.done = 0

    def open_for_copy(self) -> BinaryIO:
        """Give the empty file to somebody who fills it, and checks it, by himself."""
        return os.fdopen(os.dup(self._fd), "wb")

    def check(self, size_bytes: int, digest: str, label: str) -> None:
        """Raise :class:`IntegrityError`, and drop it, unless the content is the right one."""
        if self.done != size_bytes:
            wrong = f"{label} has {self.done} bytes where {size_bytes} were said"
        elif f"sha256:{self._hasher.hexdigest()}" != digest:
            wrong = f"{label} does not have the digest {digest}"
        else:
            return
        self.drop()
        raise IntegrityError(wrong)

    def set_times(self, modified_at: float | None) -> None:
        """Say when it was written, in epoch seconds."""
        if modified_at is not None:
            os.utime(self._fd, (modified_at, modified_at))

    def rename(self, target: Path) -> None:
        """Give the file its name."""
        self.path.replace(target)

    def drop(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)


@contextmanager
def open_partial(path: Path, progress: Advancing) -> Iterator[Partial]:
    """Open the file ``path`` to be filled, as soon as no other process does.

    ``has_waited`` of it says that another one did until now: maybe all is there. Where that other
    one stands still, a file beside it is opened, which does not outlive us.
    """
    partial = _open_patiently(path, progress)
    with partial:
        try:
            yield partial
        except BaseException:
            if partial.done == 0:
                partial.drop()  # nothing to take up
            raise
        finally:
            if partial.path != path:
                partial.drop()


def _open_patiently(path: Path, progress: Advancing) -> Partial:
    path.parent.mkdir(parents=True, exist_ok=True)
    has_waited = False
    while True:
        try:
            partial = Partial(path)
        except Taken:
            has_waited = True
            progress.advance(0)
            if _is_stalled(path):
                return Partial(_beside(path))
            time.sleep(LOOK_AGAIN_SECONDS)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            return Partial(_beside(path), is_locked=False)
        else:
            partial.has_waited = has_waited
            return partial


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}")


def try_remove(path: Path) -> bool:
    """Remove a file that nobody fills just now; False where somebody does, or it is gone."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def _is_stalled(path: Path) -> bool:
    with suppress(OSError):
        return time.time() - path.stat().st_mtime > STALLED_SECONDS
    return False


def lock_file(path: Path) -> int:
    """Make or open ``path`` and lock it until what is returned is closed.

    Whoever finished or pruned it meanwhile leaves us a new file. Raises :class:`Taken`.
    """
    while True:
        fd = _open(path)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(path, fd):
                return fd
        except BlockingIOError:
            os.close(fd)
            raise Taken(str(path)) from None
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


def _is_at(path: Path, fd: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False
