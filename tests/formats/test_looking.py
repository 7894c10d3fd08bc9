"""What a file is told as, by its first bytes and then by its name, from no more than was said."""

import json
import time

import pytest

from artifacts.formats.documents import Json, Table
from artifacts.formats.images import Image
from artifacts.formats.looking import Binary, Look, Text
from artifacts.formats.parquet import Parquet
from tests.formats.sources import MIB, look


def text_of(found: Look) -> Text:
    assert isinstance(found.content, Text)
    return found.content


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a/train.py", "python"),
        ("README.md", "markdown"),
        ("Makefile", "makefile"),
        ("Dockerfile", "dockerfile"),
        ("conf.YAML", "yaml"),
        ("notes.txt", None),
        ("LICENSE", None),
        ("picture.svg", "xml"),
    ],
)
def test_text_knows_its_language_by_the_name(path: str, language: str | None) -> None:
    found = look("größer\n".encode(), path)
    assert found == Look(Text("größer\n", language))


def test_what_is_empty_is_empty_text() -> None:
    assert look(b"", "a.bin") == Look(Text("", None))


def test_svg_is_text_and_no_picture() -> None:
    content = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    assert text_of(look(content, "a.png")).text == content.decode()


def test_long_text_is_cut_and_says_so() -> None:
    found = look(b"x" * (2 * MIB), "a.txt")
    assert (found.is_truncated, len(text_of(found).text)) == (True, MIB)


def test_a_character_cut_in_two_is_left_out() -> None:
    found = look("é".encode() * 3000, "a.txt", budget=5001)
    assert text_of(found).text == "é" * 2500
    assert found.is_truncated


def test_a_few_wrong_bytes_are_replaced_and_many_are_binary() -> None:
    assert "\ufffd" in text_of(look(b"caf\xe9 " + b"plain words " * 5, "a.txt")).text
    assert isinstance(look(bytes(range(128, 256)), "a.txt").content, Binary)


def test_utf_16_is_text_with_its_mark() -> None:
    assert text_of(look("naïve".encode("utf-16"), "a.txt")).text == "naïve"
    half = b"\xff\xfe" + b"a\0" * 100 + b"\x00\xd8" * 4
    assert "\ud800" not in text_of(look(half, "a.txt")).text


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"])
def test_a_mark_without_text_is_dumped_and_not_shown_as_nothing(content: bytes) -> None:
    found = look(content, "a.bin").content
    assert isinstance(found, Binary)
    assert [line.hex for line in found.lines] == [content.hex(" ")]


def test_binary_that_begins_like_utf_16_is_dumped() -> None:
    content = b"\xff\xfe" + b"\x01\x00\x00\xd8" * 8
    assert isinstance(look(content, "a.bin").content, Binary)


def test_binary_is_dumped_sixteen_bytes_a_line() -> None:
    found = look(bytes(range(256)) * 4, "a.bin")
    assert isinstance(found.content, Binary)
    assert found.is_truncated
    assert len(found.content.lines) == 16
    line = found.content.lines[4]
    assert (line.offset, line.hex[:8], line.ascii) == (64, "40 41 42", "@ABCDEFGHIJKLMNO")
    assert found.content.lines[0].ascii == "." * 16


def test_json_is_a_tree() -> None:
    value = {"a": [1, 2.5, None, True], "b": {"c": "é"}}
    assert look(json.dumps(value).encode(), "a.json") == Look(Json(value))


def test_json_has_its_nan_as_text() -> None:
    found = look(b'{"a": NaN, "b": [-Infinity, 1e999], "c": 1e3}', "a.json")
    assert found.content == Json({"a": "NaN", "b": ["-Infinity", "1e999"], "c": 1000.0})
    json.dumps(found.content.value, allow_nan=False)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[" * 100_000,
        b"[" * 100 + b"]" * 100,
        b"[" + b"1," * 50_000 + b"1]",
        b"9" * 10_000,
        rb'{"a": "\ud800"}',
        rb'{"\udfff": 1}',
    ],
)
def test_json_that_is_none_or_too_much_is_text_with_a_note(content: bytes) -> None:
    found = look(content, "a.json")
    assert text_of(found).text == content.decode()
    assert len(found.notes) == 1


def test_json_beyond_the_limit_is_text() -> None:
    found = look(b'"' + b"x" * MIB + b'"', "a.json")
    assert (text_of(found).language, found.is_truncated) == ("json", True)


@pytest.mark.parametrize(
    ("path", "content", "delimiter"),
    [
        ("a.csv", b'a,b\n1,"x, y"\n', ","),
        ("a.csv", b"a;b\n1;x, y\n", ";"),
        ("a.tsv", b"a\tb\n1\tx, y\n", "\t"),
        ("a.csv", b"a\tb\n1\tx, y\n", "\t"),
    ],
)
def test_csv_is_rows(path: str, content: bytes, delimiter: str) -> None:
    table = Table(delimiter, (("a", "b"), ("1", "x, y")), 2, has_more=False)
    assert look(content, path) == Look(table)


def table_of(found: Look) -> Table:
    assert isinstance(found.content, Table)
    return found.content


def test_csv_shows_its_head_only() -> None:
    found = look("".join(f"{n},{n}\n" for n in range(100)).encode(), "a.csv")
    table = table_of(found)
    assert (len(table.rows), table.rows[-1], table.has_more) == (51, ("50", "50"), True)
    assert found.is_truncated


def test_a_row_cut_in_two_is_left_out() -> None:
    table = table_of(look(b"a,b\n1,2\n" + b"x" * 10_000, "a.csv", budget=8000))
    assert table.rows == (("a", "b"), ("1", "2"))
    assert table.has_more


