"""Version folders: complete or absent, read-only, healed when they differ."""

import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from artifacts.errors import Corrupted, StorageFull, StoreUnavailable
from artifacts.storage import pool, tree
from artifacts.storage.layout import Place, file_path, version_folder
from artifacts.storage.manifest import Manifest, ManifestEntry
from tests.storage.conftest import (
    fail_with,
    left_in,
    make_manifest,
    publish_bytes,
    record_calls,
    run_python,
    run_together,
    sha256_of,
    stage_bytes,
)

FILES = {"model.pth": b"weights", "config/train.json": b"{}", "config/deep/empty": b""}

AS_NOBODY = """
import io, os, sys
from pathlib import Path
from artifacts.storage import pool, staging, tree
from artifacts.storage.layout import version_folder
from artifacts.storage.manifest import Manifest, ManifestEntry
from artifacts.storage.store import init_store
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
store = init_store(Path(sys.argv[1]))
staged = staging.stage(store, io.BytesIO(b"content"))
pool.publish(store, staged)
entries = tuple(ManifestEntry(path, staged.sha256, 7) for path in ("a/b/c", "d", "e/f"))
folder = version_folder(store, "model", "m", 1)
tree.build_tree(store, folder, Manifest(entries))
try:
    (folder / "files" / "a" / "b" / "new").touch()
except PermissionError:
    print("read-only")
tree.build_tree(store, folder, Manifest(entries[:2]))
print(sorted(path.name for path in (folder / "files").iterdir()))
tree.remove_tree(store, folder)
print(folder.exists(), list(store.trash.iterdir()), list(store.staging.iterdir()))
"""


@pytest.fixture
def folder(store):
    return version_folder(store, "model", "resnet50-model", 3)


def read_tree(folder):
    files = (path for path in (folder / "files").rglob("*") if path.is_file())
    return {str(path.relative_to(folder / "files")): path.read_bytes() for path in files}


def assert_nothing_left(store):
    assert left_in(store.staging) == []
    assert left_in(store.trash) == []


def heal(store, content):
    pool.publish(store, stage_bytes(store, content), replace=True)


def test_build_tree_shows_every_file(store, folder):
    manifest = make_manifest(store, FILES)
    tree.build_tree(store, folder, manifest)
    assert read_tree(folder) == FILES
    assert tree.read_manifest(folder) == manifest.to_bytes()
    assert_nothing_left(store)


def test_build_tree_syncs_every_folder_before_it_has_its_name(store, folder, monkeypatch):
    manifest = make_manifest(store, FILES)
    calls = record_calls(monkeypatch)
    tree.build_tree(store, folder, manifest)
    renamed = next(number for number, call in enumerate(calls) if call.startswith("rename"))
    built = calls[renamed].removeprefix("rename ")
    synced = {call for call in calls[:renamed] if call.startswith("fsync")}
    for name in ("manifest.json", "files", "config", "deep", built):
        assert f"fsync {name}" in synced
    assert calls[renamed + 1] == "fsync resnet50-model"


def test_build_tree_links_into_the_pool(store, folder):
    tree.build_tree(store, folder, make_manifest(store, FILES))
    link = folder / "files" / "model.pth"
    assert link.samefile(store.pool_path(sha256_of(b"weights")))


def test_build_tree_writes_empty_files(store, folder):
    tree.build_tree(store, folder, make_manifest(store, FILES))
    empty = folder / "files" / "config" / "deep" / "empty"
    assert empty.stat().st_nlink == 1
    assert store.pool_path(sha256_of(b"")).stat().st_nlink == 1


def test_build_tree_of_empty_files_needs_no_content(store, folder):
    tree.build_tree(store, folder, Manifest((ManifestEntry("empty", sha256_of(b""), 0),)))
    assert read_tree(folder) == {"empty": b""}


def test_build_tree_is_read_only(store, folder):
    tree.build_tree(store, folder, make_manifest(store, FILES))
    inside = [folder, *folder.rglob("*")]
    modes = {(path.is_dir(), path.stat().st_mode & 0o777) for path in inside}
    assert modes == {(True, 0o555), (False, 0o444)}


def test_build_tree_of_no_files_has_a_manifest_and_a_folder(store, folder):
    tree.build_tree(store, folder, Manifest())
    assert left_in(folder) == ["files", "manifest.json"]


def test_build_tree_takes_long_chinese_names(store):
    name, part = "模型" * 64, "检查点" * 100
    folder = version_folder(store, "model", name, 1)
    tree.build_tree(store, folder, make_manifest(store, {f"{part}/{part}": b"x", "短": b"y"}))
    assert file_path(folder, f"{part}/{part}").read_bytes() == b"x"
    assert file_path(folder, "短").read_bytes() == b"y"


