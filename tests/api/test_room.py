"""What is sent but not committed counts for a quota; versions are refused before they are sent."""

import os
import struct
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Team, User
from accounts.roles import Role
from artifacts.models import Blob, BlobUpload
from artifacts.services.claims import claim_blobs
from artifacts.services.room import pending_for
from artifacts.storage.layout import Store
from tests.api.conftest import nothing_kept
from tests.api.test_limits import OF_TEAM, commit, negotiate, put, refusal
from tests.conftest import digest_of, sha256_of
from tests.people import client_of, make_user

CONTENTS = [bytes([number]) * 100 for number in range(5)]
LARGE = os.urandom(10 << 20)
TOO_MUCH = (507, "quota_exceeded")


@pytest.fixture
def owner(store: Store, team: None) -> User:
    """Somebody in a team that has room for 250 bytes, and in one without a quota."""
    user = make_user("owner", Role.MAINTAINER, {"vision": Role.MAINTAINER, "free": Role.MAINTAINER})
    Team.objects.filter(name="vision").update(quota_bytes=250)
    return user


@pytest.fixture
def client(owner: User) -> APIClient:
    return client_of(owner)


def post(client: APIClient, contents: list[bytes], query: str = OF_TEAM) -> Any:
    records = [bytes.fromhex(sha256_of(c)) + struct.pack(">Q", len(c)) + c for c in contents]
    body = b"".join(records)
    return client.generic("POST", f"/api/blobs{query}", body, "application/octet-stream")


def ask(client: APIClient, contents: list[bytes], **more: Any) -> Any:
    """What the SDK asks before it sends."""
    body = {
        "digests": [digest_of(one) for one in contents],
        "artifact": "vision/model/m",
        "size_bytes": sum(map(len, contents)),
        "num_files": len(contents),
    }
    return client.post("/api/blobs/missing", body | more, format="json")


def vision() -> Team:
    return Team.objects.get(name="vision")


# What was sent and not committed ----------------------------------------------------------------


def test_one_by_one_no_more_is_let_in_than_all_together(client: APIClient, store: Store) -> None:
    for content in CONTENTS[:2]:
        assert put(client, content, OF_TEAM).status_code == 201
    with nothing_kept(store):
        answer = put(client, CONTENTS[2], OF_TEAM)
    assert refusal(answer) == TOO_MUCH
    told = {key: answer.json()[f"{key}_bytes"] for key in ("quota", "used", "pending", "asked")}
    assert told == {"quota": 250, "used": 0, "pending": 200, "asked": 100}
    assert "you have sent 200 that no version of its has yet" in answer.json()["detail"]


def test_many_in_one_body_count_too(client: APIClient, store: Store) -> None:
    assert post(client, CONTENTS[:2]).status_code == 200
    with nothing_kept(store):
        assert refusal(post(client, CONTENTS[2:3])) == TOO_MUCH
    assert post(client, CONTENTS[:2]).status_code == 200


def test_more_than_fits_in_one_body_is_refused(client: APIClient, store: Store) -> None:
    with nothing_kept(store):
        assert refusal(post(client, CONTENTS[:3])) == TOO_MUCH
    assert post(client, CONTENTS[:3], "").status_code == 200


def test_a_body_of_many_names_a_bad_artifact(client: APIClient) -> None:
    answer = post(client, CONTENTS[:1], "?artifact=m")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["artifact"])


def test_parts_and_chunks_count_when_they_are_all_there(client: APIClient) -> None:
    put(client, CONTENTS[0], OF_TEAM, **{"Content-Range": "bytes 0-99/100"})
    negotiate(client, CONTENTS[1], OF_TEAM)
    path = f"/api/blobs/{digest_of(CONTENTS[1])}/chunks{OF_TEAM}"
    sent = client.generic(
        "PUT", path, CONTENTS[1], content_type="application/octet-stream",
        headers={"Content-Range": "bytes 0-99/100"},
    )  # fmt: skip
    assert sent.status_code == 201
    assert pending_for(vision(), BlobUpload.objects.latest("id").user).physical_bytes() == 200
    assert refusal(put(client, CONTENTS[2], OF_TEAM)) == TOO_MUCH


