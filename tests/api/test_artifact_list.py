"""``GET /api/artifacts``: the list, its order and what is left out."""

from rest_framework.test import APIClient

from artifacts.storage.layout import Store
from tests.conftest import MakeVersion


def test_an_item_has_exactly_the_keys_of_the_contract(
    api: APIClient, make_version: MakeVersion
) -> None:
    version = make_version("resnet50-model", files={"model.pth": b"12345"}, aliases=["production"])
    (item,) = api.get("/api/artifacts").json()
    assert item == {
        "name": "resnet50-model",
        "type": "model",
        "num_versions": 1,
        "latest_version": 1,
        "size_bytes": 5,
        "created_at": version.artifact.created_at.timestamp(),
        "updated_at": version.created_at.timestamp(),
        "aliases": {"latest": 1, "production": 1},
    }


def test_an_empty_portal_lists_nothing(api: APIClient, store: Store) -> None:
    assert api.get("/api/artifacts").json() == []
