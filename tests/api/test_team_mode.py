"""Team mode: who is not logged in gets 401 from every route; who is, gets in."""

import base64

import pytest
from django.http import HttpRequest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.roles import Role
from artifacts.storage.layout import Store
from tests.api.conftest import API_ROUTES
from tests.people import client_of, make_token, make_user

PUBLIC = {"/api/health"}
FOR_ADMINS = {"/api/audit"}
PROTECTED = [(method, path) for method, path in API_ROUTES if path not in PUBLIC]


def test_the_url_conf_is_walked_whole() -> None:
    assert {path for method, path in API_ROUTES} >= {
        "/api/health",
        "/api/schema",
        "/api/artifacts/stats",
        "/api/artifacts/model-a/versions",
        "/api/artifacts/model-a/v1/files/a.bin",
        "/api/runs/run-1/uses",
    }
    assert len(PROTECTED) >= 28


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_anonymous_is_401_in_json(
    team: None, api: APIClient, store: Store, method: str, path: str
) -> None:
    for answer in (getattr(api, method)(path), getattr(api, method)(path + "?type=../..")):
        assert (answer.status_code, answer["Content-Type"]) == (401, "application/json")
        assert answer.json()["code"] == "unauthenticated"
        assert answer["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("method", ["head", "options"])
@pytest.mark.parametrize("path", sorted({path for _, path in PROTECTED}))
def test_head_and_options_are_no_way_round(
    team: None, api: APIClient, store: Store, method: str, path: str
) -> None:
    assert getattr(api, method)(path).status_code == 401


@pytest.mark.parametrize(("method", "path"), [one for one in PROTECTED if one[1] not in FOR_ADMINS])
def test_a_member_gets_past_the_door(
    team: None, member: APIClient, store: Store, method: str, path: str
) -> None:
    answer = getattr(member, method)(path)
    assert answer.status_code not in {401, 403, 500}


@pytest.fixture
def ada(db: None) -> User:
    """A viewer with a password."""
    user = make_user("ada", Role.VIEWER)
    user.set_password("correct horse")
    user.save()
    return user


def basic(password: str, username: str = "ada") -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token", "TOKEN"])
def test_a_token_lets_in(team: None, api: APIClient, store: Store, ada: User, scheme: str) -> None:
    header = f"{scheme} {make_token(ada)}"
    assert api.get("/api/artifacts", HTTP_AUTHORIZATION=header).status_code == 200


@pytest.mark.parametrize("username", ["ada", "anybody", ""])
def test_for_curl_the_token_is_the_password(
    team: None, api: APIClient, store: Store, ada: User, username: str
) -> None:
    header = basic(make_token(ada), username)
    assert api.get("/api/artifacts", HTTP_AUTHORIZATION=header).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        basic("correct horse"), basic("wrong"), "Basic", "Basic !!!", "Basic YWRh", "Bearer x",
        "Bearer", "Bearer rn_x", "Token rn_\u00e9", "Basic //8=",
    ],
)  # fmt: skip
def test_nothing_else_does_not_even_a_password(
    team: None, api: APIClient, store: Store, ada: User, header: str
) -> None:
    answer = api.get("/api/artifacts", HTTP_AUTHORIZATION=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_who_may_not_log_in_any_more_does_not_get_in(
    team: None, api: APIClient, store: Store, ada: User
) -> None:
    header = basic(make_token(ada))
    User.objects.update(is_active=False)
    assert api.get("/api/artifacts", HTTP_AUTHORIZATION=header).status_code == 401


def test_who_has_no_role_is_told_so(team: None, store: Store) -> None:
    answer = client_of(make_user("bob")).get("/api/artifacts")
    assert (answer.status_code, answer.json()["code"]) == (403, "denied")
    assert "no role" in answer.json()["detail"]


def test_a_session_lets_in_and_writes_need_its_csrf_token(
    team: None, store: Store, ada: User
) -> None:
    client = APIClient(enforce_csrf_checks=True)
    assert client.login(request=HttpRequest(), username="ada", password="correct horse")
    assert client.get("/api/artifacts").status_code == 200
    answer = client.post("/api/runs", {"project": "p"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "denied")


def test_an_unknown_route_tells_nobody_anything(team: None, api: APIClient, db: None) -> None:
    assert api.get("/api/nothing").status_code == 404
