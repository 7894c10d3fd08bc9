"""In what condition the store is: what was checked and when, what is damaged, what the cache takes.

Both tell of all content, hidden content too, so only who sees everything is told.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Max, Min, Q

from accounts.access import Caller, access_of
from artifacts.errors import StoreUnavailable
from artifacts.models import Blob, Version
from artifacts.services.materialize import materialized_bytes


@dataclass(frozen=True)
class ScrubState:
    """Counts of blobs: ``checked`` were read and hashed at least once since they came.

    ``last_at`` is when the newest check was, ``oldest_at`` the oldest among the checked; the
    ``unchecked`` have waited since ``unchecked_since``. None: there are none.
    """

    blobs: int
    checked: int
    damaged: int
    last_at: datetime | None
    oldest_at: datetime | None
    unchecked_since: datetime | None

    @property
    def unchecked(self) -> int:
        """Those that no scrub has read yet."""
        return self.blobs - self.checked


@dataclass(frozen=True)
class CacheState:
    """What is materialized beside the pool; ``used_bytes`` None: the disk cannot be read."""

    used_bytes: int | None
    limit_bytes: int


def scrub_state(asked_by: Caller) -> ScrubState | None:
    """How far the scrub is, in one query; None: the caller is not told."""
    if not access_of(asked_by).sees_all:
        return None
    unchecked = Q(verified_at=None)
    found = Blob.objects.aggregate(
        blobs=Count("pk"),
        checked=Count("verified_at"),
        damaged=Count("damaged_at"),
        last_at=Max("verified_at"),
        oldest_at=Min("verified_at"),
        unchecked_since=Min("created_at", filter=unchecked),
    )
    return ScrubState(**found)


def cache_state(asked_by: Caller) -> CacheState | None:
    """What the cache of materialized content takes; None: the caller is not told."""
    if not access_of(asked_by).sees_all:
        return None
    try:
        used = materialized_bytes()
    except (StoreUnavailable, OSError):
        used = None
    return CacheState(used, settings.RUNICORN_MATERIALIZED_BYTES)


def count_corrupted(asked_by: Caller) -> int:
    """The live versions with damaged content that the caller sees."""
    corrupted: int = Version.objects.visible_to(asked_by).live().exclude(corrupted_at=None).count()
    return corrupted
