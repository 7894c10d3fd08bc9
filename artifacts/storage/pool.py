"""The pool: one file a content, named by its sha256, in 256 folders.

Only layout "file" is stored: the whole content in ``ab/<sha256>``, mode 0444.

Invariants: a file in the pool must hold what its name says, is never opened for writing, and has
its name only after its bytes are durable. Who may add or take away is decided by the caller, under
the lock of the blob's row (docs/storage.md). A folder of the pool that is missing is
StoreUnavailable, never "no such blob": an absent disk must not look like a loss.
"""

import errno
import hashlib
import os
import stat
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from artifacts.errors import Corrupted, StoreUnavailable
from artifacts.storage.durable import link_or_copy, replace_file, sync_folder
from artifacts.storage.layout import Store, is_digest
from artifacts.storage.staging import StagedBlob, discard
from artifacts.storage.steps import reached

# EUCLEAN and EBADMSG: the filesystem's own checksums have found the damage.
_UNREADABLE = {errno.ENOENT, errno.EIO, errno.EUCLEAN, errno.EBADMSG}


def publish(store: Store, staged: StagedBlob, *, replace: bool = False) -> None:
    """Give staged content its address; durable on return, and the staging file is gone.

    A file of the right size that is there already stays. One of another size is torn and is
    replaced; so is any when ``replace`` says that it is known to be damaged.

    Raises StorageFull (507), StoreUnavailable (503); the staging file is gone then too.
    """
    publish_many(store, [staged], frozenset({staged.sha256}) if replace else frozenset())


def publish_many(store: Store, staged: Sequence[StagedBlob], replace: frozenset[str]) -> None:
    """Publish several, with one sync for each folder; ``replace`` holds digests (64 hex).

    Otherwise as :func:`publish`. After a failure some may be in the pool: harmless strays.
    """
    try:
        for one in staged:
            _place(store, one, replace=one.sha256 in replace)
        reached("publish.linked")
        for name in sorted({one.sha256[:2] for one in staged}):
            sync_folder(store.pool / name)
        reached("publish.synced")
    finally:
        for one in staged:
            discard(one)


def _place(store: Store, staged: StagedBlob, *, replace: bool) -> None:
    target = store.pool_path(staged.sha256)
    try:
        link_or_copy(staged.path, target)
    except FileExistsError:
        if replace or size_of(store, staged.sha256) != staged.size_bytes:
            replace_file(staged.path, target)
    except FileNotFoundError:
        _require_folder(target.parent)
        raise


def size_of(store: Store, sha256: str) -> int | None:
    """The size in bytes of the file under this digest; None when there is none."""
    path = store.pool_path(sha256)
    try:
        found = path.lstat()
    except FileNotFoundError:
        _require_folder(path.parent)
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def has_blob(store: Store, sha256: str, size_bytes: int) -> bool:
    """Whether the file is there with its size; its bytes are not read.

    Raises StoreUnavailable (503).
    """
    return size_of(store, sha256) == size_bytes


def open_blob(store: Store, sha256: str, size_bytes: int) -> BinaryIO:
    """The content, open for reading.

    Raises Corrupted (422) when it is gone or not of its size, StoreUnavailable (503).
    """
    path = store.pool_path(sha256)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        _require_folder(path.parent)
        raise Corrupted(f"The content sha256:{sha256} is gone from the store.") from None
    if os.fstat(file.fileno()).st_size != size_bytes:
        file.close()
        raise Corrupted(f"The content sha256:{sha256} is torn in the store.")
    return file


def verify_blob(store: Store, sha256: str, size_bytes: int) -> bool:
    """Read the file and say whether it holds what its name says; False when it is absent.

    Raises StoreUnavailable (503).
    """
    return has_blob(store, sha256, size_bytes) and has_content(
        store.pool_path(sha256), sha256, size_bytes
    )


def has_content(path: Path, sha256: str, size_bytes: int) -> bool:
    """Whether ``path`` holds these bytes. No, when it is absent or the disk cannot read it."""
    try:
        if path.lstat().st_size != size_bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError as error:
        # Anything else (too many open files, say) tells nothing about the content.
        if error.errno in _UNREADABLE:
            return False
        raise


def move_aside(store: Store, sha256: str) -> Path | None:
    """Take the file out of the pool, into the trash; durable. None when there is none.

    The caller holds the row's lock, deletes the row and unlinks after the commit; after a
    roll-back :func:`put_back`. Raises StoreUnavailable (503).
    """
    aside = move_many_aside(store, [sha256])
    return aside[0] if aside else None


def move_many_aside(store: Store, sha256s: Sequence[str]) -> list[Path]:
    """Take those that are there out of the pool, with one sync for each folder.

    All or none: after a failure those that had moved are back. Otherwise as :func:`move_aside`.
    """
    aside: list[Path] = []
    try:
        for sha256 in sha256s:
            if size_of(store, sha256) is not None:
                aside.append(store.trash / f"{sha256}.{uuid.uuid4().hex}")
                replace_file(store.pool_path(sha256), aside[-1])
                reached("aside.moved")
        # The new names first: a crash may show two names, never none.
        for folder in (store.trash, *sorted({store.pool_path(one).parent for one in sha256s})):
            sync_folder(folder)
    except BaseException:
        for path in aside:
            with suppress(OSError):
                replace_file(path, store.pool_path(_sha256_of(path)))
        raise
    return aside


def _sha256_of(trashed: Path) -> str:
    return trashed.name.partition(".")[0]


def put_back(store: Store, trashed: Path) -> None:
    """Undo :func:`move_aside`; durable. Nothing happens when somebody has put it back already.

    A sound file that an upload published meanwhile stays.
    """
    sha256 = _sha256_of(trashed)
    target = store.pool_path(sha256)
    try:
        link_or_copy(trashed, target)
    except FileNotFoundError:
        _require_folder(target.parent)
        return
    except FileExistsError:
        if not has_content(target, sha256, target.lstat().st_size):
            replace_file(trashed, target)
    sync_folder(target.parent)
    trashed.unlink(missing_ok=True)
    sync_folder(store.trash)


def trashed(store: Store) -> Iterator[tuple[Path, str]]:
    """Every content in the trash: (path, sha256). Folders of removed versions are left out."""
    for name in _list_folder(store.trash):
        sha256, dot, _ = name.partition(".")
        if dot and is_digest(sha256):
            yield store.trash / name, sha256


def iter_pool(store: Store) -> Iterator[tuple[str, int]]:
    """Every content of the pool, sorted: (sha256, size in bytes).

    Raises StoreUnavailable (503) when a folder cannot be read: an incomplete list must not pass
    for a complete one.
    """
    for number in range(256):
        prefix = f"{number:02x}"
        for name in _list_folder(store.pool / prefix):
            size = size_of(store, name) if is_digest(name) and name.startswith(prefix) else None
            if size is not None:
                yield name, size


def _list_folder(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries)
    except OSError as error:
        raise StoreUnavailable(f"Cannot read {folder}: {error.strerror}.") from error


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise StoreUnavailable(f"The store's folder {folder} is gone.")
