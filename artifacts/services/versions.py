"""Versions come and go: commit, describe, soft-delete, restore; ``purge`` removes them for ever.

The transaction that inserts the version row is the only commit point: no drafts, nothing
half-made is ever visible. Locks are taken in one order everywhere: the team, blobs (by sha256),
then the artifact row, then version rows.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.access import Caller, user_or_none
from accounts.audit import record_all
from accounts.models import AuditEvent
from accounts.roles import Role
from accounts.sentences import say
from artifacts.errors import (
    Conflict,
    Invalid,
    SizeMismatch,
    VersionNotFound,
    VersionNotReady,
)
from artifacts.models import Artifact, Blob, ManifestEntry, Reference, Version
from artifacts.names import ArtifactName
from artifacts.services.access import require_in, require_on, require_to_delete
from artifacts.services.aliases import checked_comment, point_alias
from artifacts.services.blobs import lock_blobs
from artifacts.services.journal import (
    creation_event,
    shortened,
    status_event,
    version_event,
)
from artifacts.services.limits import lock_quota, refuse_large_version, require_quota
from artifacts.services.numbers import keep_team, lock_line, take_number
from artifacts.services.protection import refuse_protected, require_to_move
from artifacts.services.teams import choose_team
from artifacts.services.trees import build_after_commit
from artifacts.storage.manifest import Manifest
from artifacts.storage.steps import reached

logger = logging.getLogger(__name__)

INSERT_BATCH = 5000
NEW = "new"
REUSE = "reuse"

Recheck = Callable[[Sequence[Version]], None]


@dataclass(frozen=True)
class VersionDraft:
    """What a commit says of a version: its manifest, and what surrounds it.

    ``comment`` says why the ``aliases`` move to it. ``if_unchanged``: ``NEW`` makes a version of
    content that the latest one has too, ``REUSE`` takes that one, and only the aliases move.
    """

    manifest: Manifest
    metadata: dict[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    description: str = ""
    aliases: Sequence[str] = ()
    comment: str = ""
    commit_id: UUID | None = None
    if_unchanged: str = NEW


def create_version(
    *,
    type_: str,
    name: str,
    draft: VersionDraft,
    created_by: Caller,
    run_id: str = "",
    team: str | None = None,
) -> tuple[Version, bool]:
    """Commit ``draft`` as the next version of ``type_``/``name``; makes the artifact if needed.

    ``team`` says whose it is (``everyone``: no team's); None: ``teams.choose_team`` does.

    Returns the version and whether this call made it: a repeated ``commit_id`` finds the version
    that its first use made, and a draft with ``REUSE`` the latest one of the same content. The
    version folder is built after the (outermost) commit.

    Raises AccessDenied (403), also for a protected alias, CommentNeeded (400) for one that moves
    only with a comment where the draft has none, MissingBlobs (409) with what to upload,
    SizeMismatch (422), Invalid (400) for a version of nothing, Conflict (409) for a commit id used
    elsewhere, or a team that was deleted meanwhile, TooLarge (413), QuotaExceeded (507).
    """
    home = choose_team(artifact=ArtifactName(type_, name, team), chosen_by=created_by)
    require_in(created_by, Role.CONTRIBUTOR, home.pk if home else None)
    if not draft.manifest.entries and not draft.manifest.references:
        raise Invalid({"files": [say("a version needs at least one file or reference")]})
    refuse_large_version(draft.manifest)
    line = Artifact(type=type_, name=name, team=home)
    made = _find_commit(draft, line)
    if made is not None:
        return made, False
    _require_to_move(line, draft, created_by)
    try:
        with transaction.atomic():
            return _reuse_latest(line, draft, created_by) or (
                _insert_version(line, draft, created_by, run_id),
                True,
            )
    except IntegrityError:
        # Two repeats of one commit at the same moment: the other one was first.
        made = _find_commit(draft, line)
        if made is None:
            raise
        return made, False


def _require_to_move(artifact: Artifact, draft: VersionDraft, moved_by: Caller) -> str:
    """Ask whether the aliases may move; returns the comment as it is kept."""
    why = checked_comment(draft.comment)
    require_to_move(artifact=artifact, names=draft.aliases, moved_by=moved_by, comment=why)
    return why


def _find_commit(draft: VersionDraft, line: Artifact) -> Version | None:
    if draft.commit_id is None:
        return None
    rows = Version.objects.select_related("artifact__team")
    found = rows.filter(commit_id=draft.commit_id).first()
    if found is not None and _identity(found) != (str(line), draft.manifest.digest):
        raise Conflict(
            say("commit_id: {commit_id} was used for another version.", commit_id=draft.commit_id)
        )
    return found


def _identity(version: Version) -> tuple[str, str]:
    return str(version.artifact), version.manifest_sha256


def _reuse_latest(
    line: Artifact, draft: VersionDraft, moved_by: Caller
) -> tuple[Version, bool] | None:
    """Take the latest version where the draft wants that and its content is the same.

    Under the artifact's lock, so that of many who log one content at once only one makes a version.
    """
    if draft.if_unchanged != REUSE:
        return None
    lock_quota(line.team)
    keep_team(line.team)
    lock_blobs([entry.sha256 for entry in draft.manifest.entries], named_by=moved_by)
    artifact = lock_line(line)
    artifact.team = line.team
    latest = artifact.versions.ready().order_by("-number").first()
    if latest is None or latest.manifest_sha256 != draft.manifest.digest:
        return None
    latest.artifact = artifact
    why = _require_to_move(artifact, draft, moved_by)
    moves = [
        point_alias(artifact=artifact, name=alias, version=latest, moved_by=moved_by, comment=why)
        for alias in draft.aliases
    ]
    record_all([event for move in moves for event in move.events])
    return latest, False


def _insert_version(
    line: Artifact, draft: VersionDraft, created_by: Caller, run_id: str
) -> Version:
    manifest = draft.manifest
    named = [entry.sha256 for entry in manifest.entries]
    limited = lock_quota(line.team)
    keep_team(line.team)
    blobs = lock_blobs(named, named_by=created_by)
    _check_sizes(manifest, blobs)
    require_quota(limited, blobs.values(), created_by)
    artifact = take_number(line)
    why = _require_to_move(artifact, draft, created_by)
    version = Version.objects.create(
        artifact=artifact, number=artifact.last_number, created_at=artifact.updated_at,
        updated_at=artifact.updated_at, created_by=user_or_none(created_by),
        created_by_run=run_id, commit_id=draft.commit_id, description=draft.description,
        tags=list(draft.tags), metadata=draft.metadata, manifest_sha256=manifest.digest,
        size_bytes=manifest.size_bytes, num_files=len(manifest.entries),
        num_references=len(manifest.references),
    )  # fmt: skip
    insert_entries(version, manifest, blobs)
    insert_references(version, manifest)
    events = [creation_event(version, created_by, aliases=draft.aliases)]
    for alias in draft.aliases:
        pointed = point_alias(
            artifact=artifact, name=alias, version=version, moved_by=created_by, comment=why
        )
        events += pointed.events
    record_all(events)
    reached("version.before_commit")
    transaction.on_commit(lambda: reached("version.committed"))
    build_after_commit(version.pk)
    logger.info("version created version=%s bytes=%d", version.full_name, version.size_bytes)
    return version


def _check_sizes(manifest: Manifest, blobs: dict[str, Blob]) -> None:
    for entry in manifest.entries:
        stored = blobs[entry.sha256].size_bytes
        if entry.size_bytes != stored:
            raise SizeMismatch(
                say(
                    "files: {path!r} is said to have {size_bytes} bytes; "
                    "sha256:{sha256} has {stored}.",
                    path=entry.path,
                    size_bytes=entry.size_bytes,
                    sha256=entry.sha256,
                    stored=stored,
                )
            )


def insert_entries(version: Version, manifest: Manifest, blobs: Mapping[str, Blob]) -> None:
    """Make the entries of a new version; ``blobs`` has each by its sha256, locked."""
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


def insert_references(version: Version, manifest: Manifest) -> None:
    """Make the references of a new version, in their order."""
    rows = [
        Reference(
            version=version, position=position, uri=one.uri, checksum=one.checksum,
            size_bytes=one.size_bytes, name=one.name, metadata=dict(one.metadata),
        )
        for position, one in enumerate(manifest.references)
    ]  # fmt: skip
    Reference.objects.bulk_create(rows, batch_size=INSERT_BATCH)


def describe_version(
    *,
    version: Version,
    changes: dict[str, Any],
    changed_by: Caller,
    seen_at: datetime | None = None,
) -> Version:
    """Replace the description, tags or metadata of ``version``; content never changes.

    ``seen_at``: the ``updated_at`` that the caller saw; None to replace blindly.

    Raises AccessDenied (403), VersionNotReady (409) while it is soft-deleted, Conflict (409) where
    something was said of it since ``seen_at``.
    """
    require_on(changed_by, Role.CONTRIBUTOR, version.artifact)
    with transaction.atomic():
        locked = lock_version(version)
        if locked.deleted_at:
            raise VersionNotReady(say("{version} is deleted; restore it first.", version=locked))
        if seen_at not in {None, locked.updated_at}:
            raise Conflict(
                say(
                    "{version} was described anew meanwhile; look again what it says.",
                    version=locked,
                )
            )
        if not changes:
            return locked
        before = shortened({name: getattr(locked, name) for name in changes})
        for name, value in changes.items():
            setattr(locked, name, value)
        locked.updated_at = timezone.now()
        locked.save(update_fields=[*changes, "updated_at"])
        after = shortened(changes)
        event = version_event("version.describe", locked, changed_by, before=before, after=after)
        record_all([event])
    return locked


def soft_delete_version(*, version: Version, deleted_by: Caller) -> None:
    """Hide ``version``; nothing is lost and ``restore_version`` undoes it. Idempotent.

    Raises AccessDenied (403), AliasProtected (409).
    """
    soft_delete_versions(versions=[version], by=deleted_by)


def soft_delete_versions(
    *, versions: Sequence[Version], by: Caller, recheck: Recheck | None = None
) -> None:
    """Hide these versions of one artifact, all or none.

    ``recheck`` as for :func:`purge_versions`. Otherwise as :func:`soft_delete_version`.
    """
    for version in versions:
        require_to_delete(by, version)
    with transaction.atomic():
        locked = lock_to_delete(versions, recheck)
        record_all([_soft_delete(version, by) for version in locked if version.deleted_at is None])


def _soft_delete(version: Version, by: Caller) -> AuditEvent:
    before = version.status
    version.deleted_at = timezone.now()
    version.deleted_by = user_or_none(by)
    version.save(update_fields=["deleted_at", "deleted_by"])
    logger.info("version soft-deleted version=%s user=%s", version, by)
    return status_event("version.delete", version, by, before=before)


def lock_to_delete(versions: Sequence[Version], recheck: Recheck | None) -> list[Version]:
    locked = lock_versions(versions)
    refuse_protected(locked)
    if recheck is not None:
        recheck(locked)
    return locked


def restore_version(*, version: Version, restored_by: Caller) -> Version:
    """Bring a soft-deleted version back, with the aliases that have not moved on. Idempotent.

    Raises AccessDenied (403).
    """
    require_on(restored_by, Role.MAINTAINER, version.artifact)
    with transaction.atomic():
        locked = lock_version(version)
        if locked.deleted_at is None:
            return locked
        locked.deleted_at = None
        locked.deleted_by = None
        locked.save(update_fields=["deleted_at", "deleted_by"])
        record_all([status_event("version.restore", locked, restored_by, before="deleted")])
    logger.info("version restored version=%s user=%s", locked, restored_by)
    return locked


def lock_version(version: Version) -> Version:
    """Lock the artifact, then the version, and read it anew.

    Raises VersionNotFound (404) when it was purged meanwhile.
    """
    (locked,) = lock_versions([version])
    return locked


def lock_versions(versions: Sequence[Version]) -> list[Version]:
    """Lock the artifact that all of these belong to, then them, by id, and read them anew.

    Raises VersionNotFound (404) when one was purged meanwhile.
    """
    if len({version.artifact_id for version in versions}) != 1:
        raise ValueError("versions of one artifact, at least one")
    rows_of = Artifact.objects.select_related("team").select_for_update(of=("self",), no_key=True)
    artifact = rows_of.get(pk=versions[0].artifact_id)
    rows = Version.objects.select_for_update(no_key=True).filter(artifact=artifact)
    locked = list(rows.filter(pk__in=[version.pk for version in versions]).order_by("pk"))
    for one in locked:
        if one.purged_at:
            raise VersionNotFound(artifact.name, f"v{one.number}")
        one.artifact = artifact
    return locked
