"""What was not written because it lies elsewhere: left out, and put together again where needed."""

import io
import os
import shutil
import signal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts.errors import Corrupted, StorageFull
from artifacts.storage import bases as bases_module
from artifacts.storage.bases import Trail
from artifacts.storage.chunks import ChunkList, Cutter, chunk_id
from artifacts.storage.ingest import ingest
from artifacts.storage.layout import physical_path
from artifacts.storage.store import init_store
from tests.storage.conftest import fail_with, left_in, run_python, sha256_of
from tests.storage.ingesting import (
    FIRST,
    MIB,
    SHIFTED,
    Dribble,
    assert_right,
    bring,
    index_of,
    noise,
    own_chunks,
    store_extents,
    store_whole,
    whole_of,
)

CHANGED = FIRST[: 4 * MIB] + noise(2 * MIB, 1) + FIRST[6 * MIB :]
LITTLE = FIRST[: 2 * MIB] + noise(10 * MIB, 2)
"""Too little of FIRST to lean on it."""


def body_of(brought):
    return brought.staged.path.read_bytes()


def damage(path, offset):
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))


def test_found_bytes_are_not_written(store):
    brought = bring(store, CHANGED, index_of(store_whole(store, FIRST)))
    literals = (CHANGED[one.offset : one.end] for one in brought.recipe.literals)
    assert not brought.is_whole
    assert body_of(brought) == b"".join(literals)
    assert_right(brought, CHANGED, FIRST)


def test_the_body_becomes_the_file_without_a_copy(store):
    first = store_whole(store, FIRST)
    brought = bring(store, CHANGED, index_of(first))
    inode = brought.staged.path.stat().st_ino
    place, chunks = store_extents(store, brought)
    assert physical_path(store, place).stat().st_ino == inode
    assert chunks == own_chunks(brought)
    assert left_in(store.staging) == []


def test_content_with_nothing_to_find_is_whole(store):
    brought = bring(store, FIRST, index_of(store_whole(store, noise(9 * MIB, 3))))
    assert brought.is_whole
    assert body_of(brought) == FIRST
    assert brought.stage_whole(store) == brought.staged


@pytest.mark.parametrize("content", [CHANGED, SHIFTED, LITTLE], ids=["changed", "shifted", "few"])
def test_it_is_put_together_again(store, content):
    brought = bring(store, content, index_of(store_whole(store, FIRST)))
    whole = brought.stage_whole(store)
    assert not brought.is_whole
    assert whole.path.read_bytes() == content
    assert (whole.sha256, whole.size_bytes) == (sha256_of(content), len(content))
    assert len(left_in(store.staging)) == 2  # the body goes when the caller says so


def test_too_little_that_was_found_is_not_written_either(store):
    brought = bring(store, LITTLE, index_of(store_whole(store, FIRST)))
    assert brought.recipe is None
    assert len(body_of(brought)) < len(LITTLE) - MIB
    assert sum(length for _, _, length in brought.chunks) == len(LITTLE)


def test_bases_that_are_gone_by_then_are_still_read(store):
    first = store_whole(store, FIRST)
    second = store_extents(store, bring(store, CHANGED, index_of(first)))
    brought = bring(store, b"x" + CHANGED, index_of(second, first))
    assert len(brought.recipe.bases) == 2
    shutil.rmtree(store.pool)
    assert whole_of(store, brought) == b"x" + CHANGED


@pytest.mark.parametrize("harm", ["changed", "cut off"])
def test_a_base_that_is_damaged_by_then_is_refused(store, harm):
    stored = store_whole(store, FIRST)
    brought = bring(store, CHANGED, index_of(stored))
    path = store.pool_path(stored[0].sha256)
    if harm == "changed":
        damage(path, 9 * MIB)
    else:
        os.truncate(path, 9 * MIB)
    with pytest.raises(Corrupted, match="damaged meanwhile"):
        brought.stage_whole(store)
    assert left_in(store.staging) == [brought.staged.path.name]


@pytest.mark.parametrize("call", ["write", "open"])
def test_on_a_full_disk_it_is_not_put_together(store, monkeypatch, call):
    brought = bring(store, CHANGED, index_of(store_whole(store, FIRST)))
    monkeypatch.setattr(os, call, fail_with(28))
    with pytest.raises(StorageFull):
        brought.stage_whole(store)
    monkeypatch.undo()
    assert left_in(store.staging) == [brought.staged.path.name]


def test_repeats_of_what_was_written_are_found_and_put_together(store):
    new = noise(MIB, 4)
    content = FIRST[: 6 * MIB] + new + FIRST[6 * MIB :] + new + bytes(MIB) + new
    brought = bring(store, content, index_of(store_whole(store, FIRST)))
    assert_right(brought, content, FIRST)
    assert not brought.is_whole
    assert len(body_of(brought)) == brought.recipe.literal_bytes < 3 * MIB
    assert whole_of(store, brought) == content


def test_where_a_repeat_came_first_the_file_stays_whole(store):
    content = bytes(2 * MIB) + FIRST
    brought = bring(store, content, index_of(store_whole(store, FIRST)))
    assert brought.is_whole
    assert body_of(brought) == content
    assert_right(brought, content, FIRST)
    assert brought.recipe.literal_bytes < MIB
    store_extents(store, brought)


