"""``/welcome``: the first admin is made once, in team mode, by who can read what serve prints."""

from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils.functional import Promise

from accounts import limits
from accounts.access import SYSTEM, has_admin, may_run_admin_pages
from accounts.errors import Conflict
from accounts.models import AuditEvent, User
from accounts.roles import Role
from accounts.services import make_first_admin, save_user
from accounts.setup import has_setup_code, is_setup_code, make_setup_code
from accounts.web import views, welcome
from tests.people import client_of, make_user

pytestmark = pytest.mark.usefixtures("team", "db")

PASSWORD = "correct horse battery"
CODE = "ABCD-EFGH-JKMN-PQRS"


@pytest.fixture(autouse=True)
def setup_code(settings: Any) -> None:
    settings.SETUP_CODE = CODE


def send(client: Client, **form: str) -> Any:
    fields = {"code": CODE, "username": "ada", "password1": PASSWORD, "password2": PASSWORD}
    return client.post("/welcome", {**fields, **form})


@pytest.mark.parametrize("path", ["/", "/artifacts", "/settings/audit", "/admin/", "/login"])
def test_every_page_leads_there(client: Client, path: str) -> None:
    assert client.get(path, follow=True).redirect_chain[-1][0].split("?")[0] == "/welcome"


def test_so_it_does_for_an_account_without_a_role() -> None:
    client = client_of(make_user("nobody"))
    answer = client.get("/artifacts", follow=True)
    assert answer.redirect_chain[-1][0] == "/welcome"


def test_with_the_code_the_admin_is_made_and_logged_in(client: Client) -> None:
    answer = send(client, code=" abcd efgh-jkmnpqrs ")
    assert (answer.status_code, answer["Location"]) == (303, "/")
    ada = User.objects.get()
    assert may_run_admin_pages(ada)
    assert ada.check_password(PASSWORD)
    assert client.get("/admin/").status_code == 200
    events = AuditEvent.objects.order_by("pk").values_list("action", "username", "object")
    assert list(events) == [("user.create", "(setup code)", "ada"), ("user.login", "ada", "ada")]


@pytest.mark.parametrize("code", ["", "wrong", CODE[:-1], CODE + "A", "ÄÖ"])
def test_without_the_code_nobody_becomes_admin(client: Client, code: str) -> None:
    answer = send(client, code=code)
    assert answer.status_code == 403
    assert list(answer.context["form"].errors) == ["code"]
    assert answer.context["form"]["username"].value() == "ada"
    assert PASSWORD not in answer.content.decode()
    assert not User.objects.exists()


def test_the_code_is_not_guessed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOGINS_PER_MINUTE", 3)
    with time_machine.travel(1_800_000_000, tick=False):  # within one minute
        statuses = [send(client, code="wrong").status_code for _ in range(6)]
        answer = send(client)
    assert (statuses[0], statuses[-1]) == (403, 429)
    assert (answer.status_code, int(answer["Retry-After"]) <= 60) == (429, True)
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "form", [{"password1": "short", "password2": "short"}, {"username": "a b"}, {"password2": "x"}]
)
def test_what_is_wrong_is_said(client: Client, form: dict[str, str]) -> None:
    answer = send(client, **form)
    assert (answer.status_code, User.objects.exists()) == (400, False)


def places(client: Client) -> list[str]:
    """Where the page leads who asks for it, and who sends its form."""
    return [answer["Location"] for answer in (client.get("/welcome"), send(client))]


def test_where_there_is_an_admin_it_leads_to_the_login(client: Client) -> None:
    boss = make_user("boss", Role.ADMIN)
    assert places(client) == ["/login", "/login"]
    assert places(client_of(boss)) == ["/", "/"]
    assert User.objects.count() == 1


def test_in_open_mode_it_leads_to_the_first_page(client: Client, settings: Any) -> None:
    settings.RUNICORN_ACCESS = "open"
    assert places(client) == ["/", "/"]
    assert client.get("/welcome", follow=True).status_code == 200
    assert not User.objects.exists()


def test_without_a_code_the_page_says_how_else(client: Client, settings: Any) -> None:
    settings.SETUP_CODE = ""
    assert "createadmin" in client.get("/welcome").content.decode()
    for code in ("", " - "):
        assert send(client, code=code).status_code == 403


def test_who_is_second_makes_no_second_one() -> None:
    make_first_admin(user=User(username="ada"))
    with pytest.raises(Conflict, match="has an admin already"):
        make_first_admin(user=User(username="bob"))
    assert User.objects.count() == 1


def test_no_program_and_nobody_switched_off_is_an_admin_who_could() -> None:
    boss = make_user("boss", Role.ADMIN)
    for fields in ({"is_active": False}, {"is_active": True, "is_service": True}):
        User.objects.filter(pk=boss.pk).update(**fields)
        assert not has_admin()


def test_a_code_is_drawn_anew_and_the_last_one_holds() -> None:
    codes = [make_setup_code() for _ in range(3)]
    assert len(set(codes)) == 3
    assert has_setup_code()
    assert [is_setup_code(code) for code in codes] == [False, False, True]


def test_the_code_is_worth_one_admin_also_when_that_one_goes(client: Client) -> None:
    assert send(client).status_code == 303
    User.objects.update(is_active=False)
    stranger = Client()
    assert "createadmin" in stranger.get("/welcome").content.decode()
    assert send(stranger, username="eve").status_code == 403
    assert make_setup_code() != CODE
    assert send(Client(), username="eve", code=settings.SETUP_CODE).status_code == 303


def test_it_is_spent_too_when_the_admin_was_made_in_another_way(client: Client) -> None:
    ada = make_user("ada", Role.VIEWER)
    save_user(user=ada, role=Role.ADMIN, saved_by=SYSTEM)
    User.objects.update(is_active=False)
    assert send(client, username="eve").status_code == 403


@pytest.mark.parametrize("text", [views.TOO_OFTEN, welcome.TOO_OFTEN], ids=str)
def test_refusals_are_said_in_the_language_of_the_reader(text: Any) -> None:
    assert isinstance(text, Promise)
