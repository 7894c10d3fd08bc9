"""What a version is made of, as values that do not change."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from runicorn import payloads, rules
from runicorn.answers import check_file, check_version

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class ArtifactType(StrEnum):
    """The five kinds of artifact."""

    MODEL = "model"
    DATASET = "dataset"
    CONFIG = "config"
    CODE = "code"
    CUSTOM = "custom"


@dataclass(frozen=True)
class FileEntry:
    """One file of a version: path inside it, size in bytes, digest ``sha256:…``."""

    path: str
    size: int
    digest: str
    modified_at: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


@dataclass(frozen=True)
class ReferenceEntry:
    """Data that lies elsewhere: only its address is kept, and what was said about it."""

    uri: str
    checksum: str | None = None
    size: int | None = None
    metadata: dict[str, Any] = field(default_factory=dict)  # the user's own
    name: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


@dataclass(frozen=True)
class ArtifactMetadata:
    """All that is known about a version, apart from its files. Times are epoch seconds."""

    name: str
    type: str
    version: int
    created_at: float
    updated_at: float
    created_by_run: str | None = None
    created_by_user: str | None = None
    size_bytes: int = 0
    num_files: int = 0
    num_references: int = 0
    status: str = "ready"
    metadata: dict[str, Any] = field(default_factory=dict)  # the user's own
    description: str = ""
    tags: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    manifest_digest: str | None = None
    team: str | None = None

    @property
    def owner(self) -> str:
        """Whose it is, as one writes it: the team, or ``everyone``."""
        return self.team or rules.EVERYONE

    @classmethod
    def from_payload(cls, detail: payloads.VersionDetail) -> "ArtifactMetadata":
        """Take what this class knows out of the server's answer.

        Raises :class:`IntegrityError` for a version that cannot be.
        """
        check_version(detail)
        return cls(**_known(cls, detail))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


@dataclass(frozen=True)
class ArtifactManifest:
    """The files and references of a version; ``total_size`` is the bytes of its files."""

    files: list[FileEntry] = field(default_factory=list)
    references: list[ReferenceEntry] = field(default_factory=list)
    total_size: int = 0
    total_files: int = 0
    total_references: int = 0

    @classmethod
    def from_payload(cls, listing: payloads.FilesListing) -> "ArtifactManifest":
        """Take what this class knows out of the server's answer.

        Raises :class:`IntegrityError` for a file that cannot be.
        """
        for item in listing["files"]:
            check_file(item)
        return cls(
            files=[FileEntry(**_known(FileEntry, item)) for item in listing["files"]],
            references=[
                ReferenceEntry(**_known(ReferenceEntry, item)) for item in listing["references"]
            ],
            total_size=listing["total_size"],
            total_files=listing["total_files"],
            total_references=listing["total_references"],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, entries too."""
        return asdict(self)

    def find(self, path: str) -> FileEntry | None:
        """Return the file of that path, or None."""
        return next((entry for entry in self.files if entry.path == path), None)


@dataclass(frozen=True)
class RunRef:
    """A run that made or used a version; what one may not know of it is None."""

    id: str
    project: str | None = None
    name: str | None = None
    status: str | None = None

    @classmethod
    def from_node(cls, node: payloads.LineageNode) -> "RunRef":
        """Take it out of a graph."""
        return cls(**_known(cls, node["metadata"] | {"id": node["node_id"]}))


def _known(cls: type["DataclassInstance"], given: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the keys that are fields of ``cls``: a newer server may send more."""
    return {one.name: given[one.name] for one in fields(cls) if one.name in given}
