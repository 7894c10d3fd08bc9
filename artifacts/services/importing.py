"""A version comes in as it once was elsewhere: with its number, its times, and perhaps deleted.

Only for admins, since it says of the past what nobody here has seen; everybody else commits. What
the importer says he has lost makes a damaged row, as after a rebuild: the version is corrupted, and
the next upload of the same content heals it.

Idempotent: the same content at the same number is there already, whatever was said of it since.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.access import Caller
from accounts.audit import record_all
from accounts.models import AuditEvent, Team, User
from accounts.roles import Role
from artifacts.descriptions import as_stored
from artifacts.errors import ArtifactNotFound, Conflict, Invalid, MissingBlobs, SizeMismatch
from artifacts.models import Alias, Artifact, Blob, Version
from artifacts.services.access import require_everywhere
from artifacts.services.aliases import point_alias
from artifacts.services.contents import find_stored, locate
from artifacts.services.journal import creation_event, version_event
from artifacts.services.limits import lock_quota, refuse_large_version, require_quota
from artifacts.services.numbers import keep_team, lock_line
from artifacts.services.teams import find_team
from artifacts.services.trees import build_after_commit
from artifacts.services.versions import insert_entries, insert_references
from artifacts.storage.layout import REMAINS
from artifacts.storage.manifest import Manifest
from artifacts.storage.steps import reached

logger = logging.getLogger(__name__)

COMMENT = "Taken over by an import."
NEW, IMPORTED, THERE, PURGED, CONFLICT = "new", "imported", "there", "purged", "conflict"
OUTCOMES = (NEW, IMPORTED, THERE, PURGED, CONFLICT)
SAID = ("status", "description", "tags", "metadata")


@dataclass(frozen=True)
class ImportedAlias:
    """An alias that points at the version; ``updated_at`` None: nobody knows when it came there."""

    name: str
    is_protected: bool = False
    updated_at: datetime | None = None


@dataclass(frozen=True)
class PastVersion:
    """A version as it was.

    ``lost`` are contents (sha256) that are damaged or gone where it comes from. ``user`` and
    ``deleted_by`` are names of accounts, which may not exist here. ``artifact_created_at`` and
    ``artifact_updated_at`` are the artifact's; ``last_number`` the highest number it ever gave.
    """

    number: int
    manifest: Manifest
    created_at: datetime
    updated_at: datetime
    run_id: str = ""
    user: str = ""
    description: str = ""
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    deleted_at: datetime | None = None
    deleted_by: str = ""
    aliases: Sequence[ImportedAlias] = ()
    lost: frozenset[str] = frozenset()
    artifact_created_at: datetime | None = None
    artifact_updated_at: datetime | None = None
    last_number: int = 0


@dataclass(frozen=True)
class Standing:
    """What is at a number: ``outcome`` is one of OUTCOMES, ``version`` None where nothing is.

    ``manifest_sha256`` is what the manifest that was asked about adds up to: the digest that a new
    version would get.
    ``differs`` are those of SAID in which a version that is there is not as it was elsewhere.
    """

    outcome: str
    version: Version | None = None
    manifest_sha256: str = ""
    differs: tuple[str, ...] = ()


class _TakenMeanwhile(Exception):  # noqa: N818 - look again
    """Somebody has made a version of this number since we looked."""


def look_at_number(
    *, type_: str, name: str, team: str, past: PastVersion, asked_by: Caller
) -> Standing:
    """What stands at the number of ``past``, compared with it; changes nothing.

    Raises AccessDenied (403), Invalid (400), TooLarge (413): as the import would.
    """
    require_everywhere(asked_by, Role.ADMIN)
    _refuse(past.manifest)
    line = _line(type_, name, find_team(team, asked_by))
    return _compare(_look(line, past.number, past.manifest), past)


def _line(type_: str, name: str, team: Team | None) -> Artifact:
    return Artifact(type=type_, name=name, team=team)


def _refuse(manifest: Manifest) -> None:
    if not manifest.entries and not manifest.references:
        raise Invalid({"files": ["a version needs at least one file or reference"]})
    refuse_large_version(manifest)


def _look(line: Artifact, number: int, manifest: Manifest) -> Standing:
    rows = Version.objects.select_related("artifact__team", "created_by")
    found: Version | None = rows.filter(
        artifact__type=line.type, artifact__name=line.name, artifact__team=line.team, number=number
    ).first()
    if found is None:
        return Standing(NEW, manifest_sha256=manifest.digest)
    if found.purged_at:
        return Standing(PURGED, found)
    is_same = found.manifest_sha256 == manifest.digest
    return Standing(THERE if is_same else CONFLICT, found)


def _compare(standing: Standing, past: PastVersion) -> Standing:
    """What was said of the version, here since or there: it stays as it is here."""
    there = standing.version
    if there is None or standing.outcome != THERE:
        return standing
    is_as_it_was = {
        "status": bool(there.deleted_at) == bool(past.deleted_at),
        "description": there.description == past.description,
        "tags": list(there.tags) == list(past.tags),
        "metadata": there.metadata == as_stored(past.metadata),
    }
    return replace(standing, differs=tuple(one for one in SAID if not is_as_it_was[one]))


def import_version(
    *, type_: str, name: str, team: str, past: PastVersion, imported_by: Caller
) -> Standing:
    """Make the version ``past`` of ``type_``/``name``; ``team`` may be ``everyone``.

    Returns what stands there then: the new version, or one with the same content that was there
    before, or the tombstone of one that was purged here. Aliases that exist are not moved.

    Raises AccessDenied (403) unless the caller is an admin; Conflict (409) where another version
    has the number; MissingBlobs (409), SizeMismatch (422), Invalid (400), TooLarge (413),
    QuotaExceeded (507).
    """
    require_everywhere(imported_by, Role.ADMIN)
    _refuse(past.manifest)
    line = _line(type_, name, find_team(team, imported_by))
    while True:
        standing = _look(line, past.number, past.manifest)
        if standing.outcome == CONFLICT:
            raise Conflict(f"{line}:v{past.number} is there already, with other content.")
        if standing.outcome != NEW:
            return _compare(standing, past)
        try:
            with transaction.atomic():
                return Standing(IMPORTED, _insert(line, past, imported_by))
        except _TakenMeanwhile:
            continue


def _insert(line: Artifact, past: PastVersion, imported_by: Caller) -> Version:
    limited = lock_quota(line.team)
    keep_team(line.team)
    blobs = _lock_contents(past)
    require_quota(limited, [one for one in blobs.values() if not one.damaged_at], imported_by)
    artifact = lock_line(line)
    artifact.team = line.team
    if artifact.versions.filter(number=past.number).exists():
        raise _TakenMeanwhile
    _move_artifact(artifact, past)
    is_corrupted = any(one.damaged_at for one in blobs.values())
    version = _make_row(artifact, past, is_corrupted=is_corrupted)
    insert_entries(version, past.manifest, blobs)
    insert_references(version, past.manifest)
    made = [alias for alias in past.aliases if not _has_alias(artifact, alias)]
    events = [_event(version, imported_by, made)]
    for alias in made:
        events += _make_alias(version, alias, imported_by)
    record_all(events)
    reached("import.before_commit")
    if not is_corrupted:
        build_after_commit(version.pk)
    logger.info("version imported version=%s bytes=%d", version.full_name, version.size_bytes)
    return version


def _lock_contents(past: PastVersion) -> dict[str, Blob]:
    """The rows of all contents, locked by sha256; one for each that is lost and was not known.

    Raises MissingBlobs (409), SizeMismatch (422).
    """
    sizes = {entry.sha256: entry.size_bytes for entry in past.manifest.entries}
    lost = sorted(past.lost.intersection(sizes))
    Blob.objects.bulk_create(
        [_lost_row(sha256, sizes[sha256]) for sha256 in lost], ignore_conflicts=True
    )
    rows = list(
        Blob.objects.raw(
            "SELECT * FROM artifacts_blob WHERE sha256 = ANY(%s) ORDER BY sha256 FOR SHARE",
            [sorted(sizes)],
        )
    )
    healthy = [one for one in rows if not one.damaged_at and one.layout != REMAINS]
    stored = find_stored(map(locate, healthy))
    found = {
        one.sha256: one
        for one in rows
        if one.pk in stored or (one.damaged_at and one.sha256 in past.lost)
    }
    if len(found) < len(sizes):
        raise MissingBlobs([f"sha256:{sha256}" for sha256 in sorted(sizes.keys() - found.keys())])
    for entry in past.manifest.entries:
        if found[entry.sha256].size_bytes != entry.size_bytes:
            raise SizeMismatch(f"files: {entry.path!r} cannot have {entry.size_bytes} bytes.")
    return found


def _lost_row(sha256: str, size_bytes: int) -> Blob:
    now = timezone.now()
    return Blob(sha256=sha256, size_bytes=size_bytes, physical_bytes=size_bytes, damaged_at=now)


def _move_artifact(artifact: Artifact, past: PastVersion) -> None:
    """Its times and its last number, as far as this version tells."""
    first = past.artifact_created_at or past.created_at
    last = past.artifact_updated_at or past.created_at
    if artifact.last_number:
        first, last = min(first, artifact.created_at), max(last, artifact.updated_at)
    artifact.created_at, artifact.updated_at = first, last
    artifact.last_number = max(artifact.last_number, past.last_number, past.number)
    artifact.save(update_fields=["created_at", "updated_at", "last_number"])


def _make_row(artifact: Artifact, past: PastVersion, *, is_corrupted: bool) -> Version:
    manifest = past.manifest
    return Version.objects.create(
        artifact=artifact, number=past.number, created_at=past.created_at,
        updated_at=past.updated_at, created_by=_find_user(past.user), created_by_run=past.run_id,
        description=past.description, tags=list(past.tags), metadata=dict(past.metadata),
        manifest_sha256=manifest.digest, size_bytes=manifest.size_bytes,
        num_files=len(manifest.entries), num_references=len(manifest.references),
        corrupted_at=timezone.now() if is_corrupted else None,
        deleted_at=past.deleted_at,
        deleted_by=_find_user(past.deleted_by) if past.deleted_at else None,
    )  # fmt: skip


def _find_user(username: str) -> User | None:
    return User.objects.filter(username=username).first() if username else None


def _event(version: Version, by: Caller, aliases: Sequence[ImportedAlias]) -> AuditEvent:
    event = creation_event(version, by, aliases=[alias.name for alias in aliases])
    event.action = "version.import"
    said = {"created_at": version.created_at.isoformat(), "status": version.status}
    event.after = {**(event.after or {}), **said}
    return event


def _has_alias(artifact: Artifact, alias: ImportedAlias) -> bool:
    return Alias.objects.filter(artifact=artifact, name=alias.name).exists()


def _make_alias(version: Version, alias: ImportedAlias, by: Caller) -> Sequence[AuditEvent]:
    pointed = point_alias(
        artifact=version.artifact, name=alias.name, version=version, moved_by=by, comment=COMMENT
    )
    pointed.alias.is_protected = alias.is_protected
    pointed.alias.updated_at = alias.updated_at or pointed.alias.updated_at
    pointed.alias.save(update_fields=["is_protected", "updated_at"])
    return pointed.events


def alias_names_at(version: Version) -> list[str]:
    """The aliases whose rows point at ``version``, be it deleted or not."""
    return list(version.aliases.order_by("name").values_list("name", flat=True))


@dataclass(frozen=True)
class PastTombstone:
    """A version that was deleted for ever before; ``run_id`` made it, if that is known."""

    number: int
    run_id: str = ""
    created_at: datetime | None = None
    purged_at: datetime | None = None


def look_for_tombstone(
    *, type_: str, name: str, team: str, past: PastTombstone, asked_by: Caller
) -> Standing:
    """What stands where import_tombstone would note a number; raises as that; changes nothing."""
    require_everywhere(asked_by, Role.ADMIN)
    home = find_team(team, asked_by)
    artifact = Artifact.objects.filter(type=type_, name=name, team=home).first()
    if artifact is None:
        raise ArtifactNotFound(name)
    artifact.team = home
    return _find_tombstone(artifact, past.number) or Standing(NEW)


def _find_tombstone(artifact: Artifact, number: int) -> Standing | None:
    found = artifact.versions.filter(number=number).first()
    if found is None:
        return None
    found.artifact = artifact
    return Standing(PURGED if found.purged_at else CONFLICT, found)


def import_tombstone(
    *, type_: str, name: str, team: str, past: PastTombstone, imported_by: Caller
) -> Standing:
    """Note that a number was used, so that lineage stays true; a version that is there stays.

    Raises AccessDenied (403) unless the caller is an admin, ArtifactNotFound (404).
    """
    require_everywhere(imported_by, Role.ADMIN)
    home = find_team(team, imported_by)
    with transaction.atomic():
        rows = Artifact.objects.select_for_update(no_key=True)
        artifact = rows.filter(type=type_, name=name, team=home).first()
        if artifact is None:
            raise ArtifactNotFound(name)
        artifact.team = home
        found = _find_tombstone(artifact, past.number)
        return found or Standing(PURGED, _bury(artifact, past, imported_by))


def _bury(artifact: Artifact, past: PastTombstone, imported_by: Caller) -> Version:
    purged_at = past.purged_at or timezone.now()
    version = Version.objects.create(
        artifact=artifact, number=past.number, created_at=past.created_at or purged_at,
        updated_at=purged_at, purged_at=purged_at, created_by_run=past.run_id,
    )  # fmt: skip
    artifact.last_number = max(artifact.last_number, past.number)
    artifact.save(update_fields=["last_number"])
    after = {"status": "purged", "run": past.run_id or None}
    record_all([version_event("version.import", version, imported_by, after=after)])
    return version
