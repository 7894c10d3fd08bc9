"""What a store says, as values that were checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, order=True)
class Line:
    """Which artifact: where it is to go. ``team`` None: whoever takes it over decides."""

    type: str
    name: str
    team: str | None = None

    def __str__(self) -> str:
        return "/".join(filter(None, (self.team, self.type, self.name)))


@dataclass(frozen=True)
class PastFile:
    """A file of a version: what it must be, and where its content may lie, likeliest first."""

    path: str
    digest: str
    size: int
    modified_at: float | None = None
    places: tuple[Path, ...] = ()


@dataclass(frozen=True)
class PastReference:
    """Something kept elsewhere, as it was declared."""

    uri: str
    checksum: str | None = None
    size: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None


@dataclass(frozen=True)
class PastAlias:
    """An alias of a version; times are epoch seconds, None: not known."""

    name: str
    is_protected: bool = False
    updated_at: float | None = None


@dataclass(frozen=True)
class PastVersion:
    """A version as it was; times are epoch seconds."""

    line: Line
    number: int
    created_at: float
    updated_at: float
    files: tuple[PastFile, ...] = ()
    references: tuple[PastReference, ...] = ()
    run: str = ""
    user: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    deleted_at: float | None = None
    deleted_by: str = ""
    aliases: tuple[PastAlias, ...] = ()
    artifact_created_at: float | None = None
    artifact_updated_at: float | None = None
    last_number: int = 0

    def __str__(self) -> str:
        return f"{self.line}:v{self.number}"


@dataclass(frozen=True)
class Tombstone:
    """A version that was deleted for ever, where it is known that there was one."""

    line: Line
    number: int
    run: str = ""
    created_at: float | None = None
    purged_at: float | None = None


@dataclass(frozen=True)
class RunLink:
    """A version that a run used or made; ``at`` is when it used it."""

    line: Line
    number: int
    at: float | None = None

    def __str__(self) -> str:
        return f"{self.line}:v{self.number}"


@dataclass(frozen=True)
class PastRun:
    """A run with what it used and made; ``status`` is running, finished or failed."""

    id: str
    project: str
    name: str = ""
    status: str = "finished"
    created_at: float = 0.0
    updated_at: float | None = None
    finished_at: float | None = None
    user: str = ""
    used: tuple[RunLink, ...] = ()
    made: tuple[RunLink, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What is not as it should be: of what, and what was done about it.

    ``kind`` is ``skipped`` (not taken over), ``corrupted`` (taken over, content is missing),
    ``repaired`` (content was found elsewhere), ``conflict`` (the portal has something else there)
    or ``note``.
    """

    kind: str
    about: str
    text: str

    def __str__(self) -> str:
        return on_one_line(f"{self.kind}: {self.about}: {self.text}")


def on_one_line(text: str) -> str:
    """Escape what no terminal should get: names of others may hold anything."""
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in text)


@dataclass
class PastArtifact:
    """An artifact of the store: which versions it has, to be loaded one by one."""

    line: Line
    folder: Path
    rows: dict[int, Mapping[str, Any]]
    on_disk: set[int]
    aliases: dict[str, int]
    last_number: int
    created_at: float | None
    updated_at: float | None
    tombstones: list[Tombstone]
    extras: Mapping[str, Any]

    @property
    def numbers(self) -> list[int]:
        """The versions the index knows, in order."""
        return sorted(self.rows)

    @property
    def known_numbers(self) -> set[int]:
        """The versions of which there is anything."""
        return self.on_disk.union(self.rows)
