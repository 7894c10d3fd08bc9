"""Where fetched files go: only below the target folder, and only whole, right bytes.

A file is written under a temporary name beside its target and renamed when it has been verified.
"""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from runicorn import rules
from runicorn.copying import copy_hashed, write_new
from runicorn.errors import IntegrityError, SourceChanged
from runicorn.hashing import hash_file
from runicorn.models import FileEntry
from runicorn.transfer import Advancing

_ANY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class Placement:
    """A file of a version and where it is to be."""

    entry: FileEntry
    target: Path

    @property
    def partial_path(self) -> Path:
        """Where it is on its way, for this process or the next, where no cache keeps it."""
        return self.target.with_name(f".{self.entry.digest.removeprefix('sha256:')[:32]}.part")

    def is_done(self, progress: Advancing) -> bool:
        """Whether the target has the entry's content already; it then counts as progress."""
        if not is_intact(self.target, self.entry, progress):
            return False
        progress.advance(self.entry.size)
        return True

    @property
    def is_linked(self) -> bool:
        """Whether the target is a read-only second name of something, as of a content we cache."""
        try:
            found = self.target.lstat()
        except OSError:
            return False
        is_file = stat.S_ISREG(found.st_mode)
        return is_file and found.st_nlink > 1 and not found.st_mode & _ANY_WRITE

    @contextlib.contextmanager
    def replacing(self) -> Iterator[Path]:
        """Name a file to make; it becomes the target when the block ends well."""
        part = self.target.with_name(f".{secrets.token_hex(8)}.part")
        self.target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            part.replace(self.target)
        finally:
            part.unlink(missing_ok=True)  # there too where both were links to one content

    def copy_over(self, progress: Advancing) -> None:
        """Make the target a copy of itself, which shares its content with no other name."""
        with self.replacing() as part, self.target.open("rb") as source:
            with part.open("xb") as file:
                copy_hashed(source, file, lambda _: progress.advance(0))
            if self.entry.modified_at is not None:
                os.utime(part, (self.entry.modified_at, self.entry.modified_at))

    def put(self, content: bytes) -> None:
        """Make ``content`` the target."""
        part = Path(f"{os.path.dirname(self.target)}/.{secrets.token_hex(8)}.part")  # noqa: PTH120
        try:
            write_new(part, content, modified_at=self.entry.modified_at)
            os.replace(part, self.target)  # noqa: PTH105 one of many
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def safe_target(target_dir: Path, path: str) -> Path:
    """Return where ``path`` belongs; raises :class:`IntegrityError` if that is elsewhere."""
    return safe_targets(target_dir, [path])[path]


def safe_targets(target_dir: Path, paths: Iterable[str]) -> dict[str, Path]:
    """Return where each of ``paths`` belongs; raises as :func:`safe_target`.

    Each folder is looked at once: there may be links in it already that lead elsewhere.
    """
    root, inside = target_dir.resolve(), set[Path]()
    found: dict[str, Path] = {}
    for path in paths:
        try:
            target = found[path] = target_dir.joinpath(*rules.check_path(path).split("/"))
        except ValueError as error:
            raise IntegrityError(f"The server names a file no version can have: {error}") from error
        if target.is_symlink() or target.parent not in inside:
            if not target.resolve().is_relative_to(root):
                raise IntegrityError(f"{path!r} would be written outside of {target_dir}")
            inside.add(target.parent)
    return found


def is_intact(path: Path, entry: FileEntry, progress: Advancing) -> bool:
    """Whether ``path`` is a file with the content of ``entry``."""
    if not path.is_file() or path.stat().st_size != entry.size:
        return False
    try:
        return hash_file(path, lambda _: progress.advance(0)).digest == entry.digest
    except SourceChanged:
        return False
