"""The cache of whole files: what is in it is whole, and it keeps to its bound."""

import errno
import os
import threading

import pytest

from artifacts.errors import Corrupted, Gone, StorageFull, StoreUnavailable, TooLarge
from artifacts.storage import materialized
from tests.storage.conftest import fail_with, left_in, run_together, sha256_of, start_python
from tests.storage.shelf import BASE, overwrite

CAP = 1 << 20

ADD_OFTEN = """
import sys
from pathlib import Path
from artifacts.storage import materialized
from artifacts.storage.layout import Place
from artifacts.storage.store import open_store

store = open_store(Path(sys.argv[1]))
places = [Place(name, 1000, 1000) for name in sys.argv[2:]]
sys.stdin.readline()
for round in range(15):
    for place in places:
        path = materialized.add(store, place, {}, "m.bin", 3000)
        assert materialized.used_bytes(store) <= 3000
"""


@pytest.fixture
def leaning(shelf):
    return shelf.add_extents(b"own", (shelf.add_file(BASE), 10, 97))


def add(shelf, sha256, name="model.bin", cap_bytes=CAP):
    return materialized.add(shelf.store, shelf.places[sha256], shelf.places, name, cap_bytes)


def age(shelf, sha256, seconds):
    folder = shelf.store.materialized / sha256[:2] / sha256
    os.utime(folder, (folder.stat().st_mtime - seconds,) * 2)


def cached(shelf):
    return {folder.name for folder in shelf.store.materialized.glob("??/*")}


def test_add_makes_a_whole_file_with_that_name(shelf, leaning):
    path = add(shelf, leaning)
    assert path == shelf.store.materialized / leaning[:2] / leaning / "model.bin"
    assert path.read_bytes() == shelf.contents[leaning]
    assert path.stat().st_mode & 0o777 == 0o444
    assert path.parent.stat().st_mode & 0o777 == 0o555
    assert left_in(shelf.store.staging) == []


def test_add_again_gives_the_same_file(shelf, leaning):
    inode = add(shelf, leaning).stat().st_ino
    assert add(shelf, leaning).stat().st_ino == inode


def test_add_under_another_name_takes_no_more_space(shelf, leaning):
    first, second = add(shelf, leaning), add(shelf, leaning, "other.bin")
    assert first.stat().st_ino == second.stat().st_ino
    assert materialized.used_bytes(shelf.store) == 100
    assert second.parent.stat().st_mode & 0o777 == 0o555


def test_find_gives_what_was_added_under_that_name(shelf, leaning):
    assert materialized.find(shelf.store, leaning, "model.bin") is None
    path = add(shelf, leaning)
    assert materialized.find(shelf.store, leaning, "model.bin") == path
    assert materialized.find(shelf.store, leaning, "other.bin") is None


@pytest.mark.parametrize("bad", ["", "..", "a/b", "/etc/passwd"])
def test_no_name_leads_out_of_the_cache(shelf, leaning, bad):
    with pytest.raises(ValueError, match="not a path component"):
        add(shelf, leaning, bad)
    with pytest.raises(ValueError, match="not a path component"):
        materialized.find(shelf.store, leaning, bad)


def test_a_long_name_is_shortened(shelf, leaning):
    path = add(shelf, leaning, "模" * 200)
    assert len(path.name.encode()) <= 255
    assert materialized.find(shelf.store, leaning, "模" * 200) == path


def test_used_bytes_of_no_cache_is_none(shelf):
    assert materialized.used_bytes(shelf.store) == 0


def test_what_was_used_longest_ago_makes_room(shelf):
    one, two, three = (shelf.add_file(os.urandom(100)) for _ in range(3))
    add(shelf, one)
    add(shelf, two)
    age(shelf, one, 50)
    age(shelf, two, 99)
    add(shelf, three, cap_bytes=250)
    assert cached(shelf) == {one, three}
    assert materialized.used_bytes(shelf.store) == 200


@pytest.mark.parametrize("use", ["find", "add", "add another name"])
def test_what_is_used_stays(shelf, use):
    one, two, three = (shelf.add_file(os.urandom(100)) for _ in range(3))
    for sha256, seconds in ((one, 99), (two, 50)):
        add(shelf, sha256)
        age(shelf, sha256, seconds)
    if use == "find":
        materialized.find(shelf.store, one, "model.bin")
    else:
        add(shelf, one, "model.bin" if use == "add" else "other.bin")
    add(shelf, three, cap_bytes=250)
    assert cached(shelf) == {one, three}


