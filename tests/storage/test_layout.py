"""Names on disk: never out of their folder, never shared, never too long."""

import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.storage.layout import (
    EXTENTS,
    REMAINS,
    Place,
    PoolFile,
    Store,
    file_path,
    folder_name,
    parse_pool_name,
    physical_path,
    version_folder,
)
from tests.storage.conftest import sha256_of

STORE = Store(root=Path("/srv/runicorn"), id=uuid.uuid4())
CHINESE_128 = "模型" * 64


def test_pool_path_has_a_folder_of_two_digits():
    sha256 = sha256_of(b"x")
    expected = Path(f"/srv/runicorn/artifacts/.dedup/{sha256[:2]}/{sha256}")
    assert STORE.pool_path(sha256) == expected


@pytest.mark.parametrize("bad", ["", "ab", "../" + "a" * 61, "A" * 64, "a" * 64 + "\n", "g" * 64])
def test_pool_path_refuses_what_is_no_digest(bad):
    with pytest.raises(ValueError, match="not a sha256"):
        STORE.pool_path(bad)


def test_version_folder_is_where_the_contract_says():
    folder = version_folder(STORE, "model", "resnet50-model", 3)
    assert folder == Path("/srv/runicorn/artifacts/model/resnet50-model/v3")


def test_file_path_is_where_the_contract_says():
    assert file_path(Path("/v3"), "weights/model.pth") == Path("/v3/files/weights/model.pth")


@pytest.mark.parametrize("bad", ["", "/etc/passwd", "a//b", "a/../b", "..", "./a", "a/", "a\0b"])
def test_file_path_refuses_to_leave_its_folder(bad):
    with pytest.raises(ValueError, match="not a path component"):
        file_path(Path("/v3"), bad)


@pytest.mark.parametrize("name", ["a", "数据", "x" * 255, "a~b", "short~0123456789abcdef"])
def test_folder_name_keeps_names_that_fit(name):
    assert folder_name(name) == name


def test_folder_name_shortens_128_chinese_characters():
    short = folder_name(CHINESE_128)
    assert len(short.encode()) <= 255
    assert short.startswith("模型模型")
    assert short.endswith("~" + sha256_of(CHINESE_128.encode())[:16])


def test_folder_name_keeps_long_names_apart_that_differ_at_the_end():
    assert folder_name(CHINESE_128[:-1] + "甲") != folder_name(CHINESE_128[:-1] + "乙")


@pytest.mark.parametrize("long", [CHINESE_128, "x" * 300, "é" * 200, "x" + "模" * 100])
def test_folder_name_of_an_imitated_short_form_is_another(long):
    imitation = folder_name(long)
    assert folder_name(imitation) != imitation
    assert len(folder_name(imitation).encode()) <= 255


def test_file_path_shortens_each_long_part():
    path = file_path(Path("/v3"), f"{CHINESE_128}/{'y' * 300}/short.bin")
    assert [len(part.encode()) <= 255 for part in path.parts] == [True] * 6
    assert path.name == "short.bin"


@given(st.text(min_size=1, max_size=400), st.text(min_size=1, max_size=400))
def test_folder_name_never_gives_two_names_one_folder(one, other):
    try:
        folders = {folder_name(one), folder_name(other)}
    except ValueError:
        return
    assert len(folders) == len({one, other})
    assert all(len(folder.encode()) <= 255 for folder in folders)


SHA = sha256_of(b"x")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (PoolFile(SHA), SHA),
        (PoolFile(SHA, 0), f"{SHA}.d"),
        (PoolFile(SHA, 1), f"{SHA}.d1"),
        (PoolFile(SHA, 1234567890), f"{SHA}.d1234567890"),
    ],
)
def test_a_pool_file_is_known_by_its_name(file, name):
    assert file.name == name
    assert parse_pool_name(name) == file


@pytest.mark.parametrize("suffix", [".", ".d0", ".d01", ".d-1", ".d1.d", ".e", ".d 1", ".d1\n"])
def test_no_other_name_is_one_of_the_pool(suffix):
    assert parse_pool_name(SHA + suffix) is None
    assert parse_pool_name("d" + SHA[2:] + suffix) is None


@pytest.mark.parametrize("layout", [EXTENTS, REMAINS])
def test_physical_path_is_that_of_the_layout_and_the_generation(layout):
    assert physical_path(STORE, Place(SHA, 1, 1)) == STORE.pool_path(SHA)
    place = Place(SHA, 9, 5, layout, 3)
    assert physical_path(STORE, place) == STORE.extents_path(SHA, 3)
    assert STORE.extents_path(SHA, 3) == STORE.pool / SHA[:2] / f"{SHA}.d3"


def test_the_cache_of_whole_files_is_apart_from_the_pool():
    assert STORE.materialized == Path("/srv/runicorn/artifacts/.materialized")
