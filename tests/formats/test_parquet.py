"""The first rows of Parquet files: pyarrow's (``write_parquet.py``), and hostile ones."""

import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts.formats.parquet import MAX_ROWS, UNREAD, Parquet, read_parquet
from artifacts.formats.source import Unreadable
from tests.formats.making_parquet import dictionary, file_of, numbers, page, thrift, varint
from tests.formats.sources import MIB, MemorySource, look, reader_of

FOLDER = Path(__file__).parent / "parquet"
FILES = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.parquet"))}
MANY = ("many_none", "many_snappy", "many_gzip", "many_zstd")
TYPES = {
    "id": ("int64", ["1", "2", "3"]),
    "small": ("int8", ["-8", None, None]),
    "unsigned": ("uint64", ["18446744073709551615", None, None]),
    "single": ("float", ["0.1", None, None]),
    "double": ("double", ["0.1", None, None]),
    "half": ("float16", ["0.5", None, None]),
    "text": ("utf8", ["naïve 数据 🦄", None, ""]),
    "flag": ("boolean", ["true", None, "false"]),
    "raw": ("binary", ["00ff", None, None]),
    "day": ("date", ["2026-05-01", None, None]),
    "at_utc": ("timestamp_micros", ["2026-05-01 12:30:00Z", None, None]),
    "at_local": ("timestamp_nanos", ["1969-12-31 23:59:59.5", None, None]),
    "clock": ("time_micros", ["08:15:00.00025", None, None]),
    "price": ("decimal", ["-1234.50", None, None]),
    "huge": ("decimal", ["12345678901234567890.00001", None, None]),
    "tags.list.element": ("utf8", ['["a", "b \\"c\\""]', "[]", "[null]"]),
    "grid.list.element.list.element": ("int32", ["[[1, 2], [], null, [3]]", "[]", "[[null]]"]),
    "point.x": ("double", ["1.5", None, None]),
    "point.y": ("double", ["-2.0", "3.0", None]),
    "boxes.list.element.label": ("utf8", ['["cat", null]', "[]", "[null]"]),
    "boxes.list.element.w": ("int32", ["[3, 4]", "[]", "[null]"]),
    "pairs.key_value.key": ("utf8", ['["one", "two"]', "[]", None]),
    "pairs.key_value.value": ("int32", ["[1, null]", "[]", None]),
}


def parquet(content: bytes, budget: int = MIB) -> Parquet:
    found = look(content, "a.parquet", budget).content
    assert isinstance(found, Parquet)
    return found


def notes(content: bytes, budget: int = MIB) -> str:
    return " ".join(look(content, "a.parquet", budget).notes)


def column(table: Parquet, name: str) -> list[str | None]:
    place = [one.name for one in table.columns].index(name)
    return [row[place] for row in table.rows]


@pytest.mark.parametrize("name", ["types", "types_plain", "types_v2"])
def test_every_type_is_read(name: str) -> None:
    table = parquet(FILES[name])
    found = {one.name: (one.type, column(table, one.name)) for one in table.columns}
    assert found == TYPES
    assert notes(FILES[name]) == ""


def test_times_as_older_writers_have_them() -> None:
    assert column(parquet(FILES["types_int96"]), "at_local")[0] == "1969-12-31 23:59:59.5"


@pytest.mark.parametrize("name", MANY)
def test_every_codec_is_unpacked(name: str) -> None:
    table = parquet(FILES[name])
    assert (table.num_rows, len(table.rows), table.has_more) == (200, MAX_ROWS, True)
    assert column(table, "n") == [str(n) for n in range(50)]
    assert column(table, "word")[:4] == ["alpha", "beta", None, "gamma δ"]
    assert column(table, "half")[:3] == ["0.0", "0.5", "1.0"]
    assert column(table, "odd")[:2] == ["false", "true"]
    assert column(table, "list.list.element")[:4] == ["[]", "[0]", "[0, 1]", "[0, 1, 2]"]
    assert notes(FILES[name]) == ""


