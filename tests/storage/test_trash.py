"""The trash: content set aside goes back whole, or stays out of the way."""

import errno
import os
import shutil

import pytest

from artifacts.errors import StoreUnavailable
from artifacts.storage import pool
from artifacts.storage.layout import PoolFile
from tests.storage.conftest import fail_with, left_in, publish_bytes, put_in_pool, sha256_of

CONTENT = b"content of a checkpoint"
SHA = sha256_of(CONTENT)
FILE = PoolFile(SHA)
DAMAGED = b"CONTENT OF A CHECKPOINT"


def test_move_aside_takes_content_out_of_the_pool(store):
    publish_bytes(store, CONTENT)
    aside = pool.move_aside(store, FILE)
    assert aside is not None
    assert aside.read_bytes() == CONTENT
    assert not pool.has_blob(store, SHA, len(CONTENT))
    assert list(pool.trashed(store)) == [(aside, FILE)]


def test_move_aside_of_nothing_is_none(store):
    assert pool.move_aside(store, FILE) is None
    assert list(pool.trashed(store)) == []


def test_move_aside_leaves_the_content_where_it_cannot_be_synced(store, monkeypatch):
    publish_bytes(store, CONTENT)
    monkeypatch.setattr(os, "fsync", fail_with(errno.EIO))
    with pytest.raises(StoreUnavailable):
        pool.move_aside(store, FILE)
    assert pool.has_blob(store, SHA, len(CONTENT))


def test_move_many_aside_takes_those_that_are_there(store):
    shas = [publish_bytes(store, bytes([number])) for number in range(200)]
    aside = pool.move_many_aside(store, [*map(PoolFile, shas), FILE])
    found = [(path, PoolFile(path.name[:64])) for path in sorted(aside)]
    assert found == list(pool.trashed(store))
    assert list(pool.iter_pool(store)) == []


def test_move_many_aside_moves_all_or_none(store):
    shas = sorted(publish_bytes(store, bytes([number])) for number in range(20))
    shutil.move(store.pool / "ff", store.root / "gone")
    with pytest.raises(StoreUnavailable):
        pool.move_many_aside(store, [*map(PoolFile, shas), PoolFile("ff" * 32)])
    shutil.move(store.root / "gone", store.pool / "ff")
    assert [file.sha256 for file, _ in pool.iter_pool(store)] == shas
    assert left_in(store.trash) == []


def test_put_back_undoes_move_aside(store):
    publish_bytes(store, CONTENT)
    pool.put_back(store, pool.move_aside(store, FILE))
    assert pool.verify_blob(store, SHA, len(CONTENT))
    assert left_in(store.trash) == []


def test_put_back_may_be_repeated(store):
    publish_bytes(store, CONTENT)
    aside = pool.move_aside(store, FILE)
    pool.put_back(store, aside)
    pool.put_back(store, aside)
    assert pool.verify_blob(store, SHA, len(CONTENT))


def test_put_back_leaves_what_an_upload_published_meanwhile(store):
    publish_bytes(store, CONTENT)
    aside = pool.move_aside(store, FILE)
    publish_bytes(store, CONTENT)
    before = store.pool_path(SHA).stat().st_ino
    pool.put_back(store, aside)
    assert store.pool_path(SHA).stat().st_ino == before
    assert left_in(store.trash) == []


@pytest.mark.parametrize("bad", [b"torn", DAMAGED])
def test_put_back_replaces_a_file_that_is_not_sound(store, bad):
    publish_bytes(store, CONTENT)
    aside = pool.move_aside(store, FILE)
    put_in_pool(store, SHA, bad)
    pool.put_back(store, aside)
    assert pool.verify_blob(store, SHA, len(CONTENT))
    assert left_in(store.trash) == []


def test_put_back_into_a_pool_that_is_gone_keeps_the_content(store):
    publish_bytes(store, CONTENT)
    aside = pool.move_aside(store, FILE)
    shutil.rmtree(store.pool)
    with pytest.raises(StoreUnavailable):
        pool.put_back(store, aside)
    assert aside.read_bytes() == CONTENT


def test_trashed_leaves_out_what_is_no_content(store):
    (store.trash / "0123456789abcdef0123456789abcdef").mkdir()
    (store.trash / "note.txt").touch()
    assert list(pool.trashed(store)) == []
