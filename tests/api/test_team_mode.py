"""Team mode: who is not logged in gets 401 from every route; who is, gets in."""

import base64

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from artifacts.storage.layout import Store
from tests.api.conftest import API_ROUTES

PUBLIC = {"/api/health"}
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
        assert answer["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("method", ["head", "options"])
@pytest.mark.parametrize("path", sorted({path for _, path in PROTECTED}))
def test_head_and_options_are_no_way_round(
    team: None, api: APIClient, store: Store, method: str, path: str
) -> None:
    assert getattr(api, method)(path).status_code == 401


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_a_member_gets_past_the_door(
    team: None, member: APIClient, store: Store, method: str, path: str
) -> None:
    answer = getattr(member, method)(path)
    assert answer.status_code not in {401, 403, 500}


@pytest.fixture
def basic(db: None) -> str:
    """The Authorization header of a user with a password."""
    User.objects.create_user("ada", password="correct horse")
    return f"Basic {base64.b64encode(b'ada:correct horse').decode()}"


def test_a_password_lets_in(team: None, api: APIClient, store: Store, basic: str) -> None:
    assert api.get("/api/artifacts", HTTP_AUTHORIZATION=basic).status_code == 200


@pytest.mark.parametrize(
    "header", ["Basic YWRhOndyb25n", "Basic", "Basic !!!", "Basic YWRh", "Bearer x"]
)
def test_a_wrong_one_does_not(
    team: None, api: APIClient, store: Store, basic: str, header: str
) -> None:
    answer = api.get("/api/artifacts", HTTP_AUTHORIZATION=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_who_may_not_log_in_any_more_does_not_get_in(
    team: None, api: APIClient, store: Store, basic: str
) -> None:
    User.objects.update(is_active=False)
    assert api.get("/api/artifacts", HTTP_AUTHORIZATION=basic).status_code == 401


def test_a_session_lets_in_and_writes_need_its_csrf_token(
    team: None, store: Store, basic: str
) -> None:
    client = APIClient(enforce_csrf_checks=True)
    assert client.login(username="ada", password="correct horse")
    assert client.get("/api/artifacts").status_code == 200
    answer = client.post("/api/runs", {"project": "p"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "denied")


def test_an_unknown_route_tells_nobody_anything(team: None, api: APIClient, db: None) -> None:
    assert api.get("/api/nothing").status_code == 404
