"""Plain folders become artifacts: by ordinary commits, as anybody may make them.

A folder whose sub-folders are all called ``v1``, ``v2`` … is an artifact with these versions, in
that order; any other folder is one version. Content that a version of the artifact has already is
not logged again, so an import that stopped is run once more.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runicorn import rules
from runicorn.api import Client
from runicorn.artifact import Artifact
from runicorn.errors import ArtifactNotFound
from runicorn.run import Run
from runicorn.staging import walk_files
from runicorn.transfer import Reporter, Transfer
from runicorn.upload import hash_files

_VERSION = re.compile(r"v([1-9][0-9]{0,9})")


@dataclass(frozen=True)
class PlainVersion:
    """A folder that becomes a version; ``wanted`` is the number that its name says, if any."""

    name: str
    folder: Path
    wanted: int | None = None


@dataclass(frozen=True)
class FolderResult:
    """What became of a folder: ``imported``, ``there`` or ``skipped``, and why."""

    folder: str
    artifact: str
    outcome: str
    version: int | None = None
    text: str = ""

    def to_json(self) -> dict[str, Any]:
        """Its fields."""
        return vars(self)


def find_versions(root: Path, name: str | None) -> Iterator[PlainVersion]:
    """What ``root`` holds: one artifact called ``name``, or one in each sub-folder (None)."""
    folders = [root] if name is not None else _subfolders(root)
    for folder in folders:
        called = rules.check_name(name or folder.name)
        numbered = _numbered(folder)
        if not numbered:
            yield PlainVersion(called, folder)
        for number, path in sorted(numbered.items()):
            yield PlainVersion(called, path, number)


def find_left_out(root: Path) -> list[str]:
    """What of ``root`` is no artifact where each sub-folder is one: files, and what is hidden."""
    taken = set(_subfolders(root))
    return sorted(path.name for path in root.iterdir() if path not in taken)


def _subfolders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".")


def _numbered(folder: Path) -> dict[int, Path]:
    """The sub-folders by their numbers, if that is all there is in ``folder``."""
    found: dict[int, Path] = {}
    for path in folder.iterdir():
        match = _VERSION.fullmatch(path.name)
        if match is None or not path.is_dir():
            return {}
        found[int(match[1])] = path
    return found


@dataclass
class FolderImport:
    """An import of plain folders into the portal that ``client`` talks to."""

    client: Client
    artifact_type: str
    team: str | None = None
    reporter: Reporter | None = None
    is_dry_run: bool = False
    _known: dict[str, dict[frozenset[tuple[str, str]], int]] = field(default_factory=dict)

    def run(self, versions: list[PlainVersion]) -> Iterator[FolderResult]:
        """Log each in a run of its own; one after the other."""
        for one in versions:
            yield self._take(one)

    def _take(self, one: PlainVersion) -> FolderResult:
        if next(iter(walk_files(one.folder)), None) is None:
            return FolderResult(str(one.folder), one.name, "skipped", text="has no files")
        draft = Artifact(one.name, self.artifact_type, team=self.team).add_dir(one.folder)
        content = self._content_of(draft)
        known = self._known_contents(one.name)
        if content in known:
            return FolderResult(str(one.folder), one.name, "there", known[content])
        if self.is_dry_run:
            return FolderResult(str(one.folder), one.name, "new", one.wanted)
        with Run("import", name=one.name) as run:
            number = run.log_artifact(draft, progress=self.reporter)
        known[content] = number
        text = f"became v{number}" if one.wanted not in {None, number} else ""
        return FolderResult(str(one.folder), one.name, "imported", number, text)

    def _content_of(self, draft: Artifact) -> frozenset[tuple[str, str]]:
        files = draft.draft([], None).files
        sources = hash_files([path for path, _ in files], Transfer(self.reporter))
        return frozenset(
            (name, source.digest) for (_, name), source in zip(files, sources, strict=True)
        )

    def _known_contents(self, name: str) -> dict[frozenset[tuple[str, str]], int]:
        """The contents of the versions that are ready, by what they hold."""
        if name not in self._known:
            self._known[name] = dict(self._ask_contents(name))
        return self._known[name]

    def _ask_contents(self, name: str) -> Iterator[tuple[frozenset[tuple[str, str]], int]]:
        whose = {"artifact_type": self.artifact_type, "team": self.team}
        try:
            versions = self.client.list_versions(name, **whose)
        except ArtifactNotFound:
            return
        for one in versions:
            if one["status"] == "ready":
                listing = self.client.get_files(name, one["version"], **whose)
                content = ((item["path"], item["digest"]) for item in listing["files"])
                yield frozenset(content), one["version"]
