"""``/api/tokens``: the text once, one's own only, and no way out of a token by another one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.errors import AccessDenied
from accounts.models import ApiToken, AuditEvent, User
from accounts.roles import Role, Scope
from accounts.tokens import create_token, find_token, revoke_token
from tests.people import client_of, make_token, make_user, token_client

pytestmark = pytest.mark.usefixtures("team", "db")


@pytest.fixture
def ada() -> User:
    return make_user("ada", Role.CONTRIBUTOR)


@pytest.fixture
def boss() -> User:
    return make_user("boss", Role.ADMIN)


@pytest.fixture
def robot() -> User:
    user = make_user("robot", Role.CONTRIBUTOR)
    user.is_service = True
    user.save()
    return user


def post(client: APIClient, **body: Any) -> Any:
    return client.post("/api/tokens", {"name": "laptop", **body}, format="json")


def with_token(user: User, **fields: Any) -> APIClient:
    _, text = create_token(user=user, name="mine", created_by=user, **fields)
    return APIClient(headers={"authorization": f"Bearer {text}"})


def test_the_text_is_given_once_and_lets_in(ada: User) -> None:
    answer = post(client_of(ada))
    made = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    assert find_token(made["token"]) == ApiToken.objects.get()
    (listed,) = client_of(ada).get("/api/tokens").json()
    assert listed.pop("last_used_at") is not None
    del made["last_used_at"]
    assert listed == {key: value for key, value in made.items() if key != "token"}
    assert (listed["name"], listed["user"], listed["scope"]) == ("laptop", "ada", "write")
    assert (listed["expires_at"], made["token"].startswith(listed["hint"])) == (None, True)


def test_no_answer_has_a_hash_or_another_text(ada: User) -> None:
    text = post(client_of(ada)).json()["token"]
    token = ApiToken.objects.get()
    for path in ("/api/tokens", "/api/whoami"):
        body = client_of(ada).get(path).content.decode()
        assert token.sha256 not in body
        assert text not in body


@pytest.mark.parametrize("role", [None, *Role])
def test_everybody_who_may_enter_makes_tokens_of_his_own(role: Role | None) -> None:
    user = make_user("somebody", role, {} if role else {"vision": Role.VIEWER})
    assert post(client_of(user), scope="admin").status_code == 201
    assert [one.user for one in ApiToken.objects.all()] == [user]


def test_anonymous_is_401_and_nobody_without_a_role_gets_in(api: APIClient) -> None:
    assert post(api).status_code == 401
    assert post(client_of(make_user("none"))).status_code == 403


SCOPES = [(own, new) for own in Scope for new in Scope]
ORDER = list(Scope)


@pytest.mark.parametrize(("own", "new"), SCOPES)
def test_a_token_makes_only_tokens_of_its_scope_or_a_lower_one(
    boss: User, own: Scope, new: Scope
) -> None:
    answer = post(token_client(boss, own), scope=new.value)
    allowed = own != Scope.READ and ORDER.index(new) <= ORDER.index(own)
    assert answer.status_code == (201 if allowed else 403)
    assert ApiToken.objects.count() == (2 if allowed else 1)


@pytest.mark.parametrize(("own", "other"), SCOPES)
def test_a_token_revokes_only_tokens_of_its_scope_or_a_lower_one(
    boss: User, own: Scope, other: Scope
) -> None:
    token, _ = create_token(user=boss, name="other", scope=other, created_by=boss)
    answer = token_client(boss, own).delete(f"/api/tokens/{token.pk}")
    allowed = own != Scope.READ and ORDER.index(other) <= ORDER.index(own)
    assert answer.status_code == (200 if allowed else 403)
    token.refresh_from_db()
    assert (token.revoked_at is not None) == allowed


def test_no_token_outlives_the_one_it_is_made_with(ada: User) -> None:
    ends = timezone.now() + timedelta(days=3)
    client = with_token(ada, expires_at=ends)
    later = (ends + timedelta(seconds=1)).isoformat()
    answer = post(client, expires_at=later)
    assert (answer.status_code, "outlives" in answer.json()["detail"]) == (403, True)
    assert post(client).json()["expires_at"] == ends.timestamp()
    sooner = (ends - timedelta(days=1)).timestamp()
    assert post(client, name="ci", expires_at=sooner).json()["expires_at"] == sooner


@pytest.mark.parametrize(
    ("given", "means"),
    [
        (4102444800, datetime(2100, 1, 1, tzinfo=UTC)),
        (4102444800.5, datetime(2100, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("2100-01-01", datetime(2100, 1, 1, tzinfo=UTC)),
        ("2100-01-01T02:00:00+02:00", datetime(2100, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2100-01-01T00:00:00Z", datetime(2100, 1, 1, tzinfo=UTC)),
        (None, None),
    ],
)
def test_an_expiry_is_epoch_seconds_or_a_date(
    ada: User, given: object, means: datetime | None
) -> None:
    answer = post(client_of(ada), expires_at=given)
    assert answer.status_code == 201
    assert ApiToken.objects.get().expires_at == means


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"name": 5}, "name"),
        ({"name": None}, "name"),
        ({"scope": "root"}, "scope"),
        ({"scope": 1}, "scope"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"expires_at": True}, "expires_at"),
        ({"expires_at": 1e300}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"expires_at": "4102444800"}, "expires_at"),
        ({"expires_at": "2001-01-01"}, "expires_at"),
        ({"expires_at": 0}, "expires_at"),
        ({"user": 7}, "user"),
    ],
)
def test_bad_input_is_400_and_names_the_field(
    ada: User, body: dict[str, object], field: str
) -> None:
    answer = post(client_of(ada), **body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not ApiToken.objects.exists()


def test_a_name_in_use_is_409_until_its_token_is_revoked(ada: User) -> None:
    client = client_of(ada)
    first = post(client).json()
    answer = post(client)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert client.delete(f"/api/tokens/{first['id']}").status_code == 200
    assert post(client).status_code == 201
    assert post(client_of(make_user("bob", Role.VIEWER))).status_code == 201


def test_admins_make_tokens_of_service_accounts(boss: User, robot: User) -> None:
    answer = post(client_of(boss), user="robot")
    assert (answer.status_code, answer.json()["user"]) == (201, "robot")
    found = find_token(answer.json()["token"])
    assert found is not None
    assert found.user == robot
    event = AuditEvent.objects.get(action="token.create")
    assert (event.username, event.object) == ("boss", "robot/laptop")


def test_others_do_not_and_do_not_learn_who_there_is(ada: User, boss: User, robot: User) -> None:
    maintainer = client_of(make_user("mona", Role.MAINTAINER))
    clients = (client_of(ada), maintainer, token_client(boss, Scope.WRITE))
    answers = [post(client, user=name) for client in clients for name in ("robot", "nobody")]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.json()["detail"] for answer in answers}) == 1


def test_not_even_admins_make_tokens_of_other_people_over_http(boss: User, ada: User) -> None:
    for name in ("ada", "nobody"):
        answer = post(client_of(boss), user=name)
        assert (answer.status_code, "no service account" in answer.json()["detail"]) == (400, True)


def test_ones_own_name_is_oneself(ada: User) -> None:
    assert post(client_of(ada), user="ada").status_code == 201


def test_a_service_account_makes_its_own(robot: User) -> None:
    assert post(token_client(robot)).json()["user"] == "robot"


def test_the_list_has_ones_own_that_are_not_revoked_newest_first(ada: User, boss: User) -> None:
    make_token(boss)
    client = client_of(ada)
    ids = [post(client, name=name).json()["id"] for name in "abc"]
    client.delete(f"/api/tokens/{ids[1]}")
    assert [one["id"] for one in client.get("/api/tokens").json()] == [ids[2], ids[0]]
    page = client.get("/api/tokens?limit=1&offset=1")
    assert (page["X-Total-Count"], [one["name"] for one in page.json()]) == ("2", ["a"])


def test_admins_see_those_of_others(boss: User, ada: User) -> None:
    make_token(ada)
    assert [one["user"] for one in client_of(boss).get("/api/tokens?user=ada").json()] == ["ada"]
    assert client_of(boss).get("/api/tokens").json() == []
    for name in ("boss", "nobody"):
        assert client_of(ada).get(f"/api/tokens?user={name}").status_code == 403
    assert len(client_of(ada).get("/api/tokens?user=ada").json()) == 1


def test_revoking_is_for_its_owner_and_for_admins(boss: User, ada: User) -> None:
    token, text = create_token(user=ada, name="laptop", created_by=ada)
    path = f"/api/tokens/{token.pk}"
    for stranger in (make_user("bob", Role.MAINTAINER), make_user("eve", Role.VIEWER)):
        answer = client_of(stranger).delete(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "token_not_found")
        absent = client_of(stranger).delete(f"/api/tokens/{token.pk + 1}")
        assert set(absent.json()) == set(answer.json())
    assert find_token(text)
    assert token_client(boss, Scope.WRITE).delete(path).status_code == 404
    answer = client_of(boss).delete(path)
    assert answer.json() == {"success": True, "message": "Revoked token laptop"}
    assert find_token(text) is None
    assert AuditEvent.objects.get(action="token.revoke").username == "boss"
    assert client_of(ada).delete(path).status_code == 200


@pytest.mark.parametrize("token_id", ["0", "9" * 30])
def test_an_id_that_is_none_is_404(ada: User, token_id: str) -> None:
    assert client_of(ada).delete(f"/api/tokens/{token_id}").status_code == 404


def test_a_token_may_revoke_itself(ada: User) -> None:
    text = make_token(ada, Scope.READ)
    client = APIClient(headers={"authorization": f"Bearer {text}"})
    (mine,) = client.get("/api/tokens").json()
    assert client.delete(f"/api/tokens/{mine['id']}").status_code == 200
    assert client.get("/api/tokens").status_code == 401


def test_with_a_token_go_those_that_were_made_with_it(boss: User, robot: User) -> None:
    stolen, text = create_token(user=boss, name="ci", scope=Scope.ADMIN, created_by=boss)
    thief = APIClient(headers={"authorization": f"Bearer {text}"})
    child = post(thief, name="child").json()["token"]
    post(thief, name="of robot", user="robot")
    post(APIClient(headers={"authorization": f"Bearer {child}"}), name="grandchild")
    kept = make_token(boss)
    assert ApiToken.objects.get(name="grandchild").made_with == find_token(child)
    assert client_of(boss).delete(f"/api/tokens/{stolen.pk}").status_code == 200
    usable = ApiToken.objects.filter(revoked_at=None)
    assert list(usable) == [find_token(kept)]
    events = AuditEvent.objects.filter(action="token.revoke").order_by("pk")
    assert [one.object for one in events] == [
        "boss/ci", "boss/child", "robot/of robot", "boss/grandchild",
    ]  # fmt: skip


def test_a_token_that_was_revoked_meanwhile_makes_none(ada: User) -> None:
    token, text = create_token(user=ada, name="ci", created_by=ada)
    ada.token = find_token(text)
    revoke_token(token=token, revoked_by=ada)
    with pytest.raises(AccessDenied, match="revoked"):
        create_token(user=ada, name="child", created_by=ada)
    assert ApiToken.objects.count() == 1


def test_in_open_mode_a_token_would_be_nobodys(settings: Any, api: APIClient, robot: User) -> None:
    settings.RUNICORN_ACCESS = "open"
    for body in ({}, {"user": "robot"}):
        answer = post(api, **body)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert "RUNICORN_ACCESS=team" in answer.json()["detail"]
    assert api.get("/api/tokens").json() == []
    assert post(client_of(robot)).status_code == 201


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.MAINTAINER])
def test_in_open_mode_the_tokens_of_others_are_still_theirs(
    settings: Any, ada: User, robot: User, role: Role | None
) -> None:
    settings.RUNICORN_ACCESS = "open"
    token, text = create_token(user=ada, name="laptop", created_by=ada)
    caller = client_of(make_user("caller", role)) if role else APIClient()
    assert caller.get("/api/tokens?user=ada").status_code == 403
    assert caller.delete(f"/api/tokens/{token.pk}").status_code == 404
    assert post(caller, user="robot").status_code == (403 if role else 409)
    assert find_token(text) == ApiToken.objects.get()


def test_in_open_mode_admins_do_as_their_tokens_let_them(
    settings: Any, ada: User, boss: User
) -> None:
    settings.RUNICORN_ACCESS = "open"
    token, text = create_token(user=ada, name="laptop", created_by=ada)
    assert token_client(boss, Scope.WRITE).get("/api/tokens?user=ada").status_code == 403
    assert len(client_of(boss).get("/api/tokens?user=ada").json()) == 1
    assert token_client(boss, Scope.ADMIN).delete(f"/api/tokens/{token.pk}").status_code == 200
    assert find_token(text) is None


def test_the_list_asks_as_often_for_many_as_for_one(
    ada: User, django_assert_num_queries: Any
) -> None:
    text = make_token(ada)
    client = APIClient(headers={"authorization": f"Bearer {text}"})
    client.get("/api/tokens")
    for more in (0, 20):
        for number in range(more):
            make_token(ada, name=f"token-{number}")
        with django_assert_num_queries(5):
            assert len(client.get("/api/tokens").json()) == 1 + more