def test_what_is_committed_counts_as_used_and_not_twice(client: APIClient, owner: User) -> None:
    put(client, CONTENTS[0], OF_TEAM)
    assert commit(client, {"a": CONTENTS[0]}).status_code == 201
    assert not pending_for(vision(), owner).exists()
    assert put(client, CONTENTS[1], OF_TEAM).status_code == 201
    answer = put(client, CONTENTS[2], OF_TEAM)
    assert (answer.json()["used_bytes"], answer.json()["pending_bytes"]) == (100, 100)


def test_what_was_sent_before_and_is_sent_again_counts_once(client: APIClient) -> None:
    put(client, CONTENTS[0], OF_TEAM)
    put(client, CONTENTS[1], OF_TEAM)
    assert put(client, CONTENTS[0], OF_TEAM).status_code == 200


@pytest.mark.parametrize("query", ["", "?artifact=model/m", "?artifact=free/model/m"])
def test_what_is_for_others_takes_no_room(client: APIClient, query: str) -> None:
    for content in CONTENTS[:3]:
        put(client, content, query)
    assert put(client, CONTENTS[3], OF_TEAM).status_code == 201


def test_what_is_sent_for_the_team_later_counts_from_then_on(
    client: APIClient, owner: User
) -> None:
    put(client, CONTENTS[0])
    assert not pending_for(vision(), owner).exists()
    put(client, CONTENTS[0], OF_TEAM)
    assert pending_for(vision(), owner).exists()
    put(client, CONTENTS[0])
    assert pending_for(vision(), owner).exists()


def test_what_others_have_sent_is_theirs(client: APIClient) -> None:
    put(client, CONTENTS[0], OF_TEAM)
    other = client_of(make_user("other", None, {"vision": Role.CONTRIBUTOR}))
    assert post(other, CONTENTS[1:3]).status_code == 200


def test_what_was_given_up_a_day_ago_counts_no_more(client: APIClient) -> None:
    post(client, CONTENTS[:2])
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert post(client, CONTENTS[2:4]).status_code == 200


def test_what_is_hidden_makes_nothing_less_pending(client: APIClient, owner: User) -> None:
    rival = client_of(make_user("rival", None, {"rivals": Role.MAINTAINER}))
    put(rival, CONTENTS[0])
    assert commit(rival, {"a": CONTENTS[0]}, "rivals").status_code == 201
    put(client, CONTENTS[0], OF_TEAM)
    assert pending_for(vision(), owner).physical_bytes() == 100


def test_a_team_that_goes_leaves_its_uploads_to_their_senders(
    client: APIClient, owner: User
) -> None:
    put(client, CONTENTS[0], OF_TEAM)
    vision().delete()
    claim = BlobUpload.objects.get()
    assert (claim.user, claim.team) == (owner, None)


def test_a_team_that_went_meanwhile_spoils_no_upload(client: APIClient, owner: User) -> None:
    put(client, CONTENTS[0])
    gone = vision()
    Team.objects.filter(pk=gone.pk).delete()
    with transaction.atomic():
        claim_blobs(sha256s=[sha256_of(CONTENTS[0])], sent_by=owner, team=gone)
        connection.check_constraints()
    assert BlobUpload.objects.get().team is None


def test_after_a_purge_there_is_room_again(client: APIClient) -> None:
    post(client, CONTENTS[:2])
    commit(client, {"a": CONTENTS[0], "b": CONTENTS[1]})
    assert client.delete("/api/artifacts/m/v1?permanent=true").status_code == 200
    assert post(client, CONTENTS[2:4]).status_code == 200


# Asked before anything is sent ------------------------------------------------------------------


def test_a_version_that_does_not_fit_is_refused_at_the_first_question(client: APIClient) -> None:
    answer = ask(client, CONTENTS[:3])
    assert refusal(answer) == TOO_MUCH
    assert (answer.json()["asked_bytes"], answer.json()["pending_bytes"]) == (300, 0)
    assert ask(client, CONTENTS[:2]).json() == {"missing": [*map(digest_of, CONTENTS[:2])]}


