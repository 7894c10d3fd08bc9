"""Content comes in: staged and hashed outside every lock, then published under its row's lock.

Everything that adds a reference to a blob, or decides that it may go, holds a lock on its row.
Rows are locked in the order of their sha256: two commits sharing blobs must lock them in the same
order (deadlock otherwise).
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.access import Caller
from artifacts.errors import MissingBlobs
from artifacts.models import Blob
from artifacts.services.access import require_entry
from artifacts.services.integrity import heal_blobs
from artifacts.services.store import current_store
from artifacts.storage import pool, staging
from artifacts.storage.layout import Store
from artifacts.storage.staging import Source, StagedBlob
from artifacts.storage.steps import reached

logger = logging.getLogger(__name__)


def store_blob(
    *, source: Source, sha256: str, size_bytes: int | None, stored_by: Caller
) -> tuple[Blob, bool]:
    """Store what ``source`` holds under its digest; returns the blob and whether it is new.

    Idempotent. On return the bytes are durable. ``size_bytes`` None: read to the end.

    Raises AccessDenied (403), DigestMismatch and SizeMismatch (422), StorageFull (507).
    """
    require_entry(stored_by)
    store = current_store()
    staged = staging.stage(store, source, sha256=sha256, size_bytes=size_bytes)
    (blob,), new = publish([staged])
    return blob, bool(new)


def store_blobs(*, source: Source, stored_by: Caller) -> list[Blob]:
    """Store many small blobs from one stream of (32-byte digest, 8-byte length, bytes) records.

    All or nothing: one bad record and none is kept. Raises as :func:`store_blob`.
    """
    require_entry(stored_by)
    store = current_store()
    blobs, _ = publish(staging.stage_many(store, staging.read_records(source)))
    return blobs


def publish(staged: Sequence[StagedBlob]) -> tuple[list[Blob], set[str]]:
    """Give staged content its address; returns the rows and the sha256 of those that are new.

    The staging files are gone afterwards, whatever happens. A roll-back after the link leaves a
    harmless stray in the pool.
    """
    unique = sorted({one.sha256: one for one in staged}.values(), key=lambda one: one.sha256)
    try:
        with transaction.atomic():
            return _publish_locked(unique)
    finally:
        for one in staged:
            staging.discard(one)


def _publish_locked(staged: Sequence[StagedBlob]) -> tuple[list[Blob], set[str]]:
    store = current_store()
    blobs = _upsert(staged)  # takes the locks: waits for a collector deciding about these
    new = {blob.sha256 for blob in blobs if blob.is_new}
    unsound = {blob.sha256 for blob in blobs if not blob.is_new and not _is_sound(store, blob)}
    # A new row's file, if there is one, is a stray that nobody vouches for.
    pool.publish_many(store, staged, frozenset(new | unsound))
    if unsound:
        heal_blobs(sha256s=unsound)
    reached("publish.before_commit")
    return blobs, new


def _is_sound(store: Store, blob: Blob) -> bool:
    return blob.damaged_at is None and pool.has_blob(store, blob.sha256, blob.size_bytes)


def _upsert(staged: Sequence[StagedBlob]) -> list[Any]:
    """Make or touch the rows, sorted; each says with ``is_new`` which of the two it was."""
    rows = Blob.objects.raw(
        "INSERT INTO artifacts_blob"
        " (sha256, size_bytes, physical_bytes, layout, created_at, last_seen_at)"
        " SELECT sha256, size_bytes, size_bytes, 'file', %(now)s, %(now)s"
        " FROM unnest(%(sha256s)s::text[], %(sizes)s::bigint[]) AS sent (sha256, size_bytes)"
        " ON CONFLICT (sha256) DO UPDATE SET last_seen_at = excluded.last_seen_at"
        " RETURNING *, xmax = 0 AS is_new",  # an updated row has its locker's number there
        {
            "now": timezone.now(),
            "sha256s": [one.sha256 for one in staged],
            "sizes": [one.size_bytes for one in staged],
        },
    )
    return list(rows)


def missing_blobs(*, sha256s: Iterable[str], asked_by: Caller) -> list[str]:
    """Which of ``sha256s`` the server still needs, in the order asked, without repeats.

    A hint, not a promise: it is asked again, under locks, at the commit.
    """
    asked = list(dict.fromkeys(sha256s))
    visible = Blob.objects.visible_to(asked_by).healthy()
    present = set(visible.filter(sha256__in=asked).values_list("sha256", flat=True))
    return [sha256 for sha256 in asked if sha256 not in present]


def lock_blobs(sha256s: Iterable[str]) -> dict[str, Blob]:
    """Lock the rows of healthy blobs whose bytes are there, until the transaction ends.

    The lock is FOR SHARE: many commits may hold it at once, while a collector (FOR UPDATE), an
    upload that heals and a scrub that marks damage (UPDATE) wait.

    Raises MissingBlobs (409) with the digests that are not stored.
    """
    wanted = sorted(set(sha256s))
    rows = Blob.objects.raw(
        "SELECT * FROM artifacts_blob WHERE sha256 = ANY(%s) AND damaged_at IS NULL"
        " ORDER BY sha256 FOR SHARE",
        [wanted],
    )
    store = current_store()
    found = {
        blob.sha256: blob for blob in rows if pool.has_blob(store, blob.sha256, blob.size_bytes)
    }
    if len(found) < len(wanted):
        raise MissingBlobs([f"sha256:{sha256}" for sha256 in wanted if sha256 not in found])
    return found
