"""``DELETE`` and ``POST …/restore``: soft, for ever, and back again."""

import pytest
from rest_framework.test import APIClient

from artifacts.models import ManifestEntry, Reference, Version
from artifacts.services.trees import folder_of
from artifacts.storage.layout import Store
from artifacts.storage.manifest import ManifestReference
from tests.api.conftest import Commit
from tests.conftest import MakeVersion

ROUTE = "/api/artifacts/model-a/v1"
FALSE = ["false", "False", "FALSE", "0", "no", "No", "off", "OFF"]
TRUE = ["true", "True", "TRUE", "1", "yes", "YES", "on", "On"]


def test_a_delete_is_soft_and_says_so(api: APIClient, make_version: MakeVersion) -> None:
    make_version("resnet50-model")
    answer = api.delete("/api/artifacts/resnet50-model/v1")
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "message": "Soft deleted resnet50-model:v1 locally",
        "freed_bytes": 0,
    }


def test_a_permanent_delete_says_so(api: APIClient, make_version: MakeVersion) -> None:
    make_version("resnet50-model", files={"a": b"12345"})
    answer = api.delete("/api/artifacts/resnet50-model/v1?permanent=true")
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "message": "Permanently deleted resnet50-model:v1 locally",
        "freed_bytes": 5,
    }


@pytest.mark.parametrize("text", FALSE)
def test_permanent_false_means_false(api: APIClient, make_version: MakeVersion, text: str) -> None:
    make_version()
    assert api.delete(f"{ROUTE}?permanent={text}").status_code == 200
    assert api.get(ROUTE).json()["status"] == "deleted"
    assert api.post(f"{ROUTE}/restore").status_code == 200


@pytest.mark.parametrize("text", TRUE)
def test_permanent_true_means_true(api: APIClient, make_version: MakeVersion, text: str) -> None:
    make_version()
    assert api.delete(f"{ROUTE}?permanent={text}").status_code == 200
    assert api.get(ROUTE).status_code == 404


