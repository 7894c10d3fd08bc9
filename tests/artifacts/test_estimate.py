"""What dedup would save, before it is done: for stored artifacts and for files."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from artifacts.models import Artifact, Blob
from artifacts.services.estimate import Estimate, estimate_artifact, estimate_paths
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from artifacts.storage.layout import Store
from tests.conftest import ANYBODY, MakeVersion

MIB = 1 << 20
Write = Callable[[str, bytes], Path]


def noise(size_bytes: int, seed: int = 0) -> bytes:
    """Bytes in which nothing repeats."""
    return random.Random(seed).randbytes(size_bytes)  # noqa: S311 - no secret


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write_file


def sizes(estimates: list[Estimate]) -> list[tuple[int, int]]:
    """(logical, shared) of each."""
    return [(one.logical_bytes, one.shared_bytes) for one in estimates]


def test_a_shifted_file_shares_nearly_all_but_what_is_new(write: Write) -> None:
    body = noise(9 * MIB)
    first, second = write("1", b"head" + body), write("2", b"a longer head" + body + noise(MIB, 1))
    one, two = estimate_paths([first, second])
    assert (one.name, one.shared_bytes, one.physical_bytes) == (str(first), 0, len(body) + 4)
    assert two.logical_bytes == len(body) + 13 + MIB
    assert 0.95 * len(body) < two.shared_bytes <= len(body)
    assert two.physical_bytes == two.logical_bytes - two.shared_bytes


def test_equal_files_are_shared_whatever_their_size(write: Write) -> None:
    paths = [write("1", b"small"), write("2", b"small"), write("3", b"other")]
    assert sizes(list(estimate_paths(paths))) == [(5, 0), (5, 5), (5, 0)]


def test_a_small_file_shares_nothing_with_a_similar_one(write: Write) -> None:
    body = noise(7 * MIB)
    paths = [write("1", b"1" + body), write("2", b"2" + body)]
    assert [one.shared_bytes for one in estimate_paths(paths)] == [0, 0]


def test_too_little_is_not_worth_it(write: Write) -> None:
    shared = noise(2 * MIB)
    paths = [write("1", shared + noise(8 * MIB, 1)), write("2", shared + noise(8 * MIB, 2))]
    assert [one.shared_bytes for one in estimate_paths(paths)] == [0, 0]


def test_compressed_files_are_counted_and_never_cut(write: Write) -> None:
    body = noise(9 * MIB)
    paths = [write("1.gz", b"\x1f\x8b1" + body), write("2.gz", b"\x1f\x8b2" + body)]
    one, two = estimate_paths(paths)
    assert (one.num_opaque, two.num_opaque, two.shared_bytes) == (1, 1, 0)


def test_a_folder_is_one_version(write: Write, tmp_path: Path) -> None:
    write("v1/a", b"12345")
    write("v1/deep/b", b"12345")
    write("v2/a", b"12345")
    write("v2/c", b"")
    one, two = estimate_paths([tmp_path / "v1", tmp_path / "v2"])
    assert (one.num_files, one.logical_bytes, one.shared_bytes) == (2, 10, 5)
    assert (two.num_files, two.logical_bytes, two.shared_bytes) == (2, 5, 5)


def test_a_file_that_nobody_may_read_is_an_error(write: Write, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "absent")
    with pytest.raises(FileNotFoundError):
        list(estimate_paths([tmp_path / "link"]))


def test_an_artifact_is_estimated_version_by_version(
    store: Store, make_version: MakeVersion
) -> None:
    body = noise(9 * MIB)
    make_version("m", files={"w": body, "small": b"1"})
    make_version("m", files={"w": body + b"tail", "small": b"1"})
    one, two = estimate_artifact(Artifact.objects.get())
    assert (one.name, one.logical_bytes, one.shared_bytes) == ("v1", 9 * MIB + 1, 0)
    assert (two.name, two.num_files) == ("v2", 2)
    assert two.shared_bytes > 0.95 * len(body)


def test_an_estimate_is_near_to_what_storing_takes(
    store: Store, make_version: MakeVersion, tmp_path: Path, write: Write
) -> None:
    body = noise(10 * MIB)
    contents = [os.urandom(100) + body + os.urandom(MIB) for _ in range(3)]
    paths = [write(str(number), content) for number, content in enumerate(contents)]
    for content in contents:
        make_version("m", files={"w": content})
    estimated = sum(one.physical_bytes for one in estimate_paths(paths))
    stored = sum(one.physical_bytes for one in estimate_artifact(Artifact.objects.get()))
    assert stored == estimated


def test_purged_versions_are_gone_and_deleted_ones_are_there(
    store: Store, make_version: MakeVersion
) -> None:
    for content in (b"1", b"22", b"333"):
        version = make_version("m", files={"a": content})
    soft_delete_version(version=version, deleted_by=ANYBODY)
    purge_version(version=version.artifact.versions.get(number=1), purged_by=ANYBODY)
    assert [one.name for one in estimate_artifact(version.artifact)] == ["v2", "v3"]


def test_nothing_is_written(store: Store, make_version: MakeVersion) -> None:
    make_version("m", files={"w": noise(9 * MIB)})
    before = list(Blob.objects.values()), sorted(store.root.rglob("*"))
    list(estimate_artifact(Artifact.objects.get()))
    assert (list(Blob.objects.values()), sorted(store.root.rglob("*"))) == before
