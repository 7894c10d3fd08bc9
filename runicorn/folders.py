"""Plain folders become artifacts: by ordinary commits, as anybody may make them.

A folder whose sub-folders are all called ``v1``, ``v2`` … is an artifact with these versions, in
that order; any other folder is one version. Content that a version of the artifact has already is
not logged again, so an import that stopped is run once more. Of numbered folders only a version
after that of the folder before counts: who went back to older content did so with a new number.
"""

import re
import sys
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

Content = frozenset[tuple[str, str]]
"""The paths and digests of files."""

_VERSION = re.compile(r"v([1-9][0-9]{0,9})")


@dataclass(frozen=True)
class PlainVersion:
    """A folder that becomes a version; ``wanted`` is the number that its name says, if any.

    ``refusal`` says why nothing may be called so.
    """

    name: str
    folder: Path
    wanted: int | None = None
    refusal: str = ""


@dataclass(frozen=True)
class FolderResult:
    """What became of a folder: ``imported``, ``new`` (in a dry run), ``there``, or why not.

    ``skipped`` has nothing in it, ``refused`` has a name (or a file with one) that may not be.
    """

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
    if name is not None:
        yield from _versions_of(root, rules.check_name(name))
        return
    for folder in _subfolders(root):
        try:
            called = rules.check_name(folder.name)
        except ValueError as error:
            yield PlainVersion(folder.name, folder, refusal=str(error))
        else:
            yield from _versions_of(folder, called)


def _versions_of(folder: Path, called: str) -> Iterator[PlainVersion]:
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
    _known: dict[str, list[tuple[int, Content]]] = field(default_factory=dict)
    _last: dict[str, int] = field(default_factory=dict)
    """Which version the numbered folder before is, of each artifact."""

    def run(self, versions: list[PlainVersion]) -> Iterator[FolderResult]:
        """Log each in a run of its own; one after the other."""
        for one in versions:
            yield self._take(one)

    def _take(self, one: PlainVersion) -> FolderResult:
        if one.refusal:
            return FolderResult(str(one.folder), one.name, "refused", text=one.refusal)
        if next(iter(walk_files(one.folder)), None) is None:
            return FolderResult(str(one.folder), one.name, "skipped", text="has no files")
        try:
            draft = Artifact(one.name, self.artifact_type, team=self.team).add_dir(one.folder)
            content = self._content_of(draft)
        except ValueError as error:
            return FolderResult(str(one.folder), one.name, "refused", text=str(error))
        return self._log(one, draft, content)

    def _log(self, one: PlainVersion, draft: Artifact, content: Content) -> FolderResult:
        found = self._find(one, content)
        if found is not None:
            self._last[one.name] = found
            return FolderResult(str(one.folder), one.name, "there", found)
        if self.is_dry_run:
            self._last[one.name] = sys.maxsize
            return FolderResult(str(one.folder), one.name, "new", one.wanted)
        with Run("import", name=one.name) as run:
            number = run.log_artifact(draft, progress=self.reporter)
        self._last[one.name] = number
        text = f"became v{number}" if one.wanted not in {None, number} else ""
        return FolderResult(str(one.folder), one.name, "imported", number, text)

    def _find(self, one: PlainVersion, content: Content) -> int | None:
        """The version that has the content; of a numbered folder, the first one after the last."""
        known = self._known_contents(one.name)
        found = [number for number, has in known if has == content]
        if one.wanted is None:
            return max(found, default=None)
        last = self._last.get(one.name, 0)
        return min((number for number in found if number > last), default=None)

    def _content_of(self, draft: Artifact) -> Content:
        files = draft.draft([], None).files
        sources = hash_files([path for path, _ in files], Transfer(self.reporter))
        return frozenset(
            (name, source.digest) for (_, name), source in zip(files, sources, strict=True)
        )

    def _known_contents(self, name: str) -> list[tuple[int, Content]]:
        """The versions that were ready when this began, with what they hold."""
        if name not in self._known:
            self._known[name] = list(self._ask_contents(name))
        return self._known[name]

    def _ask_contents(self, name: str) -> Iterator[tuple[int, Content]]:
        whose = {"artifact_type": self.artifact_type, "team": self.team}
        try:
            versions = self.client.list_versions(name, **whose)
        except ArtifactNotFound:
            return
        for one in versions:
            if one["status"] == "ready":
                listing = self.client.get_files(name, one["version"], **whose)
                content = ((item["path"], item["digest"]) for item in listing["files"])
                yield one["version"], frozenset(content)