def test_build_tree_takes_paths_of_512_parts(store, folder):
    path = "/".join("a" * 512)
    tree.build_tree(store, folder, make_manifest(store, {path: b"deep"}))
    assert file_path(folder, path).read_bytes() == b"deep"
    tree.remove_tree(store, folder)
    assert_nothing_left(store)


def test_build_tree_leaves_a_sound_folder(store, folder):
    manifest = make_manifest(store, FILES)
    tree.build_tree(store, folder, manifest)
    before = folder.stat().st_ino
    tree.build_tree(store, folder, manifest)
    assert folder.stat().st_ino == before


def test_build_tree_makes_a_sound_folder_read_only_again(store, folder):
    manifest = make_manifest(store, FILES)
    tree.build_tree(store, folder, manifest)
    folder.chmod(0o755)
    tree.build_tree(store, folder, manifest)
    assert folder.stat().st_mode & 0o777 == 0o555


def test_build_tree_replaces_a_folder_with_another_manifest(store, folder):
    tree.build_tree(store, folder, make_manifest(store, {"old": b"old"}))
    tree.build_tree(store, folder, make_manifest(store, FILES))
    assert read_tree(folder) == FILES
    assert_nothing_left(store)


def damage_remove(path):
    path.unlink()


def damage_shorten(path):
    path.unlink()
    path.write_bytes(b"w")


def damage_change(path):
    path.unlink()
    path.write_bytes(b"WEIGHTS")


def damage_folder(path):
    path.unlink()
    path.mkdir()


def damage_link(path):
    path.unlink()
    path.symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    "damage", [damage_remove, damage_shorten, damage_change, damage_folder, damage_link]
)
def test_build_tree_replaces_a_folder_with_a_damaged_file(store, folder, damage):
    manifest = make_manifest(store, FILES)
    tree.build_tree(store, folder, manifest)
    damage(folder / "files" / "model.pth")
    tree.build_tree(store, folder, manifest)
    assert read_tree(folder) == FILES
    assert_nothing_left(store)


def test_build_tree_replaces_a_folder_with_an_empty_file_that_is_not(store, folder):
    manifest = make_manifest(store, FILES)
    tree.build_tree(store, folder, manifest)
    (folder / "files" / "config" / "deep" / "empty").write_bytes(b"x")
    tree.build_tree(store, folder, manifest)
    assert read_tree(folder) == FILES


def test_build_tree_replaces_a_part_that_became_a_file(store, folder):
    manifest = make_manifest(store, FILES)
    tree.build_tree(store, folder, manifest)
    shutil.rmtree(folder / "files" / "config")
    (folder / "files" / "config").touch()
    tree.build_tree(store, folder, manifest)
    assert read_tree(folder) == FILES


def test_build_tree_links_anew_after_a_heal(store, folder):
    manifest = make_manifest(store, FILES)
    tree.build_tree(store, folder, manifest)
    (folder / "files" / "model.pth").write_bytes(b"WEIGHTS")  # through the link, into the pool
    heal(store, b"weights")
    assert read_tree(folder)["model.pth"] == b"WEIGHTS"
    tree.build_tree(store, folder, manifest)
    assert read_tree(folder) == FILES


def test_build_tree_keeps_a_true_copy(store, folder, monkeypatch):
    manifest = make_manifest(store, FILES)
    monkeypatch.setattr(os, "link", fail_with(errno.EMLINK))
    tree.build_tree(store, folder, manifest)
    before = folder.stat().st_ino
    tree.build_tree(store, folder, manifest)
    assert read_tree(folder) == FILES
    assert folder.stat().st_ino == before
    assert store.pool_path(sha256_of(b"weights")).stat().st_nlink == 1


@pytest.mark.parametrize("torn", [None, b"w"])
def test_build_tree_refuses_when_the_pool_lacks_content(store, folder, torn):
    manifest = make_manifest(store, FILES)
    lost = store.pool_path(sha256_of(b"weights"))
    lost.unlink()
    if torn:
        lost.write_bytes(torn)
    with pytest.raises(Corrupted, match=r"model\.pth"):
        tree.build_tree(store, folder, manifest)
    assert not folder.exists()
    assert_nothing_left(store)


def test_build_tree_that_fails_leaves_the_old_folder(store, folder):
    tree.build_tree(store, folder, make_manifest(store, FILES))
    missing = Manifest((ManifestEntry("a", sha256_of(b"absent"), 6),))
    with pytest.raises(Corrupted):
        tree.build_tree(store, folder, missing)
    assert read_tree(folder) == FILES


