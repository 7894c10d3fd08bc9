"""Contents of every layout read as what was stored, or are refused: never anything else."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.storage import content, reader
from artifacts.storage.layout import FILE, REMAINS, Place
from artifacts.storage.recipe import Range
from tests.storage.conftest import left_in, open_fds, sha256_of
from tests.storage.shelf import BASE, Shelf, overwrite, relaid, with_store


@pytest.fixture
def leaning(shelf, base):
    return shelf.add_leaning(base)


def test_a_whole_file_is_read(shelf, base):
    with shelf.open(base) as found:
        assert found.size_bytes == len(BASE)
        assert found.read() == BASE
        assert found.read() == b""


def test_content_of_several_files_is_put_together(shelf, leaning):
    expected = shelf.contents[leaning]
    with shelf.open(leaning) as found:
        assert found.read() == expected
        assert len(expected) == found.size_bytes == 9 + 50 + 5 + 9 + 40 + 7


def test_any_range_is_read(shelf, leaning):
    expected = shelf.contents[leaning]
    with shelf.open(leaning) as found:
        for start in range(0, len(expected), 3):
            for size in (0, 1, 7, 60, 1000):
                assert found.seek(start) == start
                assert found.read(size) == expected[start : start + size]
                assert found.tell() == min(start + size, len(expected))


def test_behind_the_end_there_is_nothing(shelf, leaning):
    with shelf.open(leaning) as found:
        found.seek(10_000)
        assert found.read() == found.read(1) == b""
        with pytest.raises(ValueError, match="negative"):
            found.seek(-1)


def test_empty_content_is_read(shelf):
    with shelf.open(shelf.add_file(b"")) as found:
        assert found.read() == b""
    with shelf.open(shelf.add_extents()) as found:
        assert found.read(5) == b""


def test_content_that_lies_wholly_in_others_is_read(shelf, base):
    sha256 = shelf.add_extents((base, 5, 20), (base, 25, 20), (base, 0, 5))
    assert shelf.recipe(sha256).literal_bytes == 0
    with shelf.open(sha256) as found:
        assert found.read() == BASE[5:45] + BASE[:5]


@st.composite
def shapes(draw):
    """How to make four contents that lean on each other, and where to read the last."""
    own = st.binary(min_size=1, max_size=30)
    spot = st.tuples(st.integers(0, 3), st.floats(0, 1), st.floats(0, 1))
    parts = st.lists(st.one_of(own, spot), min_size=1, max_size=10)
    reads = st.lists(st.tuples(st.integers(0, 400), st.integers(-1, 120)), max_size=12)
    return draw(st.binary(min_size=1, max_size=200)), draw(parts), draw(parts), draw(reads)


def parts_of(shelf, shape, owners):
    """Give each spot a range that its owner holds itself; None and 0 is the content itself."""
    parts, own_ranges, position = [], [], 0
    for wanted in shape:
        part = wanted if isinstance(wanted, bytes) else pick(shelf, owners, own_ranges, *wanted)
        if isinstance(part, bytes):
            own_ranges.append(Range(position, len(part)))
        parts.append(part)
        position += len(part) if isinstance(part, bytes) else part[2]
    return parts


def pick(shelf, owners, own_ranges, number, at, length):
    owner = [None, *owners][number % (len(owners) + 1)]
    ranges = own_ranges if owner is None else shelf.literals[owner]
    if not ranges:
        return b"?"
    chosen = ranges[int(at * (len(ranges) - 1))]
    start = chosen.offset + int(at * (chosen.length - 1))
    return owner, start, 1 + int(length * (chosen.end - start - 1))


@with_store
@given(shapes())
def test_whatever_the_recipe_the_reader_gives_the_content(store, shape):
    first, second, third, reads = shape
    shelf = Shelf(store)
    shelf.literals = {}
    base = shelf.add_file(b"base" + first)
    shelf.literals[base] = [Range(0, len(first) + 4)]
    middle = shelf.add_extents(*parts_of(shelf, second, [base]))
    live = [Range(one.offset, (one.length + 1) // 2) for one in shelf.recipe(middle).literals]
    shelf.literals[middle] = live
    owners = [base, middle] if live else [base]
    last = shelf.add_extents(*parts_of(shelf, third, owners))
    assert_reads_as_stored(shelf, last, reads)
    if middle != last:
        shelf.reduce(middle, live)
        assert_reads_as_stored(shelf, last, reads)


def assert_reads_as_stored(shelf, sha256, reads):
    expected = shelf.contents[sha256]
    assert shelf.verify(sha256)
    assert shelf.verify_own(sha256)
    with shelf.open(sha256) as found:
        for offset, size in reads:
            found.seek(offset)
            end = len(expected) if size < 0 else offset + size
            assert found.read(size) == expected[offset:end]


def test_large_content_is_read_in_a_row(shelf, monkeypatch):
    """Over piece borders, with read-ahead, in sizes of all kinds."""
    monkeypatch.setattr(reader, "READ_AHEAD_BYTES", 1 << 18)
    base = shelf.add_file(os.urandom(1 << 20))
    cuts = [(base, (at * 7919) % 900_000, 3000 + at) for at in range(200)]
    sha256 = shelf.add_extents(*(part for cut in cuts for part in (os.urandom(500), cut)))
    expected, found = shelf.contents[sha256], b""
    with shelf.open(sha256) as source:
        for size in [1, 10, 100_000, 3, 65_536] * 100:
            found += source.read(size)
    assert found == expected


def test_what_comes_next_is_asked_of_the_disk_once(shelf, monkeypatch):
    base = shelf.add_file(os.urandom(1 << 18))
    sha256 = shelf.add_extents(*((base, at * 1000, 900) for at in range(200)))
    asked = []
    monkeypatch.setattr(os, "posix_fadvise", lambda fd, *rest: asked.append(rest[:2]))
    monkeypatch.setattr(reader, "GAP_BYTES", 99)
    with shelf.open(sha256) as found:
        found.read(900)
        assert asked == []  # One small range is no beginning of a long read.
        while found.read(4000):
            pass
    assert asked == [(at * 1000, 900) for at in range(1, 200)]


def test_what_lies_close_together_is_asked_for_in_one_call(shelf, monkeypatch):
    base = shelf.add_file(os.urandom(1 << 18))
    parts = [part for at in range(100) for part in ((base, at * 1000, 900), os.urandom(50))]
    sha256 = shelf.add_extents(*parts, (base, 5, 20))
    asked = []
    monkeypatch.setattr(os, "posix_fadvise", lambda fd, *rest: asked.append(rest[:2]))
    with shelf.open(sha256) as found:
        found.read(900)
        found.read(50)
    assert asked == [(0, 99 * 50 + 50), (1000, 98_900), (5, 20)]


def test_a_long_read_takes_several_calls(shelf, leaning, monkeypatch):
    monkeypatch.setattr(reader, "CALL_BYTES", 7)
    with shelf.open(leaning) as found:
        assert found.read() == shelf.contents[leaning]


def test_pieces_side_by_side_in_one_file_are_one(shelf, base):
    sha256 = shelf.add_extents((base, 5, 20), b"own", (base, 40, 10))
    twin = shelf.add_extents((sha256, 20, 1), (sha256, 21, 2), (base, 0, 10))
    with shelf.open(twin) as found:
        assert len(found._files) == len(set(found._files)) == 2
    recipe, _ = shelf.recipe_of((base, 5, 20), (base, 25, 20))
    assert len(recipe.extents) == 1


def test_a_reader_closes_its_files(shelf, leaning):
    before = open_fds()
    with shelf.open(leaning) as found:
        assert open_fds() == before + 4
    found.close()
    assert open_fds() == before


def test_a_reader_reads_on_when_the_files_are_unlinked(shelf, leaning):
    with shelf.open(leaning) as found:
        for place in list(shelf.places):
            shelf.path(place).unlink()
        assert found.read() == shelf.contents[leaning]


def test_own_bytes_are_read_where_the_file_holds_them(shelf, base, leaning, store):
    with content.open_own(store, shelf.places[base]) as own:
        assert own.read_at(10, 20) == BASE[10:30]
        assert own.read_at(190, 11) is None
    with content.open_own(store, shelf.places[leaning]) as own:
        assert own.read_at(2, 7) == b"n bytes"
        assert own.read_at(2, 8) is None
        assert own.read_at(59, 5) is None  # a repeat lies elsewhere
        assert own.read_at(113, 7) == b"the end"
        assert own.read_at(113, 8) is own.read_at(-1, 1) is own.read_at(500, 1) is None
    own.close()


def test_own_bytes_are_read_into_a_buffer_as_far_as_they_go(shelf, leaning):
    recipe, found = shelf.recipe(leaning), shelf.contents[leaning]
    buffer = bytearray(1000)
    with content.open_own(shelf.store, shelf.places[leaning]) as own:
        for one in recipe.literals:
            for offset in (one.offset, one.end - 1):
                count = own.read_into(memoryview(buffer), offset)
                assert buffer[:count] == found[offset : one.end]
        assert own.read_into(memoryview(buffer)[:2], 0) == 2
        assert own.read_into(memoryview(buffer), recipe.literals[-1].end) == 0
        assert own.read_into(memoryview(buffer), len(found) + 1) == 0


def test_has_bytes_asks_for_the_own_file_only(shelf, base, leaning, store):
    shelf.path(base).unlink()
    assert content.has_bytes(store, shelf.places[leaning])
    assert not content.has_bytes(store, shelf.places[base])
    assert not content.has_bytes(store, relaid(shelf.places[leaning], generation=1))
    assert not content.has_bytes(store, relaid(shelf.places[leaning], FILE))


def test_verify_own_of_remains_says_whether_they_are_sound(shelf, base):
    shelf.reduce(base, [Range(3, 20), Range(100, 10)])
    assert shelf.verify_own(base)
    found = bytearray(shelf.path(base).read_bytes())
    found[5] ^= 1
    overwrite(shelf.path(base), bytes(found))
    assert not shelf.verify_own(base)


def test_verify_own_of_what_is_absent_is_false(store):
    for layout in (FILE, REMAINS):
        assert not content.verify_own(store, Place(sha256_of(b"absent"), 6, 6, layout))
    assert left_in(store.staging) == []
