"""Where fetched files go: only below the target folder, and only whole, right bytes.

A file is written under a temporary name beside its target and renamed when it has been verified.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runicorn import rules
from runicorn.errors import IntegrityError, SourceChanged
from runicorn.hashing import hash_file
from runicorn.models import FileEntry
from runicorn.transfer import Transfer


@dataclass(frozen=True)
class Placement:
    """A file of a version and where it is to be."""

    entry: FileEntry
    target: Path

    def is_done(self, transfer: Transfer) -> bool:
        """Whether the target has the entry's content already; it then counts as progress."""
        if not is_intact(self.target, self.entry, transfer):
            return False
        transfer.advance(self.entry.size)
        return True

    @contextlib.contextmanager
    def writing(self) -> Iterator[BinaryIO]:
        """Open a file for the content; it becomes the target when the block ends well."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        part = self.target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with part.open("xb") as file:
                yield file
            if self.entry.modified_at is not None:
                os.utime(part, (self.entry.modified_at, self.entry.modified_at))
            part.replace(self.target)
        finally:
            part.unlink(missing_ok=True)


def safe_target(target_dir: Path, path: str) -> Path:
    """Return where ``path`` belongs; raises :class:`IntegrityError` if that is elsewhere."""
    try:
        target = target_dir.joinpath(*rules.check_path(path).split("/"))
    except ValueError as error:
        raise IntegrityError(f"The server names a file no version can have: {error}") from error
    if not target.resolve().is_relative_to(target_dir.resolve()):
        raise IntegrityError(f"{path!r} would be written outside of {target_dir}")
    return target


def is_intact(path: Path, entry: FileEntry, transfer: Transfer) -> bool:
    """Whether ``path`` is a file with the content of ``entry``."""
    if not path.is_file() or path.stat().st_size != entry.size:
        return False
    try:
        return hash_file(path, lambda _: transfer.advance(0)).digest == entry.digest
    except SourceChanged:
        return False
