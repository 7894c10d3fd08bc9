"""``GET`` and ``PATCH /api/artifacts/{name}/v{n}``: one version in full."""

import hashlib
from datetime import UTC, datetime

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from artifacts.api.manifests import parse_manifest
from artifacts.services.purge import purge_version
from artifacts.services.trees import folder_of
from artifacts.services.versions import soft_delete_version
from artifacts.storage.manifest import ManifestReference
from tests.api.conftest import Commit
from tests.conftest import ANYBODY, MakeVersion

ROUTE = "/api/artifacts/model-a/v1"


def test_the_detail_has_exactly_the_keys_of_the_contract(
    api: APIClient, make_version: MakeVersion
) -> None:
    version = make_version(
        files={"a": b"12", "b": b"345"},
        references=(ManifestReference(uri="s3://bucket/key", size_bytes=1000),),
        run_id="20250114_180000_ghi789",
        metadata={"architecture": "ResNet50", "val_accuracy": 0.9542},
        description="trained on ImageNet",
        tags=["baseline", "v3"],
    )
    assert api.get(ROUTE).json() == {
        "name": "model-a",
        "type": "model",
        "team": None,
        "version": 1,
        "created_at": version.created_at.timestamp(),
        "updated_at": version.created_at.timestamp(),
        "created_by_run": "20250114_180000_ghi789",
        "created_by_user": None,
        "size_bytes": 5,
        "num_files": 2,
        "physical_bytes": 5,
        "shared_bytes": 0,
        "num_references": 1,
        "status": "ready",
        "metadata": {"architecture": "ResNet50", "val_accuracy": 0.9542},
        "description": "trained on ImageNet",
        "tags": ["baseline", "v3"],
        "aliases": ["latest"],
        "manifest_digest": f"sha256:{version.manifest_sha256}",
        "deleted_at": None,
    }


def test_whoever_is_logged_in_is_named(member: APIClient, commit: Commit, api: APIClient) -> None:
    row = {"uri": "s3://bucket/key"}
    member.post("/api/artifacts/x/versions", {"type": "model", "references": [row]}, format="json")
    assert api.get("/api/artifacts/x/v1").json()["created_by_user"] == "member"


def test_the_manifest_digest_is_the_sha256_of_the_file_on_disk(
    api: APIClient, make_version: MakeVersion
) -> None:
    version = make_version(files={"数据/b.bin": b"b", "a.bin": b"a"})
    on_disk = (folder_of(version) / "manifest.json").read_bytes()
    digest = api.get(ROUTE).json()["manifest_digest"]
    assert digest == f"sha256:{hashlib.sha256(on_disk).hexdigest()}"


@pytest.mark.parametrize("number", [1e16, -0.0, 1.5e300, 5e-324, 2**70, 1e-7, 0.1])
def test_numbers_in_a_reference_do_not_part_digest_and_file(
    api: APIClient, commit: Commit, number: float
) -> None:
    reference = {"uri": "s3://bucket/key", "metadata": {"number": number}}
    digest = commit(files={}, references=[reference]).json()["manifest_digest"]
    (item,) = api.get(f"{ROUTE}/files").json()["references"]
    assert float(item["metadata"]["number"]) == float(number)
    again = parse_manifest({"references": [{"uri": item["uri"], "metadata": item["metadata"]}]})
    assert digest == f"sha256:{again.digest}"


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_whatever_number_a_reference_holds_its_folder_can_be_built(
    make_version: MakeVersion, number: float
) -> None:
    rows = [{"uri": "u", "metadata": {"number": number}}]
    (reference,) = parse_manifest({"references": rows}).references
    version = make_version(files={}, references=(reference,))
    on_disk = (folder_of(version) / "manifest.json").read_bytes()
    assert hashlib.sha256(on_disk).hexdigest() == version.manifest_sha256


