"""One version of a store, read from its folder."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runicorn import rules
from runicorn.legacy import checking
from runicorn.legacy.checking import Odd
from runicorn.legacy.files import is_folder, subfolders, why_unreadable
from runicorn.legacy.json_files import Unreadable, parse_object, read_bytes, read_object
from runicorn.legacy.values import (
    Finding,
    PastAlias,
    PastArtifact,
    PastFile,
    PastReference,
    PastVersion,
)

Note = Callable[[Finding], None]
KNOWN_STATUSES = frozenset({"ready", "deleted", "corrupted"})
MAX_FILES = 1_000_000


@dataclass
class VersionReader:
    """Loads versions of the store at ``root``."""

    root: Path
    note: Note

    def load(self, artifact: PastArtifact, number: int) -> PastVersion:
        """Version ``number``; raises Odd or Unreadable with why it cannot be taken over."""
        return _Loading(self, artifact, number).load()

    def pool_path(self, digest: str) -> Path:
        """Where the content with that digest lies once, if it does."""
        sha256 = digest.removeprefix("sha256:")
        return self.root / "artifacts" / ".dedup" / sha256[:2] / sha256


def numbers_in(folder: Path) -> set[int]:
    """The versions that have a folder in that of an artifact; raises OSError as ``subfolders``."""
    names = [path.name for path in subfolders(folder)]
    digits = {name[1:] for name in names if name[:1] == "v" and name[1:].isascii()}
    numbers = {int(one) for one in digits if one.isdecimal() and len(one) < 11}
    return {number for number in numbers if checking.number_of(number)}


class _Loading:
    """The reading of one version."""

    def __init__(self, reader: VersionReader, artifact: PastArtifact, number: int) -> None:
        self.reader, self.artifact, self.number = reader, artifact, number
        self.folder = artifact.folder / f"v{number}"
        self.row = artifact.rows[number]

    def load(self) -> PastVersion:
        self._require_folder()
        metadata = read_object(self.folder / "metadata.json", self.say)
        raw = read_bytes(self.folder / "manifest.json")
        manifest = parse_object(raw, "manifest.json", self.say)
        self._compare(metadata, raw)
        created_at = self._created_at(metadata, manifest)
        deleted_at, deleted_by = self._deleted()
        return PastVersion(
            line=self.artifact.line,
            number=self.number,
            created_at=created_at,
            updated_at=checking.time_of(metadata.get("updated_at")) or created_at,
            files=self._files(manifest),
            references=self._references(manifest),
            run=self._run(metadata),
            user=checking.line_of(metadata.get("created_by_user")),
            description=checking.description_of(metadata.get("description"), self.say),
            tags=checking.tags_of(metadata.get("tags"), self.say),
            metadata=checking.metadata_of(metadata.get("metadata"), self.say),
            deleted_at=deleted_at,
            deleted_by=deleted_by,
            aliases=self._aliases(),
            artifact_created_at=self.artifact.created_at,
            artifact_updated_at=self.artifact.updated_at,
            last_number=self.artifact.last_number,
        )

    def _require_folder(self) -> None:
        try:
            is_there = is_folder(self.folder)
        except OSError as error:
            raise Unreadable(f"its folder cannot be seen: {why_unreadable(error)}") from None
        if not is_there:
            raise Unreadable("the index knows it, but its folder is gone")

    def say(self, text: str) -> None:
        """Note something of this version."""
        self.reader.note(Finding("note", f"{self.artifact.line}:v{self.number}", text))

    def _compare(self, metadata: Mapping[str, Any], manifest: bytes) -> None:
        """What contradicts itself is said; the folder and the manifest count."""
        if metadata.get("version") not in (None, self.number):
            self.say(f"metadata.json says it is version {str(metadata['version'])[:40]}")
        status = self.row.get("status", "ready")
        if not isinstance(status, str) or status not in KNOWN_STATUSES:
            self.say(f"the index says that its status is {str(status)[:40]!r}")
        said = metadata.get("manifest_digest")
        if said is None:
            return
        # Written on Windows, where line ends are two bytes, and read as one.
        digests = {hashlib.sha256(one).hexdigest() for one in (manifest, _unix(manifest))}
        if str(said).removeprefix("sha256:") not in digests:
            self.say("manifest.json is not the one whose digest metadata.json has")

    def _created_at(self, metadata: Mapping[str, Any], manifest: Mapping[str, Any]) -> float:
        sources = (metadata, self.row, manifest)
        times = [checking.time_of(source.get("created_at")) for source in sources]
        if times[0] is None:
            self.say("metadata.json has no time of its making; taken from elsewhere")
        found = next((one for one in times if one is not None), None)
        return (self.folder / "metadata.json").stat().st_mtime if found is None else found

    def _deleted(self) -> tuple[float | None, str]:
        marker = self.folder / ".deleted"
        try:
            found = marker.lstat()
        except FileNotFoundError:
            return None, ""
        except OSError as error:
            raise Unreadable(f".deleted cannot be seen: {why_unreadable(error)}") from None
        try:
            said = read_object(marker)
        except Unreadable as error:
            self.say(f"{error}; it counts as deleted all the same")
            return found.st_mtime, ""
        by = checking.line_of(said.get("deleted_by"))
        return checking.time_of(said.get("deleted_at")) or found.st_mtime, by

    def _run(self, metadata: Mapping[str, Any]) -> str:
        said = metadata.get("created_by_run")
        if said is None or said == "":
            return ""
        try:
            return rules.check_run_id(checking.text_of(said) or str(said)[:80])
        except ValueError as error:
            self.say(f"the run that made it is left out: {error}")
            return ""

    def _aliases(self) -> tuple[PastAlias, ...]:
        said = self.artifact.extras.get("aliases")
        extras: Mapping[str, Any] = said if isinstance(said, dict) else {}
        return tuple(
            _alias(name, extras.get(name))
            for name, number in sorted(self.artifact.aliases.items())
            if number == self.number
        )

    # The manifest ---------------------------------------------------------------------------------

    def _files(self, manifest: Mapping[str, Any]) -> tuple[PastFile, ...]:
        rows = manifest.get("files", [])
        if not isinstance(rows, list) or len(rows) > MAX_FILES:
            raise Odd(f"manifest.json has no list of at most {MAX_FILES} files")
        files = tuple(map(self._file, rows))
        clash = _find_clash([one.path for one in files])
        if clash:
            raise Odd(f"the path {clash!r} is there twice, or is a folder of another")
        return files

    def _file(self, row: object) -> PastFile:
        if not isinstance(row, dict):
            raise Odd(f"a file of manifest.json is no object: {str(row)[:80]}")
        path = self._path(row.get("path"))
        digest = checking.digest_of(row.get("digest"), path)
        return PastFile(
            path=path,
            digest=digest,
            size=checking.size_of(row.get("size"), path),
            modified_at=checking.time_of(row.get("modified_at")),
            places=(
                self.folder.joinpath("files", *path.split("/")),
                self.reader.pool_path(digest),
            ),
        )

    def _path(self, value: object) -> str:
        """A path; one that was written on Windows has backslashes for its slashes."""
        if isinstance(value, str) and "\\" in value and "\0" not in value:
            if os.path.lexists(self.folder / "files" / value):
                raise Odd(f"the path {value[:80]!r} has a backslash, which is not allowed here")
            value = value.replace("\\", "/")
        return checking.path_of(value)

    def _references(self, manifest: Mapping[str, Any]) -> tuple[PastReference, ...]:
        rows = manifest.get("references", [])
        if not isinstance(rows, list) or len(rows) > MAX_FILES:
            raise Odd("manifest.json has no list of references")
        names = self._reference_names(len(rows))
        pairs = zip(rows, names, strict=True)
        return tuple(checking.reference_of(row, self.say, name) for row, name in pairs)

    def _reference_names(self, count: int) -> list[Any]:
        said = self.artifact.extras.get("reference_names")
        names = said.get(str(self.number)) if isinstance(said, dict) else None
        return names if isinstance(names, list) and len(names) == count else [None] * count


def _unix(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _alias(name: str, said: object) -> PastAlias:
    extras = said if isinstance(said, dict) else {}
    return PastAlias(
        name, extras.get("protected") is True, checking.time_of(extras.get("updated_at"))
    )


def _find_clash(paths: list[str]) -> str | None:
    known = set(paths)
    if len(known) < len(paths):
        return Counter(paths).most_common(1)[0][0]
    folders = (path for path in paths if known.intersection(rules.parent_folders(path)))
    return next(folders, None)
