"""Contents whose bytes are not there, not readable or not the ones that were stored."""

import errno
import os
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.errors import Corrupted, Gone, StoreUnavailable
from artifacts.storage import content
from artifacts.storage.recipe import Range
from tests.storage.conftest import fail_with, open_fds
from tests.storage.shelf import BASE, Shelf, overwrite, relaid, with_store


@pytest.fixture
def leaning(shelf, base):
    return shelf.add_leaning(base)


@pytest.mark.parametrize("number", range(4))
def test_a_file_that_is_not_there_is_gone_and_nothing_stays_open(shelf, leaning, number):
    before = open_fds()
    shelf.path(list(shelf.places)[number]).unlink()
    with pytest.raises(Gone, match="gone from the store"):
        shelf.open(leaning)
    assert open_fds() == before
    assert not shelf.verify(leaning)


def test_a_base_that_the_caller_does_not_know_is_gone(shelf, leaning, base, store):
    del shelf.places[base]
    with pytest.raises(Gone):
        shelf.open(leaning)


def test_of_remains_there_is_no_content(shelf, base):
    shelf.reduce(base, [Range(0, len(BASE))])
    with pytest.raises(Gone):
        shelf.open(base)
    shelf.reduce(base, [Range(0, 5)])
    shelf.places[base] = relaid(shelf.places[base])
    with pytest.raises(Corrupted, match="not whole"):
        shelf.open(base)


def test_a_base_without_the_bytes_is_corrupted(shelf, base):
    sha256 = shelf.add_extents(b"own", (base, 10, 20))
    shelf.reduce(base, [Range(10, 19)])
    with pytest.raises(Corrupted, match="lacks bytes"):
        shelf.open(sha256)
    assert not shelf.verify(sha256)


def test_a_base_that_shrinks_below_what_is_needed_is_never_read_elsewhere(shelf, base):
    sha256 = shelf.add_extents(b"own", (base, 10, 20), (base, 50, 5))
    shelf.reduce(base, [])
    with pytest.raises(Corrupted, match="lacks bytes"):
        shelf.open(sha256)


@pytest.mark.parametrize("change", [-1, 1, 100])
def test_a_file_of_another_size_is_corrupted(shelf, leaning, change):
    for sha256 in shelf.places:
        found = shelf.path(sha256).read_bytes()
        overwrite(shelf.path(sha256), found + bytes(change) if change > 0 else found[:change])
        with pytest.raises(Corrupted):
            shelf.open(leaning)
        assert not shelf.verify_own(sha256)
        assert not content.has_bytes(shelf.store, shelf.places[sha256])
        overwrite(shelf.path(sha256), found)
    assert shelf.verify(leaning)


def test_a_file_that_gets_shorter_while_it_is_read_is_corrupted(shelf, base, leaning):
    for sha256 in (base, leaning):
        with shelf.open(sha256) as found:
            overwrite(shelf.path(base), BASE[:3])
            with pytest.raises(Corrupted, match="ends early"):
                found.read()
        overwrite(shelf.path(base), BASE)


@with_store
@given(st.data())
def test_any_bit_that_flips_is_noticed(store, data):
    shelf = Shelf(store)
    base = shelf.add_file(BASE)
    sha256 = shelf.add_extents(b"own bytes", (base, 20, 100), (None, 0, 4), b"more")
    assert shelf.verify(sha256)
    damaged = data.draw(st.sampled_from([base, sha256]))
    sound = shelf.path(damaged).read_bytes()
    found = bytearray(sound)
    position = data.draw(st.integers(0, len(found) - 1))
    found[position] ^= 1 << data.draw(st.integers(0, 7))
    overwrite(shelf.path(damaged), bytes(found))
    assert not shelf.verify_own(damaged)
    is_needed = damaged == sha256 or 20 <= position < 120
    assert shelf.verify(sha256) is not is_needed
    overwrite(shelf.path(damaged), sound)


def test_the_footer_of_another_content_is_corrupted(shelf, base):
    one = shelf.add_extents(b"one", (base, 0, 50))
    two = shelf.add_extents(b"two", (base, 0, 50))
    overwrite(shelf.path(one), shelf.path(two).read_bytes())
    assert not shelf.verify_own(one)
    with pytest.raises(Corrupted, match="another content"):
        shelf.open(one)
    wrong_size = relaid(shelf.places[two], size_bytes=54)
    with pytest.raises(Corrupted, match="another content"):
        content.open_own(shelf.store, wrong_size)
    assert not content.verify_own(shelf.store, wrong_size)


def test_a_recipe_of_other_bytes_is_not_that_content(shelf, base):
    """A sound file whose recipe leads elsewhere: only the digest of the whole can tell."""
    recipe, found = shelf.recipe_of(b"own", (base, 0, 50))
    wrong = type(recipe)(
        recipe.sha256, 53, (recipe.extents[0], type(recipe.extents[0])(base, 1, 50))
    )
    staged = shelf.stage(wrong, found)
    assert not content.verify_content(shelf.store, staged.place, shelf.places, path=staged.path)
    good = shelf.stage(recipe, found)
    assert content.verify_content(shelf.store, good.place, shelf.places, path=good.path)


def test_own_bytes_that_the_disk_cannot_read_are_none(shelf, base, monkeypatch):
    with content.open_own(shelf.store, shelf.places[base]) as own:
        monkeypatch.setattr(os, "pread", fail_with(errno.EIO))
        assert own.read_at(0, 5) is None
        monkeypatch.setattr(os, "pread", fail_with(errno.EINVAL))
        with pytest.raises(OSError, match="Invalid"):
            own.read_at(0, 5)


@pytest.mark.parametrize("code", [errno.EIO, errno.EUCLEAN, errno.EBADMSG])
@pytest.mark.parametrize("size", [4, 80])
def test_a_bad_sector_is_damage(shelf, leaning, monkeypatch, code, size):
    with shelf.open(leaning) as found:
        for call in ("pread", "preadv"):
            monkeypatch.setattr(os, call, fail_with(code))
        with pytest.raises(Corrupted):
            found.read(size)
    assert not shelf.verify(leaning)


@pytest.mark.parametrize(("code", "is_damage"), [(errno.EIO, True), (errno.EINVAL, False)])
def test_a_buffer_that_the_disk_cannot_fill_stays_empty(shelf, base, monkeypatch, code, is_damage):
    with content.open_own(shelf.store, shelf.places[base]) as own:
        monkeypatch.setattr(os, "preadv", fail_with(code))
        if is_damage:
            assert own.read_into(memoryview(bytearray(9)), 0) == 0
            return
        with pytest.raises(OSError, match="Invalid"):
            own.read_into(memoryview(bytearray(9)), 0)


def test_too_many_open_files_are_no_damage(shelf, leaning, monkeypatch):
    monkeypatch.setattr(os, "open", fail_with(errno.EMFILE))
    with pytest.raises(OSError, match="Too many open files"):
        shelf.verify(leaning)


def test_a_pool_that_is_not_mounted_is_no_loss(shelf, leaning):
    shutil.rmtree(shelf.store.pool)
    for ask in (shelf.open, shelf.verify, shelf.verify_own):
        with pytest.raises(StoreUnavailable):
            ask(leaning)
    with pytest.raises(StoreUnavailable):
        content.has_bytes(shelf.store, shelf.places[leaning])
