"""Content that lies in a file elsewhere comes in: linked, cloned, or copied; hashed on the way.

What is linked shares its inode with the original, so whoever may write to one writes to both. So it
is linked only where nobody may: no write bit for anybody, and owned by whom this process runs as.
The original is opened for reading and nothing else; its mode and its times stay. A clone
(``FICLONE``: btrfs, XFS, ZFS) shares blocks and no inode, and is as quick.

Invariants: as of ``staging``: what is staged is whole, checked, and durable when the block that
staged it ends; content that fails leaves no file.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from artifacts.errors import Conflict
from artifacts.storage.durable import (
    CANNOT_LINK,
    READ_ONLY_FILE,
    new_file,
    sync_filesystem,
    try_clone,
    write_all,
)
from artifacts.storage.layout import Store
from artifacts.storage.staging import StagedBlob, discard, new_path, require_staging
from artifacts.storage.steps import reached

LINKED, CLONED, COPIED = "linked", "cloned", "copied"
PIECE_BYTES = 8 << 20
_REFUSED_BITS = 0o222 | stat.S_ISUID | stat.S_ISGID


@dataclass(frozen=True)
class Wanted:
    """Content as it must be, ``path`` where it lies, and that file open for reading."""

    path: Path
    file: BinaryIO
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Adopted:
    """What became of it: staged, and how; or None, and why not."""

    staged: StagedBlob | None
    how: str = ""
    why: str = ""


@dataclass(frozen=True)
class _Ways:
    """How content may come in."""

    may_link: bool
    may_clone: bool
    must_link: bool


class SourceUnreadable(Exception):  # noqa: N818 - a verdict
    """The disk of the original cannot read it."""


def adopt(
    store: Store,
    wanted: Iterable[Wanted],
    *,
    may_link: bool,
    may_clone: bool = True,
    must_link: bool = False,
) -> list[Adopted]:
    """Stage each of ``wanted``; durable on return. One that is not as it must be leaves nothing.

    ``must_link``: nothing is copied or cloned. Raises Conflict (409) for what cannot be linked
    then, StorageFull (507), StoreUnavailable (503); then none is kept.
    """
    ways = _Ways(may_link or must_link, may_clone, must_link)
    require_staging(store)
    adopted: list[Adopted] = []
    try:
        with sync_filesystem(store.staging) as written:
            for one in wanted:
                found = _adopt(store, one, ways)
                adopted.append(found)
                if found.staged is not None:
                    written.append(found.staged.path)
    except BaseException:
        for found in adopted:
            if found.staged is not None:
                discard(found.staged)
        raise
    reached("adopt.synced")
    return adopted


def _adopt(store: Store, wanted: Wanted, ways: _Ways) -> Adopted:
    path = new_path(store)
    try:
        if ways.may_link and _link(wanted, path):
            how, found = LINKED, _hash(wanted.file)
        elif ways.must_link:
            raise Conflict(
                f"{wanted.path} cannot be linked: it may be written to, is another user's, or lies"
                " on another filesystem."
            )
        else:
            how, found = _copy(wanted, path, may_clone=ways.may_clone)
    except SourceUnreadable as error:
        path.unlink(missing_ok=True)
        return Adopted(None, why=str(error))
    why = why_not(found, wanted)
    if why:
        path.unlink(missing_ok=True)
        return Adopted(None, why=why)
    return Adopted(StagedBlob(path, *found), how)


def why_not(found: tuple[str, int], wanted: Wanted) -> str:
    """Why content with this sha256 and size is not what was wanted; empty where it is."""
    if found[1] != wanted.size_bytes:
        return f"has {found[1]} of {wanted.size_bytes} bytes"
    return "" if found[0] == wanted.sha256 else f"has the digest sha256:{found[0]}"


def may_be_linked(found: os.stat_result) -> bool:
    """Whether nobody may write to a file: then its inode may be the pool's too."""
    mode = stat.S_IMODE(found.st_mode)
    is_settled = mode & (_REFUSED_BITS | stat.S_IRUSR) == stat.S_IRUSR
    return is_settled and found.st_uid == os.geteuid()


def _link(wanted: Wanted, path: Path) -> bool:
    """Whether ``path`` is a hard link to the open file now."""
    opened = os.fstat(wanted.file.fileno())
    if not may_be_linked(opened):
        return False
    try:
        os.link(wanted.path, path, follow_symlinks=False)
    except OSError as error:
        if error.errno in CANNOT_LINK | {errno.ENOENT, errno.EACCES}:
            return False
        raise
    if os.path.samestat(opened, path.lstat()):
        return True
    path.unlink()  # another file has the name by now
    return False


def _copy(wanted: Wanted, path: Path, *, may_clone: bool) -> tuple[str, tuple[str, int]]:
    with new_file(path) as fd:
        if may_clone and try_clone(wanted.file, fd):
            with path.open("rb") as clone:
                how, found = CLONED, _hash(clone)
        else:
            how, found = COPIED, _hash(wanted.file, fd)
        os.fchmod(fd, READ_ONLY_FILE)
    return how, found


def _hash(source: BinaryIO, into: int | None = None) -> tuple[str, int]:
    """The sha256 and size of all of ``source``, written to ``into`` on the way."""
    digest, size = hashlib.sha256(), 0
    while piece := _read(source):
        if into is not None:
            write_all(into, piece)
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def _read(source: BinaryIO) -> bytes:
    try:
        return source.read(PIECE_BYTES)
    except OSError as error:  # not ours: a failing disk of the original is no failure of the store
        raise SourceUnreadable(error.strerror or str(error)) from None
