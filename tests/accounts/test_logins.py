"""Logins, failed logins and logouts are in the log of who did what."""

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.test import Client

from accounts.logins import note_failed_login
from accounts.models import AuditEvent
from accounts.roles import Role
from tests.people import make_user

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse"


@pytest.fixture
def client() -> Client:
    user = make_user("ada", Role.ADMIN)
    user.is_staff = True
    user.set_password(PASSWORD)
    user.save()
    return Client()


def log_in(client: Client, username: str, password: str) -> Any:
    body = {"username": username, "password": password}
    return client.post("/admin/login/", body, headers={"user-agent": "test"})


def rows() -> list[tuple[Any, ...]]:
    fields = ("action", "username", "object_type", "object", "address")
    return list(AuditEvent.objects.order_by("id").values_list(*fields))


def test_in_and_out(client: Client) -> None:
    assert log_in(client, "ada", PASSWORD).status_code == 302
    client.post("/admin/logout/")
    client.logout()
    assert rows() == [
        ("user.login", "ada", "user", "ada", "127.0.0.1"),
        ("user.logout", "ada", "user", "ada", "127.0.0.1"),
    ]
    assert all(len(event.request_id) == 32 for event in AuditEvent.objects.all())


def test_who_did_not_get_in_is_told_by_the_name_if_it_is_one(client: Client) -> None:
    log_in(client, "ada", "wrong horse")
    log_in(client, "a password, typed into the wrong field", "wrong horse")
    assert [row[:4] for row in rows()] == [
        ("user.login_failed", "", "user", "ada"),
        ("user.login_failed", "", "user", "(no such account)"),
    ]
    texts = [str(event) for event in AuditEvent.objects.values()]
    assert not any("horse" in text or "typed" in text for text in texts)


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_a_name_costs_one_query_whether_it_is_one_or_not(
    client: Client, name: str, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        note_failed_login(credentials={"username": name}, sender=None, signal=None)


def test_what_is_tried_while_the_name_is_locked_fills_no_log(client: Client) -> None:
    statuses = [log_in(client, "ada", f"wrong {n}").status_code for n in range(13)]
    assert statuses == [200] * 9 + [429] * 4
    assert len(rows()) == 10


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "y" * 500, "", None])
def test_a_name_that_no_database_holds_does_no_harm(client: Client, name: str | None) -> None:
    if name != "a\0b":  # the database itself refuses that one
        asked = name if name != "\ud800" else "?"
        assert authenticate(HttpRequest(), username=asked, password="p") is None
    note_failed_login(credentials={"username": name}, sender=None, signal=None)
    assert len(AuditEvent.objects.latest("id").object) <= 150
