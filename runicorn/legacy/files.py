"""Files of a store that is read: opened without following a link, hashed, never written to."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PIECE_BYTES = 4 << 20


class NotPlain(OSError):  # noqa: N818 - a verdict
    """A link, a pipe, a device or a folder stands where a file should be, or on the way to it."""


@contextmanager
def open_plain(root: Path, path: Path) -> Iterator[BinaryIO]:
    """The plain file ``path`` below ``root``, open for reading; no link is followed below it.

    Raises NotPlain, FileNotFoundError and other OSErrors.
    """
    fd = _open(root, path.relative_to(root).parts)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotPlain(errno.EINVAL, "is no plain file", str(path))
    with open(fd, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
        yield file


def _open(root: Path, parts: tuple[str, ...]) -> int:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
            below = _step(part, flags, folder)
            os.close(folder)
            folder = below
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        return _step(parts[-1], flags, folder)
    finally:
        os.close(folder)


def _step(part: str, flags: int, folder: int) -> int:
    try:
        return os.open(part, flags, dir_fd=folder)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            raise NotPlain(error.errno, "is a link, or no folder", part) from None
        raise


def has_size(path: Path, size: int) -> bool:
    """Whether a file of that length lies there."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == size


def hash_stream(file: BinaryIO) -> tuple[str, int]:
    """The digest (``sha256:…``) and the size of all that ``file`` has from here on."""
    digest, size = hashlib.sha256(), 0
    while piece := file.read(PIECE_BYTES):
        digest.update(piece)
        size += len(piece)
    return f"sha256:{digest.hexdigest()}", size


def why_not(found: tuple[str, int], digest: str, size: int) -> str:
    """Why content with this digest and size is not the one wanted; empty where it is."""
    if found == (digest, size):
        return ""
    if found[1] != size:
        return f"has {found[1]} of {size} bytes"
    return f"has the digest {found[0]}, not {digest}"


def why_unreadable(error: OSError) -> str:
    """What an OSError says of a file."""
    if isinstance(error, FileNotFoundError):
        return "is missing"
    return error.strerror or str(error)


def is_folder(path: Path) -> bool:
    """Whether ``path`` is a folder, and no link to one. Raises OSError where nobody can tell."""
    return stat.S_ISDIR(_mode_of(path))


def _mode_of(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0


def subfolders(folder: Path) -> list[Path]:
    """The folders in ``folder``, sorted, without hidden ones and without links.

    None where there is no such folder; raises OSError where it cannot be looked into.
    """
    return [one for one in _content_of(folder) if one.name[0] != "." and is_folder(one)]


def links_in(folder: Path) -> list[Path]:
    """What in ``folder`` is a link, sorted. Raises OSError as ``subfolders`` does."""
    return [one for one in _content_of(folder) if stat.S_ISLNK(_mode_of(one))]


def _content_of(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in sorted(os.listdir(folder))]  # noqa: PTH208 - names alone
    except (FileNotFoundError, NotADirectoryError):
        return []
