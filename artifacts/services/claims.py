"""Whose content is whose to name: a digest alone gives nobody the content behind it.

"Have you sha256:X?" answered to anybody would tell what is stored, and a manifest that names a
digest its author never held would be theft (docs/security.md). So content is there only for those
who may read it in some version or have sent it themselves; whoever sends what is stored already
is answered, and remembered, as if it were new.
"""

from collections.abc import Collection, Mapping

from django.db import connection, transaction
from django.utils import timezone

from accounts.access import Caller, access_of, is_open, user_or_none
from accounts.audit import record
from accounts.models import Team
from artifacts.models import Blob, BlobBase, BlobUpload
from artifacts.storage.layout import FILE

# FOR SHARE: one that a collection is about to take is waited for, and then is not there.
_CLAIM = """
INSERT INTO artifacts_blobupload (blob_id, user_id, team_id, sent_at)
SELECT id, %(user)s, (SELECT id FROM accounts_team WHERE id = %(team)s FOR KEY SHARE), %(now)s
FROM artifacts_blob WHERE sha256 = ANY(%(sha256s)s) ORDER BY sha256 FOR SHARE
ON CONFLICT (user_id, blob_id) DO UPDATE
SET team_id = excluded.team_id, sent_at = excluded.sent_at WHERE excluded.team_id IS NOT NULL
"""


def claim_blobs(*, sha256s: Collection[str], sent_by: Caller, team: Team | None = None) -> set[str]:
    """Remember that ``sent_by`` has sent these; returns those that he could not name before.

    ``team``, which has a quota, is whose version they are for; None: not said, or without one.
    """
    user = user_or_none(sent_by)
    if is_open() or user is None:
        return set()
    unknown = set(sha256s) - nameable(sha256s, sent_by)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {
            "user": user.pk, "sha256s": list(sha256s), "team": team.pk if team else None,
            "now": timezone.now(),
        })  # fmt: skip
    return unknown


def claim_blob(
    blob: Blob,
    sent_by: Caller,
    *,
    is_new: bool,
    team: Team | None = None,
    plan: Mapping[str, int] | None = None,
) -> tuple[Blob, bool]:
    """Remember the sender; returns the blob and whether it is new as far as he can know.

    ``team`` as in :func:`claim_blobs`. ``plan`` is what it would lean on, had he been the first to
    send it (``BlobUpload.plan``); None for content that is never cut.

    The log has a row of what is new to him, so that it takes him as long for hidden content.
    """
    with transaction.atomic():
        unknown = claim_blobs(sha256s=[blob.sha256], sent_by=sent_by, team=team)
        if plan is not None and unknown and not is_new:
            _remember_plan(blob, sent_by, plan)
        if is_new or unknown:
            after = {"size_bytes": blob.size_bytes, "stored_before": not is_new}
            record("blob.upload", caller=sent_by, obj=blob, after=after)
    return blob, is_new or bool(unknown)


def _remember_plan(blob: Blob, sent_by: Caller, plan: Mapping[str, int]) -> None:
    """Where it lies otherwise than his own upload would: numbers must not tell him so."""
    if leans_of(blob) != plan:
        BlobUpload.objects.filter(blob=blob, user=sent_by.pk).update(plan=dict(plan))


def leans_of(blob: Blob) -> dict[str, int]:
    """In which contents (sha256) ``blob`` keeps how many bytes."""
    return dict(BlobBase.objects.filter(blob=blob).values_list("base__sha256", "bytes"))


def must_become_whole(blob: Blob, sent_by: Caller, plan: Mapping[str, int]) -> bool:
    """Whether ``blob``, of which ``sent_by`` knows nothing, leans on others than his upload would.

    Then it is stored anew as one whole file: what he sends next is to find as much in it as if he
    had been the first.
    """
    if blob.layout == FILE or nameable([blob.sha256], sent_by):
        return False
    return leans_of(blob) != plan


def claim_many(
    blobs: Collection[Blob], sent_by: Caller, *, new: Collection[str], team: Team | None = None
) -> None:
    """Remember who sent these, and for which ``team``; ``new`` are those nobody had sent before.

    The log has one row for all that are new to him.
    """
    with transaction.atomic():
        sha256s = [blob.sha256 for blob in blobs]
        unknown = claim_blobs(sha256s=sha256s, sent_by=sent_by, team=team)
        sizes = [blob.size_bytes for blob in blobs if blob.sha256 in unknown.union(new)]
        if sizes:
            after = {"count": len(sizes), "size_bytes": sum(sizes)}
            name = f"{len(sizes)} blob{'' if len(sizes) == 1 else 's'}"
            record("blob.upload", caller=sent_by, obj=Blob(), name=name, after=after)


def forget_claims(*, blob_ids: Collection[int], team: Team | None) -> None:
    """Forget who has sent these contents, whose version of ``team``'s (None: everyone's) is purged.

    For whoever could see it they are gone. Were his claim to outlive them, content that hidden
    versions hold would still be his to read, and so tell that they do.
    """
    claims = BlobUpload.objects.filter(blob__in=blob_ids)
    if team is not None:
        claims = claims.filter(user__memberships__team=team)
    claims.delete()


def nameable(sha256s: Collection[str], caller: Caller) -> set[str]:
    """Those of ``sha256s`` that ``caller`` may put into a manifest, as far as they are stored."""
    if access_of(caller).sees_all:
        return set(sha256s)
    visible = Blob.objects.visible_to(caller).with_digests(sha256s)
    return set(visible.values_list("sha256", flat=True))