def test_content_over_the_bound_is_refused_and_nothing_goes(shelf, leaning):
    add(shelf, leaning)
    large = shelf.add_file(bytes(300))
    with pytest.raises(TooLarge, match="300"):
        add(shelf, large, cap_bytes=299)
    assert cached(shelf) == {leaning}
    add(shelf, large, cap_bytes=300)
    assert cached(shelf) == {large}


def test_damaged_content_is_not_added(shelf, leaning):
    base = sha256_of(BASE)
    overwrite(shelf.path(base), bytes(200))
    with pytest.raises(Corrupted, match="damaged"):
        add(shelf, leaning)
    shelf.path(base).unlink()
    with pytest.raises(Gone):
        add(shelf, leaning)
    assert cached(shelf) == set()
    assert left_in(shelf.store.staging) == []


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_on_a_full_disk_nothing_is_kept(shelf, leaning, monkeypatch, call):
    shelf.store.materialized.mkdir()
    monkeypatch.setattr(os, call, fail_with(errno.ENOSPC))
    with pytest.raises(StorageFull):
        add(shelf, leaning)
    assert cached(shelf) == set()
    assert left_in(shelf.store.staging) == []


def test_without_a_staging_folder_the_store_is_unavailable(shelf, leaning):
    shelf.store.staging.rename(shelf.store.root / "gone")
    with pytest.raises(StoreUnavailable, match="is gone"):
        add(shelf, leaning)


@pytest.mark.parametrize("left", [None, b"torn"])
def test_what_a_crash_left_is_replaced(shelf, leaning, left):
    folder = shelf.store.materialized / leaning[:2] / leaning
    folder.mkdir(parents=True)
    if left is not None:
        (folder / "model.bin").write_bytes(left)
    assert add(shelf, leaning).read_bytes() == shelf.contents[leaning]


def test_remove_takes_all_names_away_and_may_be_repeated(shelf, leaning):
    materialized.remove(shelf.store, leaning)
    assert not shelf.store.materialized.exists()
    add(shelf, leaning)
    add(shelf, leaning, "other.bin")
    materialized.remove(shelf.store, leaning)
    materialized.remove(shelf.store, leaning)
    assert cached(shelf) == set()
    assert materialized.used_bytes(shelf.store) == 0


def test_a_reader_reads_on_while_the_file_is_evicted(shelf, leaning):
    with add(shelf, leaning).open("rb") as found:
        materialized.remove(shelf.store, leaning)
        assert found.read() == shelf.contents[leaning]


def test_threads_add_the_same_content_at_once(shelf, leaning):
    paths = []
    run_together(6, lambda number: paths.append(add(shelf, leaning, f"{number % 2}.bin")))
    assert len({path.stat().st_ino for path in paths}) == 1
    assert materialized.used_bytes(shelf.store) == 100
    assert left_in(shelf.store.staging) == []


def test_threads_add_and_remove_and_find(shelf, leaning):
    done = threading.Event()

    def work(number):
        for _ in range(40):
            if number == 0:
                materialized.remove(shelf.store, leaning)
            elif number == 1:
                materialized.find(shelf.store, leaning, "model.bin")
                materialized.used_bytes(shelf.store)
            else:
                add(shelf, leaning)
        done.set()

    run_together(4, work)
    assert done.is_set()
    assert add(shelf, leaning).read_bytes() == shelf.contents[leaning]


def test_processes_keep_to_the_bound_together(shelf):
    shas = [shelf.add_file(os.urandom(1000)) for _ in range(5)]
    orders = [shas, shas[::-1], shas[2:] + shas[:2]]
    processes = [start_python(ADD_OFTEN, shelf.store.root, *order) for order in orders]
    assert [process.communicate("go\n", timeout=60) for process in processes] == [("", "")] * 3
    assert len(cached(shelf)) == 3
    for sha256 in cached(shelf):
        path = materialized.find(shelf.store, sha256, "m.bin")
        assert path.read_bytes() == shelf.contents[sha256]
    assert left_in(shelf.store.staging) == []
