"""Kill -9 at every named step: then nothing is torn, and the same work succeeds."""

import signal

import pytest

from artifacts.storage import pool, sweep, tree
from artifacts.storage.layout import version_folder
from artifacts.storage.manifest import Manifest
from artifacts.storage.steps import STEPS, reached
from tests.storage.conftest import left_in, publish_bytes, run_python, sha256_of

WORK = """
import hashlib, io, sys
from pathlib import Path
from artifacts.storage import pool, staging, tree
from artifacts.storage.layout import Place, version_folder
from artifacts.storage.manifest import Manifest, ManifestEntry
from artifacts.storage.store import open_store

store = open_store(Path(sys.argv[1]))
contents = [b"one" * 1000, b"two" * 2000, b""]

def start_over():
    for path, _ in pool.trashed(store):
        pool.put_back(store, path)

def upload_one_by_one():
    return [publish(staging.stage(store, io.BytesIO(content))) for content in contents]

def publish(staged):
    pool.publish(store, staged)
    return staged

def upload_all_at_once():
    records = [(hashlib.sha256(one).hexdigest(), len(one), io.BytesIO(one)) for one in contents]
    staged = staging.stage_many(store, records)
    pool.publish_many(store, staged, frozenset({staged[0].sha256}))
    return staged

def manifest_of(staged):
    return Manifest(
        tuple(ManifestEntry(f"d{i}/f", s.sha256, s.size_bytes) for i, s in enumerate(staged))
    )

start_over()
staged = {"one": upload_one_by_one, "many": upload_all_at_once}[sys.argv[2]]()
folder = version_folder(store, "model", "m", 1)
tree.build_tree(store, folder, manifest_of(staged))
tree.build_tree(store, folder, manifest_of(staged[:2]))
tree.build_tree(store, version_folder(store, "model", "m", 2), manifest_of(staged))
pool.put_back(store, pool.move_aside(store, Place(staged[0].sha256, 3000, 3000)))
tree.remove_tree(store, folder)
"""

HEAL = """
import io, sys
from pathlib import Path
from artifacts.storage import pool, staging
from artifacts.storage.store import open_store

store = open_store(Path(sys.argv[1]))
pool.publish(store, staging.stage(store, io.BytesIO(b"content")), replace=True)
"""

SHARING_STEPS = {step for step in STEPS if step.startswith("extents.")} | {"stage.assembled"}
"""Those of test_extents and test_assembling."""
PLAIN_STEPS = [step for step in STEPS if step not in SHARING_STEPS]

CONTENTS = [b"one" * 1000, b"two" * 2000, b""]


def assert_pool_is_whole(store):
    for file, size in pool.iter_pool(store):
        assert pool.verify_blob(store, file.sha256, size)
    for path, file in pool.trashed(store):
        assert pool.has_content(path, file.sha256, path.stat().st_size)


def assert_folder_is_complete_or_absent(folder):
    if not folder.exists():
        return
    for entry in Manifest.from_bytes(tree.read_manifest(folder)).entries:
        assert pool.has_content(folder / "files" / entry.path, entry.sha256, entry.size_bytes)


def assert_invariants(store):
    assert_pool_is_whole(store)
    for number in (1, 2):
        assert_folder_is_complete_or_absent(version_folder(store, "model", "m", number))


def clean_up(store):
    sweep.sweep_staging(store, -1)
    tree.sweep_trash(store)


@pytest.mark.parametrize("step", PLAIN_STEPS)
@pytest.mark.parametrize("upload", ["one", "many"])
def test_a_kill_at_any_step_leaves_nothing_torn(store, upload, step):
    code, _, errors = run_python(WORK, store.root, upload, RUNICORN_CRASH_AT=step)
    assert (code, errors) == (-signal.SIGKILL, "")
    assert_invariants(store)

    code, _, errors = run_python(WORK, store.root, upload)
    assert (code, errors) == (0, "")
    assert_invariants(store)
    clean_up(store)
    found = [(file.sha256, size) for file, size in pool.iter_pool(store)]
    assert found == sorted((sha256_of(one), len(one)) for one in CONTENTS)
    assert left_in(store.artifacts / "model" / "m") == ["v2"]
    assert left_in(store.staging) == []
    assert left_in(store.trash) == []


def test_content_killed_while_it_was_moved_aside_is_in_the_trash(store):
    run_python(WORK, store.root, "one", RUNICORN_CRASH_AT="aside.moved")
    assert [file.sha256 for _, file in pool.trashed(store)] == [sha256_of(CONTENTS[0])]
    assert not pool.has_blob(store, sha256_of(CONTENTS[0]), len(CONTENTS[0]))


@pytest.mark.parametrize(
    "step", [one for one in PLAIN_STEPS if one.startswith(("stage", "publish"))]
)
def test_a_kill_while_healing_leaves_the_damaged_file_or_the_good_one(store, step):
    sha256 = publish_bytes(store, b"content")
    store.pool_path(sha256).write_bytes(b"CONTENT")
    code, _, _ = run_python(HEAL, store.root, RUNICORN_CRASH_AT=step)
    assert code == -signal.SIGKILL
    assert store.pool_path(sha256).read_bytes() in {b"CONTENT", b"content"}

    assert run_python(HEAL, store.root)[0] == 0
    assert pool.verify_blob(store, sha256, 7)


def test_a_step_that_is_not_named_does_nothing(monkeypatch):
    monkeypatch.setenv("RUNICORN_CRASH_AT", "another.step")
    reached("stage.written")
