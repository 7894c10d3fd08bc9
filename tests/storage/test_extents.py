"""Writing ``.d`` files: durable before they have a name, checked where they are copied from."""

import errno
import os
import signal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artifacts.errors import Corrupted, Gone, StorageFull, StoreUnavailable
from artifacts.storage import content, extents, footer, pool
from artifacts.storage.layout import PoolFile
from artifacts.storage.recipe import Extent, Range, Recipe, read_recipe
from artifacts.storage.steps import STEPS
from tests.storage.conftest import fail_with, left_in, record_calls, run_python, sha256_of
from tests.storage.recipes import bytes_of
from tests.storage.shelf import BASE, Shelf, overwrite

WORK = """
import sys
from pathlib import Path
from artifacts.storage.store import open_store
from artifacts.storage.recipe import Range
from tests.storage.shelf import BASE, Shelf

shelf = Shelf(open_store(Path(sys.argv[1])))
base = shelf.add_file(bytes(range(200)))
first = shelf.add_extents(b"own", (base, 5, 100))
shelf.reduce(first, [Range(1, 2)])
"""


@pytest.fixture
def planned(shelf, base):
    """A recipe with own bytes on both sides of a base's, and its content."""
    return shelf.recipe_of(b"own bytes", (base, 10, 30), (None, 1, 3), b"the end")


def mode_of(path):
    return path.stat().st_mode & 0o777


def body_in_staging(store, body):
    path = store.staging / "partial-upload"
    path.write_bytes(body)
    return path


def test_write_extents_keeps_the_own_bytes_and_the_recipe(shelf, planned):
    staged = shelf.stage(*planned)
    assert staged.path.read_bytes().startswith(b"own bytesthe end")
    assert read_recipe(staged.path) == staged.recipe == planned[0]
    assert staged.physical_bytes == staged.path.stat().st_size
    assert mode_of(staged.path) == 0o444
    assert footer.is_sound(staged.path, planned[0].sha256)


def test_write_extents_copies_large_ranges_whole(shelf, base, monkeypatch):
    monkeypatch.setattr(extents, "PIECE_BYTES", 1000)
    monkeypatch.setattr(extents, "WRITEBACK_BYTES", 3000)
    own = os.urandom(10_001)
    sha256 = shelf.add_extents(own, (base, 0, 100), own[::-1])
    assert shelf.verify(sha256)
    assert shelf.path(sha256).read_bytes()[:20_002] == own + own[::-1]


def test_a_name_is_given_to_what_is_durable_and_the_folder_is_synced(shelf, planned, monkeypatch):
    calls = record_calls(monkeypatch)
    staged = shelf.stage(*planned)
    pool.publish_extents(shelf.store, staged, 2)
    name, sha256 = staged.path.name, planned[0].sha256
    assert calls == [f"fsync {name}", f"replace {name}", f"fsync {sha256[:2]}"]
    assert read_recipe(shelf.store.extents_path(sha256, 2)) == planned[0]
    assert left_in(shelf.store.staging) == []


def test_publish_extents_takes_the_place_of_a_stray_of_the_same_size(shelf, planned):
    recipe, found = planned
    other = Recipe(
        recipe.sha256,
        recipe.size_bytes,
        (recipe.extents[0], Extent("ab" * 32, 9, 30), *recipe.extents[2:]),
    )
    for one in (other, recipe):
        pool.publish_extents(shelf.store, shelf.stage(one, found), 0)
    assert read_recipe(shelf.store.extents_path(recipe.sha256, 0)) == recipe


def test_publish_extents_into_a_pool_that_is_gone_is_unavailable(shelf, planned):
    staged = shelf.stage(*planned)
    (shelf.store.pool / planned[0].sha256[:2]).rename(shelf.store.root / "gone")
    with pytest.raises(StoreUnavailable, match="is gone"):
        pool.publish_extents(shelf.store, staged, 0)
    assert left_in(shelf.store.staging) == []


def test_whoever_reads_the_old_file_reads_on(shelf, base):
    sha256 = shelf.add_extents(b"own", (base, 0, 50))
    with shelf.open(sha256) as found:
        shelf.reduce(sha256, [])
        assert found.read() == b"own" + BASE[:50]


@pytest.mark.parametrize("call", ["write", "fsync", "fchmod"])
@pytest.mark.parametrize("work", ["extents", "remains"])
def test_on_a_full_disk_nothing_is_kept(shelf, base, planned, monkeypatch, call, work):
    raw = shelf.store.root / "raw"
    raw.write_bytes(planned[1])
    write = {
        "extents": lambda: extents.write_extents(shelf.store, raw, planned[0]),
        "remains": lambda: extents.write_remains(shelf.store, shelf.places[base], [Range(0, 10)]),
    }[work]
    monkeypatch.setattr(os, call, fail_with(errno.ENOSPC))
    with pytest.raises(StorageFull):
        write()
    assert left_in(shelf.store.staging) == []


