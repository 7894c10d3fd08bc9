"""``/settings/members``: admins make and change accounts, each change through the services."""

from typing import Any

import pytest
from django.test import Client

from accounts.access import people_seen_by, role_everywhere, teams_seen_by
from accounts.models import AuditEvent, User
from accounts.roles import Role
from tests.people import client_of, fresh, make_user

pytestmark = pytest.mark.usefixtures("team", "db")

URL = "/settings/members"
SERVICE_URL = "/settings/new-member?kind=service"
PASSWORD = "correct horse battery"
BOTH = {"password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def boss() -> User:
    return make_user("boss", Role.ADMIN)


def add(boss: User, **form: str) -> Any:
    fields = {"username": "ada", "email": "a@example.org", "role": "20", **form}
    return client_of(boss).post("/settings/new-member", fields)


def add_program(boss: User, **form: str) -> Any:
    fields = {"username": "ci", "role": "20", **form}
    return client_of(boss).post(SERVICE_URL, fields)


def test_a_person_gets_a_role_and_a_password(boss: User) -> None:
    answer = add(boss, **BOTH)
    assert (answer.status_code, answer["Location"]) == (303, f"{URL}/ada")
    ada = User.objects.get(username="ada")
    assert (role_everywhere(ada), ada.check_password(PASSWORD)) == (Role.CONTRIBUTOR, True)
    made = AuditEvent.objects.get(action="user.create")
    assert (made.username, made.object, made.after and made.after["role"]) == (
        "boss", "ada", "contributor",
    )  # fmt: skip


@pytest.mark.parametrize("typed", [{}, BOTH])
def test_a_service_account_has_no_password_whatever_is_typed(
    boss: User, typed: dict[str, str]
) -> None:
    answer = add_program(boss, **typed)
    assert (answer.status_code, answer["Location"]) == (303, f"{URL}/ci")
    program = User.objects.get(username="ci")
    assert (program.is_service, program.has_usable_password()) == (True, False)
    assert role_everywhere(program) == Role.CONTRIBUTOR


def test_the_form_of_a_service_account_asks_for_no_password(boss: User) -> None:
    answer = client_of(boss).get(SERVICE_URL)
    page = answer.content.decode()
    assert "<h2>New service account</h2>" in page
    assert 'type="password"' not in page
    assert list(answer.context["form"].fields) == ["username", "email", "role"]
    assert "<h2>New member</h2>" in client_of(boss).get("/settings/new-member").content.decode()


def test_what_is_wrong_with_a_service_account_comes_back_on_its_own_form(boss: User) -> None:
    answer = add_program(boss, username="BOSS")
    assert (answer.status_code, list(answer.context["form"].errors)) == (400, ["username"])
    assert "<h2>New service account</h2>" in answer.content.decode()


def test_a_person_cannot_be_made_a_program_by_a_field_of_another_form(boss: User) -> None:
    assert add(boss, is_service="on", **BOTH).status_code == 303
    assert not User.objects.get(username="ada").is_service


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "password1"),
        ({"password1": PASSWORD}, "password2"),
        ({"password2": PASSWORD}, "password1"),
        ({"password1": PASSWORD, "password2": "another"}, "password2"),
        ({"password1": "12345678", "password2": "12345678"}, "password2"),
        ({**BOTH, "username": "BOSS"}, "username"),
        ({**BOTH, "username": "a b"}, "username"),
        ({**BOTH, "role": "41"}, "role"),
        ({**BOTH, "email": "x"}, "email"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    boss: User, form: dict[str, str], field: str
) -> None:
    answer = add(boss, **form)
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    assert answer.context["form"]["email"].value() == form.get("email", "a@example.org")
    assert User.objects.count() == 1


def change(boss: User, name: str, **form: str) -> Any:
    fields = {"role": "10", "is_active": "on", **form}
    sent = {key: text for key, text in fields.items() if text}
    return client_of(boss).post(f"{URL}/{name}", sent)


def test_a_role_is_changed_and_an_account_switched_off(boss: User) -> None:
    ada = make_user("ada", Role.VIEWER)
    assert change(boss, "ada", role="30").status_code == 303
    assert role_everywhere(fresh(ada)) == Role.MAINTAINER
    assert change(boss, "ada", role="30", is_active="").status_code == 303
    assert not fresh(ada).is_active
    events = AuditEvent.objects.filter(action="user.change").order_by("pk")
    assert [one.after for one in events] == [{"role": "maintainer"}, {"is_active": False}]


@pytest.mark.parametrize("form", [{"role": "30"}, {"is_active": "", "role": "40"}], ids=str)
def test_the_last_admin_stays_one_and_hears_why(boss: User, form: dict[str, str]) -> None:
    answer = change(boss, "boss", **form)
    assert answer.status_code == 409
    assert "Nobody would be left" in answer.content.decode()
    assert (role_everywhere(fresh(boss)), fresh(boss).is_active) == (Role.ADMIN, True)


def test_nobody_is_somebody_not_there(boss: User) -> None:
    for page in ("nobody", "nobody/password", "a%00b"):
        assert client_of(boss).get(f"{URL}/{page}").status_code == 404


def test_a_given_password_is_in_the_log_and_ends_his_sessions(boss: User) -> None:
    ada = make_user("ada", Role.VIEWER)
    his = client_of(ada)
    url = f"{URL}/ada/password"
    new = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    assert client_of(boss).post(url, {**new, "new_password2": "x"}).status_code == 400
    assert his.get("/settings").status_code == 200
    assert client_of(boss).post(url, new).status_code == 303
    assert fresh(ada).check_password(PASSWORD)
    assert his.get("/settings").status_code == 302
    event = AuditEvent.objects.get(action="user.password")
    assert (event.username, event.object) == ("boss", "ada")


