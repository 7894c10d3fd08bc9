"""``POST /api/artifacts/{name}/versions``: the commit, with and without a run."""

import json
from collections.abc import Callable
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from rest_framework.test import APIClient

from artifacts.models import Artifact, Blob, Version
from artifacts.storage.layout import Store
from tests.conftest import MakeVersion, digest_of
from tests.lineage.conftest import MakeRun

PATH = "/api/artifacts/m/versions"
MakeBlob = Callable[[bytes], Blob]


def commit(**more: Any) -> dict[str, Any]:
    """A body that commits the five bytes ``12345``."""
    file = {"path": "a.bin", "digest": digest_of(b"12345"), "size": 5}
    return {"type": "model", "files": [file], **more}


def test_a_commit_answers_the_version_in_full(
    api: APIClient, make_run: MakeRun, make_blob: MakeBlob
) -> None:
    make_blob(b"12345")
    make_run("r1")
    body = commit(
        references=[{"uri": "s3://bucket/x", "size": 9}],
        metadata={"accuracy": 0.9},
        tags=["baseline"],
        description="First",
        aliases=["production"],
        run="r1",
    )
    answer = api.post(PATH, body, format="json")
    version = Version.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "name": "m",
        "type": "model",
        "team": None,
        "version": 1,
        "created_at": version.created_at.timestamp(),
        "updated_at": version.updated_at.timestamp(),
        "created_by_run": "r1",
        "created_by_user": None,
        "size_bytes": 5,
        "num_files": 1,
        "physical_bytes": 5,
        "shared_bytes": 0,
        "num_references": 1,
        "status": "ready",
        "metadata": {"accuracy": 0.9},
        "description": "First",
        "tags": ["baseline"],
        "aliases": ["latest", "production"],
        "manifest_digest": f"sha256:{version.manifest_sha256}",
        "deleted_at": None,
    }
    assert answer.json() == api.get("/api/artifacts/m/v1").json()


def test_the_history_is_on_the_same_route(api: APIClient, make_version: MakeVersion) -> None:
    make_version("m", run_id="r1")
    make_version("m")
    history = api.get(PATH).json()
    assert [(one["version"], one["created_by_run"]) for one in history] == [(1, "r1"), (2, None)]


@pytest.mark.parametrize("run", [{}, {"run": None}])
def test_a_commit_may_have_no_run(api: APIClient, make_blob: MakeBlob, run: Any) -> None:
    make_blob(b"12345")
    assert api.post(PATH, commit(**run), format="json").json()["created_by_run"] is None


