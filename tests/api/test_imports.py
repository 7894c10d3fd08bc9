"""``POST …/import``: versions and runs with their past, for admins alone."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.roles import Role, Scope
from artifacts.models import Alias, Blob, Version
from artifacts.querysets import MAX_NUMBER
from artifacts.storage.layout import Store
from lineage.models import Run, RunInput
from tests.api.conftest import file_row, nothing_kept
from tests.conftest import MakeVersion, digest_of, sha256_of
from tests.people import client_of, make_user, token_client

CONTENT = b"content of a"
URL = "/api/artifacts/model-a/import"
RUN_URL = "/api/runs/run-1/import"
RUN = {"project": "p", "status": "finished", "created_at": 1.5, "finished_at": 2.5}

Post = Callable[..., Any]


@pytest.fixture
def post(api: APIClient, make_blob: Callable[[bytes], Blob]) -> Post:
    """Import version 3 of model-a, whose content is stored; ``changes`` replace keys."""

    def post(url: str = URL, **changes: Any) -> Any:
        make_blob(CONTENT)
        rows = [file_row("a.bin", CONTENT)]
        body = {"type": "model", "version": 3, "created_at": 1.7e9, "files": rows, **changes}
        return api.post(url, body, format="json")

    return post


def test_a_version_keeps_its_number_and_its_times(post: Post) -> None:
    answer = post(updated_at=1.75e9, artifact_created_at=1.6e9, last_number=7, run="run-1")
    version = Version.objects.get()
    assert (answer.status_code, answer.json()) == (201, {
        "artifact": "model-a:v3", "version": 3, "outcome": "imported", "status": "ready",
        "manifest_digest": f"sha256:{version.manifest_sha256}", "aliases": [], "differs": [],
    })  # fmt: skip
    assert (version.created_at.timestamp(), version.updated_at.timestamp()) == (1.7e9, 1.75e9)
    assert version.created_by_run == "run-1"
    assert version.artifact.created_at.timestamp() == 1.6e9
    assert version.artifact.last_number == 7


def test_a_repeat_finds_it_there(post: Post) -> None:
    post()
    again = post(description="another")
    assert (again.status_code, again.json()["outcome"]) == (200, "there")
    assert Version.objects.get().description == ""
    looked = post(tags=["x"], metadata={"k": 1}, deleted_at=1.8e9, dry_run=True).json()
    assert (again.json()["differs"], looked["differs"]) == (
        ["description"], ["status", "tags", "metadata"]
    )  # fmt: skip


def test_other_content_at_the_number_is_a_conflict(post: Post, make_version: MakeVersion) -> None:
    make_version(files={"own": b"own"})
    refused = post(version=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    looked = post(version=1, dry_run=True)
    assert (looked.status_code, looked.json()["outcome"]) == (200, "conflict")


def test_a_dry_run_says_what_would_be_and_keeps_nothing(post: Post, store: Store) -> None:
    post()
    with nothing_kept(store):
        looked = post(version=4, dry_run=True).json()
    assert (looked["outcome"], looked["status"]) == ("new", None)
    assert looked["manifest_digest"] == post(version=5).json()["manifest_digest"]


def test_a_deleted_version_comes_deleted(post: Post) -> None:
    assert post(deleted_at=1.71e9, deleted_by="nobody").json()["status"] == "deleted"
    version = Version.objects.get()
    assert (version.deleted_at.timestamp(), version.deleted_by) == (1.71e9, None)


def test_aliases_come_with_it_and_those_that_are_there_stay(
    post: Post, make_version: MakeVersion
) -> None:
    make_version(aliases=["prod"])
    aliases = [{"alias": "prod"}, {"alias": "old", "protected": True, "updated_at": 5.0}]
    answer = post(aliases=aliases, files=[file_row("b.bin", CONTENT)]).json()
    assert answer["aliases"] == ["old"]
    old, prod = Alias.objects.order_by("name")
    assert (old.is_protected, old.updated_at.timestamp()) == (True, 5.0)
    assert prod.version.number == 1


def test_what_is_lost_makes_it_corrupted(post: Post) -> None:
    gone = {"path": "gone", "digest": digest_of(b"gone"), "size": 4}
    answer = post(files=[gone, file_row("a.bin", CONTENT)], lost=[digest_of(b"gone")])
    assert (answer.status_code, answer.json()["status"]) == (201, "corrupted")
    assert Blob.objects.get(sha256=sha256_of(b"gone")).damaged_at is not None


def test_what_is_not_sent_and_not_lost_is_missing(post: Post, store: Store) -> None:
    post()
    with nothing_kept(store):
        gone = {"path": "gone", "digest": digest_of(b"gone"), "size": 4}
        refused = post(version=4, files=[gone])
    assert (refused.status_code, refused.json()["missing"]) == (409, [digest_of(b"gone")])


def test_a_tombstone_keeps_a_number(post: Post) -> None:
    post()
    answer = post(version=9, purged_at=3.5, created_at=2.5, run="run-1", files=[])
    assert (answer.status_code, answer.json()["status"]) == (200, "purged")
    tomb = Version.objects.get(number=9)
    assert (tomb.status, tomb.created_by_run, tomb.created_at.timestamp()) == (
        "purged", "run-1", 2.5,
    )  # fmt: skip
    assert post(version=9).json()["outcome"] == "purged"


def test_a_dry_run_makes_no_tombstone(post: Post, store: Store) -> None:
    post()
    with nothing_kept(store):
        looked = post(version=9, purged_at=3.5, files=[], dry_run=True)
    assert (looked.status_code, looked.json()["outcome"]) == (200, "new")
    assert [one.number for one in Version.objects.all()] == [3]
    assert post(purged_at=3.5, dry_run=True).json()["outcome"] == "conflict"
    post(version=9, purged_at=3.5, files=[])
    assert post(version=9, purged_at=3.5, dry_run=True).json()["outcome"] == "purged"
    refused = post("/api/artifacts/nix/import", purged_at=3.5, dry_run=True)
    assert refused.status_code == 404


def test_a_last_number_leaves_none_and_a_commit_says_so(
    post: Post, api: APIClient, store: Store
) -> None:
    post(last_number=MAX_NUMBER)
    body = {"type": "model", "files": [file_row("b.bin", CONTENT)]}
    with nothing_kept(store):
        refused = api.post("/api/artifacts/model-a/versions", body, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert refused.json()["detail"] == "model-a has no number left after v2147483647."


def test_a_tombstone_of_nothing_is_not_found(post: Post) -> None:
    assert post("/api/artifacts/nix/import", purged_at=3.5).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "nix"}, "type"), ({"version": 0}, "version"), ({"version": 1 << 40}, "version"),
        ({"version": "3"}, None), ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": None}, "created_at"), ({"created_at": 1e300}, "created_at"),
        ({"files": []}, "files"), ({"files": [{"path": "../a"}]}, "files.0.path"),
        ({"lost": ["x"]}, "lost"), ({"aliases": [{"alias": "v1"}]}, "aliases"),
        ({"aliases": [{"alias": "latest"}]}, "aliases"), ({"run": "a/b"}, "run"),
        ({"metadata": []}, "metadata"), ({"tags": [1]}, "tags.0"), ({"team": "nix"}, "team"),
        ({"last_number": -1}, "last_number"), ({"dry_run": "yes"}, "dry_run"),
    ],
)  # fmt: skip
def test_bad_input_names_the_field(post: Post, changes: dict[str, Any], field: str | None) -> None:
    answer = post(**changes)
    if field is None:
        assert answer.status_code == 201  # a number may be written as text
        return
    assert answer.status_code == 400
    assert any(name.startswith(field.split(".")[0]) for name in answer.json()["errors"])
    assert Version.objects.count() == 0


@pytest.mark.parametrize("body", [[], "x", 7, None])
def test_a_body_that_is_no_object_is_refused(api: APIClient, db: None, body: object) -> None:
    for url in (URL, RUN_URL):
        assert api.post(url, body, format="json").status_code == 400


# Runs ---------------------------------------------------------------------------------------------


def test_a_run_keeps_its_times_and_what_it_used(api: APIClient, make_version: MakeVersion) -> None:
    make_version()
    used = [
        {"type": "model", "name": "model-a", "version": 1, "used_at": 2.0},
        {"type": "model", "name": "nix", "version": 1},
    ]
    answer = api.post(RUN_URL, {**RUN, "used": used}, format="json")
    assert answer.status_code == 201
    assert answer.json()["missing"] == ["model/nix:v1"]
    run = Run.objects.get()
    assert (run.created_at.timestamp(), run.finished_at.timestamp()) == (1.5, 2.5)
    assert RunInput.objects.get().created_at.timestamp() == 2.0
    again = api.post(RUN_URL, {**RUN, "used": used}, format="json")
    assert (again.status_code, RunInput.objects.count()) == (200, 1)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"finished_at": None}, "invalid"), ({"status": "running"}, "invalid"),
        ({"status": "odd"}, "invalid"), ({"project": ""}, "invalid"),
        ({"project": "a\nb"}, "invalid"), ({"used": [{"type": "model"}]}, "invalid"),
        ({"used": [{"type": "model", "name": "..", "version": 1}]}, "invalid"),
        ({"used": 7}, "invalid"), ({"created_at": True}, "invalid"),
    ],
)  # fmt: skip
def test_bad_input_of_a_run_is_refused(
    api: APIClient, db: None, changes: dict[str, Any], code: str
) -> None:
    answer = api.post(RUN_URL, RUN | changes, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert Run.objects.count() == 0


def test_a_run_of_another_project_is_a_conflict(api: APIClient, db: None) -> None:
    api.post(RUN_URL, RUN, format="json")
    answer = api.post(RUN_URL, RUN | {"project": "q"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "run_conflict")


# Who may ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [URL, RUN_URL])
def test_only_an_admin_may_import(team: None, store: Store, url: str) -> None:
    body = {**RUN, "type": "model", "version": 3, "files": [], "purged_at": 1.0}
    maintainer = client_of(make_user("max", Role.MAINTAINER, {"vision": Role.MAINTAINER}))
    assert maintainer.post(url, body, format="json").status_code == 403
    assert maintainer.post(url, body | {"dry_run": True}, format="json").status_code == 403
    admin = make_user("boss", Role.ADMIN)
    assert token_client(admin, Scope.WRITE).post(url, body, format="json").status_code == 403
    answer = token_client(admin, Scope.ADMIN).post(url, body, format="json")
    assert answer.status_code == (201 if url == RUN_URL else 404)  # of nothing there is no tomb


def test_a_version_is_its_makers_and_not_the_importers(
    team: None, store: Store, make_blob: Callable[..., Blob]
) -> None:
    admin, ada = make_user("boss", Role.ADMIN), make_user("ada", Role.CONTRIBUTOR)
    make_blob(CONTENT, admin)
    body = {"type": "model", "version": 1, "created_at": 1.0, "user": "ada",
            "files": [file_row("a.bin", CONTENT)]}  # fmt: skip
    assert client_of(admin).post(URL, body, format="json").status_code == 201
    assert Version.objects.get().created_by == ada
