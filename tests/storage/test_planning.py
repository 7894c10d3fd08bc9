"""What has to be sent of a list of chunks, and how the content is put together then."""

import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.errors import Invalid
from artifacts.storage import negotiation, planning
from artifacts.storage.chunk_index import ChunkIndex
from artifacts.storage.chunks import RECORD, ChunkList
from artifacts.storage.layout import Place
from artifacts.storage.negotiation import Plan, read_agreed, read_plan, write_plan
from artifacts.storage.planning import plan_content
from artifacts.storage.recipe import Extent, merge_extents

OWN = "0" * 64
NAME = f"{OWN}-open"
MANY = 1 << 19
CHUNK_BYTES = 80 << 10


def id_of(number):
    return bytes([number]) * 32


def list_of(numbers, lengths=None):
    """A chunk a number, 10 bytes and its number long unless ``lengths`` says otherwise."""
    lengths = lengths or [10 + number for number in numbers]
    offsets = np.cumsum([0, *lengths])
    rows = zip(numbers, offsets, lengths, strict=False)
    return ChunkList.from_bytes(
        b"".join(struct.pack("<32sQI", id_of(one), int(at), length) for one, at, length in rows)
    )


def index_of(*lists):
    index = ChunkIndex()
    for number, chunks in enumerate(lists, start=1):
        index.add(Place(f"{number:064x}", 1 << 30, 1 << 30), chunks)
    return index


def extents_of(plan):
    return tuple(Extent(*one) for one in plan.extents())


def plan_one_by_one(chunks, index):
    """The same, as simple as can be."""
    needed, bases, extents = {}, set(), []
    for id_, offset, length in chunks:
        found = index.find(id_)
        if found and (found.length != length or _is_one_too_many(found.place.sha256, bases)):
            found = None
        if found and id_ not in needed:
            bases.add(found.place.sha256)
            extents.append(Extent(found.place.sha256, found.offset, length))
        else:
            needed.setdefault(id_, offset)
            extents.append(Extent(OWN, needed[id_], length))
    return merge_extents(extents), list(needed.values())


def _is_one_too_many(sha256, bases):
    return sha256 not in bases and len(bases) >= planning.MAX_BASES


numbers = st.lists(st.integers(0, 15), max_size=30)


@given(numbers, st.lists(numbers, max_size=4))
def test_it_agrees_with_a_look_at_one_chunk_after_the_other(listed, others):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "MAX_BASES", 2)
        patch.setattr(planning, "AT_ONCE", 4)
        patch.setattr(negotiation, "ROWS_AT_ONCE", 3)
        chunks, index = list_of(listed), index_of(*map(list_of, others))
        plan = Plan("d", plan_content(OWN, chunks, index), chunks)
        extents, needed = plan_one_by_one(chunks, index)
        assert extents_of(plan) == plan.recipe.extents == extents
        plan.columns.check()
        offsets = [offset for _, offset, _ in chunks]
        assert (
            [offsets[at] for first, count in plan.needed for at in range(first, first + count)]
            == [offset for _, offset, _ in plan.needed_chunks]
            == needed
        )
        assert plan.needed_bytes == sum(length for _, _, length in plan.needed_chunks)


def test_a_chunk_that_lies_there_with_another_length_has_to_be_sent():
    chunks, index = list_of([1, 2]), index_of(list_of([1, 2], [10, 12]))
    plan = Plan("d", plan_content(OWN, chunks, index), chunks)
    assert plan.needed == [(0, 1)]


def test_a_chunk_with_two_lengths_is_invalid():
    with pytest.raises(Invalid, match=f"{id_of(1).hex()} has two lengths"):
        plan_content(OWN, list_of([1, 2, 1], [10, 10, 11]), ChunkIndex())


def test_what_is_kept_is_read_again(store):
    chunks = list_of([1, 2, 3, 1])
    plan = Plan("d", plan_content(OWN, chunks, index_of(list_of([2]))), chunks)
    write_plan(store, NAME, plan)
    again = read_plan(store, NAME)
    assert (again.list_digest, again.recipe, again.chunks) == ("d", plan.recipe, chunks)
    agreed = read_agreed(store, NAME)
    assert (agreed.list_digest, agreed.needed_bytes) == ("d", plan.needed_bytes)


def test_a_part_needs_the_first_line_only(store):
    chunks = list_of([1, 2, 3])
    write_plan(store, NAME, Plan("d", plan_content(OWN, chunks, ChunkIndex()), chunks))
    path = negotiation.plan_path(store, NAME)
    path.write_bytes(path.read_bytes().partition(b"\n")[0] + b"\n")
    assert read_agreed(store, NAME).needed_bytes == 36
    assert read_plan(store, NAME) is None


def test_half_a_million_chunks_take_little_memory(store):
    records = np.zeros(MANY, RECORD)
    records["id"] = np.frombuffer(np.random.default_rng(1).bytes(32 * MANY), "V32")
    records["length"] = CHUNK_BYTES
    records["offset"] = np.arange(MANY, dtype="u8") * CHUNK_BYTES
    chunks = ChunkList(records)
    index = index_of(ChunkList(records[::2]))
    index.find(bytes(32))
    tracemalloc.start()
    try:
        write_plan(store, NAME, Plan("d", plan_content(OWN, chunks, index), chunks))
        planned = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert len(read_plan(store, NAME).needed) == MANY // 2
        peaks = planned, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert max(peaks) < 100_000_000, peaks
