"""How much is too much: of one file, of one version, and of what a team's artifacts take on disk.

Asked before the bytes are sent, where it is said how many there are, and again at the commit.
"""

from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from accounts.access import Caller
from accounts.models import Team
from accounts.sentences import say
from artifacts.errors import QuotaExceeded, TooLarge
from artifacts.known import sql_values_in
from artifacts.models import Blob, ManifestEntry
from artifacts.querysets import BlobQuerySet
from artifacts.services.seen import seen_bytes
from artifacts.storage.manifest import Manifest
from artifacts.storage.staging import Source

Record = tuple[str, int, Source]


def max_file_bytes() -> int | None:
    """How large a file may be; None: any size."""
    return settings.RUNICORN_MAX_FILE_BYTES or None


def refuse_large(size_bytes: int | None) -> None:
    """Raise TooLarge (413) for a file over ``RUNICORN_MAX_FILE_BYTES``; None: not known yet."""
    limit = max_file_bytes()
    if limit is not None and size_bytes is not None and size_bytes > limit:
        raise TooLarge(
            say(
                "A file has at most {limit} bytes here, not {size_bytes}.",
                limit=limit,
                size_bytes=size_bytes,
            )
        )


def refuse_large_records(records: Iterable[Record]) -> Iterator[Record]:
    """The records, until one is too large: TooLarge (413)."""
    for record in records:
        refuse_large(record[1])
        yield record


def refuse_large_version(manifest: Manifest) -> None:
    """Raise TooLarge (413) for more files than a version may have, or one that is too large."""
    refuse_many_files(len(manifest.entries))
    refuse_large(max((entry.size_bytes for entry in manifest.entries), default=None))


def refuse_many_files(count: int) -> None:
    """Raise TooLarge (413) for more files than ``RUNICORN_MAX_VERSION_FILES``."""
    limit: int = settings.RUNICORN_MAX_VERSION_FILES
    if count > limit:
        raise TooLarge(
            say("A version has at most {limit} files here, not {count}.", limit=limit, count=count)
        )


def lock_quota(team: Team | None) -> Team | None:
    """Lock a team that has a quota until the transaction ends; None where there is nothing to ask.

    Before blobs and artifacts are locked: what two commits add to a team must be added up.
    """
    if team is None:
        return None
    rows = Team.objects.select_for_update(no_key=True).exclude(quota_bytes=None)
    found: Team | None = rows.filter(pk=team.pk).first()
    return found


def require_quota(team: Team | None, blobs: Iterable[Blob], asked_by: Caller) -> None:
    """Raise QuotaExceeded (507) where the team's artifacts may not hold these too.

    None: of no team, or of one without a quota.
    """
    if team is None:
        return
    blob_ids = [blob.pk for blob in blobs]
    held = set(held_by(team).filter(pk__in=blob_ids).values_list("pk", flat=True))
    new = Blob.objects.filter(pk__in=[pk for pk in blob_ids if pk not in held])
    refuse_over_quota(team, used_bytes(new, team, asked_by), asked_by)


def refuse_over_quota(
    team: Team, asked_bytes: int, asked_by: Caller, pending_bytes: int = 0
) -> None:
    """Raise QuotaExceeded (507) where so many more bytes do not fit the quota of ``team``.

    ``pending_bytes`` were sent and not committed yet, and count as used.
    """
    used, quota = used_bytes(held_by(team), team, asked_by), team.quota_bytes
    if quota is not None and asked_bytes > 0 and used + pending_bytes + asked_bytes > quota:
        raise QuotaExceeded(
            team.name, quota=quota, used=used, pending=pending_bytes, asked=asked_bytes
        )


def used_bytes(blobs: BlobQuerySet, team: Team, asked_by: Caller) -> int:
    """What ``blobs`` count against the quota of ``team``: what they take as far as its members see.

    Content of others lends them nothing: else the quota would tell what is hidden.
    """
    return seen_bytes(blobs, sql_values_in(team, asked_by))


def held_by(team: Team) -> BlobQuerySet:
    """The contents of the team's versions, soft-deleted ones too, each once."""
    return Blob.objects.filter(Exists(entries_of(team)))


def entries_of(team: Team) -> QuerySet[ManifestEntry]:
    """Where versions of the team's hold the content of an outer query."""
    return ManifestEntry.objects.filter(blob=OuterRef("pk"), version__artifact__team=team)
