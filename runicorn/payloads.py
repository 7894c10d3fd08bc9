"""The JSON of the HTTP API, as types. Keys the server adds later are no harm."""

from typing import Any, NotRequired, TypedDict


class ArtifactItem(TypedDict):
    """One artifact of the list."""

    name: str
    type: str
    team: NotRequired[str | None]
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
    physical_bytes: NotRequired[int | None]  # None: too much to add up for one list


class VersionDetail(TypedDict):
    """One version in full."""

    name: str
    type: str
    team: NotRequired[str | None]
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
    deleted_at: NotRequired[float | None]
    physical_bytes: NotRequired[int]
    shared_bytes: NotRequired[int]


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


class Announced(TypedDict):
    """A version before anything of it is sent.

    ``artifact`` is ``[team/]type/name``; ``size_bytes`` those of the contents below 8 MiB that are
    asked about, or were found missing by earlier questions.
    """

    artifact: str
    num_files: int
    size_bytes: int


class Missing(TypedDict):
    """Which contents are to be sent."""

    missing: list[str]


class CommitRequest(TypedDict):
    """What makes a version."""

    type: str
    team: NotRequired[str]
    files: list[FileItem]
    references: list[ReferenceItem]
    metadata: dict[str, Any]  # the user's own
    tags: list[str]
    description: str
    aliases: list[str]
    comment: NotRequired[str]
    run: str | None
    commit_id: str
    if_unchanged: NotRequired[str]  # new (a new version all the same) or reuse (the latest)


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


class ImpactItem(TypedDict):
    """A version that was made from another, ``depth`` runs away."""

    depth: int
    artifact: str
    type: str
    name: str
    version: int
    team: str | None
    status: str
    aliases: list[str]
    size_bytes: int
    created_at: float
    created_by_user: str | None
    project: str | None
    run: str


class Impact(TypedDict):
    """What was made from a version; ``restricted`` more are hidden."""

    artifact: str
    items: list[ImpactItem]
    restricted: int
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
    materialized_bytes: NotRequired[int]
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
    team: NotRequired[str | None]
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


class AliasEventInfo(TypedDict):
    """One move of an alias; ``comment`` is empty where none was made."""

    from_version: int | None
    to_version: int | None
    at: float
    by_user: str | None
    comment: NotRequired[str]


class Upload(TypedDict):
    """How far an upload is; ``received`` is absent once the content is stored."""

    digest: str
    size: int
    received: NotRequired[int]


class Negotiation(TypedDict):
    """Which chunks of an upload the server needs; it has the others."""

    digest: str
    size: int
    num_chunks: int
    needed: list[list[int]]  # [first, count] of each run of chunks, numbered from 0
    needed_bytes: int
    received: int  # of needed_bytes
    stored: bool


class DescribeRequest(TypedDict, total=False):
    """What is said anew of a version; each key replaces the whole of its value.

    ``seen_at`` is the ``updated_at`` the caller saw: the server refuses where it has changed.
    """

    description: str
    tags: list[str]
    metadata: dict[str, Any]
    seen_at: float


class StoredBlobs(TypedDict):
    """How much of a body of many blobs was stored."""

    stored: int
    size_bytes: int


class Deleted(TypedDict):
    """The answer to a removal."""

    success: bool
    message: str
    freed_bytes: NotRequired[int]


class DeleteRequest(TypedDict, total=False):
    """Which versions of an artifact to delete: those that meet all that is given."""

    versions: list[int]
    keep_last: int
    created_before: float | str  # epoch seconds, or an ISO 8601 date or time
    without_aliases: bool
    deleted_only: bool
    permanent: bool
    dry_run: bool


class GoneAlias(TypedDict):
    """An alias of a version that goes."""

    alias: str
    version: int


class VersionsDeleted(Deleted):
    """The answer to a removal of several versions.

    ``exclusive_bytes`` is what removing exactly these for good frees; None: one is not told.
    """

    versions: list[int]
    aliases: NotRequired[list[GoneAlias]]
    exclusive_bytes: int | None


class MaterializedFile(TypedDict):
    """Where a file of a version lies on the server's disk."""

    path: str
    absolute_path: str | None  # None for clients on another machine


class Materialized(TypedDict):
    """A version whose files all lie on the server's disk as they are."""

    artifact: str
    files: list[MaterializedFile]
    materialized_bytes: int


class WhoAmITeam(TypedDict):
    """A team one is in."""

    name: str
    role: str


class WhoAmIToken(TypedDict):
    """The token one came with."""

    name: str
    scope: str
    expires_at: float | None


class WhoAmI(TypedDict):
    """Who one is, and what one may do."""

    username: str | None
    role: str | None
    teams: list[WhoAmITeam]
    token: WhoAmIToken | None
    access: str


class TokenRequest(TypedDict, total=False):
    """A token to make."""

    name: str
    scope: str
    expires_at: float | str | None  # epoch seconds, or an ISO 8601 date or time
    user: str | None


class TokenInfo(TypedDict):
    """A token, but not its text."""

    id: int
    name: str
    user: str
    hint: str
    scope: str
    created_at: float
    expires_at: float | None
    last_used_at: float | None


class NewToken(TokenInfo):
    """A token that was just made, with its text, which is told this once."""

    token: str
