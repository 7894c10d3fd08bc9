"""Taking a store over: the order of things, whoever takes it.

Artifact by artifact: first the portal is asked what it has at each number, and where something else
stands at one of them nothing new of that artifact is taken, since two histories must not be mixed.
Then, version by version: every file is hashed, what the portal lacks goes there, and the version is
committed with its number. Runs come last. What is committed is whole, so an import that was killed
is run again, and goes on.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runicorn.legacy.checking import Odd
from runicorn.legacy.differences import tell_differences
from runicorn.legacy.json_files import Unreadable
from runicorn.legacy.reading import Settings, StoreReader
from runicorn.legacy.report import Report
from runicorn.legacy.runs import read_runs
from runicorn.legacy.target import Lost, Refused, Standing, TakenFiles, Target
from runicorn.legacy.values import (
    Finding,
    Line,
    PastArtifact,
    PastFile,
    PastRun,
    PastVersion,
    RunLink,
    Tombstone,
)

BEYOND = "the store knows no version of so high a number"


@dataclass
class Import:
    """One import of the store at ``root`` into ``target``."""

    root: Path
    target: Target
    settings: Settings
    is_dry_run: bool = False
    tell: Callable[[str], None] = lambda _: None
    """Hears of each artifact as it begins."""

    def __post_init__(self) -> None:
        self.report = Report(str(self.root), self.target.label, self.is_dry_run)
        self.reader = StoreReader(self.root, self.report.note, self.settings)
        self._lines: set[str] = set()
        self._expected: list[tuple[PastArtifact, int, str]] = []
        self._made_by: dict[tuple[Line, int], str] = {}
        self._known: dict[Line, set[int]] = {}
        self._last: dict[Line, int] = {}
        self._taken: set[Line] = set()

    def run(self) -> Report:
        """All of it. What stops it, such as a full disk, leaves a report that is not complete."""
        started = time.monotonic()
        try:
            for artifact in self.reader.artifacts():
                self._take_artifact(artifact)
            self._take_runs(list(read_runs(self.reader)))
            if not self.is_dry_run:
                self._check()
            self.report.is_complete = True
        finally:
            self.report.seconds = time.monotonic() - started
        return self.report

    # Artifacts ------------------------------------------------------------------------------------

    def _take_artifact(self, artifact: PastArtifact) -> None:
        if str(artifact.line) in self._lines:
            text = "another artifact of the store goes there too; use --rename"
            self._finding("conflict", str(artifact.line), text)
            return
        self._lines.add(str(artifact.line))
        self.report.artifacts += 1
        self.tell(f"{artifact.line}: {len(artifact.numbers)} versions")
        self._known[artifact.line] = artifact.known_numbers
        self._last[artifact.line] = artifact.last_number
        standings = self._look_at_all(artifact)
        clashes = [number for number, one in standings.items() if one.outcome == "conflict"]
        if clashes:
            self._tell_clash(artifact, clashes, standings)
        for number, standing in standings.items():
            try:
                self._take_version(artifact, number, standing, is_open=not clashes)
            except Refused as error:
                self._skip(PastVersion(artifact.line, number, 0, 0), str(error))
        if not clashes:
            self._bury(artifact.tombstones, "the export says that it was deleted for ever")

    def _look_at_all(self, artifact: PastArtifact) -> dict[int, Standing]:
        found: dict[int, Standing] = {}
        for number in artifact.numbers:
            past = self._load(artifact, number)
            if past is None:
                continue
            try:
                found[number] = self.target.look(past)
            except Refused as error:
                self._skip(past, str(error))
        return found

    def _load(
        self, artifact: PastArtifact, number: int, *, is_quiet: bool = False
    ) -> PastVersion | None:
        try:
            past = self.reader.versions.load(artifact, number)
            if not past.files and not past.references:
                raise Odd("it has no files and no references")  # noqa: TRY301 - as read
        except (Odd, Unreadable) as error:
            if not is_quiet:
                empty = PastVersion(artifact.line, number, 0, 0)
                self._skip(empty, str(error))
            return None
        return past

    def _skip(self, past: PastVersion, why: str) -> None:
        self._finding("skipped", str(past), why)
        self.report.add(past, "skipped")

    def _tell_clash(
        self, artifact: PastArtifact, clashes: Sequence[int], standings: dict[int, Standing]
    ) -> None:
        numbers = ", ".join(f"v{number}" for number in clashes[:10])
        new = sum(one.outcome == "new" for one in standings.values())
        text = (
            f"the portal has other versions at {numbers}; its {new} new versions are not taken,"
            " since two histories must not be mixed: --rename OLD=NEW, or --team"
        )
        self._finding("conflict", str(artifact.line), text)

    def _take_version(
        self, artifact: PastArtifact, number: int, standing: Standing, *, is_open: bool
    ) -> None:
        past = self._load(artifact, number, is_quiet=True)
        if past is None:
            return
        if standing.outcome in {"there", "purged"}:
            self._remember(past)
        if standing.outcome == "purged":
            self._skip(past, "was deleted for ever in the portal")
            return
        if standing.outcome == "conflict" or (standing.outcome == "new" and not is_open):
            self.report.add(past, "conflict")
            return
        if standing.outcome == "new" or standing.status == "corrupted":
            standing = self._take_contents(past, standing)
        self._tell_aliases(past, standing)
        if standing.differs:
            text = tell_differences(past, standing.differs, standing.status)
            self._finding("note", str(past), text)
        self.report.add(
            past, standing.outcome, status=standing.status, manifest_digest=standing.manifest_digest
        )
        if standing.outcome in {"there", "imported", "new"}:  # new: in a dry run
            self._remember(past)
            self._expected.append((artifact, number, standing.manifest_digest))

    def _remember(self, past: PastVersion) -> None:
        """Runs may be linked with it."""
        self._made_by[past.line, past.number] = past.run
        self._taken.add(past.line)

    def _take_contents(self, past: PastVersion, standing: Standing) -> Standing:
        """Of a corrupted version that is there too: what the store has by now mends it."""
        taken = self.target.take(past, distinct(past.files), dry_run=self.is_dry_run)
        self._tell_contents(past, taken)
        if standing.outcome == "new":
            return self._commit(past, taken.lost, standing)
        return standing if self.is_dry_run else self.target.look(past)

    def _commit(self, past: PastVersion, lost: Lost, seen: Standing) -> Standing:
        if self.is_dry_run:
            self.report.aliases += len(past.aliases)
            status = "deleted" if past.deleted_at else "corrupted" if lost else "ready"
            return replace(seen, status=status)
        try:
            standing = self.target.commit(past, lost)
        except Refused as error:
            self._finding("skipped", str(past), str(error))
            return Standing("skipped")
        self.report.aliases += len(standing.aliases)
        return standing

    def _tell_contents(self, past: PastVersion, taken: TakenFiles) -> None:
        for way in taken.ways:
            self.report.contents[way.how] += way.count
            self.report.content_bytes[way.how] += way.size_bytes
        for kind, whys, and_then in (
            ("corrupted", taken.lost, ""),
            ("repaired", taken.repaired, "; taken from elsewhere in the store"),
            ("repaired", taken.held, "; the portal has its content"),
        ):
            for file in past.files:
                if file.digest in whys:
                    text = f"{file.path} {whys[file.digest]}{and_then}"
                    self._finding(kind, str(past), text)

    def _tell_aliases(self, past: PastVersion, standing: Standing) -> None:
        if standing.outcome not in {"there", "imported"}:
            return
        for alias in past.aliases:
            if alias.name not in standing.aliases:
                text = (
                    f"the alias {alias.name} points elsewhere in the portal, or was removed there"
                )
                self._finding("note", str(past), f"{text}; it stays as it is")

    def _bury(self, tombstones: Iterable[Tombstone], why: str) -> None:
        for one in tombstones:
            self._made_by[one.line, one.number] = one.run
            text = f"{why}: a tombstone keeps its number"
            try:
                if not self.is_dry_run:
                    self.target.bury(one)
            except Refused as error:
                text = str(error)
            self._finding("note", f"{one.line}:v{one.number}", text)

    # Runs -----------------------------------------------------------------------------------------

    def _take_runs(self, runs: Sequence[PastRun]) -> None:
        """First what they made, for a tombstone shall know its maker; then what they used."""
        for run in runs:
            for link in run.made:
                self._tell_maker(run, link)
        for run in runs:
            self._take_run(run)

    def _take_run(self, run: PastRun) -> None:
        used = tuple(link for link in run.used if self._is_usable(run, link))
        try:
            outcome, left_out = self._add_run(replace(run, used=used))
        except Refused as error:
            self.report.runs["skipped"] += 1
            self._finding("skipped", f"run {run.id}", str(error))
            return
        self.report.runs[outcome] += 1
        self.report.links += len(used) - len(left_out)
        for link, why in left_out:
            self._leave_out(run, link, why)

    def _add_run(self, run: PastRun) -> tuple[str, list[tuple[RunLink, str]]]:
        if self.is_dry_run:
            return "there" if self.target.has_run(run) else "new", []
        is_new, left_out = self.target.add_run(run)
        return "imported" if is_new else "there", left_out

    def _is_usable(self, run: PastRun, link: RunLink) -> bool:
        """Whether the portal has what the run used: as it was taken over, or as a tombstone."""
        if (link.line, link.number) in self._made_by:
            return True
        if self._is_gone(link):
            self._bury(
                [Tombstone(link.line, link.number)], f"the run {run.id} used it, and it is gone"
            )
            return True
        self._leave_out(run, link, BEYOND if self._is_beyond(link) else "it was not taken over")
        return False

    def _is_gone(self, link: RunLink) -> bool:
        """Whether the store had it and deleted it for ever: its number is known no more."""
        known = self._known.get(link.line)
        is_unknown = known is not None and link.number not in known
        return is_unknown and link.line in self._taken and not self._is_beyond(link)

    def _is_beyond(self, link: RunLink) -> bool:
        """Whether it is above all numbers: a tombstone would move those of versions to come."""
        return link.number > self._last.get(link.line, link.number)

    def _tell_maker(self, run: PastRun, link: RunLink) -> None:
        """What a run made is told by the versions; what is deleted for ever by the run alone."""
        maker = self._made_by.get((link.line, link.number))
        if maker == run.id:
            return
        if not maker and self._is_gone(link):
            tombstone = Tombstone(link.line, link.number, run.id, created_at=link.at)
            self._bury([tombstone], f"the run {run.id} made it, and it is gone")
        elif maker:
            self._leave_out(run, link, f"the version says that the run {maker} made it")
        elif self._is_beyond(link):
            self._leave_out(run, link, BEYOND)

    def _leave_out(self, run: PastRun, link: RunLink, why: str) -> None:
        self._finding("skipped", f"run {run.id}", f"its link with {link} is left out: {why}")

    # The end --------------------------------------------------------------------------------------

    def _check(self) -> None:
        """Ask the portal once more what it has: that, and not what was meant, is signed off."""
        for artifact, number, digest in self._expected:
            standing = self._look_again(artifact, number)
            if standing.outcome == "there" and standing.manifest_digest == digest:
                self.report.checked += 1
            else:
                self.report.unchecked.append(f"{artifact.line}:v{number}")

    def _look_again(self, artifact: PastArtifact, number: int) -> Standing:
        past = self._load(artifact, number, is_quiet=True)
        try:
            return self.target.look(past) if past else Standing("gone")
        except Refused:
            return Standing("refused")

    def _finding(self, kind: str, about: str, text: str) -> None:
        self.report.note(Finding(kind, about, text))


def distinct(files: Iterable[PastFile]) -> list[PastFile]:
    """One file for each digest, with the places of all that have it."""
    found: dict[str, PastFile] = {}
    for file in files:
        known = found.get(file.digest)
        places = tuple(dict.fromkeys([*(known.places if known else ()), *file.places]))
        found[file.digest] = PastFile(file.path, file.digest, file.size, file.modified_at, places)
    return list(found.values())
