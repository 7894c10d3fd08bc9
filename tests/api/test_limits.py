"""Sizes, numbers of files and the quota of a team: refused before anything is kept."""

import struct
from typing import Any

import pytest
from blake3 import blake3
from rest_framework.test import APIClient

from accounts.models import Team, User
from accounts.roles import Role
from artifacts.errors import QuotaExceeded
from artifacts.models import Artifact
from artifacts.services.limits import held_by
from artifacts.services.teams import assign_team
from artifacts.storage.layout import Store
from tests.api.conftest import file_row, nothing_kept
from tests.conftest import digest_of, sha256_of
from tests.people import client_of, make_user

LARGE = b"x" * 101
SMALL = b"y" * 100
OF_TEAM = "?artifact=vision/model/m"


@pytest.fixture
def small_files(settings: Any) -> None:
    settings.RUNICORN_MAX_FILE_BYTES = 100


@pytest.fixture
def owner(store: Store, team: None) -> User:
    """Somebody in a team that has room for 250 bytes."""
    user = make_user("owner", Role.MAINTAINER, {"vision": Role.MAINTAINER})
    Team.objects.update(quota_bytes=250)
    return user


def put(client: APIClient, content: bytes, query: str = "", **headers: str) -> Any:
    return client.generic(
        "PUT", f"/api/blobs/{digest_of(content)}{query}", content,
        content_type="application/octet-stream", headers=headers,
    )  # fmt: skip


def negotiate(client: APIClient, content: bytes, query: str = "") -> Any:
    body = blake3(content).digest() + struct.pack(">I", len(content))
    return client.generic(
        "POST", f"/api/blobs/{digest_of(content)}/chunks{query}", body,
        content_type="application/octet-stream",
    )  # fmt: skip


def commit(client: APIClient, files: dict[str, bytes], team: str = "vision") -> Any:
    rows = [file_row(path, content) for path, content in files.items()]
    body = {"type": "model", "team": team, "files": rows}
    return client.post("/api/artifacts/m/versions", body, format="json")


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def uploads_of(content: bytes, query: str = "") -> list[Any]:
    first = {"Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}"}
    asking = {"Content-Range": f"bytes */{len(content)}"}
    return [
        lambda client: put(client, content, query),
        lambda client: put(client, content, query, **first),
        lambda client: client.put(
            f"/api/blobs/{digest_of(content)}{query}",
            headers=asking,
            content_type="application/octet-stream",
        ),
        lambda client: negotiate(client, content, query),
    ]


@pytest.mark.parametrize("upload", uploads_of(LARGE))
def test_a_file_that_is_too_large_is_refused_however_it_comes(
    api: APIClient, store: Store, small_files: None, upload: Any
) -> None:
    with nothing_kept(store):
        assert refusal(upload(api)) == (413, "too_large")


@pytest.mark.parametrize("upload", uploads_of(SMALL))
def test_a_file_just_at_the_limit_is_taken(
    api: APIClient, store: Store, small_files: None, upload: Any
) -> None:
    assert upload(api).status_code in {200, 201, 202}


def test_one_of_many_that_is_too_large_is_refused(
    api: APIClient, store: Store, small_files: None
) -> None:
    records = [bytes.fromhex(sha256_of(c)) + struct.pack(">Q", len(c)) + c for c in (SMALL, LARGE)]
    with nothing_kept(store):
        answer = api.generic("POST", "/api/blobs", b"".join(records), "application/octet-stream")
        assert refusal(answer) == (413, "too_large")


def test_the_commit_asks_again(api: APIClient, store: Store, settings: Any) -> None:
    assert put(api, LARGE).status_code == 201
    settings.RUNICORN_MAX_FILE_BYTES = 100
    assert refusal(commit(api, {"a": LARGE}, "everyone")) == (413, "too_large")
    settings.RUNICORN_MAX_FILE_BYTES = 0
    settings.RUNICORN_MAX_VERSION_FILES = 1
    assert refusal(commit(api, {"a": LARGE, "b": LARGE}, "everyone")) == (413, "too_large")
    assert commit(api, {"a": LARGE}, "everyone").status_code == 201


def test_what_a_team_holds_counts_once(owner: User) -> None:
    client = client_of(owner)
    put(client, SMALL)
    assert commit(client, {"a": SMALL, "b": SMALL}).status_code == 201
    assert commit(client, {"a": SMALL}).status_code == 201
    assert held_by(Team.objects.get()).physical_bytes() == 100


@pytest.mark.parametrize("upload", uploads_of(b"z" * 151, OF_TEAM))
def test_an_upload_that_a_quota_has_no_room_for_is_refused(owner: User, upload: Any) -> None:
    client = client_of(owner)
    put(client, SMALL)
    commit(client, {"a": SMALL})
    answer = upload(client)
    assert refusal(answer) == (507, "quota_exceeded")
    numbers = {key: answer.json()[key] for key in ("quota_bytes", "used_bytes", "asked_bytes")}
    assert numbers == {"quota_bytes": 250, "used_bytes": 100, "asked_bytes": 151}


@pytest.mark.parametrize("upload", uploads_of(b"z" * 150, OF_TEAM))
def test_what_fits_is_taken(owner: User, upload: Any) -> None:
    client = client_of(owner)
    put(client, SMALL)
    commit(client, {"a": SMALL})
    assert upload(client).status_code in {200, 201, 202}


def test_what_the_team_has_already_asks_for_nothing(owner: User) -> None:
    client = client_of(owner)
    put(client, SMALL)
    commit(client, {"a": SMALL})
    Team.objects.update(quota_bytes=100)
    assert put(client, SMALL, OF_TEAM).status_code == 200
    assert commit(client, {"b": SMALL}).status_code == 201


def test_the_commit_asks_the_quota_again_and_keeps_nothing(owner: User) -> None:
    client = client_of(owner)
    contents = {str(n): bytes([n]) * 100 for n in range(3)}
    for content in contents.values():
        put(client, content)
    assert refusal(commit(client, contents)) == (507, "quota_exceeded")
    assert not Artifact.objects.exists()
    assert commit(client, contents, "everyone").status_code == 201


def test_an_artifact_does_not_slip_in_by_being_given_to_the_team(owner: User) -> None:
    client = client_of(owner)
    contents = {str(n): bytes([n]) * 100 for n in range(3)}
    for content in contents.values():
        put(client, content)
    commit(client, contents, "everyone")
    artifact, vision = Artifact.objects.get(), Team.objects.get()
    with pytest.raises(QuotaExceeded):
        assign_team(artifact=artifact, team=vision, assigned_by=owner)
    Team.objects.update(quota_bytes=300)
    assign_team(artifact=artifact, team=vision, assigned_by=owner)
    assert held_by(vision).physical_bytes() == 300


def test_the_quota_of_a_team_is_for_its_members_to_know(owner: User) -> None:
    stranger = client_of(make_user("stranger", Role.MAINTAINER))
    for team in ("vision", "nowhere"):
        answer = put(stranger, team.encode() * 100, f"?artifact={team}/model/m")
        assert answer.status_code == 201
