"""Downloaded content by its digest, so that it is fetched once for all folders, runs and processes.

::

    cache/blobs/ab/<sha256>       whole, mode 0444; its access time says when it was used last
    cache/partial/<sha256>        on its way, locked by whoever fetches it
    cache/versions/…              what is known of versions (:mod:`runicorn.records`)

Nothing of it is trusted: content is hashed each time it is taken out, and what is damaged goes and
is fetched again, so nothing needs to be synced to the disk. Processes need no common lock either:
content appears by a rename, an open file outlives its removal, and one that is gone is a miss.
"""

import contextlib
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runicorn import rules
from runicorn.copying import copy_hashed, hash_open, try_link, write_new
from runicorn.home import cache_bytes, cache_path, make_private
from runicorn.partial import Partial, try_remove
from runicorn.transfer import Advancing, Tally

logger = logging.getLogger(__name__)


class NotThere(Exception):  # noqa: N818 caught by whoever asks
    """The cache does not have a content, or has it damaged."""


class CannotLink(Exception):  # noqa: N818 caught by whoever asks
    """The filesystem has no such links, or none from the cache to there."""


@dataclass(frozen=True)
class Cached:
    """A file of the cache: a content, one on its way, or what is known of a version.

    ``used_at`` is in epoch seconds.
    """

    path: Path
    size_bytes: int
    used_at: float

    @property
    def digest(self) -> str:
        """``sha256:…``."""
        return f"sha256:{self.path.name[:64]}"

    @property
    def is_partial(self) -> bool:
        """Whether it is on its way."""
        return self.path.parent.name == "partial"

    @property
    def is_record(self) -> bool:
        """Whether it is what is known of a version."""
        return self.path.parent.parent.name == "versions"


@dataclass(frozen=True)
class Pruned:
    """What was removed from the cache, and what it holds now."""

    removed_files: int
    removed_bytes: int
    left_files: int
    left_bytes: int