def test_content_that_is_stored_can_be_put_together_from_itself(store):
    brought = bring(store, FIRST, index_of(store_whole(store, FIRST)))
    assert (brought.recipe, brought.is_whole) == (None, False)
    assert whole_of(store, brought) == FIRST


def test_a_slow_upload_is_no_leftover_while_all_of_it_is_found(store):
    stored = store_whole(store, FIRST * 3)
    stream, ages = io.BytesIO(b"x" + FIRST * 3), []

    class Slow:
        def read(self, size):
            for path in store.staging.iterdir():
                ages.append(path.stat().st_mtime)
                os.utime(path, (0, 0))
            return stream.read(size)

    ingest(store, Slow(), index=index_of(stored)).close()
    assert all(ages[:5])
    assert len(ages) == 6  # at the end nothing more comes


KILLED = """
import io, sys
from pathlib import Path
from artifacts.storage.chunk_index import ChunkIndex
from artifacts.storage.store import open_store
from tests.storage.ingesting import FIRST, bring, index_of, store_whole
store = open_store(Path(sys.argv[1]))
bring(store, FIRST + b"x", index_of(store_whole(store, FIRST))).stage_whole(store)
"""


@pytest.mark.parametrize(("step", "left"), [("stage.written", 1), ("stage.assembled", 2)])
def test_a_kill_leaves_only_files_in_staging(store, step, left):
    store_whole(store, FIRST)
    code, _, _ = run_python(KILLED, store.root, RUNICORN_CRASH_AT=step)
    assert code == -signal.SIGKILL
    assert len(left_in(store.staging)) == left


class TestTrail:
    """Which chunks follow a place in a base."""

    def trail(self, *rows, size=1000):
        records = b"".join(
            bytes(32) + offset.to_bytes(8, "little") + length.to_bytes(4, "little")
            for offset, length in rows
        )
        return Trail(ChunkList.from_bytes(records), size)

    def run(self, trail, offset, at_most=900):
        return [(int(one["offset"]), int(one["length"])) for one in trail.run(offset, at_most)]

    def test_it_goes_on_to_the_first_gap(self):
        trail = self.trail((0, 10), (10, 20), (30, 5), (40, 7))
        assert self.run(trail, 10) == [(10, 20), (30, 5)]
        assert self.run(trail, 40) == [(40, 7)]

    @pytest.mark.parametrize("offset", [1, 9, 35, 47, 1000])
    def test_elsewhere_than_at_a_cut_nothing_follows(self, offset):
        trail = self.trail((0, 10), (10, 20), (30, 5), (40, 7))
        assert self.run(trail, offset) == []

    def test_only_what_fits(self):
        trail = self.trail((0, 10), (10, 20), (30, 5))
        assert self.run(trail, 0, at_most=29) == [(0, 10)]
        assert self.run(trail, 0, at_most=30) == [(0, 10), (10, 20)]
        assert self.run(trail, 0, at_most=9) == []

    def test_the_last_chunk_of_a_content_is_left_out(self):
        assert self.run(self.trail((0, 10), (10, 20), size=30), 0) == [(0, 10)]

    def test_a_window_has_so_many_chunks_at_most(self):
        rows = [(at, 1) for at in range(bases_module.MAX_RUN + 1)]
        assert len(self.run(self.trail(*rows), 0)) == bases_module.MAX_RUN

    def test_of_nothing_nothing_follows(self):
        assert self.run(self.trail(), 0) == []


@pytest.mark.parametrize("lie", ["lengths", "ids", "gaps", "empty"])
def test_a_chunk_list_that_lies_loses_no_bytes(store, lie):
    place, chunks = store_whole(store, FIRST)
    records = chunks.records.copy()
    if lie == "lengths":
        records["length"][1::2] = 300_000
    elif lie == "ids":
        records["id"][1::2] = records["id"][::2][: len(records[1::2])]
    elif lie == "gaps":
        records["offset"][::3] += 100
    else:
        records["length"][5:] = 0
    brought = bring(store, SHIFTED, index_of((place, ChunkList(records))))
    assert whole_of(store, brought) == SHIFTED
    if brought.recipe is not None:
        brought.recipe.check()
        store_extents(store, brought)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12 * MIB), st.integers(0, 300_000)), max_size=6),
    st.integers(0, 1000),
    st.sampled_from([MIB, 3 * MIB + 1, 50 * MIB]),
)
def test_cuts_are_those_of_the_cutter_however_they_are_found(tmp_path_factory, edits, seed, size):
    content = bytearray(FIRST)
    for offset, length in edits:
        content[offset : offset + length // 2] = noise(length, seed)
    content = bytes(content)
    store = init_store(tmp_path_factory.mktemp("cuts") / "storage")
    brought = ingest(store, Dribble(content, size), index=index_of(store_whole(store, FIRST)))
    cutter = Cutter()
    cuts = cutter.feed(content) + cutter.finish()
    assert [(id_, length) for id_, _, length in brought.chunks] == [
        (chunk_id(one), len(one)) for one in cuts
    ]
    assert whole_of(store, brought) == content
    brought.close()
