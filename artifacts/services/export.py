"""What the manifests on disk cannot know, as records: one JSON object each.

Manifests know paths, digests, sizes and references. The rest is here: names and times, who and
which run, descriptions, tags, metadata, aliases with their history, what is deleted, damaged or
purged, and when each file was modified. ``restore`` is the way back.

A record says with ``kind`` what it is about and names its artifact by ``team`` (null: everyone's),
``type`` and ``name``; times are ISO 8601, to the microsecond.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from artifacts.models import (
    Alias,
    AliasEvent,
    Artifact,
    Blob,
    ManifestEntry,
    ProtectedAlias,
    Version,
)

Record = dict[str, Any]

FETCHED = 2000
"""How many rows are in memory at a time."""


def export_artifacts() -> Iterator[Record]:
    """Every record about artifacts, in the order in which ``restore`` needs them.

    The caller holds a transaction with one snapshot: an alias must not come without its version.
    """
    yield from _artifacts()
    yield from _versions()
    yield from _files()
    yield from _damaged_blobs()
    yield from _aliases()
    yield from _alias_events()
    yield from _protected_aliases()


def write_moment(moment: datetime | None) -> str | None:
    """A time as ISO 8601 with its microseconds; None stays None."""
    return None if moment is None else moment.isoformat()


def name_artifact(artifact: Artifact) -> Record:
    """The keys by which a record names its artifact; the caller has fetched the team with it."""
    team = artifact.team.name if artifact.team else None
    return {"team": team, "type": artifact.type, "name": artifact.name}


def _artifacts() -> Iterator[Record]:
    rows = Artifact.objects.select_related("team").order_by("pk")
    for one in rows.iterator(chunk_size=FETCHED):
        yield {
            "kind": "artifact",
            **name_artifact(one),
            "last_number": one.last_number,
            "created_at": write_moment(one.created_at),
            "updated_at": write_moment(one.updated_at),
        }


def _versions() -> Iterator[Record]:
    rows = Version.objects.select_related("artifact__team", "created_by", "deleted_by")
    for one in rows.order_by("pk").iterator(chunk_size=FETCHED):
        yield {
            "kind": "version",
            **name_artifact(one.artifact),
            "number": one.number,
            "manifest_sha256": one.manifest_sha256,
            "created_at": write_moment(one.created_at),
            "updated_at": write_moment(one.updated_at),
            "created_by": _username(one.created_by),
            "created_by_run": one.created_by_run,
            "commit_id": str(one.commit_id) if one.commit_id else None,
            "description": one.description,
            "tags": one.tags,
            "metadata": one.metadata,
            "deleted_at": write_moment(one.deleted_at),
            "deleted_by": _username(one.deleted_by),
            "purged_at": write_moment(one.purged_at),
        }


def _username(user: Any) -> str | None:
    return user.get_username() if user else None


def _files() -> Iterator[Record]:
    """Only those whose time is known; the manifest names them all."""
    rows = ManifestEntry.objects.exclude(modified_at=None).order_by("version_id", "pk")
    artifact = ("team__name", "type", "name")
    fields = (*(f"version__artifact__{field}" for field in artifact), "version__number", "path")
    values = rows.values_list(*fields, "modified_at")
    for team, type_, name, number, path, moment in values.iterator(chunk_size=FETCHED):
        yield {
            "kind": "file",
            "team": team,
            "type": type_,
            "name": name,
            "number": number,
            "path": path,
            "modified_at": write_moment(moment),
        }


def _damaged_blobs() -> Iterator[Record]:
    rows = Blob.objects.exclude(damaged_at=None).order_by("pk")
    for blob in rows.iterator(chunk_size=FETCHED):
        yield {
            "kind": "damaged_blob",
            "digest": blob.digest,
            "damaged_at": write_moment(blob.damaged_at),
        }


def _aliases() -> Iterator[Record]:
    rows = Alias.objects.select_related("artifact__team", "version", "updated_by").order_by("pk")
    for one in rows.iterator(chunk_size=FETCHED):
        yield {
            "kind": "alias",
            **name_artifact(one.artifact),
            "alias": one.name,
            "number": one.version.number,
            "is_protected": one.is_protected,
            "updated_at": write_moment(one.updated_at),
            "updated_by": _username(one.updated_by),
        }


def _alias_events() -> Iterator[Record]:
    rows = AliasEvent.objects.select_related("artifact__team", "by").order_by("pk")
    for one in rows.iterator(chunk_size=FETCHED):
        yield {
            "kind": "alias_event",
            **name_artifact(one.artifact),
            "alias": one.name,
            "from_number": one.from_number,
            "to_number": one.to_number,
            "comment": one.comment,
            "at": write_moment(one.at),
            "by": _username(one.by),
        }


def _protected_aliases() -> Iterator[Record]:
    for one in ProtectedAlias.objects.order_by("pattern"):
        yield {
            "kind": "protected_alias",
            "pattern": one.pattern,
            "needs_comment": one.needs_comment,
        }