@pytest.mark.parametrize("text", ["maybe", "2", "", "null", "t", "tru", "%00", "真"])
def test_anything_else_is_refused_and_deletes_nothing(
    api: APIClient, make_version: MakeVersion, text: str
) -> None:
    make_version()
    answer = api.delete(f"{ROUTE}?permanent={text}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == ["permanent"]
    assert "permanent" in answer.json()["detail"]
    assert api.get(ROUTE).json()["status"] == "ready"


def test_deleting_again_answers_the_same(api: APIClient, make_version: MakeVersion) -> None:
    make_version()
    first = api.delete(ROUTE)
    deleted_at = api.get(ROUTE).json()["deleted_at"]
    second = api.delete(ROUTE)
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert api.get(ROUTE).json()["deleted_at"] == deleted_at


def test_a_soft_deleted_version_can_be_purged(api: APIClient, make_version: MakeVersion) -> None:
    make_version()
    api.delete(ROUTE)
    assert api.delete(f"{ROUTE}?permanent=true").status_code == 200
    assert api.get(ROUTE).status_code == 404


def test_purging_again_finds_no_version(api: APIClient, make_version: MakeVersion) -> None:
    make_version()
    api.delete(f"{ROUTE}?permanent=true")
    answer = api.delete(f"{ROUTE}?permanent=true")
    assert (answer.status_code, answer.json()["detail"]) == (404, "Version not found: model-a:v1")


def test_a_purge_leaves_neither_folder_nor_bytes_nor_rows(
    api: APIClient, make_version: MakeVersion, store: Store
) -> None:
    version = make_version(
        files={"a": b"1", "b/c": b"2"},
        references=(ManifestReference(uri="s3://x"),),
        metadata={"secret": 1},
        tags=["t"],
        description="d",
        aliases=["production"],
    )
    folder = folder_of(version)
    api.delete(f"{ROUTE}?permanent=true")
    assert not folder.exists()
    assert not folder.parent.exists()
    assert [path for path in store.pool.rglob("*") if path.is_file()] == []
    assert not ManifestEntry.objects.exists()
    assert not Reference.objects.exists()
    tombstone = Version.objects.get()
    assert (tombstone.metadata, tombstone.tags, tombstone.description) == ({}, [], "")


def test_a_purge_keeps_what_another_version_needs(
    api: APIClient, make_version: MakeVersion, store: Store
) -> None:
    make_version(files={"shared": b"shared", "own": b"own"})
    make_version("model-b", files={"other-name": b"shared"})
    assert api.delete(f"{ROUTE}?permanent=true").json()["freed_bytes"] == 3
    kept = [path.read_bytes() for path in store.pool.rglob("*") if path.is_file()]
    assert kept == [b"shared"]
    answer = api.get("/api/artifacts/model-b/v1/files/other-name")
    assert b"".join(answer.streaming_content) == b"shared"


def test_a_soft_deleted_version_keeps_its_bytes_from_a_purge(
    api: APIClient, make_version: MakeVersion, store: Store
) -> None:
    make_version(files={"a": b"shared"})
    make_version(files={"a": b"shared"})
    api.delete("/api/artifacts/model-a/v2")
    api.delete(f"{ROUTE}?permanent=true")
    api.post("/api/artifacts/model-a/v2/restore")
    answer = api.get("/api/artifacts/model-a/v2/files/a")
    assert b"".join(answer.streaming_content) == b"shared"


def test_numbers_are_never_used_again(api: APIClient, commit: Commit) -> None:
    for _ in range(3):
        commit()
    for number in (1, 2, 3):
        api.delete(f"/api/artifacts/model-a/v{number}?permanent=true")
    assert commit().json()["version"] == 4


@pytest.mark.parametrize("path", ["files", "files/a.bin", "archive", "archive?format=tar"])
def test_the_content_of_a_deleted_version_answers_410(
    api: APIClient, make_version: MakeVersion, path: str
) -> None:
    make_version()
    api.delete(ROUTE)
    answer = api.get(f"{ROUTE}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (410, "version_deleted")
    assert "model-a:v1" in answer.json()["detail"]


def test_a_restore_brings_everything_back(api: APIClient, make_version: MakeVersion) -> None:
    make_version(aliases=["production"], metadata={"a": 1}, tags=["t"])
    before = api.get(ROUTE).json(), api.get(f"{ROUTE}/files").json()
    api.delete(ROUTE)
    answer = api.post(f"{ROUTE}/restore")
    assert (answer.status_code, answer.json()) == (200, before[0])
    assert (api.get(ROUTE).json(), api.get(f"{ROUTE}/files").json()) == before


def test_restoring_again_answers_the_same(api: APIClient, make_version: MakeVersion) -> None:
    make_version()
    first, second = api.post(f"{ROUTE}/restore"), api.post(f"{ROUTE}/restore")
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert first.json()["status"] == "ready"


def test_a_purged_version_cannot_be_restored(api: APIClient, make_version: MakeVersion) -> None:
    make_version()
    api.delete(f"{ROUTE}?permanent=true")
    assert api.post(f"{ROUTE}/restore").status_code == 404


@pytest.mark.parametrize("query", ["", "?permanent=true"])
def test_a_protected_alias_keeps_its_version(
    api: APIClient, make_version: MakeVersion, query: str
) -> None:
    make_version()
    body = {"version": 1, "protected": True}
    api.put("/api/artifacts/model-a/aliases/production", body, format="json")
    answer = api.delete(f"{ROUTE}{query}")
    assert (answer.status_code, answer.json()["code"]) == (409, "alias_protected")
    assert answer.json()["aliases"] == ["production"]
    assert api.get(ROUTE).json()["status"] == "ready"


def test_without_its_protection_the_version_can_go(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version()
    for is_protected in (True, False):
        body = {"version": 1, "protected": is_protected}
        api.put("/api/artifacts/model-a/aliases/production", body, format="json")
    assert api.delete(f"{ROUTE}?permanent=true").status_code == 200


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("nothing/v1", "Artifact not found: nothing"),
        ("model-a/v999", "Version not found: model-a:v999"),
    ],
)
def test_deleting_what_is_not_there_is_404(
    api: APIClient, make_version: MakeVersion, path: str, detail: str
) -> None:
    make_version()
    answer = api.delete(f"/api/artifacts/{path}")
    assert (answer.status_code, answer.json()["detail"]) == (404, detail)
