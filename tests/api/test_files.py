"""``GET /api/artifacts/{name}/v{n}/files``: what a version holds, and where it lies."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from artifacts.services.trees import remove_version_tree
from artifacts.services.versions import soft_delete_version
from artifacts.storage.manifest import ManifestReference
from tests.api.conftest import Commit, file_row
from tests.conftest import ANYBODY, MakeVersion, digest_of

ROUTE = "/api/artifacts/model-a/v1/files"


def test_the_answer_has_exactly_the_keys_of_the_contract(
    api: APIClient, make_version: MakeVersion
) -> None:
    version = make_version(files={"model.pth": b"weights"})
    found = api.get(ROUTE).json()
    path = found["files"][0].pop("absolute_path")
    assert found == {
        "artifact": "model-a:v1",
        "files": [
            {
                "path": "model.pth",
                "size": 7,
                "digest": digest_of(b"weights"),
                "modified_at": version.created_at.timestamp(),
                "is_remote": False,
            }
        ],
        "references": [],
        "total_size": 7,
        "total_files": 1,
        "total_references": 0,
        "is_remote": False,
    }
    assert path.endswith("/artifacts/model/model-a/v1/files/model.pth")


def test_the_absolute_path_is_the_file_itself(api: APIClient, make_version: MakeVersion) -> None:
    contents = {"a/深/b.bin": b"deep", "a.bin": b"", "x" * 300 + ".bin": b"long"}
    make_version(files=contents)
    files = api.get(ROUTE).json()["files"]
    assert {one["path"]: Path(one["absolute_path"]).read_bytes() for one in files} == contents


def test_files_are_sorted_by_path(api: APIClient, make_version: MakeVersion) -> None:
    make_version(files={"b": b"1", "a/z": b"2", "Z": b"3"})
    assert [one["path"] for one in api.get(ROUTE).json()["files"]] == ["Z", "a/z", "b"]


def test_modified_at_is_what_the_client_said(api: APIClient, commit: Commit) -> None:
    moment = datetime(2024, 1, 1, 12, tzinfo=UTC).timestamp() + 0.25
    commit(files={"a": b"1"})
    row = {**file_row("a", b"1"), "modified_at": moment}
    api.post("/api/artifacts/b/versions", {"type": "model", "files": [row]}, format="json")
    (one,) = api.get("/api/artifacts/b/v1/files").json()["files"]
    assert one["modified_at"] == moment


@pytest.mark.parametrize(
    "headers",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_a_client_elsewhere_learns_no_absolute_path(
    api: APIClient, make_version: MakeVersion, headers: dict[str, str]
) -> None:
    make_version()
    (one,) = api.get(ROUTE, **headers).json()["files"]
    assert one["absolute_path"] is None


def test_a_client_on_this_machine_over_ipv6_learns_it(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version()
    assert api.get(ROUTE, REMOTE_ADDR="::1").json()["files"][0]["absolute_path"]


def test_in_team_mode_nobody_learns_it(
    team: None, member: APIClient, make_version: MakeVersion, settings: object
) -> None:
    settings.RUNICORN_ACCESS = "open"  # type: ignore[attr-defined]
    make_version()
    settings.RUNICORN_ACCESS = "team"  # type: ignore[attr-defined]
    assert member.get(ROUTE).json()["files"][0]["absolute_path"] is None


def test_without_its_folder_a_file_has_no_path(api: APIClient, make_version: MakeVersion) -> None:
    version = make_version()
    remove_version_tree(version.artifact, version.number)
    assert api.get(ROUTE).json()["files"][0]["absolute_path"] is None


def test_references_are_reported_and_not_counted_as_stored(
    api: APIClient, make_version: MakeVersion
) -> None:
    references = (
        ManifestReference(uri="s3://bucket/b", checksum="md5:1", size_bytes=10**12, name="b"),
        ManifestReference(uri="s3://bucket/a", metadata={"rows": 5}),
    )
    make_version(files={"a": b"12"}, references=references)
    found = api.get(ROUTE).json()
    assert found["references"] == [
        {
            "uri": "s3://bucket/b",
            "checksum": "md5:1",
            "size": 10**12,
            "metadata": {},
            "name": "b",
        },
        {
            "uri": "s3://bucket/a",
            "checksum": None,
            "size": None,
            "metadata": {"rows": 5},
            "name": None,
        },
    ]
    assert (found["total_references"], found["total_size"]) == (2, 2)
    assert api.get("/api/artifacts/model-a/v1").json()["size_bytes"] == 2
    assert api.get("/api/artifacts/stats").json()["total_size_bytes"] == 2


def test_the_files_of_a_deleted_version_are_gone(api: APIClient, make_version: MakeVersion) -> None:
    soft_delete_version(version=make_version(), deleted_by=ANYBODY)
    answer = api.get(ROUTE)
    assert (answer.status_code, answer.json()["code"]) == (410, "version_deleted")
