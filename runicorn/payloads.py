"""The JSON of the HTTP API, as types. Keys the server adds later are no harm."""

from typing import Any, NotRequired, TypedDict


class ArtifactItem(TypedDict):
    """One artifact of the list."""

    name: str
    type: str
    num_versions: int
    latest_version: int
    size_bytes: int
    created_at: float
    updated_at: float
    aliases: dict[str, int]


class VersionItem(TypedDict):
    """One version of the history."""

    version: int
    created_at: float
    created_by_run: str | None
    size_bytes: int
    num_files: int
    status: str
    aliases: list[str]


class VersionDetail(TypedDict):
    """One version in full."""

    name: str
    type: str
    version: int
    created_at: float
    updated_at: float
    created_by_run: str | None
    created_by_user: str | None
    size_bytes: int
    num_files: int
    num_references: int
    status: str
    metadata: dict[str, Any]  # the user's own
    description: str
    tags: list[str]
    aliases: list[str]
    manifest_digest: str | None


class FileItem(TypedDict):
    """One file of a version."""

    path: str
    size: int
    digest: str
    modified_at: NotRequired[float | None]
    absolute_path: NotRequired[str | None]
    is_remote: NotRequired[bool]


class ReferenceItem(TypedDict):
    """Data that lies elsewhere."""

    uri: str
    checksum: NotRequired[str | None]
    size: NotRequired[int | None]
    name: NotRequired[str | None]
    metadata: NotRequired[dict[str, Any]]  # the user's own


class FilesListing(TypedDict):
    """The files and references of a version."""

    artifact: str
    files: list[FileItem]
    references: list[ReferenceItem]
    total_size: int
    total_files: int
    total_references: int
    is_remote: bool


class CommitRequest(TypedDict):
    """What makes a version."""

    type: str
    files: list[FileItem]
    references: list[ReferenceItem]
    metadata: dict[str, Any]  # the user's own
    tags: list[str]
    description: str
    aliases: list[str]
    run: str | None
    commit_id: str


class LineageNode(TypedDict):
    """A version or a run in the graph."""

    node_type: str
    node_id: str
    label: str
    metadata: dict[str, Any]  # differs by node_type


class LineageEdge(TypedDict):
    """``uses`` runs from a version to a run, ``produces`` from a run to a version."""

    source: str
    target: str
    edge_type: str


class Lineage(TypedDict):
    """The graph around a version."""

    root_artifact: str
    nodes: list[LineageNode]
    edges: list[LineageEdge]
    truncated: NotRequired[bool]


class TypeStats(TypedDict):
    """The figures of one type."""

    count: int
    versions: int
    size_bytes: int


class Stats(TypedDict):
    """The figures of the whole store."""

    total_artifacts: int
    total_versions: int
    total_size_bytes: int
    total_files: int
    dedup_enabled: bool
    dedup_pool_size_bytes: int
    space_saved_bytes: int
    dedup_ratio: float
    by_type: dict[str, TypeStats]


class RunInfo(TypedDict):
    """One run."""

    id: str
    project: str
    name: str
    status: str
    created_at: float
    updated_at: float
    finished_at: float | None
    created_by_user: str | None


class RunUse(TypedDict):
    """What ``uses`` answers: the version the name stood for."""

    run: str
    name: str
    type: str
    version: int
    artifact: str


class RunArtifacts(TypedDict):
    """What a run made and what it used."""

    created: list[dict[str, Any]]  # name, type, version, artifact, size_bytes, status, created_at
    used: list[dict[str, Any]]  # the same


class AliasInfo(TypedDict):
    """Where an alias points."""

    alias: str
    version: int
    type: NotRequired[str]
    protected: bool
    updated_at: float
    updated_by_user: str | None


class StoredBlobs(TypedDict):
    """How much of a body of many blobs was stored."""

    stored: int
    size_bytes: int


class Deleted(TypedDict):
    """The answer to a removal."""

    success: bool
    message: str
