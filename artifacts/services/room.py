"""Whether a team's quota has room for what somebody is about to send.

Asked before the bytes come. What he has sent for the team and not committed yet counts, so that
many files are not let in one by one. A hint, as everything before the commit: that asks again,
under a lock (``limits.require_quota``).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.access import Caller, user_or_none
from accounts.models import Team
from artifacts.errors import AmbiguousTeam, AmbiguousType, Invalid
from artifacts.models import Blob, BlobUpload
from artifacts.names import ArtifactName
from artifacts.querysets import BlobQuerySet
from artifacts.services.limits import (
    entries_of,
    held_by,
    refuse_many_files,
    refuse_over_quota,
    used_bytes,
)
from artifacts.services.teams import choose_team
from artifacts.storage.chunks import CUT_FROM_BYTES

PENDING = timedelta(days=1)
"""How long what is not committed counts: then it is collected, or others keep it."""


@dataclass(frozen=True)
class Announced:
    """What a client says of a version before it sends the content of it.

    ``size_bytes`` is the sum of the files below CUT_FROM_BYTES: larger ones may share bytes with
    older content, so nobody knows yet what they will take.
    """

    artifact: ArtifactName | None = None
    num_files: int = 0
    size_bytes: int = 0


def refuse_announced(
    announced: Announced, *, sha256s: Collection[str], announced_by: Caller
) -> None:
    """Raise TooLarge (413) or QuotaExceeded (507) where no such version will be taken.

    Those of ``sha256s`` that the team has, or has been sent by ``announced_by``, need no more room.
    """
    refuse_many_files(announced.num_files)
    team = find_limited(announced.artifact, announced_by) if announced.size_bytes else None
    if team is None:
        return
    pending = pending_for(team, announced_by)
    known = sum(_small_bytes(blobs.with_digests(sha256s)) for blobs in (held_by(team), pending))
    sent = used_bytes(pending, team, announced_by)
    refuse_over_quota(team, announced.size_bytes - known, announced_by, sent)


def _small_bytes(blobs: BlobQuerySet) -> int:
    return sum(blobs.filter(size_bytes__lt=CUT_FROM_BYTES).values_list("size_bytes", flat=True))


def require_room(
    *, artifact: ArtifactName | None, sizes: Mapping[str, int | None], sent_by: Caller
) -> Team | None:
    """The team with a quota that content for ``artifact`` goes to, if any.

    ``sizes`` are the bytes of each sha256; None: not known yet. Raises QuotaExceeded (507).
    """
    team = find_limited(artifact, sent_by)
    if team is not None:
        held = held_by(team).with_digests(sizes).values_list("sha256", flat=True)
        new = {sha256: sizes[sha256] for sha256 in sizes.keys() - set(held)}
        asked = sum(1 if size is None else size for size in new.values())
        pending = pending_for(team, sent_by).exclude(sha256__in=list(new))
        refuse_over_quota(team, asked, sent_by, used_bytes(pending, team, sent_by))
    return team


def find_limited(artifact: ArtifactName | None, sent_by: Caller) -> Team | None:
    """The team with a quota that a version of ``artifact`` will count for.

    None: there is none, or it is not clear before the commit whose the artifact is to be.
    """
    if artifact is None or not Team.objects.exclude(quota_bytes=None).exists():
        return None
    try:
        team = choose_team(artifact=artifact, chosen_by=sent_by)
    except (AmbiguousTeam, AmbiguousType, Invalid):
        return None
    return team if team is not None and team.quota_bytes is not None else None


def pending_for(team: Team, caller: Caller) -> BlobQuerySet:
    """What ``caller`` has sent for ``team`` lately that none of its versions holds."""
    user = user_or_none(caller)
    if user is None:
        return Blob.objects.none()
    sent = BlobUpload.objects.filter(
        blob=OuterRef("pk"), user=user, team=team, sent_at__gt=timezone.now() - PENDING
    )
    return Blob.objects.filter(Exists(sent), ~Exists(entries_of(team)))