@pytest.mark.parametrize("call", ["fsync", "mkdir", "link", "write", "rename"])
def test_build_tree_on_a_full_disk_keeps_the_old_folder(store, folder, monkeypatch, call):
    tree.build_tree(store, folder, make_manifest(store, FILES))
    other = make_manifest(store, {"new/a": b"new"})
    monkeypatch.setattr(os, call, fail_with(errno.ENOSPC))
    with pytest.raises(StorageFull):
        tree.build_tree(store, folder, other)
    monkeypatch.undo()
    assert read_tree(folder) == FILES
    assert_nothing_left(store)


def test_build_tree_brings_the_old_folder_back_when_the_last_rename_fails(
    store, folder, monkeypatch
):
    tree.build_tree(store, folder, make_manifest(store, FILES))
    other = make_manifest(store, {"new": b"new"})
    real_rename = os.rename

    def rename(source, target):
        if Path(source).parent == store.staging:
            fail_with(errno.EIO)()
        real_rename(source, target)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(StoreUnavailable):
        tree.build_tree(store, folder, other)
    assert read_tree(folder) == FILES
    assert_nothing_left(store)


def test_build_tree_says_full_even_when_it_cannot_clean_up(store, folder, monkeypatch):
    manifest = make_manifest(store, FILES)
    monkeypatch.setattr(os, "chmod", fail_with(errno.ENOSPC))
    with pytest.raises(StorageFull):
        tree.build_tree(store, folder, manifest)


def test_builders_at_once_leave_one_complete_folder(store, folder):
    manifest = make_manifest(store, FILES)
    run_together(6, lambda _number: tree.build_tree(store, folder, manifest))
    assert read_tree(folder) == FILES
    assert left_in(store.staging) == []


def test_builders_and_removers_at_once_leave_it_complete_or_absent(store, folder):
    manifest = make_manifest(store, FILES)

    def work(number):
        for _ in range(10):
            if number % 2:
                tree.remove_tree(store, folder)
            else:
                tree.build_tree(store, folder, manifest)

    run_together(4, work)
    assert not folder.exists() or read_tree(folder) == FILES
    assert left_in(store.staging) == []


def test_remove_tree_leaves_the_pool(store, folder):
    tree.build_tree(store, folder, make_manifest(store, FILES))
    tree.remove_tree(store, folder)
    assert not folder.exists()
    assert store.pool_path(sha256_of(b"weights")).read_bytes() == b"weights"
    assert store.pool_path(sha256_of(b"weights")).stat().st_mode & 0o777 == 0o444
    assert_nothing_left(store)


def test_remove_tree_takes_the_folder_of_an_artifact_without_versions(store, folder):
    tree.build_tree(store, folder, make_manifest(store, FILES))
    tree.remove_tree(store, folder)
    assert left_in(store.artifacts / "model") == []


def test_remove_tree_leaves_other_versions(store, folder):
    manifest = make_manifest(store, FILES)
    other = version_folder(store, "model", "resnet50-model", 4)
    for one in (folder, other):
        tree.build_tree(store, one, manifest)
    tree.remove_tree(store, folder)
    assert read_tree(other) == FILES


def test_remove_tree_may_be_repeated(store, folder):
    tree.build_tree(store, folder, make_manifest(store, FILES))
    for _ in range(2):
        tree.remove_tree(store, folder)
    assert not folder.exists()


def test_remove_tree_without_its_trash_says_so(store, folder):
    tree.build_tree(store, folder, make_manifest(store, FILES))
    store.trash.rmdir()
    with pytest.raises(FileNotFoundError):
        tree.remove_tree(store, folder)
    assert read_tree(folder) == FILES


def test_sweep_trash_takes_folders_and_leaves_contents(store):
    publish_bytes(store, b"content")
    aside = pool.move_aside(store, Place(sha256_of(b"content"), 7, 7))
    (store.trash / "0123" / "files").mkdir(parents=True)
    (store.trash / "0123" / "files").chmod(0o555)
    assert tree.sweep_trash(store) == 1
    assert left_in(store.trash) == [aside.name]


def test_read_manifest_of_nothing_is_none(store, folder):
    assert tree.read_manifest(folder) is None
    assert tree.read_manifest(store.root / "store.json" / "v1") is None


def test_a_user_who_is_not_root_builds_replaces_and_removes():
    with tempfile.TemporaryDirectory() as open_folder:
        Path(open_folder).chmod(0o777)
        code, output, errors = run_python(AS_NOBODY, Path(open_folder) / "storage")
    assert (code, errors) == (0, "")
    assert output.splitlines() == ["read-only", "['a', 'd']", "False [] []"]