def test_equal_content_logged_again_is_a_new_version_with_an_equal_digest(commit: Commit) -> None:
    first, second = commit().json(), commit().json()
    assert (first["version"], second["version"]) == (1, 2)
    assert first["manifest_digest"] == second["manifest_digest"]


def test_an_unknown_version_is_not_found(api: APIClient, make_version: MakeVersion) -> None:
    make_version("resnet50-model")
    answer = api.get("/api/artifacts/resnet50-model/v999")
    assert answer.status_code == 404
    assert answer.json() == {
        "detail": "Version not found: resnet50-model:v999",
        "code": "version_not_found",
    }


def test_a_purged_version_is_not_found(api: APIClient, make_version: MakeVersion) -> None:
    purge_version(version=make_version(), purged_by=ANYBODY)
    answer = api.get(ROUTE)
    assert (answer.status_code, answer.json()["detail"]) == (404, "Version not found: model-a:v1")


def test_a_soft_deleted_version_stays_readable(api: APIClient, make_version: MakeVersion) -> None:
    with time_machine.travel(datetime(2025, 1, 14, tzinfo=UTC), tick=False):
        soft_delete_version(version=make_version(metadata={"a": 1}), deleted_by=ANYBODY)
    detail = api.get(ROUTE).json()
    assert (detail["status"], detail["aliases"], detail["metadata"]) == ("deleted", [], {"a": 1})
    assert detail["deleted_at"] == datetime(2025, 1, 14, tzinfo=UTC).timestamp()


def test_patch_replaces_what_it_names_and_nothing_else(
    api: APIClient, make_version: MakeVersion
) -> None:
    before = make_version(metadata={"a": 1, "b": 2}, tags=["x"], description="old")
    body = {"metadata": {"b": 3}, "tags": ["y", "z", "y"]}
    answer = api.patch(ROUTE, body, format="json")
    assert answer.status_code == 200
    after = api.get(ROUTE).json()
    assert answer.json() == after
    assert (after["metadata"], after["tags"], after["description"]) == ({"b": 3}, ["y", "z"], "old")
    assert after["manifest_digest"] == f"sha256:{before.manifest_sha256}"
    assert after["updated_at"] > after["created_at"] == before.created_at.timestamp()


def test_patch_refuses_what_was_described_since_it_was_seen(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version(tags=["x"])
    seen_at = api.get(ROUTE).json()["updated_at"]
    body = {"tags": ["x", "mine"], "seen_at": seen_at}
    done = api.patch(ROUTE, body, format="json")
    assert (done.status_code, done.json()["tags"]) == (200, ["x", "mine"])
    late = api.patch(ROUTE, {"tags": ["x", "theirs"], "seen_at": seen_at}, format="json")
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    assert api.get(ROUTE).json()["tags"] == ["x", "mine"]
    seen_at = done.json()["updated_at"]
    assert api.patch(ROUTE, body | {"seen_at": seen_at}, format="json").status_code == 200


@pytest.mark.parametrize("seen_at", ["yesterday", None, True, [1], 1e300])
def test_patch_refuses_a_moment_that_is_none(
    api: APIClient, make_version: MakeVersion, seen_at: object
) -> None:
    make_version(tags=["x"])
    answer = api.patch(ROUTE, {"tags": [], "seen_at": seen_at}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["seen_at"])
    assert api.get(ROUTE).json()["tags"] == ["x"]


def test_a_description_may_be_emptied_and_keeps_its_spaces(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version(description="old")
    assert api.patch(ROUTE, {"description": ""}, format="json").json()["description"] == ""
    text = "  多行\n"
    assert api.patch(ROUTE, {"description": text}, format="json").json()["description"] == text


def test_a_deleted_version_cannot_be_described(api: APIClient, make_version: MakeVersion) -> None:
    soft_delete_version(version=make_version(description="old"), deleted_by=ANYBODY)
    answer = api.patch(ROUTE, {"description": "new"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "version_not_ready")
    assert api.get(ROUTE).json()["description"] == "old"
