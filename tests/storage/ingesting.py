"""Content on its way in, for tests: made, brought, stored, and put together again."""

import io
import random

from artifacts.storage import pool
from artifacts.storage.chunk_index import ChunkIndex
from artifacts.storage.chunks import Cutter, chunk_id
from artifacts.storage.extents import finish_extents, write_extents
from artifacts.storage.ingest import ingest, seal_staged
from artifacts.storage.layout import EXTENTS, Place
from artifacts.storage.recipe import merge_extents
from tests.storage.conftest import sha256_of

MIB = 1 << 20


def noise(size, seed=0):
    return random.Random(seed).randbytes(size)  # noqa: S311


FIRST = noise(12 * MIB)
SHIFTED = b"a longer header" + FIRST
"""As FIRST, with every offset moved."""


class Dribble:
    """Gives few bytes at a time, as a socket does."""

    def __init__(self, content, size):
        self.stream = io.BytesIO(content)
        self.size = size

    def read(self, size):
        return self.stream.read(min(size, self.size))


class Breaking:
    """Gives some content and then breaks."""

    def __init__(self, content):
        self.stream = io.BytesIO(content)

    def read(self, size):
        piece = self.stream.read(size)
        if not piece:
            raise ConnectionResetError
        return piece


def bring(store, content, index=None, **named):
    return ingest(store, io.BytesIO(content), index=index or ChunkIndex(), **named)


def store_whole(store, content):
    """The content in the pool, in one file; returns its place and chunks."""
    brought = bring(store, content)
    seal_staged(brought.staged)
    pool.publish(store, brought.staged)
    return Place(brought.staged.sha256, len(content), len(content)), brought.chunks


def whole_of(store, brought):
    """All that came in, whatever the staged file holds."""
    return brought.stage_whole(store).path.read_bytes()


def own_chunks(brought):
    """The chunks that its own file will hold."""
    return brought.chunks.within(brought.recipe.literals)


def store_extents(store, brought):
    """The content in the pool, as its own bytes and a recipe; returns its place and chunks."""
    write = write_extents if brought.is_whole else finish_extents
    staged = write(store, brought.staged.path, brought.recipe)
    brought.close()
    pool.publish_extents(store, staged, 0)
    recipe = brought.recipe
    place = Place(recipe.sha256, recipe.size_bytes, staged.physical_bytes, EXTENTS)
    return place, own_chunks(brought)


def index_of(*stored):
    index = ChunkIndex()
    for place, chunks in stored:
        index.add(place, chunks)
    return index


def assemble(recipe, *contents):
    """The content that ``recipe`` describes, out of its own literals and ``contents``."""
    known = {sha256_of(content): content for content in contents}
    return b"".join(
        known[one.owner][one.offset : one.offset + one.length] for one in recipe.extents
    )


def assert_right(brought, content, *bases):
    """The recipe gives the content, is as short as can be, and its chunks are its literals."""
    recipe = brought.recipe
    recipe.check()
    assert assemble(recipe, content, *bases) == content
    assert recipe.extents == merge_extents(recipe.extents)
    assert sum(length for _, _, length in own_chunks(brought)) == recipe.literal_bytes
    cutter = Cutter()
    cuts = cutter.feed(content) + cutter.finish()
    assert [length for _, _, length in brought.chunks] == [len(one) for one in cuts]
    for id_, offset, length in brought.chunks:
        assert chunk_id(content[offset : offset + length]) == id_


def write_beside(tmp_path, content):
    path = tmp_path / "content"
    path.write_bytes(content)
    return path
