"""Writes on pages count like those by the API: a user has so many a minute."""

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import RequestCount, Team, User
from accounts.roles import Role
from tests.people import client_of, make_user

START = 1_800_000_000  # the first second of a minute

pytestmark = pytest.mark.usefixtures("team", "store")


@pytest.fixture(autouse=True)
def clock(settings: Any) -> Any:
    settings.RUNICORN_WRITES_PER_MINUTE = 2
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def admin() -> User:
    return make_user("admin", Role.ADMIN)


@pytest.fixture
def desk(admin: User) -> Client:
    client = Client()
    client.force_login(admin, "django.contrib.auth.backends.ModelBackend")
    return client


def add_team(client: Client, name: str) -> Any:
    return client.post(reverse("admin:accounts_team_add"), {"name": name, **MEMBERS})


MEMBERS = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}


def test_an_admins_posts_are_counted_and_then_wait(desk: Client, clock: Any) -> None:
    clock.shift(20)
    assert [add_team(desk, name).status_code for name in "abc"] == [302, 302, 429]
    answer = add_team(desk, "d")
    assert (answer["Retry-After"], answer["Content-Type"]) == ("40", "text/html; charset=utf-8")
    assert "wait for the next one" in answer.content.decode()
    assert sorted(Team.objects.values_list("name", flat=True)) == ["a", "b"]
    assert desk.get(reverse("admin:accounts_team_add")).status_code == 200
    clock.shift(40)
    assert add_team(desk, "d").status_code == 302


def test_pages_and_api_count_together(desk: Client, admin: User) -> None:
    api = client_of(admin)
    assert api.post("/api/blobs/missing", {"digests": []}, format="json").status_code == 200
    assert [add_team(desk, name).status_code for name in "ab"] == [302, 429]
    assert api.post("/api/blobs/missing", {"digests": []}, format="json").status_code == 429
    assert RequestCount.objects.get(key=f"writes:{admin.pk}").count == 4


def test_others_are_not_kept_waiting(desk: Client) -> None:
    for name in "abc":
        add_team(desk, name)
    other = Client()
    other.force_login(make_user("other", Role.ADMIN), "django.contrib.auth.backends.ModelBackend")
    assert add_team(other, "d").status_code == 302


def test_who_is_nobody_yet_is_counted_as_a_login_only(desk: Client) -> None:
    for _ in range(4):
        assert Client().post("/login", {"username": "a", "password": "b"}).status_code == 200
    assert not RequestCount.objects.filter(key__startswith="writes:").exists()


def test_nothing_is_counted_in_open_mode(desk: Client, settings: Any) -> None:
    settings.RUNICORN_ACCESS = "open"
    statuses = {add_team(desk, name).status_code for name in "abcd"}
    assert 429 not in statuses
    assert not RequestCount.objects.filter(key__startswith="writes:").exists()
