"""``GET /api/artifacts``: the list, its order and what is left out."""

from rest_framework.test import APIClient

from artifacts.models import Version
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from artifacts.storage.layout import Store
from tests.conftest import ANYBODY, MakeVersion


def test_an_item_has_exactly_the_keys_of_the_contract(
    api: APIClient, make_version: MakeVersion
) -> None:
    version = make_version("resnet50-model", files={"model.pth": b"12345"}, aliases=["production"])
    (item,) = api.get("/api/artifacts").json()
    assert item == {
        "name": "resnet50-model",
        "type": "model",
        "team": None,
        "num_versions": 1,
        "latest_version": 1,
        "size_bytes": 5,
        "created_at": version.created_at.timestamp(),
        "updated_at": version.created_at.timestamp(),
        "aliases": {"latest": 1, "production": 1},
    }


def test_times_are_those_of_the_first_and_the_last_version(
    api: APIClient, make_version: MakeVersion
) -> None:
    first, _, last = make_version(), make_version(), make_version()
    (item,) = api.get("/api/artifacts").json()
    assert item["created_at"] == first.created_at.timestamp()
    assert item["updated_at"] == last.created_at.timestamp()
    assert isinstance(item["created_at"], float)


def test_the_size_is_that_of_the_latest_version(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files={"a": b"123456789"})
    make_version(files={"a": b"12", "b": b"3"})
    (item,) = api.get("/api/artifacts").json()
    assert (item["num_versions"], item["latest_version"], item["size_bytes"]) == (2, 2, 3)


def test_an_empty_portal_lists_nothing(api: APIClient, store: Store) -> None:
    assert api.get("/api/artifacts").json() == []


def test_the_newest_updated_comes_first(api: APIClient, make_version: MakeVersion) -> None:
    for name in ("first", "second", "third", "first"):
        make_version(name)
    assert names(api) == ["first", "third", "second"]


def test_one_name_may_stand_in_two_types(api: APIClient, make_version: MakeVersion) -> None:
    make_version("same", type="dataset")
    make_version("same", type="model")
    found = api.get("/api/artifacts").json()
    assert [(item["name"], item["type"]) for item in found] == [
        ("same", "model"),
        ("same", "dataset"),
    ]


def test_type_filters_the_list(api: APIClient, make_version: MakeVersion) -> None:
    make_version("m", type="model")
    make_version("d", type="dataset")
    assert [item["name"] for item in api.get("/api/artifacts?type=dataset").json()] == ["d"]


def test_a_soft_deleted_version_is_not_counted(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files={"a": b"1"})
    soft_delete_version(version=make_version(files={"a": b"22"}), deleted_by=ANYBODY)
    (item,) = api.get("/api/artifacts").json()
    assert (item["num_versions"], item["latest_version"], item["size_bytes"]) == (1, 1, 1)


def test_an_artifact_without_a_ready_version_is_left_out(
    api: APIClient, make_version: MakeVersion
) -> None:
    soft_delete_version(version=make_version("deleted"), deleted_by=ANYBODY)
    purge_version(version=make_version("purged"), purged_by=ANYBODY)
    corrupted = make_version("corrupted")
    Version.objects.filter(pk=corrupted.pk).update(corrupted_at=corrupted.created_at)
    make_version("ready")
    assert names(api) == ["ready"]


def test_aliases_of_a_deleted_version_are_not_listed(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version()
    soft_delete_version(version=make_version(aliases=["production"]), deleted_by=ANYBODY)
    (item,) = api.get("/api/artifacts").json()
    assert item["aliases"] == {"latest": 1}


def names(api: APIClient) -> list[str]:
    return [item["name"] for item in api.get("/api/artifacts").json()]