def test_a_service_account_is_given_none(boss: User) -> None:
    robot = make_user("robot")
    User.objects.filter(pk=robot.pk).update(is_service=True)
    new = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    answer = client_of(boss).post(f"{URL}/robot/password", new)
    assert answer.status_code == 409
    assert "has tokens, no password" in answer.content.decode()


def names(client: Client, query: str = "") -> list[str]:
    return [user.username for user in client.get(URL + query).context["page"]]


def test_the_list_is_searched_and_filtered(boss: User) -> None:
    make_user("ada", Role.VIEWER)
    make_user("bob")
    User.objects.filter(username="bob").update(is_service=True, first_name="Robert")
    User.objects.filter(username="ada").update(is_active=False)
    client = client_of(boss)
    assert names(client) == ["ada", "bob", "boss"]
    assert names(client, "?q=BO") == ["bob", "boss"]
    assert names(client, "?q=robert") == ["bob"]
    assert names(client, "?role=10") == ["ada"]
    assert names(client, "?role=none") == ["bob"]
    assert names(client, "?role=x&kind=x") == ["ada", "bob", "boss"]
    assert names(client, "?kind=service") == ["bob"]
    assert names(client, "?kind=off") == ["ada"]
    assert "Show all" in client.get(f"{URL}?q=nobody%00").content.decode()


def test_others_see_themselves_and_those_of_their_teams() -> None:
    ada = make_user("ada", Role.VIEWER, {"vision": Role.VIEWER})
    make_user("bob", None, {"vision": Role.VIEWER, "speech": Role.VIEWER})
    make_user("eve", Role.MAINTAINER, {"speech": Role.VIEWER})
    answer = client_of(ada).get(URL)
    assert [user.username for user in answer.context["page"]] == ["ada", "bob"]
    assert "speech" not in answer.content.decode()
    assert [team.name for team in teams_seen_by(ada)] == ["vision"]
    assert people_seen_by(make_user("none")).count() == 1


def test_htmx_gets_the_list_alone(boss: User) -> None:
    page = client_of(boss).get(URL, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    assert "boss" in page


def sent_as_shown(client: Client, url: str) -> dict[str, Any]:
    """What a browser sends of the form at ``url`` when nothing is filled in otherwise."""
    form = client.get(url).context["form"]
    values = {field.html_name: field.value() for field in form}
    values = {name: "on" if value is True else value for name, value in values.items()}
    return {name: value for name, value in values.items() if value not in {None, False}}


def test_a_form_that_is_old_gives_no_role_back(boss: User) -> None:
    ada = make_user("ada", Role.MAINTAINER)
    client = client_of(boss)
    old = {**sent_as_shown(client, f"{URL}/ada"), "first_name": "Ada"}
    assert change(boss, "ada", role="10").status_code == 303
    answer = client.post(f"{URL}/ada", old)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "ada was changed by somebody else meanwhile" in page
    assert answer.context["form"].now == [("Role", "viewer"), ("First name", "")]
    assert "What it says by now" in page
    assert answer.context["form"]["role"].value() == "30"
    assert (role_everywhere(fresh(ada)), fresh(ada).first_name) == (Role.VIEWER, "")

    again = {**old, "seen": answer.context["form"]["seen"].value()}
    assert client.post(f"{URL}/ada", again).status_code == 303
    assert (role_everywhere(fresh(ada)), fresh(ada).first_name) == (Role.MAINTAINER, "Ada")


def test_a_form_that_is_old_switches_no_account_on(boss: User) -> None:
    ada = make_user("ada", Role.VIEWER)
    client = client_of(boss)
    old = sent_as_shown(client, f"{URL}/ada")
    assert client.post(f"{URL}/ada", {**old, "last_name": "L"}).status_code == 303
    assert change(boss, "ada", last_name="L", is_active="").status_code == 303
    answer = client.post(f"{URL}/ada", old)
    assert answer.status_code == 409
    assert answer.context["form"].now == [("Last name", "L"), ("May log in", "no")]
    assert not fresh(ada).is_active


def test_who_is_switched_off_keeps_the_role_when_the_form_is_sent(boss: User) -> None:
    ada = make_user("ada", Role.MAINTAINER)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    client = client_of(boss)
    shown = sent_as_shown(client, f"{URL}/ada")
    assert client.post(f"{URL}/ada", {**shown, "is_active": "on"}).status_code == 303
    assert role_everywhere(fresh(ada)) == Role.MAINTAINER


@pytest.mark.parametrize("access", ["team", "open"])
def test_who_is_shown_no_addresses_finds_nobody_by_one(settings: Any, access: str) -> None:
    ada = make_user("ada", Role.VIEWER, {"vision": Role.VIEWER})
    make_user("bob", None, {"vision": Role.VIEWER})
    User.objects.filter(username="bob").update(email="hidden@example.org")
    boss = make_user("boss", Role.ADMIN)
    settings.RUNICORN_ACCESS = access
    assert names(client_of(boss), "?q=hidden@") == ["bob"]
    assert names(client_of(ada), "?q=hidden@") == []
    assert names(client_of(ada), "?q=bo") == (["bob", "boss"] if access == "open" else ["bob"])
