"""Content that was stored as a whole file, looked at again for bytes that older content has.

Two first uploads at the same moment do not see each other, and imported stores were never looked
at. The same search as for an upload, with three things of its own: the row exists already, so only
content with a smaller id counts; what others read from this file must stay in it; and the whole
file goes only when the content was read back through its recipe and hashed.

Reading, writing and hashing happen outside every lock. Order: make the new file → verify → lock
the bases and the row by sha256, ask again what others need → row, bases, chunks → commit → version
folders → the whole file goes. A crash leaves one file too many, which ``collect`` frees.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.access import SYSTEM
from artifacts.errors import Corrupted, DigestMismatch, DomainError, SizeMismatch, StoreUnavailable
from artifacts.models import Artifact, Blob, BlobChunks, ManifestEntry, Version
from artifacts.names import ArtifactName
from artifacts.services.candidates import Candidates, find_candidates
from artifacts.services.compact import live_ranges, recipe_reader
from artifacts.services.integrity import mark_damaged
from artifacts.services.publishing import (
    PlanChanged,
    forget_chunks,
    lean_on,
    lock_bases,
    write_chunks,
)
from artifacts.services.store import verified_store
from artifacts.services.trash import remove_superseded
from artifacts.services.trees import build_version_tree
from artifacts.storage import pool
from artifacts.storage.chunks import CUT_FROM_BYTES, ChunkList
from artifacts.storage.content import has_bytes, verify_content
from artifacts.storage.extents import StagedExtents, write_extents
from artifacts.storage.ingest import ingest_file
from artifacts.storage.layout import EXTENTS, FILE, Place, Store
from artifacts.storage.matching import is_worth_extents
from artifacts.storage.recipe import Recipe, intersect_ranges
from artifacts.storage.steps import reached

logger = logging.getLogger(__name__)

ATTEMPTS = 3
HOOKS_AT_ONCE = 32


@dataclass
class RededupReport:
    """What was looked at and what came of it; ``changed`` are digests, ``saved_bytes`` on disk."""

    looked_at: int = 0
    indexed: int = 0
    saved_bytes: int = 0
    changed: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    is_complete: bool = True


@dataclass(frozen=True)
class Plan:
    """A whole file that would shrink; ``bases`` are where its bases' bytes were then."""

    blob: Blob
    recipe: Recipe
    chunks: ChunkList
    bases: Mapping[str, Place]

    @property
    def recipe_saves(self) -> int:
        """About how many bytes it would free: the recipe itself takes a little."""
        return self.blob.size_bytes - self.recipe.literal_bytes


def rededup(
    *, artifact: Artifact | None = None, dry_run: bool = False, until: datetime | None = None
) -> RededupReport:
    """Go through the whole files of ``artifact`` (None: of all), oldest first, until ``until``.

    With ``dry_run`` nothing is written, and ``saved_bytes`` is what it would be about.

    Raises StoreUnavailable (503), StorageFull (507).
    """
    store = verified_store()
    report = RededupReport()
    for blob_id in _whole_files(artifact):
        if until is not None and timezone.now() >= until:
            report.is_complete = False
            break
        report.looked_at += 1
        _look_at(store, blob_id, report, dry_run=dry_run)
    return report


def _whole_files(artifact: Artifact | None) -> list[int]:
    """The ids of whole files that are large enough to be cut and that a version holds."""
    entries = ManifestEntry.objects.filter(blob=OuterRef("pk"))
    if artifact is not None:
        entries = entries.filter(version__artifact=artifact)
    whole = Blob.objects.healthy().filter(
        Exists(entries), layout=FILE, size_bytes__gte=CUT_FROM_BYTES
    )
    return list(whole.order_by("pk").values_list("pk", flat=True))


