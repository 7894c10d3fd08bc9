"""Making and opening stores; every refusal says what is wrong."""

import json
import os
import shutil

import pytest

from artifacts.errors import StorageFull, StoreUnavailable
from artifacts.storage.store import init_store, open_store
from tests.storage.conftest import fail_with, left_in, record_calls, start_python

INIT = """
import sys
from pathlib import Path
from artifacts.storage.store import init_store
sys.stdin.readline()
print(init_store(Path(sys.argv[1])).id)
"""


def change_identity(store, **changes):
    path = store.root / "store.json"
    identity = {**json.loads(path.read_text()), **changes}
    path.chmod(0o600)
    path.write_text(json.dumps(identity))


def test_init_store_makes_the_256_pool_folders(store):
    assert left_in(store.pool) == [f"{number:02x}" for number in range(256)]
    assert left_in(store.artifacts) == [".dedup", ".staging", ".trash"]
    assert left_in(store.staging) == []


def test_init_store_writes_the_frozen_parameters(store):
    assert json.loads((store.root / "store.json").read_bytes()) == {
        "format": 1,
        "id": str(store.id),
        "digest": "sha256",
        "chunker": "fastcdc2020/16K/64K/256K/nc2+blake3",
    }


def test_init_store_twice_gives_the_same_store(store):
    assert init_store(store.root) == store


def test_open_store_gives_the_store_that_was_made(store):
    assert open_store(store.root) == store


def test_init_store_finishes_what_a_crash_left_half_made(store):
    (store.root / "store.json").unlink()
    (store.pool / "ff").rmdir()
    again = init_store(store.root)
    assert (again.pool / "ff").is_dir()
    assert open_store(store.root) == again


def test_init_store_writes_its_identity_last_and_syncs_it(tmp_path, monkeypatch):
    calls = record_calls(monkeypatch)
    init_store(tmp_path / "storage")
    linked = next(number for number, call in enumerate(calls) if call.startswith("link"))
    assert calls[linked - 1] == f"fsync {calls[linked].removeprefix('link ')}"
    assert calls[linked - 2] == "fsync .dedup"
    assert calls[linked + 1 :] == ["fsync storage"]


def test_init_store_by_processes_at_once_gives_all_the_same_id(tmp_path):
    root = tmp_path / "storage"
    processes = [start_python(INIT, root) for _ in range(4)]
    outputs = [process.communicate("go\n", timeout=60) for process in processes]
    assert {errors for _, errors in outputs} == {""}
    assert {output.strip() for output, _ in outputs} == {str(open_store(root).id)}
    assert left_in(root / "artifacts" / ".staging") == []


def test_init_store_without_hard_links_copies_its_identity(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", fail_with(1))
    store = init_store(tmp_path / "storage")
    assert open_store(store.root) == store
    assert left_in(store.root) == ["artifacts", "store.json"]


def test_init_store_never_overwrites_a_store_file_it_cannot_read(store):
    change_identity(store, format=2)
    with pytest.raises(StoreUnavailable, match="has format 2, this release knows 1"):
        init_store(store.root)
    assert json.loads((store.root / "store.json").read_bytes())["id"] == str(store.id)


def test_init_store_below_a_file_is_unavailable(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="Cannot make a store at"):
        init_store(tmp_path / "file" / "storage")


def test_init_store_on_a_full_disk_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", fail_with(28))
    with pytest.raises(StorageFull):
        init_store(tmp_path / "storage")


def test_open_store_where_none_is_names_the_place_and_the_setting(tmp_path):
    with pytest.raises(StoreUnavailable) as caught:
        open_store(tmp_path / "absent")
    assert str(tmp_path / "absent") in caught.value.detail
    assert "RUNICORN_STORAGE_ROOT" in caught.value.detail


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "has format 99"),
        ({"format": None}, "has format None"),
        ({"digest": "md5"}, "has digest 'md5'"),
        ({"chunker": "rabin"}, "has chunker 'rabin'"),
        ({"id": "seven"}, "its id is 'seven'"),
        ({"id": None}, "its id is None"),
    ],
)
def test_open_store_refuses_what_it_does_not_know(store, changes, message):
    change_identity(store, **changes)
    with pytest.raises(StoreUnavailable, match=message):
        open_store(store.root)


@pytest.mark.parametrize("garbage", [b"", b"\xff\xfe", b"{", b"[]", b'"text"'])
def test_open_store_refuses_garbage(store, garbage):
    path = store.root / "store.json"
    path.chmod(0o600)
    path.write_bytes(garbage)
    with pytest.raises(StoreUnavailable, match="is damaged"):
        open_store(store.root)


def test_open_store_refuses_a_store_file_that_cannot_be_read(store):
    (store.root / "store.json").unlink()
    (store.root / "store.json").mkdir()
    with pytest.raises(StoreUnavailable, match="is unreadable"):
        open_store(store.root)


@pytest.mark.parametrize("folder", [".dedup", ".staging", ".trash"])
def test_open_store_refuses_when_a_folder_is_gone(store, folder):
    shutil.rmtree(store.artifacts / folder)
    with pytest.raises(StoreUnavailable, match=f"no folder {folder}"):
        open_store(store.root)