def test_a_commit_by_no_run_is_404(api: APIClient, make_blob: MakeBlob) -> None:
    make_blob(b"12345")
    answer = api.post(PATH, commit(run="nobody"), format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")
    assert not Artifact.objects.exists()


def test_a_repeated_commit_answers_200_with_the_same_version(
    api: APIClient, make_blob: MakeBlob
) -> None:
    make_blob(b"12345")
    body = commit(commit_id=str(uuid4()))
    first = api.post(PATH, body, format="json")
    again = api.post(PATH, body, format="json")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert Version.objects.count() == 1


def test_the_same_content_again_is_a_new_version(api: APIClient, make_blob: MakeBlob) -> None:
    make_blob(b"12345")
    numbers = [api.post(PATH, commit(), format="json").json()["version"] for _ in range(2)]
    assert numbers == [1, 2]


@pytest.mark.usefixtures("store")
def test_missing_content_is_listed(api: APIClient) -> None:
    answer = api.post(PATH, commit(), format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "missing_blobs")
    assert answer.json()["missing"] == [digest_of(b"12345")]
    assert not Artifact.objects.exists()


def test_a_size_that_differs_is_422(api: APIClient, make_blob: MakeBlob) -> None:
    make_blob(b"12345")
    file = {"path": "a.bin", "digest": digest_of(b"12345"), "size": 6}
    answer = api.post(PATH, commit(files=[file]), format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "size_mismatch")


def test_the_type_of_the_query_stands_in(api: APIClient, make_blob: MakeBlob) -> None:
    make_blob(b"12345")
    body = commit()
    body.pop("type")
    said = api.post(f"{PATH}?type=dataset", body, format="json")
    assert (said.status_code, said.json()["type"]) == (201, "dataset")
    both = api.post(f"{PATH}?type=dataset", body | {"type": "dataset"}, format="json")
    assert (both.status_code, both.json()["version"]) == (201, 2)


@pytest.mark.usefixtures("store")
def test_two_types_that_differ_are_refused(api: APIClient) -> None:
    answer = api.post(f"{PATH}?type=dataset", commit(), format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["type"])


def test_the_same_name_in_another_type_is_another_artifact(
    api: APIClient, make_version: MakeVersion, make_blob: MakeBlob
) -> None:
    make_version("m", type="dataset")
    make_blob(b"12345")
    assert api.post(PATH, commit(), format="json").json()["version"] == 1


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("name", ["a:b", "a%5Cb", ".a", "a%20", "stats", "a%00", "x" * 129, "%0A"])
def test_a_name_outside_the_rules_is_refused(api: APIClient, name: str) -> None:
    answer = api.post(f"/api/artifacts/{name}/versions", commit(), format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["name"])


def test_a_name_is_kept_in_nfc(api: APIClient, make_blob: MakeBlob) -> None:
    make_blob(b"12345")
    answer = api.post("/api/artifacts/no\u0301/versions", commit(), format="json")
    assert answer.json()["name"] == "n\u00f3"
    assert api.get("/api/artifacts/n\u00f3/v1").status_code == 200


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"type": None}, "type"),
        ({"type": "weights"}, "type"),
        ({"type": ["model"]}, "type"),
        ({"type": {}}, "type"),
        ({"files": []}, "files"),
        ({"files": {}}, "files"),
        ({"files": ["a"]}, "files.0"),
        ({"files": [{"path": "/a", "digest": "sha256:" + "0" * 64, "size": 1}]}, "files.0.path"),
        ({"files": [{"path": "a\0", "digest": "sha256:" + "0" * 64, "size": 1}]}, "files.0.path"),
        ({"references": [{}]}, "references.0.uri"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"a": "\0"}}, "metadata"),
        ({"tags": "baseline"}, "tags"),
        ({"tags": ["\0"]}, "tags.0"),
        ({"description": {"a": 1}}, "description"),
        ({"description": "\ud800"}, "description"),
        ({"aliases": ["v1"]}, "aliases"),
        ({"aliases": [["a"]]}, "aliases.0"),
        ({"run": "\0"}, "run"),
        ({"run": "\ud800"}, "run"),
        ({"run": ["r1"]}, "run"),
        ({"run": ""}, "run"),
        ({"commit_id": "one"}, "commit_id"),
    ],
)
def test_a_bad_field_is_named(api: APIClient, more: dict[str, Any], field: str) -> None:
    answer = api.generic("POST", PATH, json.dumps(commit() | more), "application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("body", ["[]", "null", "1", '"a"', '[{"type": "model"}]'])
@pytest.mark.parametrize("query", ["", "?type=model"])
def test_a_body_that_is_no_object_is_refused(api: APIClient, body: str, query: str) -> None:
    answer = api.generic("POST", PATH + query, body, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.usefixtures("store")
def test_a_body_that_is_no_json_is_refused(api: APIClient) -> None:
    broken = api.generic("POST", PATH, "{", "application/json")
    assert (broken.status_code, broken.json()["code"]) == (400, "parse_error")
    form = api.post(PATH, {"type": "model"}, format="multipart")
    assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")


def test_in_team_mode_a_member_may_and_nobody_else(
    api: APIClient, member: APIClient, make_blob: MakeBlob, settings: Any
) -> None:
    blob = make_blob(b"12345")
    settings.RUNICORN_ACCESS = "team"
    assert api.post(PATH, commit(), format="json").status_code == 401
    assert member.post(PATH, commit(), format="json").status_code == 409  # he never had it
    binary = "application/octet-stream"
    sent = member.put(f"/api/blobs/{blob.digest}", b"12345", content_type=binary)
    assert sent.status_code == 201
    made = member.post(PATH, commit(), format="json")
    assert (made.status_code, made.json()["created_by_user"]) == (201, "member")


@pytest.mark.django_db(transaction=True)
def test_one_commit_sent_twice_at_once_makes_one_version(
    store: Store, make_run: MakeRun, make_blob: MakeBlob
) -> None:
    make_blob(b"12345")
    make_run("r1")
    body = commit(commit_id=str(uuid4()), run="r1")
    answers: list[Any] = []

    def send() -> None:
        answers.append(APIClient().post(PATH, body, format="json"))
        connection.close()

    threads = [Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert {answer.json()["version"] for answer in answers} == {1}
    assert Version.objects.count() == 1
