"""Versions come and go: commit, describe, soft-delete, restore, purge.

The transaction that inserts the version row is the only commit point: no drafts, nothing
half-made is ever visible. Locks are taken in one order everywhere: blobs (by sha256), then the
artifact row, then version rows.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.access import Caller, user_or_none
from artifacts.errors import (
    AliasProtected,
    Conflict,
    Invalid,
    SizeMismatch,
    VersionNotFound,
    VersionNotReady,
)
from artifacts.models import Alias, AliasEvent, Artifact, Blob, ManifestEntry, Reference, Version
from artifacts.services.access import require_entry
from artifacts.services.aliases import point_alias
from artifacts.services.blobs import lock_blobs
from artifacts.services.collect import collect_blobs
from artifacts.services.trees import build_after_commit, remove_version_tree
from artifacts.storage.manifest import Manifest
from artifacts.storage.steps import reached

logger = logging.getLogger(__name__)

INSERT_BATCH = 5000


@dataclass(frozen=True)
class VersionDraft:
    """What a commit says of a version: its manifest, and what surrounds it."""

    manifest: Manifest
    metadata: dict[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    description: str = ""
    aliases: Sequence[str] = ()
    commit_id: UUID | None = None


def create_version(
    *, type_: str, name: str, draft: VersionDraft, created_by: Caller, run_id: str = ""
) -> tuple[Version, bool]:
    """Commit ``draft`` as the next version of ``type_``/``name``; makes the artifact if needed.

    Returns the version and whether this call made it: a repeated ``commit_id`` finds the version
    that its first use made. The version folder is built after the (outermost) commit.

    Raises AccessDenied (403), MissingBlobs (409) with what to upload, SizeMismatch (422),
    Invalid (400) for a version of nothing, Conflict (409) for a commit id used elsewhere.
    """
    require_entry(created_by)
    if not draft.manifest.entries and not draft.manifest.references:
        raise Invalid({"files": ["a version needs at least one file or reference"]})
    made = _find_commit(draft, type_, name)
    if made is not None:
        return made, False
    try:
        with transaction.atomic():
            return _insert_version(type_, name, draft, created_by, run_id), True
    except IntegrityError:
        # Two repeats of one commit at the same moment: the other one was first.
        made = _find_commit(draft, type_, name)
        if made is None:
            raise
        return made, False


def _find_commit(draft: VersionDraft, type_: str, name: str) -> Version | None:
    if draft.commit_id is None:
        return None
    found = Version.objects.select_related("artifact").filter(commit_id=draft.commit_id).first()
    if found is not None and _identity(found) != (type_, name, draft.manifest.digest):
        raise Conflict(f"commit_id: {draft.commit_id} was used for {found}, which is another.")
    return found


def _identity(version: Version) -> tuple[str, str, str]:
    return version.artifact.type, version.artifact.name, version.manifest_sha256


def _insert_version(
    type_: str, name: str, draft: VersionDraft, created_by: Caller, run_id: str
) -> Version:
    manifest = draft.manifest
    blobs = lock_blobs(entry.sha256 for entry in manifest.entries)
    _check_sizes(manifest, blobs)
    artifact = _take_number(type_, name)
    version = Version.objects.create(
        artifact=artifact, number=artifact.last_number, created_at=artifact.updated_at,
        updated_at=artifact.updated_at, created_by=user_or_none(created_by),
        created_by_run=run_id, commit_id=draft.commit_id, description=draft.description,
        tags=list(draft.tags), metadata=draft.metadata, manifest_sha256=manifest.digest,
        size_bytes=manifest.size_bytes, num_files=len(manifest.entries),
        num_references=len(manifest.references),
    )  # fmt: skip
    _insert_entries(version, manifest, blobs)
    _insert_references(version, manifest)
    for alias in draft.aliases:
        point_alias(artifact=artifact, name=alias, version=version, moved_by=created_by)
    reached("version.before_commit")
    transaction.on_commit(lambda: reached("version.committed"))
    build_after_commit(version.pk)
    logger.info("version created version=%s type=%s bytes=%d", version, type_, version.size_bytes)
    return version


def _check_sizes(manifest: Manifest, blobs: dict[str, Blob]) -> None:
    for entry in manifest.entries:
        stored = blobs[entry.sha256].size_bytes
        if entry.size_bytes != stored:
            raise SizeMismatch(
                f"files: {entry.path!r} is said to have {entry.size_bytes} bytes; "
                f"sha256:{entry.sha256} has {stored}."
            )


def _take_number(type_: str, name: str) -> Artifact:
    """Lock the artifact, late in the transaction, and take its next number for good."""
    Artifact.objects.bulk_create([Artifact(type=type_, name=name)], ignore_conflicts=True)
    row = Artifact.objects.select_for_update(no_key=True)
    artifact: Artifact = row.get(type=type_, name=name)
    artifact.updated_at = timezone.now()
    if artifact.last_number == 0:
        artifact.created_at = artifact.updated_at
    artifact.last_number += 1
    artifact.save(update_fields=["last_number", "created_at", "updated_at"])
    return artifact


def _insert_entries(version: Version, manifest: Manifest, blobs: dict[str, Blob]) -> None:
    rows = [
        ManifestEntry(
            version=version,
            path=entry.path,
            blob=blobs[entry.sha256],
            modified_at=_moment(entry.modified_at),
        )
        for entry in manifest.entries
    ]
    ManifestEntry.objects.bulk_create(rows, batch_size=INSERT_BATCH)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)


def _insert_references(version: Version, manifest: Manifest) -> None:
    rows = [
        Reference(
            version=version, position=position, uri=one.uri, checksum=one.checksum,
            size_bytes=one.size_bytes, name=one.name, metadata=dict(one.metadata),
        )
        for position, one in enumerate(manifest.references)
    ]  # fmt: skip
    Reference.objects.bulk_create(rows, batch_size=INSERT_BATCH)


def describe_version(*, version: Version, changes: dict[str, Any], changed_by: Caller) -> Version:
    """Replace the description, tags or metadata of ``version``; content never changes.

    Raises AccessDenied (403), VersionNotReady (409) while it is soft-deleted.
    """
    require_entry(changed_by)
    with transaction.atomic():
        locked = lock_version(version)
        if locked.deleted_at:
            raise VersionNotReady(f"{locked} is deleted; restore it first.")
        if not changes:
            return locked
        for name, value in changes.items():
            setattr(locked, name, value)
        locked.updated_at = timezone.now()
        locked.save(update_fields=[*changes, "updated_at"])
    return locked


def soft_delete_version(*, version: Version, deleted_by: Caller) -> None:
    """Hide ``version``; nothing is lost and ``restore_version`` undoes it. Idempotent.

    Raises AccessDenied (403), AliasProtected (409).
    """
    require_entry(deleted_by)
    with transaction.atomic():
        locked = lock_version(version)
        _refuse_protected(locked)
        if locked.deleted_at is None:
            locked.deleted_at = timezone.now()
            locked.deleted_by = user_or_none(deleted_by)
            locked.save(update_fields=["deleted_at", "deleted_by"])
            logger.info("version soft-deleted version=%s user=%s", locked, deleted_by)


def restore_version(*, version: Version, restored_by: Caller) -> Version:
    """Bring a soft-deleted version back, with the aliases that have not moved on. Idempotent.

    Raises AccessDenied (403).
    """
    require_entry(restored_by)
    with transaction.atomic():
        locked = lock_version(version)
        locked.deleted_at = None
        locked.deleted_by = None
        locked.save(update_fields=["deleted_at", "deleted_by"])
    logger.info("version restored version=%s user=%s", locked, restored_by)
    return locked


def purge_version(*, version: Version, purged_by: Caller) -> int:
    """Remove the content, folder and aliases of ``version`` for ever; returns the bytes freed.

    What stays is a tombstone: lineage keeps its shape and the number is never used again. Every
    byte that no other version needs is gone from the disk when this returns. A crash on the way
    leaves bytes that ``manage.py collect`` frees.

    Raises AccessDenied (403), AliasProtected (409).
    """
    require_entry(purged_by)
    with transaction.atomic(durable=True):
        locked = lock_version(version)
        _refuse_protected(locked)
        blob_ids = list(locked.entries.values_list("blob_id", flat=True).distinct())
        _bury(locked, purged_by)
    reached("purge.committed")
    remove_version_tree(locked.artifact, locked.number)
    freed = collect_blobs(blob_ids=blob_ids)
    logger.info("version purged version=%s user=%s freed_bytes=%d", locked, purged_by, freed)
    return freed


def _refuse_protected(version: Version) -> None:
    protected = version.aliases.filter(is_protected=True).order_by("name")
    names = list(protected.values_list("name", flat=True))
    if names:
        raise AliasProtected(str(version), names)


def _bury(version: Version, purged_by: Caller) -> None:
    _remove_aliases(version, purged_by)
    version.entries.all().delete()
    version.references.all().delete()
    now = timezone.now()
    Version.objects.filter(pk=version.pk).update(
        purged_at=now, updated_at=now, description="", tags=[], metadata={}, manifest_sha256="",
        size_bytes=0, num_files=0, num_references=0, commit_id=None, corrupted_at=None,
    )  # fmt: skip


def _remove_aliases(version: Version, removed_by: Caller) -> None:
    names = version.aliases.order_by("name").values_list("name", flat=True)
    AliasEvent.objects.bulk_create(
        AliasEvent(
            artifact=version.artifact,
            name=name,
            from_number=version.number,
            by=user_or_none(removed_by),
        )
        for name in names
    )
    Alias.objects.filter(version=version).delete()


def lock_version(version: Version) -> Version:
    """Lock the artifact, then the version, and read it anew.

    Raises VersionNotFound (404) when it was purged meanwhile.
    """
    artifact = Artifact.objects.select_for_update(no_key=True).get(pk=version.artifact_id)
    locked: Version = Version.objects.select_for_update(no_key=True).get(pk=version.pk)
    if locked.purged_at:
        raise VersionNotFound(artifact.name, f"v{locked.number}")
    locked.artifact = artifact
    return locked
