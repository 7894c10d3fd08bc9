"""``GET /api/artifacts/stats``: logical and physical bytes, and what dedup saved."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from artifacts.models import Blob
from artifacts.services.purge import purge_version
from artifacts.services.versions import restore_version, soft_delete_version
from artifacts.storage.layout import Store
from tests.conftest import ANYBODY, MakeVersion

ROUTE = "/api/artifacts/stats"
EMPTY = {
    "total_artifacts": 0,
    "total_versions": 0,
    "total_size_bytes": 0,
    "total_files": 0,
    "dedup_enabled": True,
    "dedup_pool_size_bytes": 0,
    "materialized_bytes": 0,
    "space_saved_bytes": 0,
    "dedup_ratio": 0,
    "by_type": {},
}


def test_an_empty_portal_has_only_zeros(api: APIClient, store: Store) -> None:
    assert api.get(ROUTE).json() == EMPTY


def test_saved_is_logical_less_physical(api: APIClient, make_version: MakeVersion) -> None:
    make_version("m", files={"a": bytes(80), "b": b"1" * 20})
    make_version("m", files={"a": bytes(80), "b": b"2" * 20})
    make_version("d", type="dataset", files={"a": bytes(80), "copy": bytes(80)})
    assert api.get(ROUTE).json() == {
        "total_artifacts": 2,
        "total_versions": 3,
        "total_size_bytes": 360,
        "total_files": 6,
        "dedup_enabled": True,
        "dedup_pool_size_bytes": 120,
        "materialized_bytes": 0,
        "space_saved_bytes": 240,
        "dedup_ratio": pytest.approx(240 / 360),
        "by_type": {
            "dataset": {"count": 1, "versions": 1, "size_bytes": 160},
            "model": {"count": 1, "versions": 2, "size_bytes": 200},
        },
    }


def test_the_pool_is_as_large_as_its_files(
    api: APIClient, make_version: MakeVersion, store: Store
) -> None:
    make_version(files={"a": b"12345", "b": b"12345", "c": b"1"})
    on_disk = sum(path.stat().st_size for path in store.pool.rglob("*") if path.is_file())
    assert api.get(ROUTE).json()["dedup_pool_size_bytes"] == on_disk == 6


def test_what_is_stored_and_in_no_version_never_makes_a_negative_saving(
    api: APIClient, make_version: MakeVersion, make_blob: Callable[[bytes], Blob]
) -> None:
    make_version(files={"a": b"1"})
    make_blob(bytes(1000))
    found = api.get(ROUTE).json()
    assert found["dedup_pool_size_bytes"] == 1001
    assert (found["space_saved_bytes"], found["dedup_ratio"]) == (0, 0)


def test_a_soft_deleted_version_counts_as_physical_only(
    api: APIClient, make_version: MakeVersion
) -> None:
    version = make_version(files={"a": b"12345"})
    before = api.get(ROUTE).json()
    soft_delete_version(version=version, deleted_by=ANYBODY)
    assert api.get(ROUTE).json() == {**EMPTY, "dedup_pool_size_bytes": 5}
    restore_version(version=version, restored_by=ANYBODY)
    assert api.get(ROUTE).json() == before


def test_a_purge_shows_at_once(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files={"shared": b"12345"})
    before = api.get(ROUTE).json()
    version = make_version(files={"shared": b"12345", "own": b"123"})
    purge_version(version=version, purged_by=ANYBODY)
    assert api.get(ROUTE).json() == before


def test_an_empty_file_is_counted_and_weighs_nothing(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version(files={"empty": b""})
    found = api.get(ROUTE).json()
    assert (found["total_files"], found["total_size_bytes"], found["dedup_ratio"]) == (1, 0, 0)
