"""A store of Runicorn 0.4 or 0.5, read artifact by artifact.

The index (``versions.json``) alone says which versions there are and where aliases point: what
``metadata.json`` and the rows of the index say of aliases is ``latest`` for every version.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runicorn import rules
from runicorn.legacy import checking
from runicorn.legacy.checking import Odd
from runicorn.legacy.files import is_folder, links_in, subfolders, why_unreadable
from runicorn.legacy.json_files import Unreadable, read_object
from runicorn.legacy.values import Finding, Line, PastArtifact, Tombstone
from runicorn.legacy.versions import VersionReader, numbers_in

Note = Callable[[Finding], None]
Find = Callable[[Path], list[Path]]
TOP_FOLDERS_WITHOUT_RUNS = frozenset({"artifacts", "runs", "webui", "lost+found"})


@dataclass(frozen=True)
class Renames:
    """Where artifacts go whose type or name is another here: ``{("model", "old"): Line(…)}``."""

    lines: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)

    def of(self, type_: str, name: str) -> tuple[str, str]:
        """Type and name as they shall be."""
        given = self.lines.get((type_, name))
        return given or (self.types.get(type_, type_), name)

    @classmethod
    def parse(cls, lines: Sequence[str], types: Sequence[str]) -> "Renames":
        """Read ``TYPE/OLD=TYPE/NEW`` (or ``TYPE/OLD=NEW``), and ``OLD=NEW`` of types.

        Raises ValueError.
        """
        named: dict[tuple[str, str], tuple[str, str]] = {}
        for text in lines:
            old, equals, new = text.partition("=")
            type_, slash, name = old.partition("/")
            new_type, new_slash, new_name = new.partition("/")
            if not (equals and slash and type_ and name and new):
                raise ValueError(f"{text!r} is not TYPE/OLD=TYPE/NEW")
            to = (new_type, new_name) if new_slash else (type_, new)
            named[type_, name] = (rules.check_type(to[0]), rules.check_name(to[1]))
        retyped: dict[str, str] = {}
        for text in types:
            old, equals, new = text.partition("=")
            if not (old and equals):
                raise ValueError(f"{text!r} is not OLD=NEW")
            retyped[old] = rules.check_type(new)
        return cls(named, retyped)


@dataclass(frozen=True)
class Settings:
    """How to read: ``team`` None takes the one that an export names, else ``default_team``."""

    renames: Renames = field(default_factory=Renames)
    team: str | None = None
    default_team: str | None = None

    def line_of(self, type_: str, name: str, team: str | None = None) -> Line:
        """Where an artifact goes; raises Odd where nothing here may be called so."""
        to_type, to_name = self.renames.of(type_, name)
        try:
            return Line(rules.check_type(to_type), rules.check_name(to_name), self._owner(team))
        except ValueError as error:
            raise Odd(f"{error}; give it another: --rename {type_}/{name}=TYPE/NAME") from None

    def _owner(self, team: str | None) -> str | None:
        owner = self.team or team or self.default_team
        return None if owner in {None, "", rules.EVERYONE} else owner


@dataclass
class StoreReader:
    """Reads the store at ``root``; ``note`` hears of everything that is not as it should be."""

    root: Path
    note: Note
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        self.versions = VersionReader(self.root, self.note)

    def artifacts(self) -> Iterator[PastArtifact]:
        """Every artifact that can be taken over, by type and name."""
        home = self.root / "artifacts"
        for type_folder in self._folders(home):
            for folder in self._folders(type_folder):
                found = self._read_artifact(type_folder.name, folder)
                if found is not None:
                    yield found

    def _folders(self, folder: Path) -> list[Path]:
        """The folders in ``folder``; what may not be followed, or not be looked into, is said."""
        for path in self._look(folder, links_in):
            self._skip(str(path.relative_to(self.root)), "is a link; links are not followed")
        return self._look(folder)

    def _look(self, folder: Path, find: Find = subfolders) -> list[Path]:
        """What ``find`` finds in ``folder``; where that cannot be looked into, it is said."""
        try:
            return find(folder)
        except OSError as error:
            what = f"cannot be looked into, and is left out: {why_unreadable(error)}"
            self._skip(str(folder.relative_to(self.root)), what)
            return []

    def run_folders(self) -> Iterator[tuple[str, str, Path]]:
        """Every run's folder, with the project and name its place says; older ones say neither."""
        for runs in self.run_homes():
            for folder in self._look(runs):
                yield runs.parent.parent.name, runs.parent.name, folder
        for folder in self._look(self.root / "runs"):
            yield "", "", folder

    def run_homes(self) -> Iterator[Path]:
        """The folders called ``runs`` of all projects."""
        for project in self._look(self.root):
            if project.name not in TOP_FOLDERS_WITHOUT_RUNS:
                for name in self._look(project):
                    yield from self._look(name, _runs_in)

    def _skip(self, about: str, text: str) -> None:
        self.note(Finding("skipped", about, text))

    def _read_artifact(self, type_: str, folder: Path) -> PastArtifact | None:
        about = f"{type_}/{folder.name}"
        try:
            index = read_object(folder / "versions.json")
            extras = self._extras(about, folder)
            line = self.settings.line_of(type_, folder.name, checking.text_of(extras.get("team")))
            on_disk = numbers_in(folder)
        except (Unreadable, Odd) as error:
            self._skip(about, str(error))
            return None
        except OSError as error:
            self._skip(about, f"its folder cannot be looked into: {why_unreadable(error)}")
            return None
        if line.name != folder.name and (type_, folder.name) not in self.settings.renames.lines:
            self.note(Finding("note", about, f"is called {line.name!r} here (Unicode NFC)"))
        return self._from_index(line, folder, index, extras, on_disk)

    def _extras(self, about: str, folder: Path) -> Mapping[str, Any]:
        path = folder / "portal.json"
        if not path.exists():
            return {}
        try:
            return read_object(path)
        except Unreadable as error:
            self.note(Finding("note", about, f"{error}; what it would add is not known"))
            return {}

    def _from_index(
        self, line: Line, folder: Path, index: Mapping[str, Any], extras: Mapping[str, Any],
        on_disk: set[int],
    ) -> PastArtifact:  # fmt: skip
        rows = self._rows(line, index.get("versions"))
        for number in sorted(on_disk - rows.keys()):
            self._skip(f"{line}:v{number}", "the index does not know it")
        aliases = self._aliases(line, index.get("aliases"), rows)
        tombstones = list(self._tombstones(line, extras.get("purged")))
        last = checking.number_of(extras.get("last_number")) or 0
        numbers = [last, *rows, *on_disk, *(one.number for one in tombstones)]
        return PastArtifact(
            line, folder, rows, on_disk, aliases, max(numbers),
            checking.time_of(index.get("created_at")), checking.time_of(index.get("updated_at")),
            tombstones, extras,
        )  # fmt: skip

    def _rows(self, line: Line, found: object) -> dict[int, Mapping[str, Any]]:
        rows: dict[int, Mapping[str, Any]] = {}
        if not isinstance(found, list):
            self._skip(str(line), "versions.json has no list of versions")
            return rows
        for row in found:
            number = checking.number_of(row.get("version")) if isinstance(row, dict) else None
            if number is None:
                self._skip(str(line), f"a row of the index is none: {str(row)[:80]}")
            elif number in rows:
                self._skip(f"{line}:v{number}", "is twice in the index; the first row counts")
            else:
                rows[number] = row
        return rows

    def _aliases(
        self, line: Line, found: object, rows: Mapping[int, Mapping[str, Any]]
    ) -> dict[str, int]:
        aliases: dict[str, int] = {}
        if not isinstance(found, dict):
            if found is not None:
                self._skip(str(line), "the aliases of the index are no object")
            return aliases
        for text, value in found.items():
            if text == "latest":  # kept by the portal itself
                continue
            number = checking.number_of(value)
            try:
                name = rules.check_movable_alias(text)
            except ValueError as error:
                self._skip(f"{line}:{text[:80]}", f"the alias is left out: {error}")
                continue
            if number is None or number not in rows:
                self._skip(f"{line}:{name}", f"the alias points at {str(value)[:40]}, no version")
            else:
                aliases[name] = number
        return aliases

    def _tombstones(self, line: Line, found: object) -> Iterator[Tombstone]:
        for one in found if isinstance(found, list) else []:
            number = checking.number_of(one.get("number")) if isinstance(one, dict) else None
            if number is not None:
                yield Tombstone(
                    line, number, checking.line_of(one.get("run")),
                    checking.time_of(one.get("created_at")),
                    checking.time_of(one.get("purged_at")),
                )  # fmt: skip


def _runs_in(folder: Path) -> list[Path]:
    return [folder / "runs"] if is_folder(folder / "runs") else []


def is_store(root: Path) -> bool:
    """Whether ``root`` looks like a storage folder of Runicorn: with artifacts, or with runs.

    One that cannot be looked into may be one: the import says so.
    """
    try:
        if is_folder(root / "artifacts") or is_folder(root / "runs"):
            return True
    except OSError:
        return True
    return any(StoreReader(root, lambda _: None).run_homes())
