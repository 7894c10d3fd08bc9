"""Where everything lies in a store; names only, no disk access.

::

    <root>/store.json
    <root>/artifacts/.dedup/ab/<sha256>                          the pool: one file a content
    <root>/artifacts/.staging/<uuid>                             being written
    <root>/artifacts/.trash/                                     moved aside, soon gone
    <root>/artifacts/{type}/{name}/v{N}/manifest.json            derived, see ``tree``
    <root>/artifacts/{type}/{name}/v{N}/files/{path}

Layout "file" (the whole content in one file) is the only one. A later layout gets a suffix after
the digest (``<sha256>.d``), so a bare digest is always a whole file.

Invariants: two names never share a folder; no name leads out of its folder.
"""

import hashlib
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

MAX_NAME_BYTES = 255
"""The longest path component that ext4, XFS, btrfs and ZFS take."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MARK_BYTES = 17
_MARK = re.compile(r"~[0-9a-f]{16}$")


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

    def pool_path(self, sha256: str) -> Path:
        """Where the content with this digest (64 hex digits) lies, or would lie."""
        if not is_digest(sha256):
            raise ValueError(f"not a sha256 in hex: {sha256!r}")
        return self.pool / sha256[:2] / sha256


def is_digest(text: str) -> bool:
    """Whether ``text`` is 64 lower-case hex digits."""
    return _DIGEST.fullmatch(text) is not None


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


def version_folder(store: Store, type_: str, name: str, number: int) -> Path:
    """Where version ``number`` of the artifact ``name`` has its manifest and links."""
    return store.artifacts / folder_name(type_) / folder_name(name) / f"v{number}"


def file_path(version_folder: Path, path: str) -> Path:
    """Where the file ``path`` of a version lies; long parts are shortened one by one.

    Raises ValueError for a path that is not relative or has an empty, ``.`` or ``..`` part.
    """
    return version_folder.joinpath("files", *map(folder_name, path.split("/")))