def _look_at(store: Store, blob_id: int, report: RededupReport, *, dry_run: bool) -> None:
    """Try until nothing changes meanwhile; after three times a later run may."""
    for _ in range(ATTEMPTS):
        blob = Blob.objects.healthy().filter(pk=blob_id, layout=FILE).first()
        if blob is None:
            break
        try:
            _try(store, blob, report, dry_run=dry_run)
            break
        except PlanChanged:
            continue
        except (Corrupted, DigestMismatch, SizeMismatch, FileNotFoundError):
            if _blame(blob, report):
                break
        except StoreUnavailable:  # by a failing read of this one file, or by the disk as a whole
            if not _blame(blob, report):
                raise
            break


def _blame(blob: Blob, report: RededupReport) -> bool:
    """Whether it is this content that is damaged."""
    if not mark_damaged(blob=blob):
        return False
    report.damaged.append(blob.digest)
    return True


def _try(store: Store, blob: Blob, report: RededupReport, *, dry_run: bool) -> None:
    candidates = _candidates_for(blob)
    known = _chunks_of(blob)
    if known is not None and not _is_promising(blob, known, candidates):
        return
    try:
        plan = _plan(store, blob, candidates, known, report, dry_run=dry_run)
    except Corrupted as error:
        logger.warning("not deduplicated digest=%s why=%s", blob.digest, error.detail)
        return
    if plan is None:
        return
    saved = plan.recipe_saves if dry_run else _carry_out(store, plan)
    report.saved_bytes += saved
    report.changed.append(blob.digest)


def _candidates_for(blob: Blob) -> Candidates:
    """As for an upload to the artifact that had it first, but older content only."""
    first = Artifact.objects.filter(versions__entries__blob=blob).order_by("versions__pk").first()
    name = ArtifactName(first.type, first.name, first.owner) if first else None
    return find_candidates(artifact=name, uploader=SYSTEM, older_than=blob.pk)


def _chunks_of(blob: Blob) -> ChunkList | None:
    """The chunks of a whole file; None where there is no list, or one of a part of it only."""
    row = BlobChunks.objects.filter(blob=blob).first()
    if row is None:
        return None
    chunks = ChunkList.from_bytes(bytes(row.chunks))
    return chunks if int(chunks.records["length"].sum(dtype="u8")) == blob.size_bytes else None


def _is_promising(blob: Blob, chunks: ChunkList, candidates: Candidates) -> bool:
    """Whether the ids say that it is worth reading the bytes."""
    hooks = chunks.hooks()
    for start in range(0, len(hooks), HOOKS_AT_ONCE):
        candidates.find_more(hooks[start : start + HOOKS_AT_ONCE])
    return is_worth_extents(_count_found(chunks, candidates), blob.size_bytes)


def _count_found(chunks: ChunkList, candidates: Candidates) -> int:
    """The bytes that lie in the candidates, or further ahead in the content itself."""
    seen: set[bytes] = set()
    found = 0
    for id_, _, length in chunks:
        if id_ in seen or candidates.index.find(id_) is not None:
            found += length
        seen.add(id_)
    return found


def _plan(
    store: Store,
    blob: Blob,
    candidates: Candidates,
    known: ChunkList | None,
    report: RededupReport,
    *,
    dry_run: bool,
) -> Plan | None:
    """Read the whole file; None when too little of it lies in older content.

    Raises Corrupted (422) when it cannot be told what others need of it.
    """
    keep = live_ranges(blob, read=recipe_reader(store))
    with ingest_file(
        store, store.pool_path(blob.sha256), sha256=blob.sha256, size_bytes=blob.size_bytes,
        index=candidates.index, find_more=candidates.find_more, keep=keep,
    ) as ingested:  # fmt: skip
        pass  # its bases are opened again, and judged, later on
    if ingested.recipe is None:
        if known is None and not dry_run:
            report.indexed += _write_index(blob, ingested.chunks)
        return None
    bases = {sha256: candidates.places[sha256] for sha256 in ingested.recipe.bases}
    return Plan(blob, ingested.recipe, ingested.chunks, bases)


