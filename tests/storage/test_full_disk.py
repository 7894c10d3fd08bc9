"""A disk that is really full: StorageFull, and not one byte is kept."""

import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from artifacts.errors import StorageFull
from artifacts.storage import pool, staging, tree
from artifacts.storage.layout import Store, version_folder
from artifacts.storage.store import init_store
from tests.storage.conftest import left_in, make_manifest, publish_bytes, run_python, sha256_of

DISK_BYTES = 8 << 20

WITH_A_LIMIT = """
import io, resource, sys
from pathlib import Path
from artifacts.errors import StorageFull
from artifacts.storage import staging
from artifacts.storage.store import init_store
store = init_store(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    staging.stage(store, io.BytesIO(bytes(3 << 20)))
except StorageFull as error:
    print(error.status, list(store.staging.iterdir()))
"""


@pytest.fixture
def small_store(tmp_path: Path) -> Iterator[Store]:
    """A store on a disk of 8 MiB and 1 000 files, where this user may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = f"size={DISK_BYTES},nr_inodes=1000"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield init_store(disk / "storage")
    subprocess.run(["umount", str(disk)], check=True)


def free_bytes(store):
    found = os.statvfs(store.root)
    return found.f_bavail * found.f_frsize


def fill(store, *, leave_bytes=0):
    filler = store.root / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free_bytes(store) - leave_bytes)


@pytest.mark.parametrize("size", [DISK_BYTES + 1, 3 * DISK_BYTES])
def test_stage_on_a_full_disk_keeps_nothing(small_store, size):
    before = free_bytes(small_store)
    with pytest.raises(StorageFull):
        staging.stage(small_store, io.BytesIO(bytes(size)))
    assert left_in(small_store.staging) == []
    assert free_bytes(small_store) == before


def test_stage_many_on_a_full_disk_keeps_nothing(small_store):
    before = free_bytes(small_store)
    content = os.urandom(1 << 20)
    with pytest.raises(StorageFull):
        staging.stage_many(
            small_store, ((sha256_of(content), len(content), io.BytesIO(content)) for _ in range(9))
        )
    assert left_in(small_store.staging) == []
    assert free_bytes(small_store) == before


def test_stage_works_again_when_there_is_room(small_store):
    fill(small_store)
    with pytest.raises(StorageFull):
        staging.stage(small_store, io.BytesIO(b"content"))
    (small_store.root / "filler").unlink()
    assert staging.stage(small_store, io.BytesIO(b"content")).size_bytes == 7


def test_publish_works_on_a_disk_that_has_become_full(small_store):
    staged = staging.stage(small_store, io.BytesIO(b"content"))
    fill(small_store)
    pool.publish(small_store, staged)
    assert pool.verify_blob(small_store, staged.sha256, 7)


def test_build_tree_on_a_full_disk_keeps_nothing(small_store):
    manifest = make_manifest(small_store, {"a/b": b"content"})
    folder = version_folder(small_store, "model", "m", 1)
    fill(small_store)
    with pytest.raises(StorageFull):
        tree.build_tree(small_store, folder, manifest)
    assert not folder.exists()
    assert left_in(small_store.staging) == []


def test_build_tree_without_room_for_more_names_keeps_nothing(small_store):
    publish_bytes(small_store, b"")
    manifest = make_manifest(small_store, {f"d{number}/empty": b"" for number in range(600)})
    with pytest.raises(StorageFull):
        tree.build_tree(small_store, version_folder(small_store, "model", "m", 1), manifest)
    assert left_in(small_store.staging) == []


def test_stage_beyond_a_limit_of_the_system_keeps_nothing(tmp_path):
    code, output, errors = run_python(WITH_A_LIMIT, tmp_path / "storage")
    assert (code, output, errors) == (0, "507 []\n", "")
