"""Logging in with a password: for every role, once, and out again by a POST alone."""

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import get_resolver
from django.utils.translation import gettext, override

from accounts.models import AuditEvent, User
from accounts.roles import Role
from accounts.web.urls import urlpatterns
from tests.people import make_user

pytestmark = pytest.mark.usefixtures("team", "db")

PASSWORD = "correct horse battery"


def person(role: Role | None = Role.VIEWER) -> User:
    user = make_user("ada", role)
    user.set_password(PASSWORD)
    user.save()
    return user


def log_in(client: Client, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/login", {"username": "ada", "password": password, **more})


@pytest.mark.parametrize("role", Role)
def test_everybody_with_a_password_logs_in(client: Client, role: Role) -> None:
    person(role)
    answer = log_in(client)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/api/artifacts").status_code == 200
    assert client.get("/").headers["Location"] == "/artifacts"
    assert AuditEvent.objects.get().action == "user.login"


def test_a_wrong_password_is_told_and_tried_again(client: Client) -> None:
    person()
    answer = log_in(client, "wrong")
    assert answer.status_code == 200
    assert b'role="alert"' in answer.content
    assert client.get("/api/artifacts").status_code == 401


@time_machine.travel(1_800_000_000, tick=False)  # or a minute may end while it tries
def test_an_address_may_not_try_without_end(client: Client) -> None:
    answers = [log_in(client, "wrong") for _ in range(9)]
    many = [client.post("/login", {"username": f"u{n}", "password": "x"}) for n in range(25)]
    assert {answer.status_code for answer in answers} == {200}
    assert (many[-1].status_code, int(many[-1]["Retry-After"]) <= 60) == (429, True)
    assert b"Too many logins" in many[-1].content


def test_a_service_account_has_no_password(client: Client) -> None:
    robot = person()
    robot.is_service = True
    robot.set_unusable_password()
    robot.save()
    assert log_in(client).status_code == 200


@pytest.mark.parametrize(
    ("said", "leads_to"),
    [("/api/docs", "/api/docs"), ("https://evil.example/", "/"), ("//evil.example", "/")],
)
def test_it_leads_on_within_the_portal_only(client: Client, said: str, leads_to: str) -> None:
    person()
    assert log_in(client, next=said)["Location"] == leads_to


def test_the_form_wants_its_csrf_token() -> None:
    person()
    assert log_in(Client(enforce_csrf_checks=True)).status_code == 403


def test_out_again_by_a_post_alone(client: Client) -> None:
    client.force_login(person())
    assert client.get("/logout").status_code == 405
    assert client.post("/logout")["Location"] == "/login"
    assert client.get("/api/artifacts").status_code == 401


def test_the_first_page_asks_who_one_is_in_team_mode_only(client: Client, settings: Any) -> None:
    assert client.get("/")["Location"] == "/login"
    settings.RUNICORN_ACCESS = "open"
    assert client.get("/")["Location"] == "/artifacts"


def test_the_page_is_in_the_frame_and_offers_no_places_yet(client: Client) -> None:
    make_user("boss", Role.ADMIN)
    page = client.get("/login")
    text = page.content.decode()
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert 'href="/artifacts"' not in text
    assert 'name="theme"' in text


def test_it_speaks_the_language_of_the_reader(client: Client) -> None:
    make_user("boss", Role.ADMIN)
    answer = client.post("/login", {"username": "a", "password": ""}, HTTP_ACCEPT_LANGUAGE="zh-CN")
    assert 'lang="zh-hans"' in answer.content.decode()
    with override("zh-hans"):
        assert gettext("This field is required.") in answer.content.decode()


def test_these_are_all_the_pages_beside_the_admin_and_the_api() -> None:
    """A new one has to say here, and in a test of its own, who may see it."""
    routes = {str(one.pattern) for one in get_resolver().url_patterns}
    pages = {str(one.pattern) for one in urlpatterns if "settings" not in str(one.pattern)}
    assert (routes, pages) == (
        {"", "admin/", "api/"},
        {"", "login", "logout", "welcome", "preferences/theme", "preferences/language"},
    )
