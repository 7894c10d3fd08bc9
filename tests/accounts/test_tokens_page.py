"""``/settings/tokens``: shown once, only what one may, revoked after a question."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import ApiToken, AuditEvent, User
from accounts.roles import Role, Scope
from accounts.tokens import create_token, family_of, find_token
from accounts.web.tokens import state_of
from tests.people import client_of, make_token, make_user

pytestmark = pytest.mark.usefixtures("team", "db")

URL = "/settings/tokens"


@pytest.fixture
def ada() -> User:
    return make_user("ada", Role.CONTRIBUTOR)


@pytest.fixture
def boss() -> User:
    return make_user("boss", Role.ADMIN)


@pytest.fixture
def robot() -> User:
    user = make_user("robot", Role.CONTRIBUTOR)
    User.objects.filter(pk=user.pk).update(is_service=True)
    return user


def make(user: User, **form: Any) -> Any:
    return client_of(user).post(URL, {"name": "laptop", "scope": "write", "days": "90", **form})


def test_the_text_is_shown_once_and_lets_in(ada: User) -> None:
    answer = make(ada)
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    text = answer.context["text"]
    token = find_token(text)
    assert token is not None
    assert (token.user, token.name, token.scope) == (ada, "laptop", Scope.WRITE)
    assert text in answer.content.decode()
    assert "runicorn login http://testserver" in answer.content.decode()
    listed = client_of(ada).get(URL).content.decode()
    assert text not in listed
    assert token.hint in listed
    assert AuditEvent.objects.get(action="token.create").username == "ada"


def test_a_reload_makes_no_second_token_and_says_so_calmly(ada: User) -> None:
    client = client_of(ada)
    form_id = client.get(URL).context["form"]["form_id"].value()
    fields = {"name": "laptop", "scope": "write", "days": "90", "form_id": form_id}
    text = client.post(URL, fields).context["text"]
    again = client.post(URL, fields)
    page = again.content.decode()
    assert (again.status_code, ApiToken.objects.count()) == (200, 1)
    assert "A token is shown once" in page
    assert f"/settings/tokens/{ApiToken.objects.get().pk}/revoke" in page
    assert text not in page


def test_after_the_reload_a_revoked_token_offers_no_revoking(ada: User) -> None:
    client = client_of(ada)
    fields = {"name": "laptop", "scope": "write", "form_id": "once"}
    client.post(URL, fields)
    ApiToken.objects.update(revoked_at=timezone.now())
    page = client.post(URL, fields).content.decode()
    assert "A token is shown once" in page
    assert "/revoke" not in page


def test_another_form_makes_another_token(ada: User) -> None:
    client = client_of(ada)
    ids = {client.get(URL).context["form"]["form_id"].value() for _ in range(2)}
    assert len(ids) == 2
    for form_id in ids:
        fields = {"name": form_id, "scope": "write", "form_id": form_id}
        assert client.post(URL, fields).status_code == 201
    assert ApiToken.objects.count() == 2


def test_a_form_of_another_session_is_not_known_here(ada: User, boss: User) -> None:
    assert make(boss, form_id="once").status_code == 201
    assert make(ada, form_id="once").status_code == 201
    assert client_of(ada).session.get("made_tokens") is None


@pytest.mark.parametrize(("days", "kept"), [("7", 7), ("365", 365), ("", None)])
def test_it_ends_when_it_was_asked_to(ada: User, days: str, kept: int | None) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        make(ada, days=days)
    ends = ApiToken.objects.get().expires_at
    assert ends == (None if kept is None else now + timedelta(days=kept))


@pytest.mark.parametrize(
    ("form", "field", "status"),
    [
        ({"name": ""}, "name", 400),
        ({"name": "x" * 129}, "name", 400),
        ({"name": "a\x1bb"}, "name", 400),
        ({"scope": "root"}, "scope", 400),
        ({"days": "8"}, "days", 400),
        ({"name": "taken"}, "__all__", 409),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    ada: User, form: dict[str, str], field: str, status: int
) -> None:
    make_token(ada, name="taken")
    answer = make(ada, **form)
    assert answer.status_code == status
    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"]["days"].value() == form.get("days", "90")
    assert ApiToken.objects.count() == 1


def test_nobody_makes_tokens_for_others(ada: User, robot: User) -> None:
    assert make(ada, for_account="robot").status_code == 201
    assert ApiToken.objects.get().user == ada


def test_an_admin_makes_those_of_programs_and_of_no_other_person(
    boss: User, ada: User, robot: User
) -> None:
    assert make(boss, for_account="robot").status_code == 201
    assert ApiToken.objects.get().user == robot
    assert make(boss, for_account="ada").status_code == 400
    page = client_of(boss).get(f"{URL}?user=robot")
    assert page.context["form"]["for_account"].value() == "robot"


def names_seen(user: User, query: str = "") -> list[str]:
    answer = client_of(user).get(URL + query)
    return [token.name for token in answer.context["page"]]


def test_who_sees_whose(boss: User, ada: User) -> None:
    make_token(ada, name="adas")
    make_token(boss, name="bosses")
    assert names_seen(ada) == ["adas"]
    assert names_seen(ada, "?user=ada") == ["adas"]
    assert names_seen(boss) == ["bosses"]
    assert names_seen(boss, "?user=ada") == ["adas"]
    assert names_seen(boss, "?user=*") == ["bosses", "adas"]
    for query in ("?user=boss", "?user=*", "?user=nobody"):
        assert client_of(ada).get(URL + query).status_code == 403


def test_revoking_asks_first_and_takes_what_was_made_with_it(ada: User) -> None:
    parent, _ = create_token(user=ada, name="parent", created_by=ada)
    ada.token = parent
    create_token(user=ada, name="child", created_by=ada)
    ada.token = None
    url = f"{URL}/{parent.pk}/revoke"
    client = client_of(ada)
    asked = client.get(url)
    assert [line.split(" ")[0] for line in asked.context["lines"]] == ["ada/parent", "ada/child"]
    assert not ApiToken.objects.exclude(revoked_at=None).exists()
    answer = client.post(url, follow=True)
    assert "revoked" in str(next(iter(answer.context["messages"])))
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    assert list(answer.context["page"]) == []


def test_of_a_family_the_revoked_are_left_out_but_not_their_children(ada: User) -> None:
    parent, child, grandchild = (
        create_token(user=ada, name=name, created_by=ada)[0] for name in ("a", "b", "c")
    )
    ApiToken.objects.filter(pk=child.pk).update(made_with=parent, revoked_at=timezone.now())
    ApiToken.objects.filter(pk=grandchild.pk).update(made_with=child)
    assert family_of(parent) == [parent, grandchild]


def test_the_token_of_somebody_else_is_absent_but_for_admins(boss: User, ada: User) -> None:
    make_token(boss, name="bosses")
    token = ApiToken.objects.get()
    for url in (f"{URL}/{token.pk}/revoke", f"{URL}/999999999/revoke"):
        assert client_of(ada).get(url).status_code == 404
        assert client_of(ada).post(url).status_code == 404
    make_token(ada, name="adas")
    adas = ApiToken.objects.get(name="adas")
    answer = client_of(boss).post(f"{URL}/{adas.pk}/revoke")
    assert (answer.status_code, answer["Location"]) == (303, f"{URL}?user=ada")


def test_the_state_of_a_token(ada: User) -> None:
    make_token(ada)
    token = ApiToken.objects.get()
    assert state_of(token) == "usable"
    token.user.is_active = False
    assert state_of(token) == "off"
    token.expires_at = timezone.now()
    assert state_of(token) == "expired"
    token.revoked_at = timezone.now()
    assert state_of(token) == "revoked"
