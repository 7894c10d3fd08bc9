"""The runs of a store, with what they used and made."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runicorn import rules
from runicorn.legacy import checking
from runicorn.legacy.checking import Odd
from runicorn.legacy.json_files import Unreadable, read_object
from runicorn.legacy.reading import StoreReader
from runicorn.legacy.values import Finding, PastRun, RunLink

STATUSES = {
    "running": "running",
    "finished": "finished",
    "completed": "finished",
    "failed": "failed",
    "interrupted": "failed",
}
DEFAULT = "default"


def read_runs(reader: StoreReader) -> Iterator[PastRun]:
    """Every run that can be taken over, oldest folder names first within a project.

    An id that two runs have is the first one's: the portal knows a run by its id alone.
    """
    seen: dict[str, Path] = {}
    for project, name, folder in reader.run_folders():
        about = f"run {folder.name}"
        if folder.name in seen:
            text = f"another run has this id: {seen[folder.name].relative_to(reader.root)}"
            reader.note(Finding("skipped", about, text))
            continue
        try:
            run = _Reading(reader, folder, project, name).read()
        except (Odd, Unreadable) as error:
            reader.note(Finding("skipped", about, str(error)))
            continue
        seen[folder.name] = folder
        yield run


class _Reading:
    """The reading of one run."""

    def __init__(self, reader: StoreReader, folder: Path, project: str, name: str) -> None:
        self.reader, self.folder = reader, folder
        self.project, self.name = project, name

    def read(self) -> PastRun:
        meta = read_object(self.folder / "meta.json", self.say)
        status, created_at, finished_at = self._status(meta)
        return PastRun(
            id=self._id(meta),
            project=checking.line_of(meta.get("project")) or self.project or DEFAULT,
            name=self._name(meta),
            status=status,
            created_at=created_at,
            updated_at=checking.time_of(meta.get("updated_at")),
            finished_at=finished_at,
            user=checking.line_of(meta.get("created_by_user")),
            used=tuple(self._links("artifacts_used.json", "used_at")),
            made=tuple(self._links("artifacts_created.json", "created_at")),
        )

    def say(self, text: str) -> None:
        """Note something of this run."""
        self.reader.note(Finding("note", f"run {self.folder.name}", text))

    def _id(self, meta: Mapping[str, Any]) -> str:
        if meta.get("id") not in (None, self.folder.name):
            self.say(f"meta.json says that its id is {str(meta['id'])[:80]!r}; its folder counts")
        try:
            return rules.check_run_id(self.folder.name)
        except ValueError as error:
            raise Odd(str(error)) from None

    def _name(self, meta: Mapping[str, Any]) -> str:
        said = meta.get("name")
        return "" if said == "" else checking.line_of(said) or self.name

    def _status(self, meta: Mapping[str, Any]) -> tuple[str, float, float | None]:
        """How it stood, when it began, and when it ended: known exactly where it is not running."""
        try:
            said = read_object(self.folder / "status.json", self.say)
        except Unreadable as error:
            self.say(f"{error}; it counts as failed")
            said = {"status": "failed"}
        times = [meta.get("created_at"), meta.get("start_time"), said.get("started_at")]
        begun = next(filter(None, map(checking.time_of, times)), None)
        if begun is None:
            self.say("nothing says when it began; taken from its folder")
            begun = self.folder.stat().st_mtime
        status = self._known_status(said.get("status"))
        if (self.folder / ".deleted").exists():
            self.say("was deleted; the portal keeps runs, and so this one")
        if status == "running":
            return status, begun, None
        return status, begun, checking.time_of(said.get("ended_at")) or begun

    def _known_status(self, said: object) -> str:
        status = STATUSES.get(said) if isinstance(said, str) else None
        if status is None:
            self.say(f"its status {str(said)[:40]!r} is none known; it counts as failed")
        return status or "failed"

    def _links(self, file: str, time_field: str) -> Iterator[RunLink]:
        path = self.folder / file
        if not path.exists():
            return
        try:
            rows = read_object(path, self.say).get("artifacts", [])
        except Unreadable as error:
            self.reader.note(Finding("skipped", f"run {self.folder.name}", str(error)))
            return
        seen = set()
        for row in rows if isinstance(rows, list) else []:
            link = self._link(row, file, time_field)
            if link is not None and (link.line, link.number) not in seen:
                seen.add((link.line, link.number))
                yield link

    def _link(self, row: object, file: str, time_field: str) -> RunLink | None:
        if not isinstance(row, dict):
            self.say(f"{file}: {str(row)[:80]} is no object; left out")
            return None
        number = checking.number_of(row.get("version"))
        type_, name, team = row.get("type"), row.get("name"), row.get("team")
        if number is None or not isinstance(type_, str) or not isinstance(name, str):
            self.say(f"{file}: {str(row)[:80]} names no version; left out")
            return None
        try:
            line = self.reader.settings.line_of(type_, name, checking.text_of(team))
        except Odd as error:
            self.say(f"{file}: {error}; left out")
            return None
        return RunLink(line, number, checking.time_of(row.get(time_field)))
