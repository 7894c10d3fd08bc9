"""Which files differ, by kind; also of many contents under many paths, and a hundred thousand."""

from collections.abc import Mapping

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from artifacts.models import Artifact, Blob, ManifestEntry, Version
from artifacts.services.compare import compare_versions
from artifacts.services.file_changes import (
    FileTotal,
    FileTotals,
    list_file_changes,
    total_file_changes,
)
from tests.conftest import sha256_of

pytestmark = pytest.mark.django_db


def version_of(number: int, files: Mapping[str, str]) -> Version:
    """Only rows: a version whose files hold these words."""
    artifact, _ = Artifact.objects.get_or_create(type="model", name="m")
    version = Version.objects.create(artifact=artifact, number=number, num_files=len(files))
    words = {word: Blob(sha256=sha256_of(word.encode()), size_bytes=len(word),
                        physical_bytes=len(word)) for word in set(files.values())}  # fmt: skip
    Blob.objects.bulk_create(words.values(), ignore_conflicts=True)
    known = dict(Blob.objects.values_list("sha256", "pk"))
    ManifestEntry.objects.bulk_create(
        ManifestEntry(version=version, path=path, blob_id=known[sha256_of(word.encode())])
        for path, word in files.items()
    )
    return version


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str, str]]:
    before, after = version_of(1, old), version_of(2, new)
    rows = list_file_changes(before=before, after=after, limit=1000)
    return [(row.kind, row.old_path or "", row.new_path or "") for row in rows]


def test_each_kind_by_path() -> None:
    old = {"same": "s", "other": "a", "gone": "gg", "was/here": "moved"}
    new = {"same": "s", "other": "bb", "come": "ccc", "is/there": "moved"}
    before, after = version_of(1, old), version_of(2, new)
    rows = list_file_changes(before=before, after=after, limit=10)
    assert [(row.kind, row.path, row.old_size_bytes, row.new_size_bytes) for row in rows] == [
        ("added", "come", None, 3),
        ("removed", "gone", 2, None),
        ("changed", "other", 1, 2),
        ("renamed", "is/there", 5, 5),
    ]
    assert rows[2].old_digest == f"sha256:{sha256_of(b'a')}"
    assert rows[2].new_digest == f"sha256:{sha256_of(b'bb')}"
    assert total_file_changes(before=before, after=after) == FileTotals(
        FileTotal(1, 0, 3), FileTotal(1, 2, 0), FileTotal(1, 1, 2), FileTotal(1, 5, 5),
        FileTotal(1, 1, 1),
    )  # fmt: skip


def test_nothing_differs_from_itself() -> None:
    version = version_of(1, {"a": "x", "b": "x"})
    assert list_file_changes(before=version, after=version, limit=10) == ()
    assert total_file_changes(before=version, after=version) == FileTotals(
        unchanged=FileTotal(2, 2, 2)
    )
    empty = version_of(2, {})
    assert total_file_changes(before=empty, after=empty) == FileTotals()


def test_a_copy_is_added_and_what_stays_is_no_rename() -> None:
    assert changes({"a": "x"}, {"a": "x", "b": "x"}) == [("added", "", "b")]


def test_two_that_change_places_are_changed() -> None:
    assert changes({"a": "x", "b": "y"}, {"a": "y", "b": "x"}) == [
        ("changed", "a", "a"),
        ("changed", "b", "b"),
    ]


def test_of_many_the_same_names_belong_together() -> None:
    old = {"a/x": "e", "c/z": "e"}
    new = {"b/z": "e", "d/x": "e"}
    assert changes(old, new) == [("renamed", "c/z", "b/z"), ("renamed", "a/x", "d/x")]


def test_of_many_the_rest_goes_in_order_and_what_is_over_came_or_went() -> None:
    old = {"a/x": "e", "a/y": "e", "k": "e"}
    assert changes(old, {"b/y": "e", "c/w": "e"}) == [
        ("removed", "k", ""),
        ("renamed", "a/y", "b/y"),
        ("renamed", "a/x", "c/w"),
    ]


def test_of_many_more_than_there_were_are_added() -> None:
    assert changes({"a": "e"}, {"b": "e", "c": "e", "x/a": "e"}) == [
        ("added", "", "b"),
        ("added", "", "c"),
        ("renamed", "a", "x/a"),
    ]


def test_pages_and_kinds_choose_among_the_rows() -> None:
    before = version_of(1, {f"old-{n}": f"o{n}" for n in range(5)})
    after = version_of(2, {f"new-{n}": f"n{n}" for n in range(5)})
    found = [
        [row.path for row in list_file_changes(before=before, after=after, **choice)]
        for choice in (
            {"limit": 2},
            {"limit": 2, "offset": 4},
            {"limit": 9, "kinds": ["removed"]},
            {"limit": 9, "kinds": ["renamed"]},
            {"limit": 9, "offset": 99},
        )
    ]
    assert found[0] == ["new-0", "new-1"]
    assert found[1] == ["new-4", "old-0"]
    assert found[2] == [f"old-{n}" for n in range(5)]
    assert found[3:] == [[], []]


def test_paths_are_in_the_order_of_their_bytes() -> None:
    names = ["B", "a", "é", "a/b", "a-b"]
    listed = changes({}, {name: name for name in names})
    assert [new for _, _, new in listed] == sorted(names, key=str.encode)


LARGE = """
INSERT INTO artifacts_manifestentry (version_id, path, blob_id)
SELECT %s, %s || n %% 100 || '/' || n || '.bin', (%s::bigint[])[1 + n %% 50]
  FROM generate_series(1, 100000) AS n
"""


def large_version(number: int, folder: str) -> Version:
    """A hundred thousand files, of fifty contents."""
    version = version_of(number, {f"{folder}.{n}": f"w{n}" for n in range(50)})
    blobs = list(version.entries.values_list("blob_id", flat=True).order_by("path"))
    with connection.cursor() as cursor:
        cursor.execute(LARGE, [version.pk, folder, blobs])
    return version


@pytest.mark.slow
def test_a_hundred_thousand_files_take_as_many_queries_as_one() -> None:
    small = version_of(1, {"a": "x"}), version_of(2, {"b": "x"})
    large = large_version(3, "old/"), large_version(4, "new/")
    counts = []
    for before, after in (small, large):
        with CaptureQueriesContext(connection) as captured:
            found = compare_versions(before=before, after=after)
        counts.append(len(captured))
    assert counts[0] == counts[1]
    assert (found.files.totals.renamed.num_files, len(found.files.rows)) == (100_050, 1000)
