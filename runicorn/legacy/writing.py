"""Writing an export: every file gets its name when it is whole, and only in a folder of ours."""

import json
import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from runicorn import rules
from runicorn.legacy import layout
from runicorn.legacy.checking import Odd
from runicorn.legacy.files import has_size, hash_stream, is_folder, subfolders
from runicorn.legacy.json_files import Unreadable, read_bytes, read_object
from runicorn.legacy.layout import WrittenVersion
from runicorn.legacy.values import Line, PastArtifact, PastFile, PastRun, PastVersion
from runicorn.legacy.versions import VersionReader, numbers_in

MARKER = "export.json"
PART_PREFIX = ".part-"

Fetch = Callable[[PastFile, Path], str]
"""Writes the whole content of a file to a path that does not exist; says how. May raise Lost."""


class NoExport(ValueError):  # noqa: N818 - a verdict
    """The folder is not empty, and no export that may be gone on with; the text says why."""


class Lost(Exception):  # noqa: N818 - a verdict
    """The content is damaged or gone; the text says why."""


class ExportFolder:
    """The folder ``root``, which an export of ``source`` is written to or gone on with.

    What an export that ended wrote is taken by its length, as it was on the disk by then. What one
    that was stopped has left is hashed: a power cut leaves files of the right length without bytes.
    """

    def __init__(self, root: Path, source: str) -> None:
        self.root = root
        self.source = source
        self.artifacts = root / "artifacts"
        self._was_complete = False
        self._verified: set[str] = set()

    def begin(self) -> None:
        """Make it an export. Raises NoExport where it holds anything else, OSError."""
        if is_folder(self.root) and any(self.root.iterdir()):
            self._require_ours()
            for left in self.root.rglob(f"{PART_PREFIX}*"):  # by one that was killed
                left.unlink(missing_ok=True)
        self.root.mkdir(parents=True, exist_ok=True)
        self._mark({"complete": False})
        (self.artifacts / ".dedup").mkdir(parents=True, exist_ok=True)
        (self.root / "runs").mkdir(exist_ok=True)

    def _require_ours(self) -> None:
        try:
            found = read_object(self.root / MARKER)
        except Unreadable:
            text = f"{self.root} is not empty, and no export: nothing is written to it."
            raise NoExport(text) from None
        if found.get("kind") != "runicorn-export" or found.get("source") != self.source:
            other = f"{self.root} is an export of {found.get('source')}"
            raise NoExport(f"{other}, not of {self.source}: nothing is written to it.")
        self._was_complete = found.get("complete") is True

    def end(self, figures: dict[str, Any]) -> None:
        """Say that it is whole, when it is on the disk."""
        os.sync()
        self._mark({"complete": True, **figures})

    def _mark(self, extra: dict[str, Any]) -> None:
        self._write(self.root / MARKER, layout.to_bytes(layout.marker_json(self.source, extra)))

    # Versions -------------------------------------------------------------------------------------

    def version_folder(self, past: PastVersion) -> Path:
        """Where a version goes."""
        return self.artifact_folder(past.line) / f"v{past.number:d}"

    def artifact_folder(self, line: Line) -> Path:
        """Where an artifact goes. Raises NoExport where that would be elsewhere."""
        return self.artifacts / _checked(line.type) / _checked(line.name)

    def has_version(self, past: PastVersion) -> bool:
        """Whether its files are all here: metadata.json is written last, lost content or not."""
        folder = self.version_folder(past)
        try:
            read_bytes(folder / "metadata.json")
            manifest = json.loads(read_bytes(folder / "manifest.json"))
        except (Unreadable, ValueError):
            return False
        written = layout.manifest_json(WrittenVersion(past, "ready"))
        is_same = manifest.get("files") == json.loads(json.dumps(written))["files"]
        return is_same and all(
            self._has_content(file) and self._has_file(file, folder) for file in past.files
        )

    def _has_content(self, file: PastFile) -> bool:
        path = self.pool_path(file.digest)
        if not has_size(path, file.size):
            return False
        if not self._was_complete and file.digest not in self._verified:
            with path.open("rb") as content:
                if hash_stream(content) != (file.digest, file.size):
                    return False
            self._verified.add(file.digest)
        return True

    def _has_file(self, file: PastFile, folder: Path) -> bool:
        target = _target_of(file, folder)
        return target is None or has_size(target, file.size)

    # What was exported before ---------------------------------------------------------------------

    def lines(self) -> list[Line]:
        """The artifacts that are here."""
        return [
            Line(type_folder.name, folder.name, self._extras(folder).get("team"))
            for type_folder in subfolders(self.artifacts)
            for folder in subfolders(type_folder)
            if (folder / "versions.json").exists()
        ]

    def numbers(self, line: Line) -> set[int]:
        """The versions of an artifact that have a folder here."""
        return numbers_in(self.artifact_folder(line))

    def read_version(self, line: Line, number: int) -> PastVersion | None:
        """A version that is here whole, without aliases; None where it is not."""
        folder = self.artifact_folder(line)
        found = PastArtifact(
            line, folder, {number: {}}, {number}, {}, number, None, None, [], self._extras(folder)
        )
        try:
            return replace(VersionReader(self.root, lambda _: None).load(found, number), aliases=())
        except (Odd, Unreadable):
            return None

    def _extras(self, folder: Path) -> dict[str, Any]:
        try:
            return read_object(folder / "portal.json")
        except Unreadable:
            return {}

    # Versions -------------------------------------------------------------------------------------

    def write_files(self, past: PastVersion, fetch: Fetch) -> tuple[dict[str, str], dict[str, str]]:
        """Write the contents: digest → how of each, and digest → why of those that are lost."""
        ways: dict[str, str] = {}
        lost: dict[str, str] = {}
        for file in past.files:
            if file.digest in lost:
                continue
            try:
                ways.setdefault(file.digest, self._fetch_once(file, fetch))
                self._link(file, self.version_folder(past))
            except Lost as error:
                lost[file.digest] = str(error)
        return ways, lost

    def pool_path(self, digest: str) -> Path:
        """Where content lies once, as in 0.5."""
        sha256 = rules.check_digest(digest).removeprefix("sha256:")
        return self.artifacts / ".dedup" / sha256[:2] / sha256

    def _fetch_once(self, file: PastFile, fetch: Fetch) -> str:
        target = self.pool_path(file.digest)
        if self._has_content(file):
            return "known"
        target.parent.mkdir(exist_ok=True)
        part = target.with_name(PART_PREFIX + uuid.uuid4().hex)
        try:
            how = fetch(file, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return how

    def _link(self, file: PastFile, folder: Path) -> None:
        """The content under its path: a link to what lies once, or a copy."""
        target = _target_of(file, folder)
        if target is None:
            return  # the content is in the pool, and is found there
        target.parent.mkdir(parents=True, exist_ok=True)
        source = self.pool_path(file.digest)
        if target.exists() and target.samefile(source):
            return
        part = target.with_name(PART_PREFIX + uuid.uuid4().hex)
        try:
            os.link(source, part)
        except OSError:
            shutil.copyfile(source, part)
        part.replace(target)

    def write_metadata(self, one: WrittenVersion) -> None:
        """What is said of a version; its files are here by now."""
        folder = self.version_folder(one.past)
        (folder / "files").mkdir(parents=True, exist_ok=True)
        manifest = layout.to_bytes(layout.manifest_json(one))
        self._write(folder / "manifest.json", manifest)
        marker = folder / ".deleted"
        if one.past.deleted_at is not None:
            self._write(marker, layout.to_bytes(layout.deleted_json(one.past)))
        else:
            marker.unlink(missing_ok=True)
        metadata = layout.metadata_json(one, manifest)
        self._write(folder / "metadata.json", layout.to_bytes(metadata))

    def write_index(self, folder: Path, index: dict[str, Any], extras: dict[str, Any]) -> None:
        """Which versions there are; written when they are there."""
        self._write(folder / "portal.json", layout.to_bytes(extras))
        self._write(folder / "versions.json", layout.to_bytes(index))

    # Runs -----------------------------------------------------------------------------------------

    def write_run(self, run: PastRun) -> None:
        """A run's folder."""
        folder = self.root.joinpath(*map(_checked, layout.run_folder(run)))
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in layout.run_files(run).items():
            self._write(folder / name, layout.to_bytes(content))

    def _write(self, path: Path, data: bytes) -> None:
        """Write a file whole; one that has this content already is left alone."""
        with suppress(OSError):
            if path.read_bytes() == data:
                return
        part = path.with_name(PART_PREFIX + uuid.uuid4().hex)
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _checked(name: str) -> str:
    """A name that came from a portal, as that of one folder."""
    if not layout.is_folder_name(name):
        raise NoExport(f"The portal names {name[:80]!r}, which no folder can be called.")
    return name


def _target_of(file: PastFile, folder: Path) -> Path | None:
    """Where a file belongs in the folder of a version; None where no disk takes such a name."""
    parts = file.path.split("/")
    return folder.joinpath("files", *parts) if all(map(layout.is_folder_name, parts)) else None


def verify_written(path: Path, file: PastFile) -> None:
    """Raise Lost unless ``path`` holds what ``file`` must be; then it is made read-only."""
    with path.open("rb") as written:
        if hash_stream(written) != (file.digest, file.size):
            raise Lost("has other bytes than its digest says")
    path.chmod(0o444)
