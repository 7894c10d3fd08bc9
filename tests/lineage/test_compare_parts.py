"""What the page of a comparison is made of: parts of long tables, pickers, links, short texts."""

import pytest
from django.test import Client

from artifacts.errors import StoreUnavailable
from artifacts.models import Artifact, Version
from artifacts.services import contents
from artifacts.web.links import download_path
from lineage.templatetags.compared import (
    TIMES,
    compare_file_url,
    cut,
    json_text,
    shape,
    short_digest,
)
from lineage.web.parts import MAX_PART_BYTES, Part, part_of
from lineage.web.sides import (
    MAX_CHOICES,
    Choice,
    compare_path,
    find_choices,
    make_picker,
    pair_path,
    whole_name,
)
from tests.conftest import MakeVersion


def test_a_part_has_so_many_rows_and_says_where_the_next_begins() -> None:
    rows = [f"{n}" for n in range(5)]
    assert part_of(rows, 0, max_rows=2, text_of=str) == Part(("0", "1"), 0, 2)
    assert part_of(rows, 4, max_rows=2, text_of=str) == Part(("4",), 4, None)
    assert part_of(rows, 9, max_rows=2, text_of=str) == Part((), 9, None)
    assert part_of([], 0, max_rows=2, text_of=str) == Part((), 0, None)


def test_a_part_ends_before_it_is_too_large_as_html() -> None:
    wide = "<" * (MAX_PART_BYTES // 8)  # four bytes each as &lt;
    assert part_of([wide] * 9, 0, max_rows=9, text_of=str).next_start == 2
    too_wide = "é" * MAX_PART_BYTES
    assert part_of([too_wide] * 2, 0, max_rows=9, text_of=str).next_start == 1


def test_a_picker_lists_versions_and_is_free_where_it_cannot() -> None:
    few = [Choice("v2", "v2 · latest"), Choice("v1", "v1")]
    assert not make_picker("from", "v1", few).is_free
    assert make_picker("from", "stable", few).is_free
    many = [Choice(f"v{n}", f"v{n}") for n in range(MAX_CHOICES + 1, 0, -1)]
    picker = make_picker("to", "v9", many)
    assert (picker.is_free, len(picker.choices)) == (True, MAX_CHOICES)


def test_choices_are_the_newest_with_some_aliases(make_version: MakeVersion) -> None:
    make_version(aliases=["a", "b", "c", "d"])
    version = make_version()
    assert find_choices(version.artifact) == [
        Choice("v2", "v2 · latest"), Choice("v1", "v1 · a, b, c…"),
    ]  # fmt: skip


def test_links_name_the_other_artifact_where_there_is_one() -> None:
    one, other = Artifact(pk=1, type="model", name="模型"), Artifact(pk=2, type="code", name="c&d")
    old, new = Version(artifact=one, number=1), Version(artifact=one, number=2)
    assert pair_path(old, new) == "/artifacts/model/%E6%A8%A1%E5%9E%8B/compare/v1...v2"
    far = Version(artifact=other, number=3)
    assert pair_path(old, far, all="").endswith("/compare/v1...v3?with=everyone%2Fcode%2Fc%26d")
    assert whole_name(other) == "everyone/code/c&d"
    assert compare_path(other, "a...b", all="1") == "/artifacts/code/c&d/compare/a...b?all=1"
    assert compare_file_url(old, new, "a/b c", start=5, all=True).endswith(
        "/v1...v2/file?path=a%2Fb+c&start=5&all=1"
    )
    assert download_path(far, "a/ü?#") == (
        "/api/artifacts/c&d/v3/files/a/%C3%BC%3F%23?type=code&team=everyone"
    )


def test_texts_are_short() -> None:
    assert cut("x" * 200) == "x" * 200
    assert cut("x" * 201) == f"{'x' * 200}…"
    assert json_text({"a": [1, None, "é"]}) == '{"a": [1, null, "é"]}'
    assert len(json_text("x" * 999)) == 201
    assert shape((2, 3)) == f"2 {TIMES} 3"
    assert shape(()) == "[]"
    assert short_digest(f"sha256:{'a' * 64}") == f"sha256:{'a' * 12}…"


def test_a_disk_that_is_away_is_503_and_says_no_path(
    client: Client, make_version: MakeVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise StoreUnavailable("/mnt/secret/place is gone")

    make_version(files={"a.txt": b"one"})
    make_version(files={"a.txt": b"two"})
    monkeypatch.setattr(contents, "current_store", away)
    answer = client.get("/artifacts/model/model-a/compare/v1...v2/file?path=a.txt")
    assert answer.status_code == 503
    assert b"secret" not in answer.content
