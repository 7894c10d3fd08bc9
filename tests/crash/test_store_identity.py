"""Which store belongs to which database: nothing starts, and nothing goes, on a wrong pair."""

import pytest

from artifacts.errors import StoreUnavailable
from artifacts.models import StoreIdentity
from artifacts.services.store import check_store_identity, prepare_store
from artifacts.storage.layout import Store
from artifacts.storage.store import init_store
from tests.crash.acts import upload
from tests.crash.invariants import pool_bytes


def test_a_new_database_on_a_store_with_content_is_refused(store: Store) -> None:
    upload(b"content")
    StoreIdentity.objects.all().delete()
    with pytest.raises(StoreUnavailable, match="content that this database knows nothing of"):
        prepare_store()
    assert pool_bytes(store) == len(b"content")
    assert not StoreIdentity.objects.exists()


def test_a_start_killed_between_disk_and_row_is_taken_up(store: Store) -> None:
    StoreIdentity.objects.all().delete()
    assert prepare_store().id == store.id == StoreIdentity.objects.get().store_id


def test_to_prepare_twice_changes_nothing(store: Store) -> None:
    upload(b"content")
    assert prepare_store() == store
    assert check_store_identity() == []


def test_an_absent_disk_is_no_empty_store(store: Store) -> None:
    store.root.rename(store.root.with_name("unmounted"))
    with pytest.raises(StoreUnavailable, match="There is no store at"):
        prepare_store()
    assert not store.root.exists()


def test_another_disk_is_refused(store: Store) -> None:
    store.root.rename(store.root.with_name("unmounted"))
    init_store(store.root)
    with pytest.raises(StoreUnavailable, match="this database belongs to"):
        prepare_store()
    (problem,) = check_store_identity()
    assert str(store.id) in problem
