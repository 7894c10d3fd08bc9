"""Two versions side by side: metadata, references, tags, aliases, description."""

import tracemalloc
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from artifacts.errors import ContentDeleted
from artifacts.services.compare import WordChanges, compare_versions
from artifacts.services.metadata_changes import (
    MAX_PATH_CHARACTERS,
    MetadataChange,
    compare_metadata,
)
from artifacts.services.reference_changes import ReferenceValue, compare_references
from artifacts.services.versions import soft_delete_version
from artifacts.storage.manifest import ManifestReference
from tests.conftest import ANYBODY, MakeVersion


def told(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one.path, one.kind) for one in listed(before, after)]


def listed(before: Any, after: Any, **options: Any) -> tuple[MetadataChange, ...]:
    found = compare_metadata(before, after, limit=1000, **options)
    assert found.num_rows == len(found.rows)
    return found.rows


def test_metadata_differs_by_path() -> None:
    before = {"train": {"lr": 0.1, "steps": 10}, "layers": [{"units": 4}, {"units": 8}], "gone": 1}
    after = {"train": {"lr": 0.2, "steps": 10}, "layers": [{"units": 4}, {"units": 9}, {}], "x": 2}
    assert told(before, after) == [
        ("train.lr", "changed"),
        ("layers[1].units", "changed"),
        ("gone", "removed"),
        ("layers[2]", "added"),
        ("x", "added"),
    ]
    assert listed(before, after)[0] == MetadataChange("train.lr", "changed", 0.1, 0.2)


def test_keys_that_are_no_words_are_quoted() -> None:
    assert told({}, {"a.b": 1, "": 2, "ключ": 3, 'q"': {"[0]": 4}}) == [
        ('["a.b"]', "added"), ('[""]', "added"), ("ключ", "added"), ('["q\\""]["[0]"]', "added"),
    ]  # fmt: skip
    assert told({"a": {"b": 1}}, {"a.b": 1}) == [("a.b", "removed"), ('["a.b"]', "added")]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [(1, 1.0, True), (1, True, False), (0, False, False), (None, 0, False), ("1", 1, False),
     ({}, {}, True), ({}, [], False), ([], None, False)],
)  # fmt: skip
def test_values_are_the_same_as_in_json(one: Any, other: Any, *, is_same: bool) -> None:
    assert (told({"a": one}, {"a": other}) == []) is is_same


def test_all_are_listed_where_asked_for() -> None:
    rows = listed({"a": 1, "b": 2}, {"a": 1, "b": 3}, with_unchanged=True)
    assert [(row.path, row.kind) for row in rows] == [("a", "unchanged"), ("b", "changed")]
    assert listed({}, {}, with_unchanged=True) == ()


def test_deep_metadata_is_flattened_without_recursion() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    (row,) = listed({}, {"a": deep})
    assert row.path == "a" + "[0]" * 5000


def test_what_holds_others_is_no_value() -> None:
    assert told({"a": 1, "b": {}}, {"a": {"x": 1}, "b": [2]}) == [
        ("a", "removed"), ("b", "removed"), ("a.x", "added"), ("b[0]", "added"),
    ]  # fmt: skip
    assert told({"a": [1]}, {"a": {"0": 1}}) == [("a[0]", "removed"), ("a.0", "added")]


def test_a_long_key_above_many_values_takes_little_memory() -> None:
    before, after = {"k" * 20_000: [0] * 20_000}, {"k" * 20_000: [1] * 20_001}
    tracemalloc.start()
    found = compare_metadata(before, after, limit=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(found.rows), found.num_rows, found.num_changes) == (1000, 20_001, 20_001)
    assert found.rows[7].path == "k" * 200 + "…[7]"
    assert peak < 4_000_000


def test_very_long_paths_are_listed_only_so_far() -> None:
    after: Any = list(range(1000))
    for _ in range(60):
        after = {"k" * 200: after}
    found = compare_metadata({}, after, limit=1000)
    assert found.num_rows == 1000
    assert sum(len(row.path) for row in found.rows) < MAX_PATH_CHARACTERS + 20_000


def test_references_differ_by_uri(make_version: MakeVersion) -> None:
    before = make_version(
        references=(
            ManifestReference("s3://same", checksum="c", size_bytes=1, metadata={"k": 1}),
            ManifestReference("s3://other", checksum="old"),
            ManifestReference("s3://twice", name="one"),
            ManifestReference("s3://twice", name="two"),
            ManifestReference("s3://gone"),
        )
    )
    after = make_version(
        references=(
            ManifestReference("s3://come", size_bytes=7),
            ManifestReference("s3://other", checksum="new"),
            ManifestReference("s3://twice", name="one"),
            ManifestReference("s3://same", checksum="c", size_bytes=1, metadata={"k": 1}),
        )
    )
    found = compare_references(before=before, after=after, limit=10)
    assert [(row.uri, row.kind) for row in found.rows] == [
        ("s3://come", "added"),
        ("s3://gone", "removed"),
        ("s3://other", "changed"),
        ("s3://twice", "removed"),
    ]
    assert found.rows[0].after == ReferenceValue(None, 7, None, {})
    assert found.rows[3].before == ReferenceValue(None, None, "two", {})
    assert compare_references(before=before, after=after, limit=1).num_changes == 4
    assert compare_references(before=after, after=after, limit=1).num_changes == 0


def test_tags_aliases_and_description(make_version: MakeVersion) -> None:
    before = make_version(tags=["a", "b"], aliases=["stable"], description="old")
    after = make_version(tags=["b", "c"], aliases=["candidate"], description="new")
    found = compare_versions(before=before, after=after)
    assert found.tags == WordChanges(("c",), ("a",), ("b",))
    assert found.aliases == WordChanges(("latest", "candidate"), ("stable",), ())
    assert (found.has_other_description, found.is_same_content) == (True, True)
    same = compare_versions(before=after, after=after)
    assert same.aliases == WordChanges((), (), ("latest", "candidate"))
    assert not same.has_other_description


def test_versions_of_two_artifacts_are_compared(make_version: MakeVersion) -> None:
    before = make_version("one", files={"a": b"x"}, metadata={"n": 1})
    after = make_version("two", files={"b": b"x"}, metadata={"n": 2})
    found = compare_versions(before=before, after=after, with_unchanged=True)
    assert found.files.totals.renamed.num_files == 1
    assert (found.metadata.num_changes, found.metadata.num_rows) == (1, 1)
    assert found.aliases == WordChanges((), (), ("latest",))
    assert not found.is_same_content


def test_long_lists_are_cut_and_say_how_long(make_version: MakeVersion) -> None:
    before = make_version(metadata={})
    after = make_version(metadata={"values": list(range(1500))})
    found = compare_versions(before=before, after=after).metadata
    assert (len(found.rows), found.num_rows, found.num_changes) == (1000, 1500, 1500)


def test_what_is_deleted_is_not_compared(make_version: MakeVersion) -> None:
    before, after = make_version(), make_version()
    soft_delete_version(version=before, deleted_by=ANYBODY)
    before.refresh_from_db()
    for pair in ((before, after), (after, before)):
        with pytest.raises(ContentDeleted):
            compare_versions(before=pair[0], after=pair[1])


def test_it_takes_five_queries(make_version: MakeVersion) -> None:
    references = tuple(ManifestReference(f"s3://{n}") for n in range(50))
    before = make_version(files={f"{n}": b"x" for n in range(50)}, aliases=["a", "b"])
    after = make_version(references=references, metadata={f"{n}": n for n in range(50)})
    with CaptureQueriesContext(connection) as captured:
        compare_versions(before=before, after=after)
    assert len(captured) == 5
