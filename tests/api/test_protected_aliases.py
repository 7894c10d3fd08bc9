"""Protected aliases, roll-back and times over HTTP: the ladder of roles, and what is bad input."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import AuditEvent
from accounts.roles import Role, Scope
from artifacts.models import ProtectedAlias
from artifacts.storage.layout import Store
from tests.conftest import MakeVersion
from tests.people import client_of, make_user, token_client

ALIASES = "/api/artifacts/model-a/aliases"
PRODUCTION = f"{ALIASES}/production"
ROLLBACK = f"{PRODUCTION}/rollback"
START = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def put(api: APIClient, path: str = PRODUCTION, **body: Any) -> Any:
    return api.put(path, body, format="json")


def roll_back(api: APIClient, **body: Any) -> Any:
    return api.post(ROLLBACK, body, format="json")


@pytest.fixture
def vision(team: None, make_version: MakeVersion) -> APIClient:
    """A maintainer of a team, with two versions of an artifact of the team's."""
    boss = make_user("boss", None, {"vision": Role.MAINTAINER})
    for _ in range(2):
        make_version(created_by=boss)
    client = client_of(boss)
    put(client, version=1)
    assert put(client, version=2, protected=True).json()["protected"] is True
    return client


def caller(kind: str) -> APIClient:
    match kind:
        case "anonymous":
            return APIClient()
        case "stranger":
            return client_of(make_user(kind, Role.MAINTAINER))
        case "admin":
            return client_of(make_user(kind, Role.ADMIN))
        case "read token":
            return token_client(make_user(kind, Role.ADMIN), Scope.READ)
    return client_of(make_user(kind, None, {"vision": Role[kind.upper()]}))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("anonymous", 401), ("stranger", 404), ("viewer", 403), ("contributor", 403),
        ("read token", 403), ("maintainer", 200), ("admin", 200),
    ],
)  # fmt: skip
def test_who_moves_a_protected_alias(vision: APIClient, kind: str, status: int) -> None:
    client = caller(kind)
    answers = [
        put(client, version=1),
        roll_back(client),
        put(client, version=1, protected=False, comment="x"),
        client.delete(f"{PRODUCTION}?comment=x"),
    ]
    assert [answer.status_code for answer in answers] == [status] * 4
    if kind == "contributor":
        assert {answer.json()["needs"] for answer in answers} == {"maintainer"}
    if status != 200:
        assert vision.get(PRODUCTION).json()["version"] == 2


@pytest.mark.parametrize(
    ("kind", "status"), [("stranger", 404), ("viewer", 403), ("contributor", 201)]
)
def test_other_aliases_are_a_contributors(vision: APIClient, kind: str, status: int) -> None:
    assert put(caller(kind), f"{ALIASES}/staging", version=1).status_code == status


def test_a_stranger_sees_no_past_and_no_history(vision: APIClient) -> None:
    stranger = caller("stranger")
    for path in (f"{PRODUCTION}?at=2020-01-01", f"{PRODUCTION}/history"):
        answer, absent = stranger.get(path), stranger.get(path.replace("model-a", "nothing"))
        assert answer.status_code == absent.status_code == 404
        assert answer.json()["code"] == absent.json()["code"] == "artifact_not_found"


def test_a_pattern_shows_in_every_item(api: APIClient, make_version: MakeVersion) -> None:
    make_version(aliases=["release-1", "other"])
    ProtectedAlias.objects.create(pattern="rel*")
    found = {one["alias"]: one["protected"] for one in api.get(ALIASES).json()}
    assert found == {"latest": False, "other": False, "release-1": True}
    assert api.get(f"{ALIASES}/release-1").json()["protected"] is True
    answer = api.delete("/api/artifacts/model-a/v1")
    assert (answer.status_code, answer.json()["code"]) == (409, "alias_protected")


def test_a_comment_is_asked_for_and_kept(api: APIClient, make_version: MakeVersion) -> None:
    make_version()
    make_version()
    ProtectedAlias.objects.create(pattern="production", needs_comment=True)
    for answer in (put(api, version=1), put(api, version=1, comment="  ")):
        assert (answer.status_code, answer.json()["code"]) == (400, "comment_needed")
    assert put(api, version=1, comment="first").status_code == 201
    assert put(api, version=2, comment="better: 更好").status_code == 200
    assert roll_back(api).status_code == 400
    assert roll_back(api, comment="worse", expected_version=2).json()["version"] == 1
    assert api.delete(PRODUCTION).status_code == 400
    assert api.delete(PRODUCTION, {"comment": "no more"}, format="json").status_code == 200
    rows = api.get(f"{PRODUCTION}/history").json()
    assert [(row["from_version"], row["to_version"], row["comment"]) for row in rows] == [
        (1, None, "no more"), (2, 1, "worse"), (1, 2, "better: 更好"), (None, 1, "first"),
    ]  # fmt: skip


@pytest.mark.parametrize("comment", ["x" * 2001, "\x00", "a\x1bb", 5, None, ["x"]])
def test_a_bad_comment_names_the_field(
    api: APIClient, make_version: MakeVersion, comment: Any
) -> None:
    make_version(aliases=["production"])
    answers = [put(api, version=1, comment=comment), roll_back(api, comment=comment)]
    if isinstance(comment, str):
        answers.append(api.delete(PRODUCTION, QUERY_STRING=f"comment={comment}"))
    for answer in answers:
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["comment"])
    assert api.get(PRODUCTION).status_code == 200


