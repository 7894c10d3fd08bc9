"""Where fetched files go: only below the target folder, and only whole, right bytes.

A file is written under a temporary name beside its target and renamed when it has been verified.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO

from runicorn import rules
from runicorn.errors import IntegrityError, SourceChanged
from runicorn.hashing import hash_file
from runicorn.models import FileEntry
from runicorn.transfer import Advancing

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


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

    @contextlib.contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """Open a file for the content; it becomes the target when the block ends well."""
        with self.replacing() as part:
            with part.open("xb") as file:
                yield file
            self.set_times(part)

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

    def put(self, content: bytes) -> None:
        """Make ``content`` the target, in as few steps as there can be: it may be one of many."""
        part = f"{self.target.parent}/.{secrets.token_hex(8)}.part"
        try:
            fd = os.open(part, _NEW_FILE, 0o666)
        except FileNotFoundError:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(part, _NEW_FILE, 0o666)
        try:
            with open(fd, "wb", buffering=0) as file:  # noqa: PTH123 a descriptor
                write_all(file, content)
                if self.entry.modified_at is not None:
                    os.utime(fd, (self.entry.modified_at, self.entry.modified_at))
            os.replace(part, self.target)  # noqa: PTH105
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)  # noqa: PTH108
            raise

    def set_times(self, part: Path) -> None:
        """Say when the content was written, where that is known."""
        if self.entry.modified_at is not None:
            os.utime(part, (self.entry.modified_at, self.entry.modified_at))


def safe_target(target_dir: Path, path: str) -> Path:
    """Return where ``path`` belongs; raises :class:`IntegrityError` if that is elsewhere."""
    try:
        target = target_dir.joinpath(*rules.check_path(path).split("/"))
    except ValueError as error:
        raise IntegrityError(f"The server names a file no version can have: {error}") from error
    if not target.resolve().is_relative_to(target_dir.resolve()):
        raise IntegrityError(f"{path!r} would be written outside of {target_dir}")
    return target


def write_all(file: RawIOBase, content: bytes) -> None:
    """Write all of ``content``: the system may take less than it was given."""
    view = memoryview(content)
    while view:
        view = view[file.write(view) or 0 :]


def is_intact(path: Path, entry: FileEntry, progress: Advancing) -> bool:
    """Whether ``path`` is a file with the content of ``entry``."""
    if not path.is_file() or path.stat().st_size != entry.size:
        return False
    try:
        return hash_file(path, lambda _: progress.advance(0)).digest == entry.digest
    except SourceChanged:
        return False
