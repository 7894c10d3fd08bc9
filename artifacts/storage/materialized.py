"""Contents made whole for those who want a path: a cache of bounded size beside the pool.

::

    <root>/artifacts/.materialized/.lock
    <root>/artifacts/.materialized/ab/<sha256>/<file name>     0444, in a folder 0555

Content that lies in extents has no file of its own to link to, so one is made here. Several names
of one content are hard links to one file. What was used longest ago goes first: the folder's mtime
says when. All of it may be removed at any time.

Invariants: a file here was checked against its digest, and its bytes were durable before it got its
name (which a crash may take away again); names come and go only under the lock, so two processes
together keep to the bound too. It is no part of the pool, and what is no stored content any more
must not stay: who adds asks afterwards, and a collection removes.
"""

import fcntl
import hashlib
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from accounts.sentences import say
from artifacts.errors import Corrupted, StoreUnavailable, TooLarge
from artifacts.storage.content import open_content
from artifacts.storage.durable import (
    READ_ONLY_FOLDER,
    WRITABLE_FOLDER,
    disk_errors,
    link_or_copy,
    make_folder,
    new_file,
    remove_folder,
    replace_file,
    seal,
    write_all,
)
from artifacts.storage.layout import Place, Store, folder_name, is_digest

PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class _Kept:
    folder: Path
    size_bytes: int
    used_at_ns: int


def add(
    store: Store, place: Place, bases: Mapping[str, Place], file_name: str, cap_bytes: int
) -> Path:
    """The path of a whole file with this content, made where it is missing.

    ``bases`` is as for ``open_content``; ``cap_bytes`` is what the cache may take as a whole: what
    was used longest ago makes room.

    Raises TooLarge (413) when the content alone is over the cap; Gone, Corrupted (422) when it
    cannot be read as it was stored; ValueError for what is no file name; StorageFull (507),
    StoreUnavailable (503). Then the cache holds nothing new.
    """
    name = folder_name(file_name)
    if place.size_bytes > cap_bytes:
        raise TooLarge(
            say(
                "The content has {size_bytes} bytes, all that is materialized at most {cap_bytes}.",
                size_bytes=place.size_bytes,
                cap_bytes=cap_bytes,
            )
        )
    with _locked(store):
        known = _link_known(store, place, name)
        if known is not None:
            return known
        _make_room(store, cap_bytes - place.size_bytes)
    staged = _stage(store, place, bases)
    try:
        with _locked(store):
            return _place(store, staged, place, name, cap_bytes)
    finally:
        staged.unlink(missing_ok=True)


def find(store: Store, sha256: str, file_name: str) -> Path | None:
    """The path of a whole file with this content and name, which is used now; None: not here."""
    path = _folder(store, sha256) / folder_name(file_name)
    if not path.is_file():
        return None
    _touch(path.parent)
    return path


def remove(store: Store, sha256: str) -> None:
    """Take the content out of the cache; it need not be there."""
    if _folder(store, sha256).exists():
        with _locked(store):
            remove_folder(_folder(store, sha256))


def contents(store: Store) -> list[str]:
    """The sha256 of each content that is here, sorted."""
    return sorted(one.folder.name for one in _kept(store))


def used_bytes(store: Store) -> int:
    """What the cache takes; names that share a file count once."""
    if not store.materialized.exists():
        return 0
    with _locked(store):  # else what one process evicts for another would be counted with it
        return sum(one.size_bytes for one in _kept(store))


def _folder(store: Store, sha256: str) -> Path:
    return store.materialized / store.pool_path(sha256).relative_to(store.pool)


def _touch(folder: Path) -> None:
    with suppress(FileNotFoundError):  # Evicted just now.
        now = time.time_ns()
        os.utime(folder, ns=(now, now))


@contextmanager
def _locked(store: Store) -> Iterator[None]:
    make_folder(store.materialized)
    fd = os.open(store.materialized / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _link_known(store: Store, place: Place, name: str) -> Path | None:
    """The file under this name, when the content is here, be it under another one."""
    folder = _folder(store, place.sha256)
    whole = [path for path in _files(folder) if path.stat().st_size == place.size_bytes]
    if not whole:
        return None
    if folder / name not in whole:
        folder.chmod(WRITABLE_FOLDER)
        link_or_copy(whole[0], folder / name)
        folder.chmod(READ_ONLY_FOLDER)
    _touch(folder)
    return folder / name


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file())
    except FileNotFoundError:
        return []


def _make_room(store: Store, at_most_bytes: int) -> None:
    """Remove what was used longest ago until no more is left than ``at_most_bytes``."""
    kept = sorted(_kept(store), key=lambda one: one.used_at_ns)
    used = sum(one.size_bytes for one in kept)
    for one in kept:
        if used <= at_most_bytes:
            return
        remove_folder(one.folder)
        used -= one.size_bytes


def _kept(store: Store) -> Iterator[_Kept]:
    for folder in store.materialized.glob("[0-9a-f][0-9a-f]/*"):
        with suppress(FileNotFoundError):  # Evicted just now.
            if is_digest(folder.name):
                used_at_ns = folder.stat().st_mtime_ns
                yield _Kept(folder, _bytes_in(folder), used_at_ns)


def _bytes_in(folder: Path) -> int:
    sizes = {found.st_ino: found.st_size for found in map(Path.stat, _files(folder))}
    return sum(sizes.values())


def _stage(store: Store, place: Place, bases: Mapping[str, Place]) -> Path:
    if not store.staging.is_dir():
        raise StoreUnavailable(f"The store's folder {store.staging} is gone.")
    path = store.staging / uuid.uuid4().hex
    digest = hashlib.sha256()
    with open_content(store, place, bases) as reader, new_file(path) as fd:
        while piece := reader.read(PIECE_BYTES):
            write_all(fd, piece)
            digest.update(piece)
        if digest.hexdigest() != place.sha256:
            raise Corrupted(
                say("The content sha256:{sha256} is damaged in the store.", sha256=place.sha256)
            )
        seal(fd)
    return path


def _place(store: Store, staged: Path, place: Place, name: str, cap_bytes: int) -> Path:
    # Another process may have made it meanwhile, or have filled the room.
    known = _link_known(store, place, name)
    if known is not None:
        return known
    _make_room(store, cap_bytes - place.size_bytes)
    folder = _folder(store, place.sha256)
    with disk_errors():
        remove_folder(folder)  # A crash may have left an empty one.
        folder.mkdir(parents=True)
        replace_file(staged, folder / name)
        folder.chmod(READ_ONLY_FOLDER)
    return folder / name
