"""Stored content, found and opened: where its own bytes lie, and its bases' with them.

Rows are read without locks, and a compaction, a heal or a rededup may give bytes another file
between the look at a row and the look at the disk. So whoever misses a file asks the rows again,
three times at most; whoever has opened it reads on, whatever moves.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.db import connection

from artifacts.errors import Gone
from artifacts.models import Blob
from artifacts.services.store import current_store
from artifacts.storage import content
from artifacts.storage.layout import EXTENTS, REMAINS, Place, Store
from artifacts.storage.reader import ContentReader

ATTEMPTS = 3

PLACE_FIELDS = ("sha256", "size_bytes", "physical_bytes", "layout", "generation")
"""The fields of a blob's row that make a Place, in its order."""

Bases = Mapping[str, Place]


class Located(NamedTuple):
    """A blob by its id, and where its row said that its own bytes lie."""

    blob_id: int
    place: Place


def locate(blob: Blob) -> Located:
    """``blob`` with its place."""
    return Located(blob.pk, blob.place)


def open_blob(blob: Blob) -> ContentReader:
    """The content of ``blob``, open for reading; raises as :func:`open_located`."""
    return open_located(locate(blob))


def open_located(found: Located) -> ContentReader:
    """The content, open for reading. Asks the database only where more than its file is needed.

    Raises Corrupted (422) when bytes of it are gone or torn, StoreUnavailable (503).
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _open(found)
        except Gone:
            found = _look_again([found.blob_id]).get(found.blob_id, found)
    return _open(found)


def _open(found: Located) -> ContentReader:
    return content.open_content(current_store(), found.place, bases_of(found))


def bases_of(found: Located) -> Bases:
    """sha256 → place of each content that this one leans on; no query for a whole file."""
    if found.place.layout != EXTENTS:
        return {}
    return places_of_bases([found.blob_id]).get(found.blob_id, {})


def is_stored(blob: Blob) -> bool:
    """Whether the content is there as a whole, by the sizes of the files; see :func:`find_stored`.

    Whether it is known to be damaged is another question.
    """
    return bool(find_stored([locate(blob)]))


def find_stored(located: Iterable[Located]) -> set[int]:
    """The ids of those whose file, and whose bases' files, are there with their sizes.

    No bytes are read, and there is one query for all that lean on others. What is missed is looked
    for again where its row says by then. Raises StoreUnavailable (503).
    """
    store = current_store()
    asked = list(located)
    stored = _stored_now(store, asked)
    for _ in range(ATTEMPTS - 1):
        missed = [one.blob_id for one in asked if one.blob_id not in stored]
        again = _look_again(missed) if _may_have_moved(asked, stored) else {}
        if not again:
            break
        asked = list(again.values())
        stored |= _stored_now(store, asked)
    return stored


def _may_have_moved(asked: Iterable[Located], stored: set[int]) -> bool:
    return any(one.blob_id not in stored and one.place.layout != REMAINS for one in asked)


def _stored_now(store: Store, asked: Iterable[Located]) -> set[int]:
    there = [
        one for one in asked
        if one.place.layout != REMAINS and content.has_bytes(store, one.place)
    ]  # fmt: skip
    bases = places_of_bases([one.blob_id for one in there if one.place.layout == EXTENTS])
    known = {place: content.has_bytes(store, place) for place in _distinct(bases.values())}
    return {
        one.blob_id
        for one in there
        if all(known[place] for place in bases.get(one.blob_id, {}).values())
    }


def _distinct(bases: Iterable[Bases]) -> set[Place]:
    return {place for places in bases for place in places.values()}


def places_of_bases(blob_ids: Iterable[int]) -> dict[int, dict[str, Place]]:
    """Blob id → (sha256 → place) of the contents it leans on, in one query; none for no ids."""
    ids = list(blob_ids)
    found: dict[int, dict[str, Place]] = {}
    if not ids:
        return found
    with connection.cursor() as cursor:
        # Not "IN": a commit may name 100 000 blobs.
        cursor.execute(
            "SELECT lean.blob_id, base.sha256, base.size_bytes, base.physical_bytes, base.layout,"
            " base.generation FROM artifacts_blobbase lean"
            " JOIN artifacts_blob base ON base.id = lean.base_id WHERE lean.blob_id = ANY(%s)",
            [ids],
        )
        for blob_id, *values in cursor.fetchall():
            place = Place(*values)
            found.setdefault(blob_id, {})[place.sha256] = place
    return found


def _look_again(blob_ids: list[int]) -> dict[int, Located]:
    rows = Blob.objects.raw("SELECT * FROM artifacts_blob WHERE id = ANY(%s)", [blob_ids])
    return {blob.pk: locate(blob) for blob in rows}