def _write_index(blob: Blob, chunks: ChunkList) -> bool:
    """Let later content find the chunks of a whole file; whether there were any."""
    with transaction.atomic():
        row = Blob.objects.select_for_update(no_key=True).filter(pk=blob.pk, layout=FILE).first()
        if row is None or not len(chunks):
            return False
        write_chunks(row, chunks)
    return True


def _carry_out(store: Store, plan: Plan) -> int:
    """Let extents take the place of the whole file; the bytes saved.

    Raises PlanChanged, StorageFull (507).
    """
    staged = write_extents(store, store.pool_path(plan.blob.sha256), plan.recipe)
    place = replace(staged.place, generation=plan.blob.generation + 1)
    try:
        _publish(store, plan, staged, place)
        _verify(store, plan, place)
        _switch(store, plan, place)
    except PlanChanged:
        remove_superseded(store, [place.pool_file])
        raise
    finally:
        staged.path.unlink(missing_ok=True)
    reached("rededup.committed")
    _rebuild_folders(plan.blob)
    remove_superseded(store, [plan.blob.place.pool_file])
    saved = plan.blob.size_bytes - place.physical_bytes
    logger.info("blob deduplicated digest=%s saved_bytes=%d", plan.blob.digest, saved)
    return saved


def _publish(store: Store, plan: Plan, staged: StagedExtents, place: Place) -> None:
    """Give the new file its name, while the row still names the whole file.

    Under the row's lock, since a compaction would give its file the same name.
    """
    with transaction.atomic():
        if _lock(plan) is None:
            raise PlanChanged
        pool.publish_extents(store, staged, place.generation)
    reached("rededup.published")


def _verify(store: Store, plan: Plan, place: Place) -> None:
    """Read the content through its recipe and hash it: only then the whole file may go."""
    if not verify_content(store, place, plan.bases):
        raise PlanChanged


def _lock(plan: Plan) -> Blob | None:
    """The row, locked, if it still is as planned."""
    rows = Blob.objects.select_for_update().filter(pk=plan.blob.pk, damaged_at=None)
    blob = rows.first()
    return blob if blob is not None and blob.place == plan.blob.place else None


def _switch(store: Store, plan: Plan, place: Place) -> None:
    """Let the row name the new file. Raises PlanChanged unless all still is as planned."""
    recipe = plan.recipe
    # Durable: the whole file goes after this commit.
    with transaction.atomic(durable=True):
        bases = lock_bases([one for one in recipe.bases if one < recipe.sha256], plan.bases)
        blob = _lock(plan)
        bases |= lock_bases([one for one in recipe.bases if one > recipe.sha256], plan.bases)
        if (
            blob is None
            or not has_bytes(store, place)
            or not _holds_all_needed(store, blob, recipe)
        ):
            raise PlanChanged
        lean_on(bases, blob, recipe)
        Blob.objects.filter(pk=blob.pk).update(
            layout=EXTENTS, generation=place.generation, physical_bytes=place.physical_bytes,
            verified_at=timezone.now(),
        )  # fmt: skip
        forget_chunks(blob)
        write_chunks(blob, plan.chunks.within(recipe.literals))
        reached("rededup.before_commit")


def _holds_all_needed(store: Store, blob: Blob, recipe: Recipe) -> bool:
    """Whether the new file has what others read from the old one, asked anew under the lock."""
    try:
        live = live_ranges(blob, read=recipe_reader(store))
    except Corrupted:
        return False
    return intersect_ranges(live, recipe.literals) == live


def _rebuild_folders(blob: Blob) -> None:
    """Take the hard links out of the version folders: they would keep the bytes on disk."""
    holders = Version.objects.holding([blob.pk]).remaining().order_by("pk")
    for pk in holders.values_list("pk", flat=True):
        try:
            build_version_tree(pk)
        except DomainError as error:
            logger.warning("folder not rebuilt version_id=%d why=%s", pk, error.detail)
