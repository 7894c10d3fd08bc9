"""``GET /api/artifacts/{name}/versions``: every version that is not gone for ever."""

import pytest
from rest_framework.test import APIClient

from artifacts.models import Version
from artifacts.services import space
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from tests.conftest import ANYBODY, MakeVersion

ROUTE = "/api/artifacts/model-a/versions"


def test_an_item_has_exactly_the_keys_of_the_contract(
    api: APIClient, make_version: MakeVersion
) -> None:
    version = make_version(files={"a": b"12", "b": b"345"}, run_id="20250114_120000_abc123")
    assert api.get(ROUTE).json() == [
        {
            "version": 1,
            "created_at": version.created_at.timestamp(),
            "created_by_run": "20250114_120000_abc123",
            "size_bytes": 5,
            "physical_bytes": 5,
            "num_files": 2,
            "status": "ready",
            "aliases": ["latest"],
        }
    ]


def test_versions_come_oldest_first_each_with_its_aliases(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version()
    make_version(aliases=["production", "baseline"])
    make_version()
    found = [(item["version"], item["aliases"]) for item in api.get(ROUTE).json()]
    assert found == [(1, []), (2, ["baseline", "production"]), (3, ["latest"])]


def test_a_version_made_without_a_run_says_so(api: APIClient, make_version: MakeVersion) -> None:
    make_version()
    assert api.get(ROUTE).json()[0]["created_by_run"] is None


def test_a_soft_deleted_version_stays_without_its_aliases(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version()
    soft_delete_version(version=make_version(aliases=["production"]), deleted_by=ANYBODY)
    found = [(item["version"], item["status"], item["aliases"]) for item in api.get(ROUTE).json()]
    assert found == [(1, "ready", ["latest"]), (2, "deleted", [])]


def test_a_damaged_version_is_corrupted_and_never_latest(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version()
    damaged = make_version()
    Version.objects.filter(pk=damaged.pk).update(corrupted_at=damaged.created_at)
    found = [(item["status"], item["aliases"]) for item in api.get(ROUTE).json()]
    assert found == [("ready", ["latest"]), ("corrupted", [])]


def test_a_purged_version_is_not_listed(api: APIClient, make_version: MakeVersion) -> None:
    purge_version(version=make_version(), purged_by=ANYBODY)
    make_version()
    assert [item["version"] for item in api.get(ROUTE).json()] == [2]


def test_an_artifact_of_tombstones_is_not_found(api: APIClient, make_version: MakeVersion) -> None:
    purge_version(version=make_version(), purged_by=ANYBODY)
    answer = api.get(ROUTE)
    assert (answer.status_code, answer.json()["detail"]) == (404, "Artifact not found: model-a")


def test_an_unknown_artifact_is_not_found(api: APIClient, make_version: MakeVersion) -> None:
    answer = api.get("/api/artifacts/resnet50-model/versions")
    assert answer.status_code == 404
    assert answer.json() == {
        "detail": "Artifact not found: resnet50-model",
        "code": "artifact_not_found",
    }


def test_the_filters_of_versions_work_here_too(api: APIClient, make_version: MakeVersion) -> None:
    make_version(tags=["baseline"])
    make_version()
    found = api.get(ROUTE, {"tag": "baseline"}).json()
    assert [item["version"] for item in found] == [1]


def physical_bytes(api: APIClient, **query: object) -> list[int | None]:
    return [item["physical_bytes"] for item in api.get(ROUTE, query).json()]


def test_each_version_says_what_it_takes_on_disk(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files={"a": b"12", "again": b"12", "b": b"345"})
    make_version(files={"a": b"12"})
    make_version(files={"empty": b""})
    assert physical_bytes(api) == [5, 2, 0]


def test_it_is_what_the_detail_says(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files={"a": b"12", "b": b"345"})
    assert physical_bytes(api) == [api.get("/api/artifacts/model-a/v1").json()["physical_bytes"]]


def test_of_too_many_files_at_once_it_is_not_added_up(
    api: APIClient, make_version: MakeVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_version(files={"a": b"12", "b": b"345"})
    make_version(files={"a": b"12"})
    monkeypatch.setattr(space, "MAX_FILES", 2)
    assert physical_bytes(api) == [None, None]
    assert physical_bytes(api, limit=1) == [5]