@pytest.mark.parametrize(("name", "rows"), [("groups", 30), ("pages", 50)])
def test_rows_of_many_groups_and_pages_stand_in_one_order(name: str, rows: int) -> None:
    table = parquet(FILES[name])
    assert column(table, "n") == [str(n) for n in range(rows)]
    assert column(table, "list.list.element") == [
        str(list(range(n % 4))) for n in range(rows)
    ]  # fmt: skip
    assert table.has_more == (name == "pages")


def test_an_empty_table_has_columns() -> None:
    found = look(FILES["empty"], "a.parquet")
    assert isinstance(found.content, Parquet)
    assert (found.content.num_rows, found.content.rows, found.content.num_columns) == (0, (), 5)
    assert (found.is_truncated, found.notes) == (False, ())


def test_of_many_columns_the_first_are_shown() -> None:
    table = parquet(FILES["wide"])
    assert (table.num_columns, len(table.columns)) == (500, 500)
    assert [len(row) for row in table.rows] == [100, 100]
    assert table.rows[1][:3] == ("1", "2", "3")


@pytest.mark.parametrize(("name", "why"), [("many_brotli", "brotli"), ("many_lz4", "lz4_raw")])
def test_what_is_not_unpacked_is_told_in_one_note(name: str, why: str) -> None:
    table = parquet(FILES[name])
    assert (table.num_columns, table.rows) == (5, ())
    said = f"it is packed as {why}, which is not unpacked here."
    names = "n, word, half, odd, list.list.element"
    assert notes(FILES[name]) == f"These columns are not shown in full: {names}: {said}"


def test_differences_are_added_up() -> None:
    table = parquet(FILES["delta"])
    assert column(table, "n") == [str(n) for n in range(50)]
    assert column(table, "big") == [str(-(7**n % 2**63)) for n in range(50)]  # they wrap around
    assert column(table, "word")[:5] == ["alpha", "beta", None, "gamma δ", "alpha"]
    assert column(table, "list.list.element")[:4] == ["[]", "[0]", "[0, 1]", "[0, 1, 2]"]


def test_a_column_in_another_encoding_leaves_the_others() -> None:
    table = parquet(FILES["delta"])
    assert set(column(table, "half")) == {UNREAD}
    assert set(column(table, "odd")) == {"false", "true"}
    assert "half: it is encoded as BYTE_STREAM_SPLIT, which is not read here." in notes(
        FILES["delta"]
    )


def test_pages_larger_than_the_budget_show_their_front() -> None:
    body = numbers(*range(100_000))
    content = file_of(page(body, num_values=100_000), rows=100_000, columns=8)
    assert len(body) * 8 > 4 * MIB
    table = parquet(content)
    assert [row[7] for row in table.rows] == [str(n) for n in range(50)]
    packed = zlib.compress(body)
    content = file_of(page(packed, num_values=100_000, size=len(body)), rows=100_000, codec=2)
    assert len(parquet(content, budget=5_000).rows) == 50


def test_what_does_not_fit_is_told_for_the_column() -> None:
    values = b"".join(len(text).to_bytes(4, "little") + text for text in [b"x" * 3000] * 60)
    schema = [{4: b"schema", 5: 1}, {1: 6, 3: 0, 4: b"long", 6: 0}]
    content = file_of(page(values, num_values=60), rows=60, schema=schema)
    assert len(parquet(content).rows) == 50
    table = parquet(content, budget=20_000)
    assert 0 < len(table.rows) < 10
    assert all(len(row[0] or "") == 501 for row in table.rows)  # cut
    assert notes(content, budget=20_000) == (
        "These columns are not shown in full: long: its pages are larger than is looked at."
    )


