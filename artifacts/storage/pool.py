"""The pool: content in files named by its sha256, in 256 folders, mode 0444.

``ab/<sha256>`` is whole content; ``ab/<sha256>.d``, ``.d1`` … are a content's own bytes with a
recipe (``footer``). What is in them is for ``content`` to open and to check.

Invariants: a file in the pool must hold what its name says, is never opened for writing, and has
its name only after its bytes are durable. Who may add or take away is decided by the caller, under
the lock of the blob's row (docs/storage.md). A folder of the pool that is missing is
StoreUnavailable, never "no such blob": an absent disk must not look like a loss.
"""

import hashlib
import os
import stat
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from artifacts.errors import StoreUnavailable
from artifacts.storage.durable import UNREADABLE, link_or_copy, replace_file, sync_folder
from artifacts.storage.footer import is_sound
from artifacts.storage.layout import (
    Place,
    PoolFile,
    Store,
    parse_pool_name,
    parse_trash_name,
    pool_file_path,
)
from artifacts.storage.recipe import StagedExtents
from artifacts.storage.staging import StagedBlob, discard
from artifacts.storage.steps import reached


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
        if replace or size_of_file(store, PoolFile(staged.sha256)) != staged.size_bytes:
            replace_file(staged.path, target)
    except FileNotFoundError:
        require_folder(target.parent)
        raise


def publish_extents(store: Store, staged: StagedExtents, generation: int) -> None:
    """Give a staged ``.d`` file its address; durable on return, and the staging file is gone.

    It takes the place of any file of that name: two recipes of one content may be of one size, and
    it is this one that the row will tell of.

    Raises StorageFull (507), StoreUnavailable (503); the staging file is gone then too.
    """
    target = store.extents_path(staged.recipe.sha256, generation)
    try:
        require_folder(target.parent)
        replace_file(staged.path, target)
        reached("extents.placed")
        sync_folder(target.parent)
        reached("extents.published")
    finally:
        staged.path.unlink(missing_ok=True)


def size_of_file(store: Store, file: PoolFile) -> int | None:
    """The size in bytes of a file of the pool; None when there is none.

    Raises StoreUnavailable (503).
    """
    path = pool_file_path(store, file)
    try:
        found = path.lstat()
    except FileNotFoundError:
        require_folder(path.parent)
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def has_blob(store: Store, sha256: str, size_bytes: int) -> bool:
    """Whether the file is there with its size; its bytes are not read.

    Raises StoreUnavailable (503).
    """
    return size_of_file(store, PoolFile(sha256)) == size_bytes


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
        if error.errno in UNREADABLE:
            return False
        raise


def move_aside(store: Store, place: Place | PoolFile) -> Path | None:
    """Take the content's own file out of the pool, into the trash; durable. None: there is none.

    The caller holds the row's lock, deletes the row (or names another file in it) and unlinks
    after the commit; after a roll-back :func:`put_back`. Raises StoreUnavailable (503).
    """
    aside = move_many_aside(store, [place])
    return aside[0] if aside else None


def move_many_aside(store: Store, places: Sequence[Place | PoolFile]) -> list[Path]:
    """Take those that are there out of the pool, with one sync for each folder.

    All or none: after a failure those that had moved are back. Otherwise as :func:`move_aside`.
    """
    files = [one.pool_file if isinstance(one, Place) else one for one in places]
    aside: list[Path] = []
    try:
        for file in files:
            if size_of_file(store, file) is not None:
                aside.append(store.trash / f"{file.name}.{uuid.uuid4().hex}")
                replace_file(pool_file_path(store, file), aside[-1])
                reached("aside.moved")
        # The new names first: a crash may show two names, never none.
        for folder in (store.trash, *sorted({pool_file_path(store, one).parent for one in files})):
            sync_folder(folder)
    except BaseException:
        _put_all_back(store, aside)
        raise
    return aside


def _put_all_back(store: Store, aside: Sequence[Path]) -> None:
    for path in aside:
        file = parse_trash_name(path.name)
        with suppress(OSError):
            if file is not None:
                replace_file(path, pool_file_path(store, file))


def put_back(store: Store, trashed: Path, *, sound_inode: int | None = None) -> None:
    """Undo :func:`move_aside`; durable. Nothing happens when somebody has put it back already.

    A sound file that an upload published meanwhile stays: it is read to know, unless it is the one
    that ``sound_inode`` names (see :func:`find_sound`).
    """
    file = parse_trash_name(trashed.name)
    if file is None:
        raise ValueError(f"nothing that was moved aside: {trashed}")
    target = pool_file_path(store, file)
    try:
        link_or_copy(trashed, target)
    except FileNotFoundError:
        require_folder(target.parent)
        return
    except FileExistsError:
        if target.lstat().st_ino != sound_inode and not _is_sound(target, file):
            replace_file(trashed, target)
    sync_folder(target.parent)
    trashed.unlink(missing_ok=True)
    sync_folder(store.trash)


def find_sound(store: Store, file: PoolFile) -> int | None:
    """The inode of a file of the pool that was read and is what its name says; None: there is none.

    As files of the pool are never written to, it is sound as long as that inode has the name.
    """
    path = pool_file_path(store, file)
    try:
        inode = path.lstat().st_ino
        return inode if _is_sound(path, file) else None
    except FileNotFoundError:
        return None


def _is_sound(path: Path, file: PoolFile) -> bool:
    if file.generation is None:
        return has_content(path, file.sha256, path.lstat().st_size)
    return is_sound(path, file.sha256)


def trashed(store: Store) -> Iterator[tuple[Path, PoolFile]]:
    """Every file of the pool in the trash, sorted: (path, file).

    Folders of removed versions are left out.
    """
    for name in _list_folder(store.trash):
        file = parse_trash_name(name)
        if file is not None:
            yield store.trash / name, file


def iter_pool(store: Store) -> Iterator[tuple[PoolFile, int]]:
    """Every file of the pool, sorted by its name: (file, size in bytes).

    Raises StoreUnavailable (503) when a folder cannot be read: an incomplete list must not pass
    for a complete one.
    """
    for number in range(256):
        prefix = f"{number:02x}"
        for name in _list_folder(store.pool / prefix):
            file = parse_pool_name(name) if name.startswith(prefix) else None
            size = None if file is None else size_of_file(store, file)
            if file is not None and size is not None:
                yield file, size


def _list_folder(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries)
    except OSError as error:
        raise StoreUnavailable(f"Cannot read {folder}: {error.strerror}.") from error


def require_folder(folder: Path) -> None:
    """Raise StoreUnavailable (503) when a folder of the store is missing."""
    if not folder.is_dir():
        raise StoreUnavailable(f"The store's folder {folder} is gone.")
