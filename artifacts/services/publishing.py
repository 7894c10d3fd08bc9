"""Staged content gets its address, under the lock of its row: the short last step of an upload.

Everything slow (writing, hashing, comparing, syncing) is done before. Rows are locked in the order
of their sha256, a content's own row between its bases': two uploads that lean on each other's
bases must lock them in the same order (deadlock otherwise).

New content may lean on what is committed already, whose ids are smaller, so that nothing leans in
a circle. Hence a row that exists and has to be stored again (damaged, torn, or only remains) gets
its content as one whole file.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from artifacts.models import Blob, BlobBase, BlobChunks, Hook
from artifacts.services.collect import collect_blobs
from artifacts.services.contents import find_stored, is_stored, locate
from artifacts.services.exclusive import bases_of_all
from artifacts.services.integrity import heal_blobs
from artifacts.services.store import current_store
from artifacts.services.trash import remove_superseded
from artifacts.storage import content, pool, staging
from artifacts.storage.chunks import ChunkList
from artifacts.storage.layout import FILE, Place, Store
from artifacts.storage.recipe import Recipe, StagedExtents
from artifacts.storage.staging import StagedBlob
from artifacts.storage.steps import reached

logger = logging.getLogger(__name__)

Published = tuple[list[Blob], set[str]]
Chunks = Mapping[str, ChunkList]


class PlanChanged(Exception):  # noqa: N818 - no error: plan again
    """A base, or the row itself, is not what the plan was made with."""


@dataclass(frozen=True)
class ExtentsPlan:
    """Content staged as extents; ``bases`` are where its bases' bytes were when it was planned.

    ``chunks`` is the list of the whole content.
    """

    staged: StagedExtents
    chunks: ChunkList
    bases: Mapping[str, Place] = field(default_factory=dict)


def touch_stored(sha256: str) -> Blob | None:
    """Note that sound content was sent again; None where it has to be stored (again)."""
    with transaction.atomic():
        rows = Blob.objects.select_for_update(no_key=True).filter(sha256=sha256)
        row: Blob | None = rows.first()
        if row is None or not _is_sound(row):
            return None
        row.last_seen_at = timezone.now()
        row.save(update_fields=["last_seen_at"])
    return row


def _is_sound(blob: Blob) -> bool:
    return blob.damaged_at is None and is_stored(blob)


def publish(
    staged: Sequence[StagedBlob], chunks: Chunks | None = None, *, is_whole: bool = False
) -> Published:
    """Give staged content its address; returns the rows and the sha256 of those that are new.

    ``chunks`` are the chunk lists of what was cut. With ``is_whole`` what lies as extents is stored
    as one whole file, sound or not. The staging files are gone afterwards, whatever
    happens. A roll-back after the link leaves a harmless stray in the pool.
    """
    unique = sorted({one.sha256: one for one in staged}.values(), key=lambda one: one.sha256)
    try:
        with transaction.atomic():
            return _publish_locked(unique, chunks or {}, is_whole=is_whole)
    finally:
        for one in staged:
            staging.discard(one)


def _publish_locked(staged: Sequence[StagedBlob], chunks: Chunks, *, is_whole: bool) -> Published:
    store = current_store()
    blobs = _upsert([_whole(one) for one in staged])  # waits for a collector deciding about these
    new = {blob.sha256 for blob in blobs if blob.is_new}
    unsound = {blob.sha256: blob for blob in _unsound(blobs)}
    if is_whole:
        unsound |= {blob.sha256: blob for blob in blobs if not blob.is_new and blob.layout != FILE}
    # A new row's file, if there is one, is a stray that nobody vouches for. What is sound stays as
    # it is: beside extents a whole file would be a stray.
    wanted = frozenset(new | unsound.keys())
    pool.publish_many(store, [one for one in staged if one.sha256 in wanted], wanted)
    if unsound:
        _republish_whole(store, list(unsound.values()))
    for blob in blobs:
        if len(chunks.get(blob.sha256, ())) and (blob.is_new or blob.sha256 in unsound):
            write_chunks(blob, chunks[blob.sha256])
    reached("publish.before_commit")
    return blobs, new


def _whole(staged: StagedBlob) -> Place:
    return Place(staged.sha256, staged.size_bytes, staged.size_bytes)


def _unsound(blobs: Sequence[Any]) -> list[Blob]:
    known = [blob for blob in blobs if not blob.is_new]
    stored = find_stored(locate(blob) for blob in known if blob.damaged_at is None)
    return [blob for blob in known if blob.pk not in stored]


def _republish_whole(store: Store, blobs: Sequence[Blob]) -> None:
    """The content lies in the pool as whole files now: what there was of it before goes.

    Who leans on it is as well off: a whole file holds every byte there is. What there was goes
    after the commit: killed before it, the row must still find what others keep in there. So do
    its former bases, as after a purge, where nothing else needs them.
    """
    leaning = [blob for blob in blobs if blob.layout != FILE]
    files = [blob.place.pool_file for blob in leaning]
    transaction.on_commit(lambda: remove_superseded(store, files), robust=True)
    bases = bases_of_all([blob.pk for blob in leaning])
    BlobBase.objects.filter(blob__in=leaning).delete()
    for blob in leaning:
        blob.layout, blob.physical_bytes = FILE, blob.size_bytes
        blob.save(update_fields=["layout", "physical_bytes"])
    heal_blobs(sha256s=[blob.sha256 for blob in blobs])
    if bases:  # last: the version folders wait for none of it
        transaction.on_commit(partial(collect_blobs, blob_ids=bases), robust=True)


def publish_extents(plan: ExtentsPlan) -> Blob:
    """Give new content that leans on others its address; its staging file is gone afterwards.

    Raises PlanChanged when a base has changed since it was planned with, or the content has a row;
    then the staging file is still there, and nowhere else.
    """
    try:
        with transaction.atomic():
            blob: Blob = _publish_extents_locked(plan)
    except PlanChanged:
        raise
    except BaseException:
        plan.staged.path.unlink(missing_ok=True)
        raise
    plan.staged.path.unlink(missing_ok=True)
    return blob


def _publish_extents_locked(plan: ExtentsPlan) -> Blob:
    recipe = plan.staged.recipe
    before = [sha256 for sha256 in recipe.bases if sha256 < recipe.sha256]
    after = [sha256 for sha256 in recipe.bases if sha256 > recipe.sha256]
    bases = lock_bases(before, plan.bases)
    (row,) = _upsert([plan.staged.place])
    if not row.is_new:
        raise PlanChanged
    blob: Blob = row
    bases |= lock_bases(after, plan.bases)
    lean_on(bases, blob, recipe)
    pool.publish_extents(current_store(), plan.staged, 0)
    write_chunks(blob, plan.chunks.within(recipe.literals))
    reached("publish.before_commit")
    return blob


def lean_on(bases: Mapping[str, Blob], blob: Blob, recipe: Recipe) -> None:
    """Note in which of the locked ``bases`` the content keeps bytes.

    Raises PlanChanged when one is younger than ``blob``.
    """
    # One that was purged and sent again, since it was planned with, has a new row at the old place.
    if any(base.pk >= blob.pk for base in bases.values()):
        raise PlanChanged
    BlobBase.objects.bulk_create(
        BlobBase(blob=blob, base=bases[sha256], bytes=borrowed)
        for sha256, borrowed in sorted(recipe.bases.items())
    )


def lock_bases(sha256s: Sequence[str], planned: Mapping[str, Place]) -> dict[str, Blob]:
    """Lock these rows FOR SHARE until the transaction ends: they stay, and stay as they are.

    Raises PlanChanged when one is gone, damaged, or has its bytes elsewhere than planned.
    """
    if not sha256s:
        return {}
    rows = Blob.objects.raw(
        "SELECT * FROM artifacts_blob WHERE sha256 = ANY(%s) AND damaged_at IS NULL"
        " ORDER BY sha256 FOR SHARE",
        [list(sha256s)],
    )
    found = {blob.sha256: blob for blob in rows}
    for sha256 in sha256s:
        blob = found.get(sha256)
        if blob is None or blob.place != planned[sha256] or not _has_bytes(blob):
            raise PlanChanged
    return found


def _has_bytes(blob: Blob) -> bool:
    return content.has_bytes(current_store(), blob.place)


def write_chunks(blob: Blob, chunks: ChunkList) -> None:
    """Let later content find the chunks that lie in the file of ``blob``, and no older ones."""
    forget_chunks(blob)
    if len(chunks):
        BlobChunks.objects.create(blob=blob, chunks=chunks.to_bytes())
        Hook.objects.bulk_create(Hook(key=key, blob=blob) for key in chunks.hooks())


def forget_chunks(blob: Blob) -> None:
    """Let no later content find chunks in the file of ``blob``."""
    BlobChunks.objects.filter(blob=blob).delete()
    Hook.objects.filter(blob=blob).delete()


def _upsert(places: Sequence[Place]) -> list[Any]:
    """Make or touch the rows, sorted; each says with ``is_new`` which of the two it was."""
    rows = Blob.objects.raw(
        "INSERT INTO artifacts_blob"
        " (sha256, size_bytes, physical_bytes, layout, generation, created_at, last_seen_at)"
        " SELECT sha256, size_bytes, physical_bytes, layout, 0, %(now)s, %(now)s"
        " FROM unnest(%(sha256s)s::text[], %(sizes)s::bigint[], %(physical)s::bigint[],"
        " %(layouts)s::text[]) AS sent (sha256, size_bytes, physical_bytes, layout)"
        " ON CONFLICT (sha256) DO UPDATE SET last_seen_at = excluded.last_seen_at"
        " RETURNING *, xmax = 0 AS is_new",  # an updated row has its locker's number there
        {
            "now": timezone.now(),
            "sha256s": [place.sha256 for place in places],
            "sizes": [place.size_bytes for place in places],
            "physical": [place.physical_bytes for place in places],
            "layouts": [place.layout for place in places],
        },
    )
    return list(rows)


def has_row(sha256: str) -> bool:
    """Whether there is a row for this content, be it sound or not: then no plan of extents fits."""
    return Blob.objects.filter(sha256=sha256).exists()
