"""Two versions side by side over HTTP."""

from typing import Any

import numpy as np
import pytest
from rest_framework.test import APIClient

from accounts.roles import Role
from artifacts.services.versions import soft_delete_version
from artifacts.storage.manifest import ManifestReference
from tests.conftest import ANYBODY, MakeVersion, digest_of
from tests.formats.sources import safetensors
from tests.people import client_of, make_user

BASE = "/api/artifacts/model-a/compare"
V1_V2 = "?from=v1&to=v2"
OLD = safetensors({"a": np.zeros(4, np.float32), "b": np.zeros(2, np.float32)})
NEW = safetensors({"a": np.ones(4, np.float32), "c": np.zeros(2, np.float32)})


@pytest.fixture
def versions(make_version: MakeVersion) -> None:
    """Two versions that differ in everything."""
    make_version(
        files={"m.safetensors": OLD, "a.txt": b"one\n", "was.bin": b"moved", "gone": b"g"},
        metadata={"lr": 0.1, "same": 1}, tags=["x"], aliases=["stable"], description="old",
        references=(ManifestReference("s3://old"),),
    )  # fmt: skip
    make_version(
        files={"m.safetensors": NEW, "a.txt": b"two\n", "is.bin": b"moved", "come": b"cc"},
        metadata={"lr": 0.2, "same": 1}, tags=["y"], aliases=["beta.1"], description="new",
        references=(ManifestReference("s3://new", size_bytes=3),),
    )  # fmt: skip


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize("pair", [("v1", "v2"), ("stable", "latest"), ("v1", "beta.1")])
def test_everything_that_differs_is_told(api: APIClient, pair: tuple[str, str]) -> None:
    answer = api.get(BASE, {"from": pair[0], "to": pair[1]})
    assert answer.status_code == 200
    found = answer.json()
    assert [(one["change"], one["path"], one["old_path"]) for one in found["files"]["rows"]] == [
        ("added", "come", None),
        ("removed", "gone", "gone"),
        ("changed", "a.txt", "a.txt"),
        ("changed", "m.safetensors", "m.safetensors"),
        ("renamed", "is.bin", "was.bin"),
    ]
    assert found["files"]["totals"]["renamed"] == {"num_files": 1, "old_bytes": 5, "new_bytes": 5}
    assert found["files"]["total"] == 5
    assert found["metadata"] == {
        "rows": [{"path": "lr", "change": "changed", "before": 0.1, "after": 0.2}],
        "total": 1,
        "num_changes": 1,
    }
    assert [one["change"] for one in found["references"]["rows"]] == ["added", "removed"]
    assert found["tags"] == {"added": ["y"], "removed": ["x"], "kept": []}
    assert found["aliases"]["added"] == ["latest", "beta.1"]
    assert found["description"] == {"changed": True, "before": "old", "after": "new"}
    assert (found["before"]["artifact"], found["after"]["version"]) == ("model-a:v1", 2)
    assert (found["same_content"], found["inputs"]["total"]) == (False, 0)


@pytest.mark.usefixtures("versions")
def test_a_part_of_the_files_is_listed(api: APIClient) -> None:
    found = api.get(f"{BASE}?from=v1&to=v2&limit=1&offset=1&change=changed&all=true").json()
    assert [one["path"] for one in found["files"]["rows"]] == ["m.safetensors"]
    numbers = {key: found["files"][key] for key in ("total", "offset", "limit")}
    assert numbers == {"total": 2, "offset": 1, "limit": 1}
    assert found["files"]["totals"]["added"]["num_files"] == 1
    assert [one["change"] for one in found["metadata"]["rows"]] == ["changed", "unchanged"]
    same = api.get(f"{BASE}?from=v1&to=v1&all=1").json()["files"]
    assert (same["total"], {one["change"] for one in same["rows"]}) == (4, {"unchanged"})
    assert api.get(f"{BASE}?from=v1&to=v1&change=unchanged&limit=1").json()["files"] == {
        **same, "rows": same["rows"][:1], "limit": 1,
    }  # fmt: skip
    assert api.get(f"{BASE}?from=v1&to=v2&limit=99999").json()["files"]["limit"] == 1000


@pytest.mark.usefixtures("versions")
def test_another_artifact_may_be_the_second(api: APIClient, make_version: MakeVersion) -> None:
    make_version("other", type="dataset", files={"a.txt": b"one\n"})
    found = api.get(f"{BASE}?from=v1&to=v1&with=dataset/other").json()
    assert (found["after"]["name"], found["after"]["type"]) == ("other", "dataset")
    assert found["files"]["totals"]["unchanged"]["num_files"] == 1
    lines = api.get(f"{BASE}/files/a.txt?from=v2&to=v1&with=everyone/dataset/other").json()["lines"]
    assert [(one["kind"], one["text"]) for one in lines[1:]] == [
        ("removed", "two"), ("added", "one"),
    ]  # fmt: skip