def test_a_bomb_is_not_unpacked() -> None:
    tracemalloc.start()
    table = parquet(FILES["bomb"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (table.num_rows, len(table.rows)) == (4_000_000, 50)
    assert peak < 16 * MIB
    assert len(FILES["bomb"]) < 4096


def bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that claim much: each an own way to take memory or time."""
    zeros = zlib.compress(bytes(64 * MIB), 9)
    yield "gzip", file_of(page(zeros, num_values=1 << 23, size=1 << 26), rows=1 << 23, codec=2)
    # Snappy: a byte, then copies of it, far more than is asked for.
    snapped = varint(1 << 31) + b"\0\0" + b"\xfe\x01\0" * 20_000
    yield "snappy", file_of(page(snapped, num_values=1 << 23, size=1 << 31), rows=99, codec=1)
    # A window of 2 GiB, which a reader would have to keep.
    window = b"\x28\xb5\x2f\xfd\x00\xa8" + bytes(10)
    yield "zstd", file_of(page(window, num_values=99, size=1 << 31), rows=99, codec=6)
    # A row that is a list of 2^31 elements, all the same one, in a few bytes.
    schema = [{4: b"schema", 5: 1}, {1: 2, 3: 2, 4: b"list"}]
    ones = varint(1 << 41) + b"\1"
    levels = len(ones).to_bytes(4, "little") + ones
    listed = page(levels + levels + b"\0" + varint(1 << 41), num_values=1 << 31, encoding=8)
    yield "list", file_of(dictionary(numbers(7), 1), listed, rows=5, schema=schema)
    first = b"\2\0" + ones
    levels_2 = len(first).to_bytes(4, "little") + first + levels
    listed = page(levels_2 + b"\0" + varint(1 << 41), num_values=1 << 31, encoding=8)
    yield "one list", file_of(dictionary(numbers(7), 1), listed, rows=5, schema=schema)
    # Differences of no bits: a block of 65536 numbers in two bytes.
    block = varint(1 << 16) + varint(1) + varint(1 << 60) + b"\0" + b"\2\0" * 50_000
    yield "deltas", file_of(page(block, num_values=1 << 31, encoding=5), rows=1 << 40)
    text = [{4: b"schema", 5: 1}, {1: 6, 3: 0, 4: b"text", 6: 0}]
    yield "lengths", file_of(page(block, num_values=9, encoding=6), rows=1 << 40, schema=text)
    yield "columns", file_of(page(b"", num_values=1 << 31), rows=1 << 40, columns=3000)
    deep = [{4: b"g", 3: 2, 5: 1}] * 20_000
    yield "depth", file_of(page(b"", num_values=1), rows=9, schema=[*deep, {1: 2, 3: 0, 4: b"n"}])


BOMBS = dict(bombs())


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_claims_cost_little(name: str) -> None:
    content = BOMBS[name]
    tracemalloc.start()
    found = look(content, "a.parquet")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * MIB
    assert found.notes or found.is_truncated


def entry(*levels: int) -> bytes:
    """Levels of one bit, with their length before them."""
    packed = b"".join(bytes([2, level]) for level in levels)
    return len(packed).to_bytes(4, "little") + packed


def test_lists_that_begin_nowhere_are_damage() -> None:
    schema = [{4: b"schema", 5: 1}, {1: 2, 3: 2, 4: b"list"}]
    body = entry(1, 0) + entry(1, 1) + numbers(1, 2)
    content = file_of(page(body, num_values=2), rows=2, schema=schema)
    assert "list: a page of it is damaged." in notes(content)
    right = entry(0, 1, 0) + entry(1, 1, 0) + numbers(1, 2)
    content = file_of(page(right, num_values=3), rows=2, schema=schema)
    assert parquet(content).rows == (("[1, 2]",), ("[]",))


@pytest.mark.parametrize(
    ("pages", "options", "why"),
    [
        ([page(numbers(1), num_values=3)], {}, "a page of it is damaged"),
        ([page(numbers(1), num_values=1)], {}, "its pages are not where the footer says"),
        ([page(b"\1\2\0", num_values=3, encoding=8)], {}, "a page of it is damaged"),
        ([dictionary(numbers(5), 1), page(b"\3\6\1", num_values=3, encoding=8)], {}, "damaged"),
        ([page(numbers(1, 2, 3), num_values=3, levels=4)], {}, "BIT_PACKED"),
        ([page(numbers(1, 2, 3), num_values=3, encoding=77)], {}, "encoded as 77"),
        ([page(b"no gzip at all", num_values=3)], {"codec": 2}, "it is damaged"),
        ([page(b"\0\x11\7\7", num_values=3)], {"codec": 1}, "it is damaged"),
        ([page(b"no zstd at all", num_values=3)], {"codec": 6}, "it is damaged"),
        ([page(b"\x80\1\0\3\0", num_values=3, encoding=5)], {}, "it is damaged"),
        ([page(b"\x80\1\7\3\0", num_values=3, encoding=5)], {}, "it is damaged"),
        ([page(b"\x80\1\4\3\0\0\x41\0\0\0", num_values=3, encoding=5)], {}, "it is damaged"),
        ([page(b"\x80\1\4\3\0\0\7", num_values=3, encoding=5)], {}, "a page of it is damaged"),
        ([page(numbers(1, 2, 3), num_values=3)], {"codec": 99}, "packed as 99"),
        ([page(numbers(1, 2, 3), num_values=3)], {"start": 1 << 40}, "not where"),
        ([page(numbers(1, 2, 3), num_values=3)], {"start": -4}, "not where"),
        ([page(numbers(1, 2, 3), num_values=3)], {"length": -1}, "not where"),
        ([b"\x15\x00\x15\xff\xff\xff\xff\x0f\x15\x02\x00"], {}, "a page of it is damaged"),
        ([thrift({1: 9, 2: 0, 3: 0})] * 3, {}, "a page of it is damaged"),
        ([thrift({1: 1, 2: 0, 3: 0})] * 200, {}, "larger than is looked at"),
    ],
)
def test_damage_is_told(pages: list[bytes], options: dict[str, Any], why: str) -> None:
    content = file_of(*pages, rows=3, **options)
    said = notes(content)
    assert said.startswith("These columns are not shown in full: n: ")
    assert why in said
    assert parquet(content).num_rows == 3


def test_what_was_read_before_damage_is_shown() -> None:
    content = file_of(page(numbers(1, 2), num_values=2), b"\xff" * 30, rows=9)
    assert parquet(content).rows == (("1",), ("2",))
    assert "a page of it is damaged" in notes(content)


def test_a_footer_that_is_cut_has_columns_and_no_rows() -> None:
    content = FILES["wide"]
    table = parquet(content, budget=40_000)
    assert (table.num_columns, table.num_rows, table.rows) == (500, 2, ())
    assert notes(content, budget=40_000) == (
        "Not all rows are shown: It says more of itself than is looked at."
    )
    with pytest.raises(Unreadable, match="more of itself"):
        read_parquet(reader_of(content, 4_000))


def test_nothing_is_read_in_vain() -> None:
    source = MemorySource(FILES["types"])
    assert look(FILES["types"], "a.parquet").notes == ()
    assert source.size_bytes < 8_000  # each byte of it counts once
    table, said = read_parquet(reader_of(FILES["types"], 3 * source.size_bytes))
    assert (len(table.rows), said) == (3, ())


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(sorted(FILES)),
    changes=st.lists(st.tuples(st.integers(1, 3_000), st.integers(0, 255)), max_size=8),
    end=st.integers(0, 3_000),
)
def test_anything_may_be_in_a_file(name: str, changes: list[tuple[int, int]], end: int) -> None:
    raw = bytearray(FILES[name])
    for back, byte in changes:
        raw[-min(back, len(raw))] = byte
    for content in (bytes(raw), bytes(raw[: len(raw) - end])):
        found = look(content, "a.parquet")
        assert found.content
        assert all(isinstance(note, str) for note in found.notes)