def test_without_a_staging_folder_the_store_is_unavailable(shelf, planned):
    shelf.store.staging.rmdir()
    with pytest.raises(StoreUnavailable, match="is gone"):
        shelf.stage(*planned)


def test_what_is_no_recipe_is_not_written(shelf, planned):
    recipe, found = planned
    wrong = Recipe(recipe.sha256, recipe.size_bytes + 1, recipe.extents)
    with pytest.raises(ValueError, match="tile"):
        shelf.stage(wrong, found)
    with pytest.raises(ValueError, match="tile"):
        extents.finish_extents(shelf.store, body_in_staging(shelf.store, b"x"), wrong)
    assert left_in(shelf.store.staging) == ["partial-upload"]


def test_a_source_that_is_too_short_is_refused(shelf, planned):
    with pytest.raises(Corrupted, match="ends early"):
        shelf.stage(planned[0], planned[1][:-1])
    assert left_in(shelf.store.staging) == []


def test_finish_extents_makes_the_same_file_without_a_copy(shelf, planned, store):
    body = body_in_staging(store, b"own bytesthe end")
    inode = body.stat().st_ino
    staged = extents.finish_extents(store, body, planned[0])
    assert staged.path.stat().st_ino == inode
    assert staged.path.read_bytes() == shelf.stage(*planned).path.read_bytes()
    assert (staged.physical_bytes, mode_of(staged.path)) == (staged.path.stat().st_size, 0o444)
    assert not body.exists()


def test_finish_extents_of_no_bytes_is_only_a_footer(shelf, base, store):
    recipe, _ = shelf.recipe_of((base, 0, 50))
    staged = extents.finish_extents(store, body_in_staging(store, b""), recipe)
    assert content.verify_content(store, staged.place, shelf.places, path=staged.path)


@pytest.mark.parametrize("body", [b"", b"own bytesthe en", b"own bytesthe end!"])
def test_finish_extents_leaves_a_body_of_another_size_alone(shelf, planned, store, body):
    path = body_in_staging(store, body)
    with pytest.raises(Corrupted, match="not those"):
        extents.finish_extents(store, path, planned[0])
    assert left_in(store.staging) == ["partial-upload"]
    assert path.read_bytes() == body


@pytest.mark.parametrize("call", ["write", "fsync", "fchmod"])
def test_finish_extents_that_fails_leaves_the_upload_as_it_was(planned, store, monkeypatch, call):
    body = body_in_staging(store, b"own bytesthe end")
    body.chmod(0o600)
    real = getattr(os, call)
    failing = iter([OSError(errno.ENOSPC, "full")])

    def fail_once(*args):
        for error in failing:
            raise error
        return real(*args)

    monkeypatch.setattr(os, call, fail_once)
    with pytest.raises(StorageFull):
        extents.finish_extents(store, body, planned[0])
    assert left_in(store.staging) == ["partial-upload"]
    assert (body.read_bytes(), mode_of(body)) == (b"own bytesthe end", 0o600)
    assert extents.finish_extents(store, body, planned[0]).recipe == planned[0]


def test_remains_are_the_live_bytes_that_the_file_holds(shelf, base):
    sha256 = shelf.add_extents(b"0123456789", (base, 0, 50), b"abcdefghij")
    shelf.reduce(sha256, [Range(2, 3), Range(8, 55), Range(65, 100)])
    recipe = shelf.recipe(sha256)
    assert recipe.literals == (Range(2, 3), Range(8, 2), Range(60, 3), Range(65, 5))
    assert not recipe.is_whole
    assert recipe.bases == {}
    assert shelf.path(sha256).read_bytes()[:13] == b"23489abcfghij"
    assert shelf.verify_own(sha256)


def test_whoever_leans_on_a_base_reads_the_same_after_each_compaction(shelf, base):
    middle = shelf.add_extents(b"x" * 50, (base, 0, 100), b"y" * 50)
    leaning = [
        shelf.add_extents(b"one", (middle, 10, 20), (base, 7, 30)),
        shelf.add_extents(b"two", (middle, 25, 25), (middle, 160, 40)),
    ]
    for owner in (middle, base, middle):
        live = [one for sha in leaning for one in shelf.recipe(sha).extents_into(owner)]
        shelf.reduce(owner, live)
        assert all(map(shelf.verify, leaning))
    leaning.pop()
    shelf.reduce(middle, shelf.recipe(leaning[0]).extents_into(middle))
    assert shelf.verify(leaning[0])
    assert shelf.recipe(middle).literal_bytes == 20


