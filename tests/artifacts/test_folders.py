"""Files a folder at a time, and by a part of their path."""

from artifacts.models import Blob
from artifacts.services.folders import list_folder, search_files
from tests.conftest import MakeVersion, digest_of, sha256_of

FILES = {
    "a.txt": b"1",
    "data/x.bin": b"22",
    "data/deep/y.bin": b"333",
    "data-2/z.bin": b"4444",
    "日本/名.txt": b"55555",
    "Zoo/100%_sure.txt": b"666666",
}


def test_folders_come_first_with_the_sum_of_what_is_in_them(make_version: MakeVersion) -> None:
    found = list_folder(version=make_version(files=FILES), folder="", limit=10)
    assert [(one.path, one.num_files, one.size_bytes) for one in found.rows] == [
        ("Zoo/", 1, 6), ("data/", 2, 5), ("data-2/", 1, 4), ("日本/", 1, 5), ("a.txt", 1, 1),
    ]  # fmt: skip
    assert (found.num_rows, found.num_files, found.size_bytes) == (5, 6, 21)


def test_a_folder_has_what_is_right_in_it(make_version: MakeVersion) -> None:
    found = list_folder(version=make_version(files=FILES), folder="data/", limit=10)
    assert [(one.path, one.name, one.is_folder) for one in found.rows] == [
        ("data/deep/", "deep", True),
        ("data/x.bin", "x.bin", False),
    ]
    assert [one.digest for one in found.rows] == ["", digest_of(b"22")]


def test_a_folder_is_paged_and_says_how_much_there_is(make_version: MakeVersion) -> None:
    version = make_version(files=FILES)
    found = list_folder(version=version, folder="", limit=2, offset=3)
    assert [one.name for one in found.rows] == ["日本", "a.txt"]
    assert found.num_rows == 5


def test_another_version_has_other_files(make_version: MakeVersion) -> None:
    make_version(files=FILES)
    found = list_folder(version=make_version(files={"b": b"1"}), folder="", limit=10)
    assert [one.name for one in found.rows] == ["b"]


def test_what_is_not_there_is_empty(make_version: MakeVersion) -> None:
    version = make_version(files=FILES)
    for folder in ("none/", "a.txt/", "\0/", "data/../"):
        assert list_folder(version=version, folder=folder, limit=10).rows == ()
    assert search_files(version=version, text="\0", limit=10).num_rows == 0


def test_a_search_finds_parts_of_paths_whatever_their_case(make_version: MakeVersion) -> None:
    version = make_version(files=FILES)
    found = search_files(version=version, text="DATA", limit=2)
    assert [one.path for one in found.rows] == ["data-2/z.bin", "data/deep/y.bin"]
    assert (found.num_rows, found.size_bytes) == (3, 9)
    assert [one.path for one in search_files(version=version, text="%_", limit=9).rows] == [
        "Zoo/100%_sure.txt"
    ]


def test_damage_is_seen_on_the_file_and_on_its_folder(make_version: MakeVersion) -> None:
    version = make_version(files=FILES)
    Blob.objects.filter(sha256=sha256_of(b"22")).update(damaged_at=version.created_at)
    rows = list_folder(version=version, folder="", limit=10).rows
    assert [one.name for one in rows if one.is_damaged] == ["data"]