@pytest.mark.usefixtures("versions")
def test_the_text_of_a_file_is_compared(api: APIClient) -> None:
    found = api.get(f"{BASE}/files/a.txt?from=v1&to=v2").json()
    assert (found["old_path"], found["new_path"], found["same_content"]) == (
        "a.txt", "a.txt", False,
    )  # fmt: skip
    assert (found["num_added"], found["num_removed"], found["total"]) == (1, 1, 3)
    assert found["lines"][0] == {
        "kind": "hunk", "old_number": 1, "new_number": 1, "text": "@@ -1,1 +1,1 @@",
        "is_unterminated": False,
    }  # fmt: skip
    moved = api.get(f"{BASE}/files/is.bin?from=v1&to=v2&old_path=was.bin").json()
    assert (moved["same_content"], moved["lines"]) == (True, [])
    assert api.get(f"{BASE}/files/gone?from=v1&to=v2").json()["new_path"] is None


@pytest.mark.usefixtures("versions")
def test_the_tensors_of_a_file_are_compared(api: APIClient) -> None:
    found = api.get(f"{BASE}/tensors/m.safetensors?from=v1&to=v2").json()
    assert [(one["name"], one["change"], one["compared"]) for one in found["tensors"]] == [
        ("a", "changed", True),
        ("b", "removed", True),
        ("c", "added", True),
    ]
    assert found["counts"] == {
        "added": 1, "removed": 1, "reshaped": 0, "changed": 1, "unchanged": 0, "uncompared": 0,
    }  # fmt: skip
    assert found["tensors"][0]["before"] == {
        "name": "a", "dtype": "F32", "shape": [4], "size_bytes": 16,
    }  # fmt: skip
    assert found["tensors"][1]["after"] is None


@pytest.mark.usefixtures("versions")
@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("", 400, "invalid"),
        ("?from=v1", 400, "invalid"),
        ("?to=v1", 400, "invalid"),
        ("?from=&to=v2", 400, "invalid"),
        ("/files/a.txt?to=v2", 400, "invalid"),
        ("/tensors/a.txt?from=v2", 400, "invalid"),
        ("?from=v01&to=v2", 400, "invalid"),
        (f"{V1_V2}&change=none", 400, "invalid"),
        (f"{V1_V2}&limit=0", 400, "invalid"),
        (f"{V1_V2}&all=perhaps", 400, "invalid"),
        (f"{V1_V2}&with=a/b/c/d", 400, "invalid"),
        (f"{V1_V2}&with=nothing", 404, "artifact_not_found"),
        (f"{V1_V2}&type=dataset", 404, "artifact_not_found"),
        ("?from=v1&to=v9", 404, "version_not_found"),
        ("?from=v99999999999999999999&to=v1", 404, "version_not_found"),
        ("?from=v1&to=never", 404, "alias_not_found"),
        ("/v1...v2", 404, "not_found"),
        (f"/files/nowhere{V1_V2}", 404, "file_not_found"),
        (f"/files/come{V1_V2}&old_path=nowhere", 404, "file_not_found"),
        (f"/tensors/come{V1_V2}", 422, "not_comparable"),
        (f"/tensors/a.txt{V1_V2}", 422, "not_comparable"),
        (f"/files/m.safetensors{V1_V2}", 422, "not_comparable"),
    ],
)
def test_what_is_wrong_is_said(api: APIClient, path: str, status: int, code: str) -> None:
    answer = api.get(f"{BASE}{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("key", ["from", "to"])
def test_a_version_that_is_not_said_is_named(api: APIClient, key: str) -> None:
    query = {"from": "v1", "to": "v2", key: ""}
    assert list(api.get(BASE, query).json()["errors"]) == [key]
    assert list(api.get(BASE).json()["errors"]) == ["from", "to"]


def test_what_is_deleted_is_410(api: APIClient, make_version: MakeVersion) -> None:
    version = make_version()
    make_version()
    soft_delete_version(version=version, deleted_by=ANYBODY)
    for rest in ("", "/files/a.bin", "/tensors/a.bin"):
        assert api.get(f"{BASE}{rest}?from=v1&to=v2").status_code == 410
        assert api.get(f"{BASE}{rest}?from=v2&to=v1").status_code == 410


@pytest.mark.usefixtures("team")
def test_what_is_hidden_is_absent_on_either_side(make_version: MakeVersion) -> None:
    owner = make_user("owner", Role.MAINTAINER, {"vision": Role.MAINTAINER})
    make_version("open", created_by=owner, team="everyone", files={"a.txt": b"1"})
    make_version("hidden", created_by=owner, team="vision", files={"a.txt": b"1"})
    stranger = client_of(make_user("stranger", Role.MAINTAINER))
    answers: list[list[Any]] = []
    for name in ("hidden", "absent"):
        paths = [
            f"/api/artifacts/{name}/compare?from=v1&to=v1",
            f"/api/artifacts/open/compare?from=v1&to=v1&with={name}",
            f"/api/artifacts/open/compare/files/a.txt?from=v1&to=latest&with=vision/model/{name}",
            f"/api/artifacts/open/compare/tensors/a.txt?from=v1&to=v1&with=model/{name}",
            f"/api/artifacts/{name}/v1/preview/a.txt",
        ]
        found = [stranger.get(path) for path in paths]
        answers.append(
            [(one.status_code, one.content.replace(name.encode(), b"")) for one in found]
        )
    assert answers[0] == answers[1]
    assert {status for status, _ in answers[0]} == {404}
    seen = client_of(owner).get(
        "/api/artifacts/open/compare?from=v1&to=v1&with=vision/model/hidden"
    )
    assert seen.json()["same_content"] is True
    assert seen.json()["files"]["totals"]["unchanged"]["num_files"] == 1
    assert digest_of(b"1") not in str(answers)