def test_what_the_team_has_or_was_sent_needs_no_more_room(client: APIClient) -> None:
    put(client, CONTENTS[0], OF_TEAM)
    commit(client, {"a": CONTENTS[0]})
    put(client, CONTENTS[1], OF_TEAM)
    assert ask(client, CONTENTS[:2]).json() == {"missing": []}
    answer = ask(client, CONTENTS[:3])
    assert refusal(answer) == TOO_MUCH
    told = {key: answer.json()[f"{key}_bytes"] for key in ("used", "pending", "asked")}
    assert told == {"used": 100, "pending": 100, "asked": 100}


def test_what_everyone_has_needs_the_team_to_have_room(client: APIClient) -> None:
    for content in CONTENTS[:3]:
        put(client, content)
    commit(client, {str(n): content for n, content in enumerate(CONTENTS[:3])}, "everyone")
    assert refusal(ask(client, CONTENTS[:3])) == TOO_MUCH


def test_large_contents_are_not_in_the_sum_and_so_not_taken_off_it(client: APIClient) -> None:
    Team.objects.filter(name="vision").update(quota_bytes=(10 << 20) + 100)
    assert put(client, LARGE, OF_TEAM).status_code == 201
    assert ask(client, [LARGE, CONTENTS[0]], size_bytes=100).status_code == 200
    assert refusal(ask(client, [LARGE, *CONTENTS[:2]], size_bytes=200)) == TOO_MUCH


def test_what_earlier_questions_found_missing_may_be_told(client: APIClient) -> None:
    assert ask(client, CONTENTS[:1], size_bytes=250).status_code == 200
    assert refusal(ask(client, CONTENTS[:1], size_bytes=251)) == TOO_MUCH


@pytest.mark.parametrize("artifact", [None, "model/m", "everyone/model/m", "free/model/m", ""])
def test_without_a_quota_any_size_may_be_told(client: APIClient, artifact: str | None) -> None:
    assert ask(client, CONTENTS[:3], artifact=artifact).status_code == 200


def test_a_name_means_the_artifact_that_the_commit_would_go_to(client: APIClient) -> None:
    put(client, CONTENTS[0])
    commit(client, {"a": CONTENTS[0]})
    assert refusal(ask(client, CONTENTS[:4], artifact="model/m")) == TOO_MUCH


def test_too_many_files_are_refused_at_the_first_question(client: APIClient, settings: Any) -> None:
    settings.RUNICORN_MAX_VERSION_FILES = 2
    answer = ask(client, [], num_files=3)
    assert refusal(answer) == (413, "too_large")
    assert answer.json()["detail"] == "A version has at most 2 files here, not 3."
    assert ask(client, [], num_files=2, artifact=None).status_code == 200


@pytest.mark.parametrize("team_name", ["vision", "nowhere"])
def test_strangers_learn_nothing_of_a_quota(owner: User, team_name: str) -> None:
    stranger = client_of(make_user("stranger", Role.MAINTAINER))
    answer = ask(stranger, CONTENTS, artifact=f"{team_name}/model/m", size_bytes=1 << 40)
    assert answer.status_code == 200


@pytest.mark.parametrize("key", ["num_files", "size_bytes"])
@pytest.mark.parametrize("value", [-1, 1.5, 1e300, "1", True, [], 1 << 63])
def test_a_number_that_is_none_names_the_field(client: APIClient, key: str, value: object) -> None:
    answer = ask(client, [], **{key: value})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [key])


@pytest.mark.parametrize("value", ["m", 1, [], "a/b/c/d", "poem/m"])
def test_an_artifact_that_is_none_names_the_field(client: APIClient, value: object) -> None:
    answer = ask(client, [], artifact=value)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["artifact"])


def test_a_whole_number_may_have_a_point(client: APIClient) -> None:
    assert ask(client, [], size_bytes=250.0).status_code == 200
    assert refusal(ask(client, [], size_bytes=251.0)) == TOO_MUCH


def test_null_says_nothing(client: APIClient) -> None:
    answer = ask(client, CONTENTS[:1], artifact=None, num_files=None, size_bytes=None)
    assert answer.status_code == 200
    assert not Blob.objects.exists()
