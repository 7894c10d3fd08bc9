"""The files put into an artifact before it is logged: walking folders, names, clashes."""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from runicorn import rules

logger = logging.getLogger(__name__)


class StagedFiles:
    """Pairs of a local file and its path in the version; every path once."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Path, str]] = []
        self._paths: set[str] = set()
        self._folders: set[str] = set()

    def add(self, source: Path, path: str) -> bool:
        """Stage ``source`` as ``path``; False (and nothing done) where that path is taken.

        Raises ``ValueError`` where a file would also be a folder.
        """
        if path in self._paths:
            return False
        folders = rules.parent_folders(path)
        clash = next((folder for folder in folders if folder in self._paths), None)
        if clash is not None or path in self._folders:
            raise ValueError(f"Invalid artifact path {path!r}: {clash or path!r} is a file already")
        self.pairs.append((source, path))
        self._paths.add(path)
        self._folders.update(folders)
        return True

    def add_folder(self, folder: Path, prefix: str, exclude_patterns: Sequence[str]) -> int:
        """Stage every file below ``folder`` under ``prefix``; return how many there are.

        Those whose path is taken are left out, and warned about. Raises ``ValueError`` as
        :meth:`add` does, and for a path outside the rules.
        """
        found, taken = 0, list[str]()
        for source in walk_files(folder):
            path = source.relative_to(folder).as_posix()
            if not is_excluded(path, exclude_patterns):
                found += 1
                if not self.add(source, rules.check_path(prefix + path)):
                    taken.append(prefix + path)
        _warn_of_taken(folder, taken)
        return found


def _warn_of_taken(folder: Path, taken: Sequence[str]) -> None:
    if taken:
        others = f" and {len(taken) - 1} more" if taken[1:] else ""
        logger.warning(
            "There is a file %s%s already; what %s has of that name is skipped",
            taken[0], others, folder,
        )  # fmt: skip


def walk_files(folder: Path) -> Iterator[Path]:
    """Yield every file below ``folder``, sorted, following links but never in a circle."""
    yield from _walk(folder, frozenset())


def _walk(folder: Path, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
    status = folder.stat()
    identity = (status.st_dev, status.st_ino)
    if identity in above:
        logger.warning("%s leads back to a folder above it; not followed", folder)
        return
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = folder / entry.name
        if entry.is_dir():
            yield from _walk(path, above | {identity})
        elif entry.is_file():
            yield path
        else:
            logger.warning("%s is no file (or a broken link); left out", path)


def is_excluded(path: str, patterns: Sequence[str]) -> bool:
    """Whether ``path``, relative to the folder added, matches one of ``patterns``.

    ``*.log`` matches by name at any depth, ``cache/*`` a file right in a folder ``cache``,
    ``cache/`` and ``cache/**`` everything below such a folder.
    """
    return any(_matches(path, pattern) for pattern in patterns)


def _matches(path: str, pattern: str) -> bool:
    folder = pattern.removesuffix("**").replace(os.sep, "/")
    if folder.endswith("/"):
        return any(PurePosixPath(parent).match(folder) for parent in rules.parent_folders(path))
    return PurePosixPath(path).match(pattern.replace(os.sep, "/"))
