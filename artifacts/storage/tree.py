"""Version folders: plain files for people and programs on the server, hard links into the pool.

::

    v3/manifest.json        canonical; its sha256 is the manifest digest
    v3/files/{path}         links; empty files are written, not linked

They are derived data: built after the commit, rebuilt at need, removed with the version. Content
that has no whole file to link to (``recipe``) has none here either: a folder is complete without
it. A folder built when it had one keeps that link, which is still the right content, until the
next build takes it away: it holds bytes on the disk that the pool no longer counts.

Invariants: a version folder that exists is complete (it is built in ``.staging`` and renamed);
its folders are 0555, because a write through one link would change every version that shares the
content. Modes of files are never changed here: they are the pool's.
"""

import errno
import os
import stat
import uuid
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

from accounts.sentences import say
from artifacts.errors import Corrupted
from artifacts.storage.durable import (
    READ_ONLY_FILE,
    READ_ONLY_FOLDER,
    WRITABLE_FOLDER,
    disk_errors,
    link_or_copy,
    make_folder,
    move,
    remove_folder,
    sync_folder,
    write_file,
)
from artifacts.storage.layout import Store, file_path
from artifacts.storage.manifest import Manifest, ManifestEntry
from artifacts.storage.pool import has_blob, has_content
from artifacts.storage.steps import reached

ATTEMPTS = 10
# Another builder's folder came between, or a removal took the empty parent away.
_RACED = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOENT}


def build_tree(
    store: Store,
    version_folder: Path,
    manifest: Manifest,
    *,
    without: Collection[str] = frozenset(),
) -> None:
    """Build ``version_folder``; complete and durable on return.

    ``without`` are the contents (sha256) that lie in no one file, and get none here.

    A sound one (same manifest, every file the pool's or a true copy) stays; any other is replaced.

    Raises Corrupted (422) when the pool lacks a file of it, StorageFull (507), StoreUnavailable
    (503); then an existing folder stays as it is.
    """
    linked = [one for one in manifest.entries if one.sha256 not in without]
    left_out = [one for one in manifest.entries if one.sha256 in without]
    if not _is_sound(store, version_folder, manifest, linked) or _any_there(
        version_folder, left_out
    ):
        built = store.staging / uuid.uuid4().hex
        try:
            with disk_errors():
                _build(store, built, manifest, linked)
                reached("tree.built")
                _put_in_place(store, built, version_folder)
        except BaseException:
            # A failure of the cleaning must not hide the first one; what stays is swept.
            with suppress(OSError):
                remove_folder(built)
            raise
    # Only now: to rename a folder, others than root need to be allowed to write in it.
    with suppress(FileNotFoundError):
        version_folder.chmod(READ_ONLY_FOLDER)


def _is_sound(
    store: Store, version_folder: Path, manifest: Manifest, linked: Iterable[ManifestEntry]
) -> bool:
    return read_manifest(version_folder) == manifest.to_bytes() and all(
        _is_file_sound(store, version_folder, entry) for entry in linked
    )


def _any_there(version_folder: Path, entries: Iterable[ManifestEntry]) -> bool:
    return any(os.path.lexists(file_path(version_folder, entry.path)) for entry in entries)


def _is_file_sound(store: Store, version_folder: Path, entry: ManifestEntry) -> bool:
    path = file_path(version_folder, entry.path)
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not stat.S_ISREG(found.st_mode) or found.st_size != entry.size_bytes:
        return False
    # After a heal the link still shows the damaged bytes: the same size, another inode.
    return (
        entry.size_bytes == 0
        or _is_same_file(found, store.pool_path(entry.sha256))
        or has_content(path, entry.sha256, entry.size_bytes)
    )


def _is_same_file(found: os.stat_result, path: Path) -> bool:
    try:
        return os.path.samestat(found, path.lstat())
    except FileNotFoundError:
        return False


