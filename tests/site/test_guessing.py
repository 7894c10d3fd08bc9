"""Guessing passwords ends after ten tries, for the name and the address that guessed."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.origin import client_address
from accounts.roles import Role
from tests.people import make_user

pytestmark = pytest.mark.usefixtures("team", "db")

LOGIN = "/admin/login/"
RIGHT = "correct horse battery"


@pytest.fixture(autouse=True)
def ada(db: None) -> None:
    user = make_user("ada", Role.ADMIN)
    user.set_password(RIGHT)
    user.is_staff = True
    user.save()


def login(password: str, name: str = "ada", address: str = "192.0.2.1", **headers: str) -> Any:
    form = {"username": name, "password": password}
    return Client(REMOTE_ADDR=address).post(LOGIN, form, headers=headers)


def guess_ten_times(**where: str) -> Any:
    return [login(f"wrong {n}", **where).status_code for n in range(10)]


def test_the_tenth_wrong_password_locks_even_the_right_one_out() -> None:
    assert guess_ten_times() == [200] * 9 + [429]
    answer = login(RIGHT)
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert answer["Content-Type"].startswith("text/html")
    assert "quarter of an hour" in answer.content.decode()


def test_others_and_other_addresses_are_not_locked_out() -> None:
    make_user("bob").set_password(RIGHT)
    guess_ten_times()
    assert login(RIGHT, address="192.0.2.2").status_code == 302
    assert login("wrong", name="bob").status_code == 200


def test_after_a_quarter_of_an_hour_the_right_one_lets_in() -> None:
    guess_ten_times()
    with time_machine.travel(timezone.now() + timedelta(minutes=14)):
        assert login(RIGHT).status_code == 429
        assert login("wrong").status_code == 429  # which does not prolong it
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert login(RIGHT).status_code == 302


def test_a_right_password_forgets_the_wrong_ones() -> None:
    assert [login("wrong").status_code for _ in range(9)] == [200] * 9
    assert login(RIGHT).status_code == 302
    assert login("wrong").status_code == 200


def test_the_address_is_the_one_the_proxy_saw(settings: Any) -> None:
    settings.RUNICORN_TRUSTED_PROXIES = 1
    forged = [{"X-Forwarded-For": f"203.0.113.{n}, 198.51.100.9"} for n in range(11)]
    statuses = [login("wrong", **headers).status_code for headers in forged]
    assert statuses == [200] * 9 + [429] * 2
    assert login(RIGHT, **{"X-Forwarded-For": "198.51.100.10"}).status_code == 302


def test_the_right_password_of_no_admin_counts_as_a_wrong_one() -> None:
    bob = make_user("bob", Role.MAINTAINER)
    bob.set_password(RIGHT)
    bob.save()
    statuses = [login(RIGHT, name="bob").status_code for _ in range(11)]
    assert statuses == [200] * 9 + [429] * 2


@pytest.mark.parametrize("access", ["team", "open"])
def test_an_address_tries_so_many_names_a_minute_and_then_waits(settings: Any, access: str) -> None:
    settings.RUNICORN_ACCESS = access
    start = timezone.now().replace(second=15, microsecond=0)
    with time_machine.travel(start, tick=False) as clock:
        statuses = [login("wrong", name=f"name-{n}").status_code for n in range(31)]
        assert statuses == [200] * 30 + [429]
        answer = login(RIGHT)
        assert (answer.status_code, answer["Retry-After"]) == (429, "45")
        assert "wait a minute" in answer.content.decode()
        assert AuditEvent.objects.count() == 30
        assert login(RIGHT, address="192.0.2.2").status_code == 302
        assert Client(REMOTE_ADDR="192.0.2.1").get(LOGIN).status_code == 200
        clock.shift(45)
        assert login(RIGHT).status_code == 302


@pytest.mark.parametrize("address", ["", "unknown", "192.0.2.1:80", "_x"])
def test_what_is_no_address_is_none(address: str) -> None:
    assert client_address(RequestFactory(REMOTE_ADDR=address).get("/")) is None


@pytest.mark.parametrize("name", ["\0", "a" * 5000, "\u202e", ""])
def test_a_strange_name_is_no_fault_of_the_portal(name: str) -> None:
    assert login("wrong", name=name, address="unknown").status_code == 200