class Cache:
    """The content in the folder ``root``, at most about ``max_bytes`` of it.

    Threads and processes may share one, on one machine or over a network.
    """

    def __init__(self, root: Path, max_bytes: int) -> None:
        self.root = root
        self.max_bytes = max_bytes

    def blob_path(self, digest: str) -> Path:
        """Where content is, or would be; raises ``ValueError`` for what is no digest."""
        sha256 = rules.check_digest(digest).removeprefix("sha256:")
        return self.root / "blobs" / sha256[:2] / sha256

    def partial_path(self, digest: str) -> Path:
        """Where content is while it is on its way; raises as :meth:`blob_path`."""
        return self.root / "partial" / rules.check_digest(digest).removeprefix("sha256:")

    def has(self, digest: str) -> bool:
        """Whether content seems to be here; it is verified when it is taken."""
        try:
            return self.blob_path(digest).is_file()
        except OSError:  # a folder that one may not enter
            return False

    def copy_to(self, digest: str, target: BinaryIO, progress: Advancing) -> None:
        """Write content into the empty file ``target``.

        Raises :class:`NotThere` where it is not here, or damaged (then it is removed).
        """
        tally = Tally(progress)
        try:
            self._take(digest, lambda source: copy_hashed(source, target, tally.advance))
        except NotThere:
            tally.take_back()
            raise

    def link_to(self, digest: str, target: Path, progress: Advancing) -> None:
        """Make ``target`` a read-only second name of content.

        Raises :class:`NotThere` as :meth:`copy_to`, :class:`CannotLink`.
        """
        self._take(digest, lambda source: hash_open(source, lambda _: progress.advance(0)))
        try:
            is_linked = try_link(self.blob_path(digest), target)
        except FileNotFoundError:
            raise NotThere(digest) from None
        if not is_linked:
            raise CannotLink(str(target))

    def _take(self, digest: str, read: Callable[[BinaryIO], str]) -> None:
        path = self.blob_path(digest)
        try:
            with path.open("rb") as source:
                is_right = read(source) == digest
        except FileNotFoundError:
            raise NotThere(digest) from None
        if not is_right:
            logger.warning("%s in the cache is damaged, and so removed", digest)
            self.remove(digest)
            raise NotThere(digest)
        with contextlib.suppress(OSError):  # a cache that one may only read
            _mark_used(path)

    def add(self, digest: str, content: bytes) -> None:
        """Keep a small content, which has that digest, unless somebody prunes it right away."""
        part = Path(f"{self.partial_path(digest)}.{secrets.token_hex(4)}")
        try:
            write_new(part, content, mode=0o444)
            self._rename(part, self.blob_path(digest))
        except FileNotFoundError:
            logger.debug("%s was pruned while it came", digest)
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def publish(self, partial: Partial, digest: str) -> None:
        """Keep what ``partial`` holds, which was verified."""
        partial.path.chmod(0o444)
        self._rename(partial.path, self.blob_path(digest))

    def link_in(self, path: Path, digest: str) -> None:
        """Keep what lies at ``path``, read-only and verified, if a link can be made."""
        target = self.blob_path(digest)
        with contextlib.suppress(OSError):
            target.parent.mkdir(parents=True, exist_ok=True)
            if try_link(path, target):
                _mark_used(target)

    def _rename(self, part: Path, path: Path) -> None:
        try:
            part.replace(path)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.replace(path)

    def remove(self, digest: str) -> None:
        """Forget a content."""
        with contextlib.suppress(OSError):
            self.blob_path(digest).unlink(missing_ok=True)

    def list_files(self) -> list[Cached]:
        """Every content, what was used longest ago first."""
        found = list(_scan(self.root / "partial"))
        for folder in _folders(self.root / "blobs"):
            found += _scan(folder)
        return sorted(found, key=lambda one: one.used_at)

    def list_all(self) -> list[Cached]:
        """Everything that takes room, also what is known of versions, as :meth:`list_files`."""
        records = [one for folder in _folders(self.root / "versions") for one in _scan(folder)]
        return sorted([*self.list_files(), *records], key=lambda one: one.used_at)

    def prune(self, max_bytes: int | None = None) -> Pruned:
        """Remove what was used longest ago until at most ``max_bytes`` are left (default: the cap).

        What others fetch just now stays.
        """
        limit = self.max_bytes if max_bytes is None else max_bytes
        files = self.list_all()
        left = sum(one.size_bytes for one in files)
        removed: list[Cached] = []
        for one in files:
            if left <= limit:
                break
            if _remove(one):
                removed.append(one)
                left -= one.size_bytes
        freed = sum(one.size_bytes for one in removed)
        return Pruned(len(removed), freed, len(files) - len(removed), left)

    def find_damaged(self, progress: Advancing) -> list[Cached]:
        """Hash everything that is whole; remove and return what is not what its name says."""
        damaged = [one for one in self.list_files() if self._is_damaged(one, progress)]
        for one in damaged:
            _remove(one)
        return damaged

    def _is_damaged(self, one: Cached, progress: Advancing) -> bool:
        if one.is_partial:
            return False
        try:
            with one.path.open("rb") as source:
                return hash_open(source, progress.advance) != one.digest
        except OSError:
            return False  # gone, or not ours to read


def open_cache() -> Cache | None:
    """Return this user's cache; None where there is to be none.

    Raises ``ValueError`` for a ``RUNICORN_CACHE_BYTES`` that is no number.
    """
    root = cache_path()
    if root is None:
        return None
    limit = cache_bytes(root)
    if not limit:
        return None
    with contextlib.suppress(OSError):  # whoever writes into it will say so
        make_private(root)
    return Cache(root, limit)


def _mark_used(path: Path) -> None:
    """Say when it was used by its access time alone: links to it must not seem to be changed."""
    os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def _remove(one: Cached) -> bool:
    if one.is_partial:
        return try_remove(one.path)
    try:
        one.path.unlink()
    except OSError:
        return False
    return True


def _folders(root: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(root) if entry.is_dir()]
    except OSError:
        return []


def _scan(folder: Path) -> Iterator[Cached]:
    with contextlib.suppress(OSError):  # not there, or not ours: as good as empty
        for entry in os.scandir(folder):
            with contextlib.suppress(FileNotFoundError):  # pruned meanwhile
                found = entry.stat(follow_symlinks=False)
                yield Cached(Path(entry.path), found.st_size, found.st_atime)
