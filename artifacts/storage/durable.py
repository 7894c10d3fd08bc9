"""The only place that links, renames and syncs: how a change on disk becomes lasting and whole.

Invariants: a name is given to bytes that are durable already, and the folder is synced after the
name changed; every result of the disk is checked; a full disk is StorageFull, a failing one
StoreUnavailable, whatever call notices it.
"""

import ctypes
import errno
import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from accounts.sentences import say
from artifacts.errors import StorageFull, StoreUnavailable

READ_ONLY_FILE = 0o444
READ_ONLY_FOLDER = 0o555
WRITABLE_FOLDER = 0o755
PART_PREFIX = ".part-"
"""How unfinished copies beside their target are called; a crash leaves them."""

# EFBIG: the filesystem (or ulimit) takes no file of this length.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FAILING = {errno.EIO, errno.EROFS, errno.ESTALE}
# EUCLEAN and EBADMSG: the filesystem's own checksums have found the damage.
UNREADABLE = frozenset({errno.ENOENT, errno.EIO, errno.EUCLEAN, errno.EBADMSG})
"""Codes that say something about the content; any other (too many open files, say) does not."""

CANNOT_LINK = {errno.EMLINK, errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP}
_FICLONE = 0x40049409
_SYNC_FILE_RANGE_WRITE = 2
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def disk_errors() -> Iterator[None]:
    """Say StorageFull (507) for a full disk, StoreUnavailable (503) for a failing one.

    Any other OSError passes as it is.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull(say("The server's disk is full; nothing was kept.")) from error
        if error.errno in _FAILING:
            raise StoreUnavailable(f"The server's disk fails: {error.strerror}.") from error
        raise


@contextmanager
def new_file(path: Path) -> Iterator[int]:
    """Create ``path``, which must not exist, and give a descriptor; on any failure it is gone."""
    with disk_errors():
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            try:
                yield fd
            finally:
                os.close(fd)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write all of ``data``: the system may take less than it was given."""
    rest = memoryview(data)
    while rest:
        count = os.write(fd, rest)
        if count == 0:
            raise OSError(errno.EIO, "the disk takes no more bytes")
        rest = rest[count:]


def seal(fd: int) -> None:
    """Make an open file read-only and durable."""
    os.fchmod(fd, READ_ONLY_FILE)
    os.fsync(fd)


def write_file(path: Path, data: bytes) -> None:
    """Write a new read-only file; durable, once its folder is synced too."""
    with new_file(path) as fd:
        write_all(fd, data)
        seal(fd)


def start_writeback(fd: int, offset: int, length: int) -> None:
    """Let the disk begin on a range while more comes, so that the fsync has little left to do.

    A hint without promise: failures show in the fsync.
    """
    if hasattr(_libc, "sync_file_range"):
        start, count = ctypes.c_int64(offset), ctypes.c_int64(length)
        _libc.sync_file_range(fd, start, count, _SYNC_FILE_RANGE_WRITE)


@contextmanager
def sync_filesystem(folder: Path) -> Iterator[list[Path]]:
    """Make all files whose paths the block appends to the list durable, with one ``syncfs``.

    The folder is opened before the block, because the kernel reports to a descriptor the write
    errors since it was opened. Linux before 5.8 reports none, and other systems have no syncfs:
    there each file is synced by itself.
    """
    written: list[Path] = []
    with disk_errors(), _opened(folder) as fd:
        yield written
        syncfs = _find_syncfs()
        if syncfs is None:
            for path in written:
                _sync_file(path)
        elif syncfs(fd) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))


def _find_syncfs() -> Callable[[int], int] | None:
    syncfs: Callable[[int], int] | None = getattr(_libc, "syncfs", None)
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    is_recent = release is not None and tuple(map(int, release.groups())) >= (5, 8)
    return syncfs if is_recent else None


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _sync_file(path: Path) -> None:
    with _opened(path) as fd:
        os.fsync(fd)


def sync_folder(path: Path) -> None:
    """Make the names in the folder ``path`` durable."""
    with disk_errors():
        _sync_file(path)


def make_folder(folder: Path) -> None:
    """Make ``folder`` and its parents where they are missing; durable."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    with disk_errors():
        for one in reversed(missing):
            one.mkdir(exist_ok=True)
            _sync_file(one.parent)


def link_or_copy(source: Path, target: Path) -> None:
    """Give the bytes of ``source`` the name ``target``: a hard link, or a synced copy.

    A copy is made where the filesystem refuses to link: 65 000 links on ext4, another filesystem,
    none at all. The folder of ``target`` is the caller's to sync.

    Raises FileExistsError when ``target`` exists.
    """
    with disk_errors():
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in CANNOT_LINK:
                raise
            _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(PART_PREFIX + uuid.uuid4().hex)
    try:
        shutil.copyfile(source, part)
        with _opened(part) as fd:
            seal(fd)
        # Two copies at once may both get past this question; both hold the same content.
        _refuse_existing(target)
        part.rename(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _refuse_existing(target: Path) -> None:
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))


def replace_file(source: Path, target: Path) -> None:
    """Let ``source`` take the place of ``target`` in one step; the caller syncs the folder."""
    with disk_errors():
        source.replace(target)


def move(source: Path, target: Path) -> None:
    """Rename and sync both folders; where the sync fails, the old name comes back.

    The new name is synced first: a crash may show two names, never none. A folder that another
    has removed meanwhile holds no name to sync.
    """
    with disk_errors():
        source.rename(target)
        try:
            for folder in (target.parent, source.parent):
                with suppress(FileNotFoundError):
                    _sync_file(folder)
        except OSError:
            with suppress(OSError):
                target.rename(source)
            raise


def remove_folder(folder: Path) -> None:
    """Remove ``folder`` with all it holds, read-only folders too; files only lose this name.

    Another process removing the same folder is no error. Not recursive: paths may have 500 parts.
    """
    folders = [folder]
    for current in folders:
        with suppress(FileNotFoundError):
            current.chmod(WRITABLE_FOLDER)
            folders.extend(_empty_of_files(current))
    for current in reversed(folders):
        with suppress(FileNotFoundError):
            current.rmdir()


def _empty_of_files(folder: Path) -> list[Path]:
    kept = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                kept.append(Path(entry.path))
            else:
                Path(entry.path).unlink(missing_ok=True)
    return kept


def try_clone(source: BinaryIO, fd: int) -> bool:
    """Make the empty file ``fd`` share the blocks of ``source``; False where that cannot be."""
    with suppress(OSError):
        fcntl.ioctl(fd, _FICLONE, source.fileno())
        return True
    return False
