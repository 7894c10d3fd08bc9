"""``…/v3/files/{path}``: what a file holds, by its kind; nothing of it is run."""

import io
import json
import os
import pickle
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from django.test import Client

from artifacts.models import Blob
from tests.conftest import MakeVersion, digest_of
from tests.formats.sources import parquet_file
from tests.web.reading import PageElements, read

URL = "/artifacts/model/model-a/v1/files"


def png(width: int = 2, height: int = 1) -> bytes:
    """A black picture."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(height * (1 + width))) if width * height < 1 << 20 else b""
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def safetensors(num: int = 2) -> bytes:
    """Tensors of four bytes each."""
    table: dict[str, Any] = {
        f"layer{n}": {"dtype": "F32", "shape": [1, 1], "data_offsets": [4 * n, 4 * n + 4]}
        for n in range(num)
    }
    head = json.dumps({"__metadata__": {"format": "<pt>"}, **table}).encode()
    return struct.pack("<Q", len(head)) + head + bytes(4 * num)


def npz() -> bytes:
    """Two arrays."""
    written = io.BytesIO()
    np.savez(written, a=np.zeros((3, 4)), b=np.ones(7, dtype="f4"))
    return written.getvalue()


@pytest.fixture
def show(client: Client, make_version: MakeVersion) -> Any:
    """The preview of a file with this name and content."""

    def show_file(name: str, content: bytes, **query: str) -> PageElements:
        make_version(files={name: content})
        return read(client, f"{URL}/{name}", **query)

    return show_file


def test_a_file_is_named_and_measured(client: Client, make_version: MakeVersion) -> None:
    make_version(files={"d/e/a.txt": b"hello"})
    page = read(client, f"{URL}/d/e/a.txt")
    assert "5 B" in page.text
    assert digest_of(b"hello") in page.values("button", "data-copy")
    links = page.values("a", "href")
    assert {URL, f"{URL}?path=d%2F", f"{URL}?path=d%2Fe%2F"} <= set(links)
    download = "/api/artifacts/model-a/v1/files/d/e/a.txt?type=model&team=everyone"
    assert download in links
    assert b"".join(client.get(download).streaming_content) == b"hello"  # type: ignore[attr-defined]


def test_text_has_numbered_lines(show: Any) -> None:
    page = show("a.txt", b"one\r\ntwo\n\nfour <b>")
    assert [tag for tag, _ in page.tags].count("li") >= 4
    assert "one two four <b>" in page.text


def test_code_has_colours_by_class(show: Any) -> None:
    page = show("a.py", b"def f():\n    return 'x'  # why\n")
    assert {"k", "f", "s", "c"} <= set(page.values("span", "class"))


def test_long_text_is_paged(client: Client, make_version: MakeVersion) -> None:
    make_version(files={"a.txt": b"".join(b"line %d\n" % n for n in range(1, 2001))})
    page = read(client, f"{URL}/a.txt", page=2)
    assert "line 601 " in page.text
    assert "line 600 " not in page.text
    assert page.values("ol", "start") == ["601"]


def test_of_a_large_file_the_beginning_is_shown_and_it_says_so(show: Any) -> None:
    page = show("a.txt", b"0123456789abcde\n" * (80 << 10))
    assert "Only the beginning is shown" in page.text


def test_json_is_a_tree_with_a_filter(client: Client, make_version: MakeVersion) -> None:
    make_version(files={"a.json": b'{"lr": 0.1, "layers": [{"units": 64}, "<b>"]}'})
    page = read(client, f"{URL}/a.json")
    assert "layers[0].units" in page.values("button", "data-copy")
    found = read(client, f"{URL}/a.json", q="UNITS")
    assert found.values("button", "data-copy").count("layers[0].units") == 1
    assert "lr" not in found.values("button", "data-copy")


def test_broken_json_is_text_with_a_note(show: Any) -> None:
    page = show("a.json", b'{"a": ')
    assert "It is not JSON" in page.text
    assert "s" in page.values("span", "class") or "f" in page.values("span", "class")


def test_a_parquet_file_has_its_first_rows(show: Any) -> None:
    page = show("a.parquet", parquet_file("many_zstd"))
    assert "200 rows, 5 columns" in page.text
    heads = "n word half odd list.list.element"
    assert heads in page.text
    assert "49 beta 24.5 true [0] The first 50 rows." in page.text
    assert "null" in page.text
    assert "Types of the columns" in page.text
    assert "word utf8 optional" in page.text


def test_of_a_wide_parquet_file_the_first_columns_are_shown(
    client: Client, make_version: MakeVersion
) -> None:
    make_version(files={"a.parquet": parquet_file("wide")})
    page = read(client, f"{URL}/a.parquet")
    assert "100 of 500 columns" in page.text
    assert "c99" in page.text
    assert "c150" not in page.text
    assert "c150 int32" in read(client, f"{URL}/a.parquet", page=2).text


def test_what_of_a_parquet_file_is_not_read_is_said(show: Any) -> None:
    page = show("a.parquet", parquet_file("delta"))
    assert "not shown in full: half: it is encoded as BYTE_STREAM_SPLIT" in page.text
    assert "beta" in page.text


@pytest.mark.parametrize(("name", "mark"), [("a.csv", b","), ("a.tsv", b"\t")])
def test_a_table_has_its_first_rows(show: Any, name: str, mark: bytes) -> None:
    rows = [mark.join([b"epoch", b"loss"]), *(mark.join([b"%d" % n, b"0.5"]) for n in range(90))]
    page = show(name, b"\n".join(rows))
    assert "epoch" in page.text
    assert "The first 50 rows" in page.text


def test_a_wide_table_is_cut(show: Any) -> None:
    wide = b",".join(b"c%d" % n for n in range(5000))
    page = show("a.csv", wide + b"\n" + wide)
    assert "100 of 5 000 columns" in page.text


def test_a_picture_comes_from_its_download(show: Any) -> None:
    page = show("a.png", png())
    assert "/api/artifacts/model-a/v1/files/a.png?type=model&team=everyone" in page.values(
        "img", "src"
    )
    assert "2 \u00d7 1" in page.text


def test_a_picture_that_unpacks_into_a_huge_one_is_not_loaded(show: Any) -> None:
    page = show("a.png", png(60_000, 60_000))
    assert "too large to be shown" in page.text
    assert not [src for src in page.values("img", "src") if "/api/" in src]


SCALAR, MATRIX = "1 \u00d7 1", "3 \u00d7 4"


@pytest.mark.parametrize(("name", "content", "says"), [
    ("a.safetensors", safetensors(), ["2 tensors", "2 values", "layer1", "F32", SCALAR, "<pt>"]),
    ("a.npz", npz(), ["2 tensors", "19 values", MATRIX, "float64", "28 B"]),
])  # fmt: skip
def test_tensors_are_a_table(show: Any, name: str, content: bytes, says: list[str]) -> None:
    page = show(name, content)
    for text in says:
        assert text in page.text


def test_many_tensors_are_paged(client: Client, make_version: MakeVersion) -> None:
    make_version(files={"a.safetensors": safetensors(450)})
    page = read(client, f"{URL}/a.safetensors", page=5)
    assert "layer449" in page.text
    assert "layer10 " not in page.text


def test_a_pickle_is_warned_of_and_not_run(show: Any) -> None:
    page = show("a.pkl", pickle.dumps(os.getcwd))
    assert "may run code" in page.text
    assert "getcwd" in page.text
    assert "Nothing of it was run" in page.text


def test_a_pickle_of_plain_values_is_told_apart(show: Any) -> None:
    page = show("a.pkl", pickle.dumps({"a": [1, 2.5, "x"]}))
    assert "only for what makes plain values" in page.text
    assert "It imports nothing" in page.text


def test_markdown_is_rendered_and_has_its_source(client: Client, make_version: MakeVersion) -> None:
    text = (
        b"# Head\n\n[a](x.txt) [up](../top.txt) [no](none) [out](../../etc)\n\n<script>1</script>"
    )
    make_version(files={"docs/a.md": text, "docs/x.txt": b"x"})
    page = read(client, f"{URL}/docs/a.md")
    assert f"{URL}/docs/x.txt" in page.values("a", "href")
    assert "Head" in page.text
    source = read(client, f"{URL}/docs/a.md", **{"as": "source"})
    assert "# Head" in source.text


def test_anything_else_is_a_dump(show: Any) -> None:
    page = show("a.bin", bytes(range(256)) * 20)
    assert "00000010" in page.text
    assert "Only the beginning" in page.text


def test_an_empty_file_is_said_to_be_empty(show: Any) -> None:
    page = show("a.txt", b"")
    assert "0 B" in page.text


def test_a_damaged_file_is_refused_as_its_download_is(
    client: Client, make_version: MakeVersion
) -> None:
    version = make_version()
    Blob.objects.update(damaged_at=version.created_at)
    page = read(client, f"{URL}/a.bin", 422)
    assert "is damaged; upload the same content again" in page.text
    assert not [link for link in page.values("a", "href") if "/v1/files/a.bin?" in link]


@pytest.mark.parametrize("path", ["none", "a.bin/x", "%00", "..%2fa.bin", "a.bin%00"])
def test_a_file_that_is_not_there_is_404(
    client: Client, make_version: MakeVersion, path: str
) -> None:
    make_version()
    assert client.get(f"{URL}/{path}").status_code == 404


def test_htmx_gets_the_preview_alone(client: Client, make_version: MakeVersion) -> None:
    make_version(files={"a.json": b'{"a": 1}'})
    answer = client.get(f"{URL}/a.json", {"q": "a"}, headers={"HX-Request": "true"})
    assert b"<html" not in answer.content
    assert b'data-copy="a"' in answer.content


LARGE = {
    "lines.txt": b"<&\"'>" * 200_000,
    "code.py": b"x = 'a' + \"b\" # <&>\n" * 50_000,
    "tree.json": json.dumps({f"<k{n}>": ["&" * 30] * 5 for n in range(3000)}).encode(),
    "quotes.jsonl": b'["a",1,"b"]\n' * 50_000,
    "quotes.txt": b'"' * 500_000,
    "cells.csv": (b",".join([b"&" * 500] * 100) + b"\n") * 60,
    "wide.csv": (b",".join([b'"<&>"'] * 100) + b"\n") * 500,
    "deep.safetensors": safetensors(4000),
    "doc.md": b"**a** `b` [c](http://x) \n\n" * 40_000,
}


@pytest.mark.parametrize("name", LARGE)
def test_no_preview_is_larger_than_200_kb(
    client: Client, make_version: MakeVersion, name: str
) -> None:
    make_version(files={name: LARGE[name]})
    assert len(client.get(f"{URL}/{name}").content) < 200_000
