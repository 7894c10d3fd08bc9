"""Looking up chunks: what was added is found, the first added first."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts.storage import chunk_index
from artifacts.storage.chunk_index import ChunkIndex, Found
from artifacts.storage.chunks import RECORD, ChunkList
from artifacts.storage.layout import Place


def place_of(number):
    return Place(f"{number:064x}", 1 << 30, 1 << 30)


def id_of(number):
    return number.to_bytes(8, "little") + b"check" + bytes(19)


def list_of(*numbers):
    """Chunks with these ids, each 10 bytes long."""
    records = (struct.pack("<32sQI", id_of(one), at * 10, 10) for at, one in enumerate(numbers))
    return ChunkList.from_bytes(b"".join(records))


def many(count):
    records = np.zeros(count, RECORD)
    words = np.zeros((count, 4), "<u8")
    words[:, 0] = np.arange(count)
    records["id"] = words.view("V32").reshape(-1)
    return ChunkList(records)


def test_an_empty_index_has_nothing():
    index = ChunkIndex()
    assert len(index) == 0
    assert index.find(id_of(1)) is None


def test_what_was_added_is_found():
    index = ChunkIndex()
    assert index.add(place_of(1), list_of(5, 2**64 - 1, 0))
    assert index.find(id_of(2**64 - 1)) == Found(place_of(1), 10, 10)
    assert index.find(id_of(0)) == Found(place_of(1), 20, 10)
    assert index.find(id_of(1)) is None
    assert len(index) == 3


def test_an_id_that_begins_alike_is_another():
    index = ChunkIndex()
    index.add(place_of(1), list_of(7))
    assert index.find(id_of(7)[:8] + b"other" + bytes(19)) is None


def test_what_was_added_of_a_content_can_be_listed_in_its_order(monkeypatch):
    monkeypatch.setattr(chunk_index, "MAX_CHUNKS", 4)
    index = ChunkIndex()
    index.add(place_of(1), list_of(3, 1, 2))
    index.add(place_of(2), list_of(5, 6))
    index.find(id_of(1))
    assert index.chunks_of(place_of(1).sha256) == list_of(3, 1, 2)
    assert index.chunks_of(place_of(2).sha256) == list_of(5)
    assert len(index.chunks_of(place_of(3).sha256)) == 0
    index.drop(place_of(4).sha256)
    assert len(index.chunks_of(place_of(4).sha256)) == 0


def test_the_first_added_wins():
    index = ChunkIndex()
    for number in range(5):
        index.add(place_of(number), list_of(9, 100 + number))
        assert index.find(id_of(9)) == Found(place_of(0), 0, 10)
        assert index.find(id_of(100 + number)) == Found(place_of(number), 10, 10)


def test_the_first_of_equal_chunks_in_one_content_is_found():
    index = ChunkIndex()
    index.add(place_of(1), list_of(3, 4, 4, 4))
    assert index.find(id_of(4)) == Found(place_of(1), 10, 10)


def test_a_dropped_content_gives_way_to_the_next_and_does_not_come_back():
    index = ChunkIndex()
    index.add(place_of(1), list_of(9, 1))
    index.add(place_of(2), list_of(2, 9))
    index.drop(place_of(1).sha256)
    assert index.find(id_of(9)) == Found(place_of(2), 10, 10)
    assert index.find(id_of(1)) is None
    assert len(index) == 2
    assert index.add(place_of(1), list_of(1))
    assert index.find(id_of(1)) is None


def test_dropping_what_is_not_there_keeps_it_out():
    index = ChunkIndex()
    index.drop(place_of(1).sha256)
    assert index.add(place_of(1), list_of(1))
    assert len(index) == 0


def test_a_content_that_is_known_is_not_added_again():
    index = ChunkIndex()
    assert index.add(place_of(1), list_of(1))
    assert index.add(place_of(1), list_of(1, 2))
    assert len(index) == 1


def test_it_takes_as_many_contents_as_it_says():
    index = ChunkIndex()
    for number in range(chunk_index.MAX_BLOBS):
        assert index.add(place_of(number), list_of(number))
    assert not index.add(place_of(9999), list_of(9999))
    assert index.find(id_of(9999)) is None
    assert index.find(id_of(399)) == Found(place_of(399), 0, 10)


def test_it_takes_as_many_chunks_as_it_says(monkeypatch):
    monkeypatch.setattr(chunk_index, "MAX_CHUNKS", 5)
    index = ChunkIndex()
    assert index.add(place_of(1), list_of(1, 2, 3))
    assert index.add(place_of(2), list_of(4, 5, 6))
    assert not index.add(place_of(3), list_of(7))
    assert len(index) == 5
    assert index.find(id_of(5)) == Found(place_of(2), 10, 10)
    assert [index.find(id_of(one)) for one in (6, 7)] == [None, None]


def test_many_are_found_at_once_though_their_keys_are_alike():
    alike = [id_of(7)[:8] + bytes([check]) + bytes(23) for check in range(4)]
    listed = ChunkList.from_bytes(
        b"".join(struct.pack("<32sQI", one, at * 10, 10 + at) for at, one in enumerate(alike[:3]))
    )
    index = ChunkIndex()
    index.add(place_of(0), list_of(1))
    index.add(place_of(1), listed)
    asked = np.frombuffer(b"".join([alike[2], alike[3], alike[0], id_of(1)]), "<u8").reshape(-1, 4)
    found = index.find_many(asked)
    assert found.number.tolist() == [1, -1, 1, 0]
    assert found.offset.tolist() == [20, -1, 0, 0]
    assert found.length.tolist() == [12, -1, 10, 10]


def test_a_million_chunks_in_sixty_megabytes():
    index = ChunkIndex()
    index.add(place_of(1), many(chunk_index.MAX_CHUNKS))
    assert index.find((777_777).to_bytes(32, "little")).place == place_of(1)
    held = sum(one.keys.nbytes + one.entries.nbytes for one in index._segments)
    held += sum(one.records.nbytes for one in index._lists)
    assert held <= 60_000_000


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 6), st.lists(st.integers(0, 12), max_size=6)),
        max_size=20,
    )
)
def test_it_agrees_with_a_list_searched_from_its_start(steps):
    index, model, banned = ChunkIndex(), {}, set()
    for is_drop, number, ids in steps:
        if is_drop:
            index.drop(place_of(number).sha256)
            model.pop(number, None)
            banned.add(number)
        else:
            index.add(place_of(number), list_of(*ids))
            if number not in banned:
                model.setdefault(number, ids)
        for wanted in range(13):
            holders = ((n, held.index(wanted)) for n, held in model.items() if wanted in held)
            n, at = next(holders, (None, None))
            expected = None if n is None else Found(place_of(n), at * 10, 10)
            assert index.find(id_of(wanted)) == expected
        assert found_at_once(index, range(13)) == [index.find(id_of(one)) for one in range(13)]


@pytest.mark.parametrize("count", [1, 2, 50])
def test_adding_one_by_one_keeps_few_segments(count):
    index = ChunkIndex()
    for number in range(count):
        index.add(place_of(number), list_of(number))
        index.find(id_of(number))
    assert len(index._segments) <= 6


def found_at_once(index, wanted):
    found = index.find_many(list_of(*wanted).id_words)
    rows = zip(found.number.tolist(), found.offset.tolist(), found.length.tolist(), strict=True)
    return [None if n < 0 else Found(index.places[n], at, length) for n, at, length in rows]