def test_nothing_may_remain(shelf, base):
    place = shelf.reduce(base, [])
    assert shelf.recipe(base).extents == (Extent(None, 0, 200),)
    assert place.physical_bytes == 20 + 136
    assert shelf.verify_own(base)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.builds(Range, st.integers(0, 210), st.integers(0, 60)), max_size=8))
def test_remains_hold_exactly_what_is_live(store, live):
    shelf = Shelf(store)
    base = shelf.add_file(BASE)
    for _again in range(2):
        place = shelf.reduce(base, live)
        wanted = bytes_of(live) & set(range(200))
        assert bytes_of(shelf.recipe(base).literals) == wanted
        with content.open_own(store, place) as own:
            found = {at: own.read_at(at, 1) for at in range(200)}
        assert found == {at: BASE[at : at + 1] if at in wanted else None for at in range(200)}


def test_remains_cut_over_many_pieces_are_the_same(shelf, monkeypatch):
    monkeypatch.setattr(extents, "PIECE_BYTES", 7)
    base = shelf.add_file(BASE)
    leaning = shelf.add_extents(b"own", (base, 3, 4), (base, 14, 7), (base, 30, 60), (base, 199, 1))
    shelf.reduce(base, shelf.recipe(leaning).extents_into(base))
    assert shelf.verify(leaning)


@pytest.mark.parametrize("layout", ["file", "extents", "remains"])
def test_damage_is_not_passed_on_with_a_good_checksum(shelf, base, layout):
    sha256 = base if layout == "file" else shelf.add_extents(b"own bytes", (base, 0, 50))
    if layout == "remains":
        shelf.reduce(sha256, [Range(0, 9)])
    found = bytearray(shelf.path(sha256).read_bytes())
    found[5] ^= 1
    overwrite(shelf.path(sha256), bytes(found))
    with pytest.raises(Corrupted, match="damaged"):
        extents.write_remains(shelf.store, shelf.places[sha256], [Range(0, 2)])
    assert left_in(shelf.store.staging) == []


def test_remains_of_what_is_not_there_are_gone(shelf, base):
    shelf.path(base).unlink()
    with pytest.raises(Gone):
        extents.write_remains(shelf.store, shelf.places[base], [Range(0, 2)])


def test_a_d_file_goes_to_the_trash_and_back(shelf, base):
    sha256 = shelf.add_extents(b"own", (base, 0, 50))
    aside = pool.move_aside(shelf.store, shelf.places[sha256])
    assert list(pool.trashed(shelf.store)) == [(aside, PoolFile(sha256, 0))]
    assert [file for file, _ in pool.iter_pool(shelf.store)] == [PoolFile(base)]
    pool.put_back(shelf.store, aside)
    assert shelf.verify(sha256)
    assert left_in(shelf.store.trash) == []


@pytest.mark.parametrize("is_sound", [True, False])
def test_put_back_leaves_a_sound_d_file_alone(shelf, base, is_sound):
    sha256 = shelf.add_extents(b"own", (base, 0, 50))
    aside = pool.move_aside(shelf.store, shelf.places[sha256])
    shelf.add_extents(b"own", (base, 0, 50))
    if not is_sound:
        overwrite(shelf.path(sha256), b"torn")
    before = shelf.path(sha256).stat().st_ino
    pool.put_back(shelf.store, aside)
    assert (shelf.path(sha256).stat().st_ino == before) is is_sound
    assert shelf.verify(sha256)
    assert left_in(shelf.store.trash) == []


def test_put_back_refuses_what_was_never_moved_aside(shelf):
    with pytest.raises(ValueError, match="moved aside"):
        pool.put_back(shelf.store, shelf.store.trash / "note.txt")


def test_the_pool_lists_every_kind_of_file(shelf, base):
    extents_ = shelf.add_extents(b"own", (base, 0, 50))
    shelf.reduce(extents_, [Range(0, 3)])
    size = shelf.places[extents_].physical_bytes
    assert set(pool.iter_pool(shelf.store)) == {
        (PoolFile(base), 200),
        (PoolFile(extents_, 1), size),
    }


@pytest.mark.parametrize("step", [step for step in STEPS if step.startswith("extents.")])
def test_a_kill_leaves_the_pool_whole_and_the_work_succeeds_again(store, step):
    code, _, errors = run_python(WORK, store.root, RUNICORN_CRASH_AT=step)
    assert (code, errors) == (-signal.SIGKILL, "")
    assert_pool_is_sound(store)
    assert run_python(WORK, store.root) == (0, "", "")
    assert_pool_is_sound(store)


def assert_pool_is_sound(store):
    for file, size in pool.iter_pool(store):
        path = store.pool_path(file.sha256).with_name(file.name)
        if file.generation is None:
            assert pool.verify_blob(store, sha256_of(BASE), size)
        else:
            assert footer.is_sound(path, file.sha256)
        assert mode_of(path) == 0o444