def _build(store: Store, built: Path, manifest: Manifest, linked: Iterable[ManifestEntry]) -> None:
    folders = {built, built / "files"}
    for folder in sorted(folders):
        folder.mkdir()
    for entry in linked:
        target = file_path(built, entry.path)
        _make_parents(target, folders)
        _make_file(store, target, entry)
    write_file(built / "manifest.json", manifest.to_bytes())
    _seal_folders(folders - {built})
    sync_folder(built)


def _make_parents(target: Path, known: set[Path]) -> None:
    missing = []
    folder = target.parent
    while folder not in known:
        missing.append(folder)
        folder = folder.parent
    for folder in reversed(missing):
        folder.mkdir()
    known.update(missing)


def _make_file(store: Store, target: Path, entry: ManifestEntry) -> None:
    if entry.size_bytes == 0:
        target.touch(exist_ok=False)
        target.chmod(READ_ONLY_FILE)
    elif not _link_content(store, target, entry):
        raise Corrupted(
            say(
                "{path}: the content sha256:{sha256} is gone from the store or torn.",
                path=entry.path,
                sha256=entry.sha256,
            )
        )


def _link_content(store: Store, target: Path, entry: ManifestEntry) -> bool:
    """Whether the content is there and now has the name ``target`` too."""
    if has_blob(store, entry.sha256, entry.size_bytes):
        with suppress(FileNotFoundError):  # a purge came between, and a collection
            link_or_copy(store.pool_path(entry.sha256), target)
            return True
    return False


def _seal_folders(folders: Iterable[Path]) -> None:
    for folder in folders:
        folder.chmod(READ_ONLY_FOLDER)
        sync_folder(folder)


def _put_in_place(store: Store, built: Path, version_folder: Path) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            make_folder(version_folder.parent)
            replaced = _replace(store, built, version_folder)
        except OSError as error:
            if error.errno not in _RACED or attempt == ATTEMPTS:
                raise
        else:
            break
    reached("tree.renamed")
    if replaced is not None:
        remove_folder(replaced)


def _replace(store: Store, built: Path, version_folder: Path) -> Path | None:
    """Rename ``built`` to its place; returns where the folder went that was there before."""
    replaced = _set_aside(store, version_folder)
    try:
        move(built, version_folder)
    except BaseException:
        if replaced is not None:
            _put_back(replaced, version_folder)
        raise
    return replaced


def _put_back(replaced: Path, version_folder: Path) -> None:
    try:
        replaced.rename(version_folder)
    except OSError as error:
        # Another builder was quicker: its folder is complete, so this one goes. After any other
        # failure it stays in the trash, and is swept.
        if error.errno in _RACED:
            remove_folder(replaced)


def _set_aside(store: Store, version_folder: Path) -> Path | None:
    """Rename the folder into the trash; None when there is none."""
    aside = store.trash / uuid.uuid4().hex
    for attempt in range(1, ATTEMPTS + 1):
        try:
            version_folder.chmod(WRITABLE_FOLDER)
            move(version_folder, aside)
        except FileNotFoundError:
            if not version_folder.exists():
                return None
            if attempt == ATTEMPTS:
                raise
        else:
            break
    return aside


def remove_tree(store: Store, version_folder: Path) -> None:
    """Remove the folder of a version, and its artifact's when that is empty; it may be absent.

    The pool keeps the content. Durable on return.
    """
    aside = _set_aside(store, version_folder)
    if aside is not None:
        reached("tree.removed")
        remove_folder(aside)
    # Not empty: another version is there, or is just being built. Gone: another removal.
    with suppress(OSError):
        version_folder.parent.rmdir()
        sync_folder(version_folder.parent.parent)


def sweep_trash(store: Store) -> int:
    """Remove version folders that a crash left in the trash; returns how many.

    Contents in the trash are not touched: the collector decides about them.
    """
    folders = [path for path in store.trash.iterdir() if path.is_dir()]
    for folder in folders:
        remove_folder(folder)
    return len(folders)


def read_manifest(version_folder: Path) -> bytes | None:
    """The bytes of ``manifest.json``; None when there is none."""
    try:
        return (version_folder / "manifest.json").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
