"""Writing the versions of a portal as a storage folder of Runicorn 0.5, whoever gives them."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from runicorn.legacy import layout
from runicorn.legacy.layout import WrittenVersion
from runicorn.legacy.report import human_size
from runicorn.legacy.values import Finding, Line, PastFile, PastRun, PastVersion, Tombstone
from runicorn.legacy.writing import ExportFolder


@dataclass(frozen=True)
class ExportedArtifact:
    """An artifact, without its versions: they are asked for one by one."""

    line: Line
    created_at: float
    updated_at: float
    last_number: int
    numbers: Sequence[int]
    tombstones: Sequence[Tombstone] = ()


@dataclass(frozen=True)
class Withheld:
    """A version that is deleted, and whose content cannot be had; ``past`` has no files."""

    past: PastVersion
    why: str


class Source(Protocol):
    """A portal that is exported."""

    @property
    def label(self) -> str:
        """What it is called, and known by: an export is gone on with for the same one only."""
        ...

    def artifacts(self) -> Iterator[ExportedArtifact]:
        """What is to be exported."""
        ...

    def find(self, line: Line) -> ExportedArtifact | None:
        """One that ``artifacts`` leaves out, and was exported once; None where it is gone."""
        ...

    def version(
        self, artifact: ExportedArtifact, number: int
    ) -> tuple[PastVersion, str] | Withheld | None:
        """A version and its status; None where it was deleted for ever."""
        ...

    def fetch(self, past: PastVersion, file: PastFile, target: Path) -> str:
        """Write the whole content, checked, to ``target``; says how. Raises writing.Lost."""
        ...

    def runs(self) -> Iterator[PastRun]:
        """The runs; which of their links are written is decided here."""
        ...


@dataclass
class ExportReport:
    """What an export wrote."""

    folder: str
    source: str
    artifacts: int = 0
    versions: Counter[str] = field(default_factory=Counter)
    contents: Counter[str] = field(default_factory=Counter)
    content_bytes: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    findings: list[Finding] = field(default_factory=list)
    is_complete: bool = False
    seconds: float = 0.0

    @property
    def has_losses(self) -> bool:
        """Whether something is not in the folder as it is in the portal; notes are none."""
        return any(one.kind != "note" for one in self.findings)

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "kind": "runicorn-export-report", "folder": self.folder, "source": self.source,
            "complete": self.is_complete, "seconds": round(self.seconds, 3),
            "artifacts": self.artifacts, "versions": dict(self.versions),
            "contents": dict(self.contents), "content_bytes": dict(self.content_bytes),
            "runs": self.runs, "findings": [vars(one) for one in self.findings],
        }  # fmt: skip

    def to_text(self) -> str:
        """For people."""
        lines = [str(one) for one in self.findings]
        lines.append(f"Export of {self.source} to {self.folder}")
        lines.append(f"  artifacts  {self.artifacts}")
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.versions.items()))
        lines.append(f"  versions   {sum(self.versions.values())}: {counts or 'none'}")
        for how, count in sorted(self.contents.items()):
            lines.append(f"  contents   {count} {how}, {human_size(self.content_bytes[how])}")
        lines.append(f"  runs       {self.runs}")
        lines.append(self._verdict())
        return "\n".join(lines)

    def _verdict(self) -> str:
        if not self.is_complete:
            return "NOT COMPLETE: run it again."
        if not self.has_losses:
            return "Complete."
        losses = Counter(one.kind for one in self.findings if one.kind != "note")
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(losses.items()))
        return f"Complete. Not as it is in the portal: {told}."


class Export:
    """One export of ``source`` to ``root``; with ``is_all`` every run is written."""

    def __init__(self, source: Source, root: Path, *, is_all: bool) -> None:
        self.source = source
        self.folder = ExportFolder(root, source.label)
        self.report = ExportReport(str(root), source.label)
        self.is_all = is_all
        self._written: set[tuple[Line, int]] = set()

    def run(self) -> ExportReport:
        """All of it. Raises writing.NoExport before anything is written, OSError."""
        started = time.monotonic()
        try:
            self.folder.begin()
            seen: dict[tuple[str, str], Line] = {}
            for artifact in self.source.artifacts():
                self._write_artifact(artifact, seen)
            for line in self.folder.lines() if self.is_all else []:
                if (line.type, line.name) not in seen:
                    self._write_unlisted(line, seen)
            for run in self.source.runs():
                self._write_run(run)
            figures = {"artifacts": self.report.artifacts, "versions": len(self._written)}
            self.folder.end(figures)
            self.report.is_complete = True
        finally:
            self.report.seconds = time.monotonic() - started
        return self.report

    def _write_unlisted(self, line: Line, seen: dict[tuple[str, str], Line]) -> None:
        found = self.source.find(line)
        if found is not None:
            self._write_artifact(found, seen)
            return
        text = "the portal does not show it any more; it stays as it was exported before"
        self._find("note", str(line), text)

    def _write_artifact(
        self, artifact: ExportedArtifact, seen: dict[tuple[str, str], Line]
    ) -> None:
        line = artifact.line
        other = seen.setdefault((line.type, line.name), line)
        if other != line:
            self._find("skipped", str(line), f"{other} has its folder; export it alone, to another")
            return
        if not layout.is_folder_name(line.name):
            self._find("skipped", str(line), "its name is too long for a folder")
            return
        numbers = sorted({*artifact.numbers, *self.folder.numbers(line)})
        known = set(artifact.numbers)
        found = [
            self._write_version(artifact, one) if one in known else self._keep_purged(artifact, one)
            for one in numbers
        ]
        written = [one for one in found if one is not None]
        index = layout.index_json(line, written, (artifact.created_at, artifact.updated_at))
        kept = {one.past.number for one in written}
        tombstones = [one for one in artifact.tombstones if one.number not in kept]
        last_number = max(artifact.last_number, *kept, 0)
        extras = layout.portal_json(line, written, tombstones, last_number)
        folder = self.folder.artifact_folder(line)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder.write_index(folder, index, extras)
        self._written |= {(line, one.number) for one in artifact.tombstones}
        self.report.artifacts += 1

    def _write_version(self, artifact: ExportedArtifact, number: int) -> WrittenVersion | None:
        found = self.source.version(artifact, number)
        if found is None:
            return self._keep_purged(artifact, number)
        if isinstance(found, Withheld):
            return self._keep_deleted(found)
        one = WrittenVersion(*found)
        outcome = "there" if self.folder.has_version(one.past) else "written"
        if outcome == "written" or one.status == "corrupted":
            one = self._write_files(one)
        self.folder.write_metadata(one)
        self._written.add((artifact.line, number))
        self.report.versions[outcome] += 1
        return one

    def _keep_deleted(self, said: Withheld) -> WrittenVersion | None:
        """The content that was exported before it was deleted, if it was, with what is said now."""
        past = said.past
        kept = self.folder.read_version(past.line, past.number)
        if kept is None:
            self.report.versions["deleted"] += 1
            self._find("note", str(past), f"{said.why}; left out")
            return None
        self._find("note", str(past), f"{said.why}; what was exported before stays")
        return self._keep(replace(past, files=kept.files, references=kept.references))

    def _keep_purged(self, artifact: ExportedArtifact, number: int) -> WrittenVersion | None:
        """What was exported before is perhaps the last there is of it: it stays, as deleted."""
        kept = self.folder.read_version(artifact.line, number)
        about = f"{artifact.line}:v{number}"
        if kept is None:
            text = "was deleted for ever in the portal; its folder, if any, is not whole: remove it"
            self._find("note", about, text)
            return None
        text = "was deleted for ever in the portal; what was exported before stays, as deleted"
        self._find("note", about, f"{text}: remove {self.folder.version_folder(kept)} to drop it")
        times = [one.purged_at for one in artifact.tombstones if one.number == number]
        deleted_at = next(filter(None, [kept.deleted_at, *times]), time.time())
        return self._keep(replace(kept, deleted_at=deleted_at))

    def _keep(self, past: PastVersion) -> WrittenVersion:
        one = WrittenVersion(past, "deleted")
        self.folder.write_metadata(one)
        self._written.add((past.line, past.number))
        self.report.versions["kept"] += 1
        return one

    def _write_files(self, one: WrittenVersion) -> WrittenVersion:
        past = one.past
        ways, lost = self.folder.write_files(
            past, lambda file, target: self.source.fetch(past, file, target)
        )
        sizes = {file.digest: file.size for file in past.files}
        for digest, how in ways.items():
            self.report.contents[how] += 1
            self.report.content_bytes[how] += sizes[digest]
        for file in past.files:
            if file.digest in lost:
                self._find("corrupted", str(past), f"{file.path} {lost[file.digest]}")
        if lost and not past.deleted_at:
            return WrittenVersion(past, "corrupted")
        return one

    def _write_run(self, run: PastRun) -> None:
        used = tuple(one for one in run.used if (one.line, one.number) in self._written)
        made = tuple(one for one in run.made if (one.line, one.number) in self._written)
        if not (self.is_all or used or made):
            return
        if not layout.is_folder_name(run.id):
            self._find("skipped", f"run {run.id[:80]}", "its id fits no folder")
            return
        fields = {**vars(run), "used": used, "made": made}
        self.folder.write_run(PastRun(**fields))
        self.report.runs += 1

    def _find(self, kind: str, about: str, text: str) -> None:
        self.report.findings.append(Finding(kind, about, text))
