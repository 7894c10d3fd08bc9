"""``GET /api/whoami``: who one is and what one may do, no more than the token leaves."""

from datetime import UTC, datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Team
from accounts.roles import Role, Scope
from accounts.tokens import create_token
from tests.people import client_of, make_user, token_client

pytestmark = pytest.mark.usefixtures("team", "db")


def whoami(client: APIClient) -> Any:
    answer = client.get("/api/whoami")
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize("role", Role)
def test_it_tells_the_role_everywhere(role: Role) -> None:
    assert whoami(client_of(make_user("ada", role))) == {
        "username": "ada", "role": role.label, "teams": [], "token": None, "access": "team",
    }  # fmt: skip


def test_it_tells_the_teams_and_the_role_in_them() -> None:
    Team.objects.create(name="others")
    ada = make_user("ada", Role.CONTRIBUTOR, {"vision": Role.VIEWER, "speech": Role.MAINTAINER})
    assert whoami(client_of(ada))["teams"] == [
        {"name": "speech", "role": "maintainer"},
        {"name": "vision", "role": "contributor"},
    ]


def test_who_is_in_a_team_only_has_no_role_everywhere() -> None:
    found = whoami(client_of(make_user("ada", None, {"vision": Role.VIEWER})))
    assert (found["role"], found["teams"]) == (None, [{"name": "vision", "role": "viewer"}])


@pytest.mark.parametrize(
    ("scope", "role"),
    [(Scope.READ, "viewer"), (Scope.WRITE, "maintainer"), (Scope.ADMIN, "admin")],
)
def test_a_token_leaves_no_more_than_its_scope(scope: Scope, role: str) -> None:
    found = whoami(token_client(make_user("root", Role.ADMIN, {"vision": Role.VIEWER}), scope))
    assert (found["role"], found["teams"]) == (role, [{"name": "vision", "role": role}])
    assert found["token"] == {"name": f"test-{scope}", "scope": scope, "expires_at": None}


def test_it_tells_when_the_token_ends() -> None:
    ada, ends = make_user("ada", Role.VIEWER), datetime(2100, 1, 1, tzinfo=UTC)
    _, text = create_token(user=ada, name="t", created_by=ada, expires_at=ends)
    found = whoami(APIClient(headers={"authorization": f"Bearer {text}"}))
    assert found["token"]["expires_at"] == ends.timestamp()


def test_in_open_mode_nobody_is_an_admin(settings: Any, api: APIClient) -> None:
    settings.RUNICORN_ACCESS = "open"
    assert whoami(api) == {
        "username": None, "role": "admin", "teams": [], "token": None, "access": "open",
    }  # fmt: skip
    assert whoami(client_of(make_user("ada")))["username"] == "ada"


def test_a_bad_token_is_401_in_either_mode(settings: Any) -> None:
    client = APIClient(headers={"authorization": "Bearer rn_nonsense"})
    for mode in ("team", "open"):
        settings.RUNICORN_ACCESS = mode
        assert client.get("/api/whoami").status_code == 401


@pytest.mark.parametrize("teams", [1, 12])
def test_it_asks_as_often_for_many_teams(teams: int, django_assert_num_queries: Any) -> None:
    ada = make_user("ada", Role.VIEWER, {f"team-{one}": Role.VIEWER for one in range(teams)})
    client = token_client(ada)
    whoami(client)
    with django_assert_num_queries(5):
        whoami(client)
