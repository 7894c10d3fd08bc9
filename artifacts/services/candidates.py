"""Where the bytes of new content may lie already: the chunk lists worth looking into.

First those of the artifact's own versions, newest first, with what they lean on; then, by their
hooks (one chunk in 64), those of any content the uploader may read. All of it is a hint: a chunk
counts as found only after its bytes were compared (``storage.ingest``), and a base is judged again
under its lock (``publishing``).
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import BinaryField, Count, Func, PositiveIntegerField, Value

from accounts.access import Caller
from artifacts.known import BASE_IS_KNOWN, sql_values
from artifacts.models import Artifact, Blob, BlobChunks, Hook
from artifacts.names import ArtifactName
from artifacts.querysets import BlobQuerySet
from artifacts.storage.chunk_index import MAX_CHUNKS, ChunkIndex
from artifacts.storage.chunks import RECORD, ChunkList
from artifacts.storage.layout import Place

MAX_BLOBS = 400
MAX_VERSIONS = 100
MAX_BY_HOOKS = 8
"""How many contents the hooks of one piece of 8 MiB may bring in."""
READ_BYTES = 100_000 * RECORD.itemsize
"""So much of chunk lists is asked of the database at once; it takes three times that to come."""

Places = dict[str, Place]
Lists = dict[int, ChunkList]

BINARY = BinaryField()
_LIST_BYTES = {
    "list_bytes": Func(
        "chunk_list__chunks", function="octet_length", output_field=PositiveIntegerField()
    )
}

_OF_ARTIFACT = f"""
WITH newest AS (
    SELECT id, number FROM artifacts_version
    WHERE artifact_id = %(artifact)s AND purged_at IS NULL AND number <= coalesce((
        SELECT min(first.number) FROM artifacts_manifestentry entry
        JOIN artifacts_version first ON first.id = entry.version_id
        WHERE entry.blob_id = %(older_than)s AND first.artifact_id = %(artifact)s
    ), number)
    ORDER BY number DESC LIMIT %(versions)s
), held AS (
    SELECT entry.blob_id, max(newest.number) AS number
    FROM newest JOIN artifacts_manifestentry entry ON entry.version_id = newest.id
    GROUP BY entry.blob_id
), lean AS (
    SELECT base.base_id, max(held.number) AS number
    FROM held JOIN artifacts_blobbase base ON base.blob_id = held.blob_id
    GROUP BY base.base_id
), wanted AS (
    SELECT blob_id, number FROM held
    UNION ALL
    SELECT base_id, number FROM lean WHERE {BASE_IS_KNOWN}
)
SELECT wanted.blob_id FROM wanted
JOIN artifacts_blobchunks list ON list.blob_id = wanted.blob_id
WHERE wanted.blob_id < coalesce(%(older_than)s, wanted.blob_id + 1)
GROUP BY wanted.blob_id ORDER BY max(wanted.number) DESC, wanted.blob_id DESC LIMIT %(blobs)s
"""  # noqa: S608 - constants only


class Candidates:
    """What is known of contents that may share bytes with one that is coming in.

    ``places`` says of every content in ``index`` where its bytes were when it was looked up.
    """

    def __init__(
        self, readable: BlobQuerySet, uploader: Caller, older_than: int | None = None
    ) -> None:
        self.index = ChunkIndex()
        self.places: Places = {}
        self._readable = readable
        self._uploader = uploader
        self._older_than = older_than
        self._known: set[int] = set()

    def add_artifact(self, artifact: ArtifactName) -> None:
        """Add the contents of the newest versions of an artifact; it may not exist.

        What they lean on is left out where it is hidden, as in :meth:`find_more`.
        """
        type_, name, team = artifact
        found = Artifact.objects.all().named(name, type_, asked_by=self._uploader, team=team)
        if found:
            limits = {"versions": MAX_VERSIONS, "blobs": MAX_BLOBS, "older_than": self._older_than}
            values = {"artifact": found[0].pk, **limits, **sql_values(self._uploader)}
            self._add(_ids(_OF_ARTIFACT, values))

    def find_more(self, keys: list[int]) -> None:
        """Add the contents with most of these hooks that the uploader may read.

        What he may not read is left out before the best are chosen: by the places it took among
        them he could tell that it is there.
        """
        if keys and len(self._known) < MAX_BLOBS and self._room:
            hooks = Hook.objects.filter(key__in=keys, blob__in=self._readable.values("pk"))
            hooks = hooks.exclude(blob__in=self._known)
            if self._older_than is not None:
                hooks = hooks.filter(blob__lt=self._older_than)
            best = hooks.values_list("blob").annotate(found=Count("pk")).order_by("-found", "-blob")
            self._add([pk for pk, _ in best[:MAX_BY_HOOKS]])

    @property
    def _room(self) -> int:
        """How many chunks the index still takes."""
        return max(0, MAX_CHUNKS - len(self.index))

    def _add(self, ids: Sequence[int]) -> None:
        self._known.update(ids)
        for blob, chunks in self._lists(ids):
            place = blob.place
            if not self.index.add(place, chunks):
                break
            self.places[place.sha256] = place

    def _lists(self, ids: Sequence[int]) -> Iterator[tuple[Any, ChunkList]]:
        """The sound ones among ``ids`` with their chunk lists, in the order given.

        Together the lists may have gigabytes; no more are read than there is room for.
        """
        found = {
            blob.pk: blob for blob in self._readable.annotate(**_LIST_BYTES).filter(pk__in=ids)
        }
        for some in _read_together([found[pk] for pk in ids if pk in found]):
            if not self._room:
                return
            lists = _read_short(some) if len(some) > 1 else _read_long(some[0], self._room)
            yield from ((blob, lists[blob.pk]) for blob in some if blob.pk in lists)


def _read_together(blobs: Sequence[Any]) -> Iterator[list[Any]]:
    """The same in groups whose lists have ``READ_BYTES`` at most, or of one with a longer list."""
    group: list[Any] = []
    num_bytes = 0
    for blob in blobs:
        if group and num_bytes + blob.list_bytes > READ_BYTES:
            yield group
            group, num_bytes = [], 0
        group.append(blob)
        num_bytes += blob.list_bytes
    if group:
        yield group


def _read_short(blobs: Sequence[Any]) -> Lists:
    rows = BlobChunks.objects.filter(pk__in=[blob.pk for blob in blobs])
    return {pk: ChunkList.from_bytes(data) for pk, data in rows.values_list("pk", "chunks")}


def _read_long(blob: Any, room: int) -> Lists:
    """The first ``room`` chunks of a list, in pieces."""
    wanted = min(blob.list_bytes, room * RECORD.itemsize)
    data = bytearray()
    while len(data) < wanted:
        size = min(READ_BYTES, wanted - len(data))
        piece = Func(
            "chunks", Value(len(data) + 1), Value(size), function="substring", output_field=BINARY
        )
        found = BlobChunks.objects.filter(pk=blob.pk).values_list(piece, flat=True).first()
        if not found:  # it became shorter meanwhile, or is gone
            break
        data += found
    return {blob.pk: ChunkList.from_bytes(memoryview(data))}


def _ids(sql: str, values: dict[str, Any]) -> list[int]:
    """The ids that ``sql`` gives, as primary keys."""
    return [row.pk for row in BlobChunks.objects.raw(sql, values)]


def find_candidates(
    *,
    artifact: ArtifactName | None,
    uploader: Caller,
    sha256: str = "",
    older_than: int | None = None,
) -> Candidates:
    """Where bytes of the content ``sha256``, sent by ``uploader`` for ``artifact``, may lie.

    ``artifact`` is a type and a name, which may not exist; None: for none in particular, so that
    only hooks will bring any. ``older_than`` leaves only contents whose id is smaller.
    """
    # What is left of the content itself is no base: to be stored again it must be whole.
    readable = Blob.objects.visible_to(uploader).healthy().exclude(sha256=sha256)
    candidates = Candidates(readable, uploader, older_than)
    if artifact is not None:
        candidates.add_artifact(artifact)
    return candidates
