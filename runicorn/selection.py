"""Which files of a version are meant."""

from collections.abc import Sequence

from runicorn.errors import VersionFileNotFound
from runicorn.models import FileEntry
from runicorn.staging import is_excluded


def choose_files(
    entries: Sequence[FileEntry], files: str | Sequence[str] | None
) -> list[FileEntry]:
    """Return the entries that ``files`` name, in their order; None names all.

    Each is the path of a file, else a glob: ``*.json`` at any depth, ``val/`` a whole folder.

    Raises :class:`VersionFileNotFound` for one that names no file.
    """
    if files is None:
        return list(entries)
    paths = [entry.path for entry in entries]
    chosen: set[str] = set()
    for wanted in [files] if isinstance(files, str) else files:
        chosen.update(_named(wanted, paths))
    return [entry for entry in entries if entry.path in chosen]


def _named(wanted: str, paths: Sequence[str]) -> list[str]:
    if wanted in paths:
        return [wanted]
    found = [path for path in paths if is_excluded(path, [wanted])]
    if not found:
        raise VersionFileNotFound(f"The version has no file {wanted!r}")
    return found
