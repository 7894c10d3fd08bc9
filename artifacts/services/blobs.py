"""Content comes in: staged, hashed and compared outside every lock, then published.

Large content is looked at chunk by chunk while it streams in: what lies in older contents already
is not kept again. Everything that adds a reference to a blob, or decides that it may go, holds a
lock on its row. Rows are locked in the order of their sha256: two commits sharing blobs must lock
them in the same order (deadlock otherwise).
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from accounts.access import Caller
from accounts.roles import Role
from artifacts.errors import Corrupted, MissingBlobs
from artifacts.models import Blob
from artifacts.names import ArtifactName
from artifacts.services.access import require_somewhere
from artifacts.services.candidates import Candidates, find_candidates
from artifacts.services.claims import claim_blob, claim_many, must_become_whole, nameable
from artifacts.services.connections import release_connection
from artifacts.services.contents import PLACE_FIELDS, Located, find_stored, locate
from artifacts.services.integrity import mark_damaged
from artifacts.services.limits import refuse_large, refuse_large_records
from artifacts.services.publishing import (
    ExtentsPlan,
    PlanChanged,
    has_row,
    publish,
    publish_extents,
    touch_stored,
)
from artifacts.services.room import Announced, find_limited, refuse_announced, require_room
from artifacts.services.store import current_store
from artifacts.storage import staging
from artifacts.storage.chunks import CUT_FROM_BYTES
from artifacts.storage.extents import finish_extents, reopen_body, write_extents
from artifacts.storage.ingest import Ingested, ingest, ingest_file, seal_staged
from artifacts.storage.layout import FILE, REMAINS, Place
from artifacts.storage.recipe import Recipe
from artifacts.storage.staging import Source, StagedBlob

logger = logging.getLogger(__name__)

ATTEMPTS = 3


def store_blob(
    *,
    source: Source,
    sha256: str,
    size_bytes: int | None,
    stored_by: Caller,
    artifact: ArtifactName | None = None,
) -> tuple[Blob, bool]:
    """Store what ``source`` holds under its digest; returns the blob and whether it is new.

    Idempotent. On return the bytes are durable. ``size_bytes`` None: read to the end. ``artifact``
    says whose versions are likely to share bytes with it. No database connection is held while
    ``source`` is read.

    Raises AccessDenied (403), TooLarge (413), QuotaExceeded (507) before anything is read;
    DigestMismatch and SizeMismatch (422), StorageFull (507).
    """
    require_somewhere(stored_by, Role.CONTRIBUTOR)
    refuse_large(size_bytes)
    team = require_room(artifact=artifact, sizes={sha256: size_bytes}, sent_by=stored_by)
    release_connection()
    if size_bytes is not None and size_bytes < CUT_FROM_BYTES:
        staged = staging.stage(current_store(), source, sha256=sha256, size_bytes=size_bytes)
        (blob,), new = publish([staged])
        return claim_blob(blob, stored_by, is_new=bool(new), team=team)
    candidates = find_candidates(artifact=artifact, uploader=stored_by, sha256=sha256)
    release_connection()
    ingested = ingest(
        current_store(), source, sha256=sha256, size_bytes=size_bytes,
        index=candidates.index, find_more=_released(candidates),
    )  # fmt: skip
    storing = _Storing(ingested, candidates, artifact, stored_by)
    blob, is_new = storing.store()
    return claim_blob(blob, stored_by, is_new=is_new, team=team, plan=storing.plan)


def store_file(
    *,
    path: Path,
    sha256: str,
    size_bytes: int,
    stored_by: Caller,
    artifact: ArtifactName | None = None,
) -> tuple[Blob, bool]:
    """Store the staged file ``path``, which is gone once it was found to hold what it should.

    Otherwise as :func:`store_blob`.
    """
    require_somewhere(stored_by, Role.CONTRIBUTOR)
    candidates = find_candidates(artifact=artifact, uploader=stored_by, sha256=sha256)
    release_connection()
    ingested = _ingest_file(StagedBlob(path, sha256, size_bytes), candidates)
    storing = _Storing(ingested, candidates, artifact, stored_by, is_resumable=True)
    blob, is_new = storing.store()
    team = find_limited(artifact, stored_by)
    return claim_blob(blob, stored_by, is_new=is_new, team=team, plan=storing.plan)


def _ingest_file(whole: StagedBlob, candidates: Candidates) -> Ingested:
    return ingest_file(
        current_store(), whole.path, sha256=whole.sha256, size_bytes=whole.size_bytes,
        index=candidates.index, find_more=_released(candidates),
    )  # fmt: skip


def _released(candidates: Candidates) -> "ReleasedLookUp":
    return ReleasedLookUp(candidates)


class ReleasedLookUp:
    """Looks for more candidates, and gives the connection back each time: a client sends on."""

    def __init__(self, candidates: Candidates) -> None:
        self._candidates = candidates

    def __call__(self, keys: list[int]) -> None:
        """See :meth:`Candidates.find_more`."""
        self._candidates.find_more(keys)
        release_connection()


@dataclass
class _Storing:
    """Publishes content that came in: as extents while its bases hold still, else as one file."""

    ingested: Ingested
    candidates: Candidates
    artifact: ArtifactName | None
    stored_by: Caller
    is_resumable: bool = False

    @property
    def plan(self) -> dict[str, int]:
        """What the content would lean on, and with how many bytes, if nobody had stored it yet."""
        return dict(self.ingested.recipe.bases) if self.ingested.recipe else {}

    def store(self) -> tuple[Blob, bool]:
        """The blob, and whether it is new. The staged file is gone afterwards.

        Unless ``is_resumable`` and something else is wrong than the content, before it was about to
        be published: then what came stays, and the client need not send it again.
        """
        try:
            stored = self._store()
        except BaseException:
            if not self.is_resumable:
                staging.discard(self.ingested.staged)
            raise
        finally:
            self.ingested.close()
        staging.discard(self.ingested.staged)
        return stored

    def _store(self) -> tuple[Blob, bool]:
        sha256 = self.ingested.staged.sha256
        for _ in range(ATTEMPTS):
            had_row = has_row(sha256)  # asked first: one that appears after it is sound, and found
            blob = touch_stored(sha256)
            if blob is not None and not must_become_whole(blob, self.stored_by, self.plan):
                return blob, False
            if self.ingested.recipe is None or had_row:
                break
            try:
                return self._store_extents(self.ingested.recipe), True
            except PlanChanged:
                self._plan_again()
        return self._store_whole()

    def _store_extents(self, recipe: Recipe) -> Blob:
        """Raises PlanChanged; then the staged file is as it was."""
        release_connection()
        store, path = current_store(), self.ingested.staged.path
        write = write_extents if self.ingested.is_whole else finish_extents
        staged = write(store, path, recipe)
        try:
            plan = ExtentsPlan(staged, self.ingested.chunks, self.candidates.places)
            return publish_extents(plan)
        except PlanChanged:
            if self.ingested.is_whole:
                staged.path.unlink()
            else:
                reopen_body(staged, path)
            raise

    def _plan_again(self) -> None:
        """Look for bases anew, with the whole content in one file."""
        whole = self._stage_whole()
        self.candidates = find_candidates(
            artifact=self.artifact, uploader=self.stored_by, sha256=whole.sha256
        )
        self.ingested = _ingest_file(whole, self.candidates)

    def _store_whole(self) -> tuple[Blob, bool]:
        staged = self._stage_whole()
        seal_staged(staged)
        (blob,), new = publish([staged], {staged.sha256: self.ingested.chunks}, is_whole=True)
        return blob, bool(new)

    def _stage_whole(self) -> StagedBlob:
        """All of the content in one file; what was staged before, and the bases, are let go."""
        release_connection()
        try:
            whole = self.ingested.stage_whole(current_store())
        except Corrupted:
            self._mark_damaged_bases()
            raise
        self.ingested.close()
        if whole.path != self.ingested.staged.path:
            staging.discard(self.ingested.staged)
            self.ingested = replace(self.ingested, staged=whole, is_whole=True)
        return whole

    def _mark_damaged_bases(self) -> None:
        owners = {owner for owner, _, _ in self.ingested.matcher.parts if owner is not None}
        for blob in Blob.objects.with_digests(sorted(owners)).order_by("sha256"):
            mark_damaged(blob=blob)


def store_blobs(
    *, source: Source, stored_by: Caller, artifact: ArtifactName | None = None
) -> list[Blob]:
    """Store many small blobs from one stream of (32-byte digest, 8-byte length, bytes) records.

    All or nothing: one bad record and none is kept. Raises as :func:`store_blob`, but
    QuotaExceeded (507) only when all is read: what they are is said nowhere else.
    """
    require_somewhere(stored_by, Role.CONTRIBUTOR)
    store = current_store()
    records = refuse_large_records(staging.read_records(source))
    staged = staging.stage_many(store, records)
    try:
        sizes = {one.sha256: one.size_bytes for one in staged}
        team = require_room(artifact=artifact, sizes=sizes, sent_by=stored_by)
    except BaseException:
        for one in staged:
            staging.discard(one)
        raise
    blobs, new = publish(staged)
    claim_many(blobs, stored_by, new=new, team=team)
    return blobs


def missing_blobs(
    *, sha256s: Iterable[str], asked_by: Caller, announced: Announced | None = None
) -> list[str]:
    """Which of ``sha256s`` the server still needs, in the order asked, without repeats.

    A hint, not a promise: it is asked again, under locks, at the commit. ``announced`` is the
    version they are for: raises TooLarge (413), QuotaExceeded (507) where it will not be taken.
    """
    asked = list(dict.fromkeys(sha256s))
    if announced is not None:
        refuse_announced(announced, sha256s=asked, announced_by=asked_by)
    readable = Blob.objects.visible_to(asked_by).healthy().exclude(layout=REMAINS)
    rows = readable.with_digests(asked).values_list("pk", *PLACE_FIELDS)
    present = _present([Located(pk, Place(*values)) for pk, *values in rows])
    return [sha256 for sha256 in asked if sha256 not in present]


def _present(located: Sequence[Located]) -> set[str]:
    """The digests of what can be read; of whole files the rows are believed."""
    stored = find_stored(one for one in located if one.place.layout != FILE)
    return {
        one.place.sha256 for one in located if one.place.layout == FILE or one.blob_id in stored
    }


def lock_blobs(sha256s: Iterable[str], *, named_by: Caller) -> dict[str, Blob]:
    """Lock the rows of healthy blobs whose bytes are there, until the transaction ends.

    What ``named_by`` may not name counts as not stored.

    The lock is FOR SHARE: many commits may hold it at once, while a collector (FOR UPDATE), an
    upload that heals and a scrub that marks damage (UPDATE) wait.

    Raises MissingBlobs (409) with the digests that are not stored.
    """
    wanted = sorted(set(sha256s))
    rows = Blob.objects.raw(
        "SELECT * FROM artifacts_blob WHERE sha256 = ANY(%s) AND damaged_at IS NULL"
        " AND layout <> 'remains' ORDER BY sha256 FOR SHARE",
        [wanted],
    )
    locked = list(rows)
    stored = find_stored(locate(blob) for blob in locked)
    known = nameable(wanted, named_by)
    found = {one.sha256: one for one in locked if one.pk in stored and one.sha256 in known}
    if len(found) < len(wanted):
        raise MissingBlobs([f"sha256:{sha256}" for sha256 in wanted if sha256 not in found])
    return found
