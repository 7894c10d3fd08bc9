"""``latest``: the highest ready version, kept by the server."""

import pytest
from rest_framework.test import APIClient

from artifacts.models import Version
from tests.conftest import MakeVersion

LATEST = "/api/artifacts/model-a/aliases/latest"


def version_of_latest(api: APIClient) -> int:
    number: int = api.get(LATEST).json()["version"]
    (item,) = api.get("/api/artifacts").json()
    assert item["aliases"]["latest"] == item["latest_version"] == number
    assert "latest" in api.get(f"/api/artifacts/model-a/v{number}").json()["aliases"]
    return number


def test_it_follows_each_commit(api: APIClient, make_version: MakeVersion) -> None:
    for number in (1, 2, 3):
        make_version()
        assert version_of_latest(api) == number


def test_it_moves_back_on_a_delete_and_forward_on_a_restore(
    api: APIClient, make_version: MakeVersion
) -> None:
    for _ in range(3):
        make_version()
    api.delete("/api/artifacts/model-a/v3")
    assert version_of_latest(api) == 2
    api.delete("/api/artifacts/model-a/v2")
    assert version_of_latest(api) == 1
    api.post("/api/artifacts/model-a/v3/restore")
    assert version_of_latest(api) == 3


def test_it_moves_back_on_a_purge_and_past_a_damaged_version(
    api: APIClient, make_version: MakeVersion
) -> None:
    for _ in range(3):
        make_version()
    api.delete("/api/artifacts/model-a/v3?permanent=true")
    Version.objects.filter(number=2).update(corrupted_at="2025-01-14T00:00:00Z")
    assert version_of_latest(api) == 1


def test_it_is_not_there_without_a_ready_version(api: APIClient, make_version: MakeVersion) -> None:
    make_version()
    api.delete("/api/artifacts/model-a/v1")
    answer = api.get(LATEST)
    assert (answer.status_code, answer.json()["code"]) == (404, "alias_not_found")
    assert answer.json()["aliases"] == []


def test_it_reads_like_any_alias(api: APIClient, make_version: MakeVersion) -> None:
    version = make_version("resnet", type="dataset")
    assert api.get("/api/artifacts/resnet/aliases/latest").json() == {
        "alias": "latest",
        "version": 1,
        "protected": False,
        "updated_at": version.created_at.timestamp(),
        "updated_by_user": None,
        "artifact": "resnet:v1",
        "name": "resnet",
        "type": "dataset",
    }


@pytest.mark.parametrize("method", ["put", "delete"])
def test_it_cannot_be_set_or_removed_by_hand(
    api: APIClient, make_version: MakeVersion, method: str
) -> None:
    make_version()
    make_version()
    answer = getattr(api, method)(LATEST, {"version": 1}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["alias"])
    assert "latest" in answer.json()["detail"]
    assert version_of_latest(api) == 2
