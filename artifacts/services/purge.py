"""What goes for ever: of a version a tombstone stays, of its content what others need."""

import logging
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accounts.access import Caller, access_of
from accounts.audit import record, record_all
from accounts.models import AuditEvent
from accounts.roles import Role
from artifacts.errors import StorageFull, StoreUnavailable
from artifacts.models import ManifestEntry, Version
from artifacts.services.access import require_on
from artifacts.services.aliases import remove_aliases_of
from artifacts.services.claims import forget_claims
from artifacts.services.collect import collect_blobs
from artifacts.services.exclusive import exclusive_bytes
from artifacts.services.journal import team_of, version_event
from artifacts.services.store import verified_store
from artifacts.services.trees import remove_version_tree
from artifacts.services.versions import Recheck, lock_to_delete
from artifacts.storage.steps import reached

logger = logging.getLogger(__name__)


def purge_version(*, version: Version, purged_by: Caller) -> int:
    """Remove the content, folder and aliases of ``version`` for ever; returns the bytes freed.

    As far as ``purged_by`` may know, and otherwise as :func:`purge_versions`.
    """
    return purge_versions(versions=[version], by=purged_by)


def purge_versions(
    *, versions: Sequence[Version], by: Caller, recheck: Recheck | None = None
) -> int:
    """Remove the content, folders and aliases of these for ever; returns the bytes freed.

    Who does not see everything is told what came free as far as he may know (``seen``).

    They are versions of one artifact, and all of them go or none. What stays of each is a
    tombstone: lineage keeps its shape and the number is never used again. Every byte that no other
    version needs is gone from the disk when this returns. A crash on the way, or a disk that is
    full or fails, leaves bytes that ``manage.py collect`` frees.

    ``recheck`` is called with the versions when they are locked, and may raise.

    Raises AccessDenied (403), AliasProtected (409); StoreUnavailable (503) before anything is
    deleted, when the disk is not this store's.
    """
    for version in versions:
        require_on(by, Role.MAINTAINER, version.artifact)
    verified_store()
    with transaction.atomic(durable=True):
        locked = lock_to_delete(versions, recheck)
        entries = ManifestEntry.objects.filter(version__in=locked)
        blob_ids = list(entries.order_by().values_list("blob_id", flat=True).distinct())
        seen = _seen_to_free(locked, by)
        record_all([event for version in locked for event in _bury(version, by)])
        forget_claims(blob_ids=blob_ids, team=locked[0].artifact.team)
    reached("purge.committed")
    freed = _free(locked, blob_ids)
    _record_freed(locked, by, freed)
    names = ", ".join(map(str, locked))
    logger.info("versions purged versions=%s user=%s freed_bytes=%d", names, by, freed)
    return freed if seen is None else seen


def _seen_to_free(versions: Sequence[Version], by: Caller) -> int | None:
    """What ``by`` is told that came free; None: what did. Asked while the content is listed yet."""
    if access_of(by).sees_all:
        return None
    return exclusive_bytes(versions=versions, asked_by=by)


def _record_freed(versions: Sequence[Version], by: Caller, freed_bytes: int) -> None:
    """In a row of its own: how much came free is known only after the commit that buried them."""
    artifact = versions[0].artifact
    after = {"versions": [version.number for version in versions], "freed_bytes": freed_bytes}
    record("version.purged", caller=by, obj=artifact, team=team_of(artifact), after=after)


def _free(purged: Sequence[Version], blob_ids: Sequence[int]) -> int:
    """The bytes freed. They are purged, whatever the disk says: to do it again would be a 404."""
    try:
        for version in purged:
            remove_version_tree(version.artifact, version.number)
        return collect_blobs(blob_ids=blob_ids)
    except (StorageFull, StoreUnavailable) as error:
        logger.warning("bytes left to a collection why=%s", error.detail)
        return 0


def _bury(version: Version, purged_by: Caller) -> list[AuditEvent]:
    """Leave nothing but the tombstone; returns what the log shall say."""
    before = {
        "manifest_digest": f"sha256:{version.manifest_sha256}",
        "size_bytes": version.size_bytes,
        "num_files": version.num_files,
        "status": version.status,
    }
    events = remove_aliases_of(version, purged_by)
    version.entries.all().delete()
    version.references.all().delete()
    now = timezone.now()
    Version.objects.filter(pk=version.pk).update(
        purged_at=now, updated_at=now, description="", tags=[], metadata={}, manifest_sha256="",
        size_bytes=0, num_files=0, num_references=0, commit_id=None, corrupted_at=None,
    )  # fmt: skip
    after = {"status": "purged"}
    return [
        *events,
        version_event("version.purge", version, purged_by, before=before, after=after),
    ]
