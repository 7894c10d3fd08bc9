"""Content that keeps bytes in other content, made of small blocks, one a letter: ``abcd``.

What the portal finds by cutting large files is given here by name, so that a test of a few KiB can
say which bytes lie where.
"""

import random
from collections.abc import Iterator
from functools import cache
from uuid import uuid4

from artifacts.models import Blob
from artifacts.services.publishing import ExtentsPlan, publish_extents
from artifacts.services.store import current_store
from artifacts.storage.chunks import RECORD, ChunkList, chunk_id
from artifacts.storage.content import open_own
from artifacts.storage.extents import write_extents
from artifacts.storage.recipe import Extent, Recipe, merge_extents
from tests.conftest import sha256_of
from tests.crash.acts import commit, upload

BLOCK = 4096


@cache
def block(letter: str) -> bytes:
    """The bytes of one block."""
    return random.Random(letter).randbytes(BLOCK)  # noqa: S311 - no secret


def blocks(letters: str) -> bytes:
    """The content of these blocks, in this order."""
    return b"".join(map(block, letters))


def row(letters: str) -> Blob:
    """The row of this content."""
    found: Blob = Blob.objects.get(sha256=sha256_of(blocks(letters)))
    return found


def lean(letters: str, *bases: str) -> Blob:
    """Store this content, as extents into the ``bases`` where they hold its blocks themselves."""
    content, store = blocks(letters), current_store()
    rows = [row(one) for one in bases]
    recipe = Recipe(sha256_of(content), len(content), merge_extents(_extents(letters, rows)))
    raw = store.staging / uuid4().hex
    raw.write_bytes(content)
    try:
        staged = write_extents(store, raw, recipe)
    finally:
        raw.unlink()
    places = {one.sha256: one.place for one in rows}
    return publish_extents(ExtentsPlan(staged, chunks_of(letters), places))


def _extents(letters: str, bases: list[Blob]) -> Iterator[Extent]:
    own = sha256_of(blocks(letters))
    for number, letter in enumerate(letters):
        found = (_find(letter, base) for base in bases)
        yield next(filter(None, found), Extent(own, number * BLOCK, BLOCK))


def _find(letter: str, base: Blob) -> Extent | None:
    with open_own(current_store(), base.place) as own:
        for offset in range(0, base.size_bytes, BLOCK):
            if own.read_at(offset, BLOCK) == block(letter):
                return Extent(base.sha256, offset, BLOCK)
    return None


def chunks_of(letters: str) -> ChunkList:
    """A chunk a block."""
    chunks = b"".join(
        chunk_id(block(letter)) + (number * BLOCK).to_bytes(8, "little") + _LENGTH
        for number, letter in enumerate(letters)
    )
    assert len(chunks) == RECORD.itemsize * len(letters)
    return ChunkList.from_bytes(chunks)


_LENGTH = BLOCK.to_bytes(4, "little")


def log_plain(name: str, letters: str) -> int:
    """A version of this content, stored as one whole file; its number."""
    upload(blocks(letters))
    return commit(name, {"a.bin": blocks(letters)}).number


def log_leaning(name: str, letters: str, *bases: str) -> int:
    """A version of this content, stored as extents into ``bases``; its number."""
    lean(letters, *bases)
    return commit(name, {"a.bin": blocks(letters)}).number