def test_the_comment_of_a_removal_may_be_in_the_query(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version(aliases=["production"])
    ProtectedAlias.objects.create(pattern="production", needs_comment=True)
    assert api.delete(f"{PRODUCTION}?comment=no more").status_code == 200
    assert api.get(f"{PRODUCTION}/history").json()[0]["comment"] == "no more"


@pytest.mark.parametrize("body", [{"comment": 5}, {"comment": "x" * 2001}, ["x"], "x"])
def test_a_bad_body_of_a_removal_is_400(
    api: APIClient, make_version: MakeVersion, body: Any
) -> None:
    make_version(aliases=["production"])
    assert api.delete(PRODUCTION, body, format="json").status_code == 400
    assert api.get(PRODUCTION).status_code == 200


def commit(client: APIClient, **more: Any) -> Any:
    reference = {"uri": "https://example.org/weights"}
    body = {"type": "model", "references": [reference], "aliases": ["production"]}
    return client.post("/api/artifacts/model-a/versions", body | more, format="json")


def test_a_commit_brings_the_comment_that_its_alias_asks_for(
    api: APIClient, make_version: MakeVersion
) -> None:
    make_version(aliases=["production"])
    ProtectedAlias.objects.create(pattern="production", needs_comment=True)
    for answer in (commit(api), commit(api, comment="  ")):
        assert (answer.status_code, answer.json()["code"]) == (400, "comment_needed")
    assert commit(api, comment=" passed the tests ").status_code == 201
    row = api.get(f"{PRODUCTION}/history").json()[0]
    assert (row["to_version"], row["comment"]) == (2, "passed the tests")
    logged = AuditEvent.objects.filter(action="alias.move").latest("id")
    assert logged.after == {"version": 2, "comment": "passed the tests"}


@pytest.mark.parametrize(
    "more",
    [
        {"comment": "why", "aliases": []},
        {"comment": "why", "aliases": ["latest"]},
        {"comment": "x" * 2001},
        {"comment": 5},
    ],
)
def test_a_comment_of_a_commit_that_cannot_be_kept_is_400(
    api: APIClient, store: Store, more: dict[str, Any]
) -> None:
    answer = commit(api, **more)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["comment"])


def test_a_roll_back_that_cannot_be_says_why(api: APIClient, make_version: MakeVersion) -> None:
    make_version(aliases=["production"])
    make_version()
    answer = roll_back(api)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "nowhere but at v1" in answer.json()["detail"]
    put(api, version=2)
    answer = roll_back(api, expected_version=1)
    assert (answer.status_code, answer.json()["code"]) == (409, "alias_moved")
    api.delete("/api/artifacts/model-a/v1")
    answer = roll_back(api)
    assert (answer.status_code, answer.json()["code"]) == (409, "version_not_ready")
    assert api.post(f"{ALIASES}/nothing/rollback").status_code == 404
    assert api.post(f"{ALIASES}/latest/rollback").status_code == 400


@pytest.fixture
def past(api: APIClient, make_version: MakeVersion) -> APIClient:
    """v1 on May 1st, v2 on the 2nd; production at v1 from the 3rd on, at v2 from the 4th on."""
    with time_machine.travel(START, tick=False) as clock:
        for _ in range(2):
            make_version()
            clock.shift(DAY)
        for number in (1, 2):
            put(api, version=number)
            clock.shift(DAY)
    return api


@pytest.mark.parametrize(
    ("at", "version", "since"),
    [
        ("2026-05-03", 1, 2),
        ("2026-05-03T23:59:59.999999Z", 1, 2),
        ("2026-05-04", 2, 3),
        ("2026-05-04T01:00%2B02:00", 1, 2),
        ("2026-05-04T02:00+02:00", 2, 3),
        ("", 2, 3),
    ],
)
def test_where_it_pointed_then(past: APIClient, at: str, version: int, since: int) -> None:
    found = past.get(f"{PRODUCTION}?at={at}").json()
    assert (found["version"], found["artifact"]) == (version, f"model-a:v{version}")
    assert found["updated_at"] == (START + since * DAY).timestamp()
    assert set(found) == set(past.get(PRODUCTION).json())


def test_latest_as_of_then(past: APIClient) -> None:
    assert past.get(f"{ALIASES}/latest?at=2026-05-01").json()["version"] == 1
    assert past.get(f"{ALIASES}/latest?at=2026-04-30").status_code == 404


def test_before_it_was_there(past: APIClient) -> None:
    answer = past.get(f"{PRODUCTION}?at=2026-05-02")
    assert (answer.status_code, answer.json()["code"]) == (404, "alias_not_found")
    assert "it exists since 2026-05-03T00:00:00Z" in answer.json()["detail"]


@pytest.mark.parametrize(
    "at", ["yesterday", "2026-05-01T10:00", "1767225600", "2026-02-30", "9999-12-31", "%00"]
)
def test_what_is_no_time_of_the_past(past: APIClient, at: str) -> None:
    answer = past.get(f"{PRODUCTION}?at={at}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["at"])


def test_a_number_has_no_time(past: APIClient) -> None:
    past.post("/api/runs", {"id": "r", "project": "p"}, format="json")
    uses = "/api/runs/r/uses"
    for text in ("model-a:v1@2026-05-03", "model-a:production@x", "model-a:latest@9999-01-01"):
        answer = past.post(uses, {"artifact": text}, format="json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["artifact"])
    answer = past.post(uses, {"artifact": "model-a:production@2026-05-03"}, format="json")
    assert (answer.status_code, answer.json()["version"]) == (201, 1)
    answer = past.post(uses, {"artifact": "model-a:production@2026-05-01"}, format="json")
    assert answer.status_code == 404
