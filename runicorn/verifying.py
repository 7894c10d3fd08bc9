"""Whether the files in a folder are those of a version."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from runicorn.models import FileEntry
from runicorn.placing import is_intact, safe_targets
from runicorn.transfer import Transfer


@dataclass(frozen=True)
class Verification:
    """What was found of a version in a folder, by path; ``extra`` is what the version has not."""

    intact: list[str]
    missing: list[str]
    changed: list[str]
    extra: list[str]

    @property
    def is_whole(self) -> bool:
        """Whether every file of the version is there as it should be."""
        return not (self.missing or self.changed)


def verify_folder(entries: Sequence[FileEntry], folder: Path, transfer: Transfer) -> Verification:
    """Hash every file of ``entries`` below ``folder``.

    Raises :class:`IntegrityError` for a path that would lead out of the folder.
    """
    transfer.start("Verifying", sum(entry.size for entry in entries))
    targets = safe_targets(folder, [entry.path for entry in entries])
    states = transfer.run(
        [partial(_state_of, entry, targets[entry.path], transfer) for entry in entries]
    )
    found: dict[str, list[str]] = {"intact": [], "missing": [], "changed": []}
    for entry, state in zip(entries, states, strict=True):
        found[state].append(entry.path)
    return Verification(**found, extra=_extra(folder, set(targets)))


def _state_of(entry: FileEntry, target: Path, transfer: Transfer) -> str:
    if not target.is_file():
        return "missing"
    is_right = is_intact(target, entry, transfer)
    transfer.advance(entry.size)
    return "intact" if is_right else "changed"


def _extra(folder: Path, known: set[str]) -> list[str]:
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in paths if path not in known)