def test_csv_of_many_columns_and_large_cells_is_bounded() -> None:
    table = table_of(look(b"," * (MIB - 5000) + b"\n", "a.csv"))
    assert (len(table.rows[0]), table.num_columns) == (100, MIB - 4999)
    table = table_of(look(b"a\n" + b"y" * 100_000 + b"\n", "a.csv"))
    assert len(table.rows[1][0]) == 501


def test_a_quote_that_never_ends_leaves_the_rows_before_it() -> None:
    table = table_of(look(b'a,b\n1,2\n"' + b"x,\n" * 200_000, "a.csv"))
    assert table.rows[:2] == (("a", "b"), ("1", "2"))


def test_csv_without_a_row_is_text() -> None:
    found = look(b'"' + b"x" * 500_000, "a.csv")
    assert text_of(found).text.startswith('"x')
    assert found.notes == ("No row of it is a table's.",)


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\0\x80"
JPEG = b"\xff\xd8\xff\xe0\0\x10" + bytes(14) + b"\xff\xc0\0\x11\x08\0\x30\0\x40" + bytes(20)
WEBP = b"RIFF\0\0\0\0WEBP"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (PNG, Image("image/png", 256, 128)),
        (PNG[:12], Image("image/png", None, None)),
        (b"GIF89a\x03\0\x02\0", Image("image/gif", 3, 2)),
        (JPEG, Image("image/jpeg", 64, 48)),
        (JPEG[:20], Image("image/jpeg", None, None)),
        (b"\xff\xd8\xff\xe0\0\0" * 4000, Image("image/jpeg", None, None)),
        (WEBP + b"VP8X" + bytes(8) + b"\x0f\0\0\x07\0\0", Image("image/webp", 16, 8)),
        (WEBP + b"VP8 " + bytes(10) + b"\x10\0\x08\0", Image("image/webp", 16, 8)),
        (WEBP + b"VP8L\0\0\0\0\x2f" + (15 | 7 << 14).to_bytes(9, "little"),
         Image("image/webp", 16, 8)),
        (WEBP, Image("image/webp", None, None)),
        (WEBP + b"JUNK" + bytes(20), Image("image/webp", None, None)),
    ],
)  # fmt: skip
def test_pictures_are_known_by_their_bytes(content: bytes, expected: Image) -> None:
    assert look(content, "whatever.txt") == Look(expected)


def test_a_name_makes_no_picture() -> None:
    assert isinstance(look(b"not a picture", "a.png").content, Text)


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def element(name: str, kind: int | None = None, *, children: int = 0, converted: int = -1) -> bytes:
    """A SchemaElement in Thrift's compact protocol."""
    out = b""
    last = 0
    fields = [(1, kind), (3, 1 if kind is not None else None)]
    for number, value in fields:
        if value is not None:
            out += bytes([number - last << 4 | 5]) + varint(value * 2)
            last = number
    out += bytes([4 - last << 4 | 8]) + varint(len(name)) + name.encode()
    last = 4
    for number, value in ((5, children), (6, converted)):
        if value > -1 and (value or number == 6):
            out += bytes([number - last << 4 | 5]) + varint(value * 2)
            last = number
    return out + b"\0"


def parquet(elements: list[bytes], rows: int = 1000, rest: bytes = b"\0") -> bytes:
    footer = b"\x15\x02\x19" + bytes([len(elements) << 4 | 12]) + b"".join(elements)
    footer += b"\x16" + varint(rows * 2) + rest
    return b"PAR1data" + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def test_parquet_says_its_columns_and_rows() -> None:
    elements = [
        element("schema", children=2),
        element("id", 2),
        element("point", children=2),
        element("x", 5),
        element("label", 6, converted=0),
    ]
    found = look(parquet(elements), "a.parquet")
    assert isinstance(found.content, Parquet)
    assert (found.content.num_rows, found.content.num_columns) == (1000, 3)
    assert [(one.name, one.type, one.repetition) for one in found.content.columns] == [
        ("id", "int64", "optional"),
        ("point.x", "double", "optional"),
        ("point.label", "utf8", "optional"),
    ]
    assert found.content.rows == ()
    assert "its pages are not where the footer says" in found.notes[0]


@pytest.mark.parametrize(
    "content",
    [
        b"PAR1",
        b"PAR1" + bytes(20) + b"\xff\xff\xff\x7fPAR1",
        b"PAR1" + b"\x1c" * 2000 + (2000).to_bytes(4, "little") + b"PAR1",
        b"PAR1" + b"\x15" + b"\xff" * 50 + (51).to_bytes(4, "little") + b"PAR1",
        b"PAR1" + b"\x11" * MIB + MIB.to_bytes(4, "little") + b"PAR1",
        b"PAR1" + b"\x19\xfc\xff\xff\xff\x7f" + bytes(9) + (15).to_bytes(4, "little") + b"PAR1",
    ],
)
def test_a_hostile_footer_is_refused_in_no_time(content: bytes) -> None:
    began = time.process_time()
    found = look(content, "a.parquet")
    assert not isinstance(found.content, Parquet)
    assert found.notes
    assert time.process_time() - began < 3


@pytest.mark.parametrize("path", ["a.safetensors", "a.npz", "a.npy", "a.pt", "a.json", "a.csv"])
@pytest.mark.parametrize("content", [b"", b"\0", b"PK\x03\x04", b"\x80\x04", b"\x93NUMPY", b"RIFF"])
def test_anything_under_any_name_is_something(path: str, content: bytes) -> None:
    for size in (0, 7, 100):
        assert look(content + bytes(size), path).content
