"""Where everything lies in a store; names only, no disk access.

::

    <root>/store.json
    <root>/artifacts/.dedup/ab/<sha256>                          the pool: whole content
    <root>/artifacts/.dedup/ab/<sha256>.d, .d1, .d2 …            its own bytes and a recipe
    <root>/artifacts/.materialized/ab/<sha256>/<name>            made whole for a path, a cache
    <root>/artifacts/.staging/<uuid>                             being written
    <root>/artifacts/.trash/                                     moved aside, soon gone
    <root>/artifacts/{type}/{name}/v{N}/manifest.json            derived, see ``tree``
    <root>/artifacts/{type}/{name}/v{N}/files/{path}
    <root>/artifacts/.teams/{team}/{type}/{name}/v{N}/…          the same, of what a team owns

A bare digest is always a whole file. Behind ``.d`` stands the generation: content whose own bytes
are written anew gets a new name, and who reads the old file reads on (``recipe``).

Invariants: two names never share a folder; no name leads out of its folder.
"""

import hashlib
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

MAX_NAME_BYTES = 255
"""The longest path component that ext4, XFS, btrfs and ZFS take."""

FILE = "file"
"""The whole content lies in one file."""

EXTENTS = "extents"
"""Its own bytes lie in its file, the others in files of other contents."""

REMAINS = "remains"
"""The content is gone; of its own bytes those are left that others need."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_POOL_NAME = re.compile(r"([0-9a-f]{64})(?:\.d(|[1-9][0-9]{0,9}))?")
_UUID = re.compile(r"[0-9a-f]{32}")
_MARK_BYTES = 17
_MARK = re.compile(r"~[0-9a-f]{16}$")


@dataclass(frozen=True)
class PoolFile:
    """A file of the pool; ``generation`` is None for whole content, else that of its ``.d``."""

    sha256: str
    generation: int | None = None

    @property
    def name(self) -> str:
        """Its name in its folder of the pool."""
        suffix = "" if self.generation is None else f".d{self.generation or ''}"
        return self.sha256 + suffix


@dataclass(frozen=True)
class Place:
    """Where the bytes of one content lie that are its own: plain values of its row.

    ``physical_bytes`` is the size of that file, ``size_bytes`` that of the content.
    """

    sha256: str
    size_bytes: int
    physical_bytes: int
    layout: str = FILE
    generation: int = 0

    @property
    def pool_file(self) -> PoolFile:
        """The file that holds them."""
        return PoolFile(self.sha256, None if self.layout == FILE else self.generation)


@dataclass(frozen=True)
class Store:
    """A storage root and the id that its ``store.json`` gives it."""

    root: Path
    id: uuid.UUID

    @property
    def artifacts(self) -> Path:
        """Everything but ``store.json``; one filesystem."""
        return self.root / "artifacts"

    @property
    def pool(self) -> Path:
        """The 256 folders of content."""
        return self.artifacts / ".dedup"

    @property
    def staging(self) -> Path:
        """What is being written."""
        return self.artifacts / ".staging"

    @property
    def trash(self) -> Path:
        """What was moved aside and is about to go."""
        return self.artifacts / ".trash"

    @property
    def materialized(self) -> Path:
        """Content made whole for those who want a path; made on demand."""
        return self.artifacts / ".materialized"

    @property
    def teams(self) -> Path:
        """The version folders of what belongs to a team, in a folder of the team's name."""
        return self.artifacts / ".teams"

    def pool_path(self, sha256: str) -> Path:
        """Where the content with this digest (64 hex digits) lies, or would lie."""
        if not is_digest(sha256):
            raise ValueError(f"not a sha256 in hex: {sha256!r}")
        return self.pool / sha256[:2] / sha256

    def extents_path(self, sha256: str, generation: int) -> Path:
        """Where its own bytes lie, or would lie, when they are not the whole content."""
        return self.pool_path(sha256).with_name(PoolFile(sha256, generation).name)


def is_digest(text: str) -> bool:
    """Whether ``text`` is 64 lower-case hex digits."""
    return _DIGEST.fullmatch(text) is not None


def parse_pool_name(name: str) -> PoolFile | None:
    """The file of the pool that is called so; None when no file of the pool is."""
    match = _POOL_NAME.fullmatch(name)
    if match is None:
        return None
    sha256, generation = match.groups()
    return PoolFile(sha256, None if generation is None else int(generation or 0))


def parse_trash_name(name: str) -> PoolFile | None:
    """The file of the pool that was moved aside under this name: ``<its name>.<uuid in hex>``."""
    name, _, unique = name.rpartition(".")
    return parse_pool_name(name) if _UUID.fullmatch(unique) else None


def pool_file_path(store: Store, file: PoolFile) -> Path:
    """Where this file of the pool lies, or would lie."""
    return store.pool_path(file.sha256).with_name(file.name)


def physical_path(store: Store, place: Place) -> Path:
    """Where the file with the content's own bytes lies, or would lie."""
    return pool_file_path(store, place.pool_file)


def folder_name(text: str) -> str:
    """``text`` as one path component: itself, or shortened when its UTF-8 is over 255 bytes.

    The short form is a prefix, ``~`` and 16 hex digits of the sha256 of the whole. A name that
    already looks like a short form gets one too; else it could be made to share a folder with the
    long name it imitates.

    Raises ValueError for what is no component: empty, ``.``, ``..``, with a slash or a NUL.
    """
    if text in {"", ".", ".."} or "/" in text or "\0" in text:
        raise ValueError(f"not a path component: {text!r}")
    encoded = text.encode()
    if len(encoded) <= MAX_NAME_BYTES and not _looks_shortened(text, encoded):
        return text
    prefix = encoded[: MAX_NAME_BYTES - _MARK_BYTES].decode(errors="ignore")
    return f"{prefix}~{hashlib.sha256(encoded).hexdigest()[:16]}"


def _looks_shortened(text: str, encoded: bytes) -> bool:
    # Cutting at a character boundary costs up to three bytes, so short forms have 252 to 255.
    return len(encoded) >= MAX_NAME_BYTES - 3 and _MARK.search(text) is not None


def version_folder(store: Store, type_: str, name: str, number: int, team: str = "") -> Path:
    """Where version ``number`` of the artifact ``name`` has its manifest and links.

    ``team`` is whose it is; empty: everyone's.
    """
    return artifact_folder(store, type_, name, team) / f"v{number}"


def artifact_folder(store: Store, type_: str, name: str, team: str = "") -> Path:
    """Where the versions of the artifact ``name`` lie."""
    home = store.teams / folder_name(team) if team else store.artifacts
    return home / folder_name(type_) / folder_name(name)


def file_path(version_folder: Path, path: str) -> Path:
    """Where the file ``path`` of a version lies; long parts are shortened one by one.

    Raises ValueError for a path that is not relative or has an empty, ``.`` or ``..`` part.
    """
    return version_folder.joinpath("files", *map(folder_name, path.split("/")))
