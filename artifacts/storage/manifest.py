"""The manifest of a version: which path holds which content.

Its canonical bytes are the file ``manifest.json``, and their sha256 is the manifest digest: equal
content has equal bytes, in whatever order it was given. So times are left out, and ``from_bytes``
takes nothing but the canonical form. The rules for paths and names are not here.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from accounts.sentences import say
from artifacts.errors import Corrupted
from artifacts.storage.layout import is_digest

FORMAT = 1
_PREFIX = "sha256:"

T = TypeVar("T")


@dataclass(frozen=True)
class ManifestEntry:
    """A file: ``sha256`` in 64 hex digits; ``modified_at`` in epoch seconds is not content."""

    path: str
    sha256: str
    size_bytes: int
    modified_at: float | None = None


@dataclass(frozen=True)
class ManifestReference:
    """Content kept elsewhere; all but the URI is as the client declared it, None: not at all."""

    uri: str
    checksum: str | None = None
    size_bytes: int | None = None
    name: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """The files (paths are unique) and the references of one version."""

    entries: tuple[ManifestEntry, ...] = ()
    references: tuple[ManifestReference, ...] = ()

    def to_bytes(self) -> bytes:
        """The canonical JSON: keys sorted, compact, UTF-8, files sorted by the bytes of their path.

        Raises ValueError for what JSON or UTF-8 cannot hold: NaN, infinity, lone surrogates.
        """
        return self._encoded

    @cached_property
    def _encoded(self) -> bytes:
        content = {
            "format": FORMAT,
            "files": [_entry_to_json(one) for one in self._sorted_entries()],
            "references": [_reference_to_json(one) for one in self.references],
        }
        text = json.dumps(
            content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return text.encode()

    def _sorted_entries(self) -> list[ManifestEntry]:
        return sorted(self.entries, key=lambda entry: entry.path.encode())

    @property
    def digest(self) -> str:
        """The sha256 of the canonical bytes, 64 hex digits."""
        return hashlib.sha256(self._encoded).hexdigest()

    @property
    def size_bytes(self) -> int:
        """What the files add up to; references do not count."""
        return sum(entry.size_bytes for entry in self.entries)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Manifest":
        """Read canonical bytes back, so that ``digest`` is the sha256 of ``data``.

        Raises Corrupted (422) for anything else.
        """
        try:
            content = json.loads(data)
            manifest = cls(
                entries=tuple(map(_entry_from_json, content["files"])),
                references=tuple(map(_reference_from_json, content["references"])),
            )
            is_canonical = manifest.to_bytes() == data
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Corrupted(say("This is not a manifest: {error}.", error=repr(error))) from error
        if not is_canonical:
            raise Corrupted(
                say("This is not a canonical manifest of format {format}.", format=FORMAT)
            )
        return manifest


def _entry_to_json(entry: ManifestEntry) -> dict[str, object]:
    return {"path": entry.path, "digest": _PREFIX + entry.sha256, "size": entry.size_bytes}


def _entry_from_json(content: dict[str, object]) -> ManifestEntry:
    sha256 = _required(content["digest"], str).removeprefix(_PREFIX)
    if not is_digest(sha256):
        raise ValueError(f"not a digest: {sha256!r}")
    return ManifestEntry(
        path=_required(content["path"], str),
        sha256=sha256,
        size_bytes=_required(content["size"], int),
    )


def _reference_to_json(reference: ManifestReference) -> dict[str, object]:
    return {
        "uri": reference.uri,
        "checksum": reference.checksum,
        "size": reference.size_bytes,
        "name": reference.name,
        "metadata": dict(reference.metadata),
    }


def _reference_from_json(content: dict[str, object]) -> ManifestReference:
    return ManifestReference(
        uri=_required(content["uri"], str),
        checksum=_optional(content["checksum"], str),
        size_bytes=_optional(content["size"], int),
        name=_optional(content["name"], str),
        metadata=_required(content["metadata"], dict),
    )


def _required(value: object, kind: type[T]) -> T:
    # JSON's true is an int to Python.
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _optional(value: object, kind: type[T]) -> T | None:
    return None if value is None else _required(value, kind)
