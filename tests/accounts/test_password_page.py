"""``/settings/password``: one's own, with the old one, as seldom as at the login."""

from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.errors import AccessDenied, Conflict
from accounts.models import AuditEvent, User
from accounts.roles import Role
from accounts.services import change_password
from tests.people import client_of, fresh, make_user

pytestmark = pytest.mark.usefixtures("team", "db")

URL = "/settings/password"
OLD, NEW = "correct horse battery", "another horse battery"


@pytest.fixture
def ada() -> User:
    user = make_user("ada", Role.VIEWER)
    user.set_password(OLD)
    user.save()
    return user


def send(client: Client, old: str = OLD, new: str = NEW, again: str = NEW) -> Any:
    form = {"old_password": old, "new_password1": new, "new_password2": again}
    return client.post(URL, form)


def test_this_session_goes_on_and_the_others_end(ada: User) -> None:
    here, there = client_of(ada), client_of(ada)
    assert send(here)["Location"] == "/settings"
    assert fresh(ada).check_password(NEW)
    assert "another one now" in here.get("/settings").content.decode()
    assert there.get("/settings").status_code == 302
    event = AuditEvent.objects.get(action="user.password")
    assert (event.username, event.object, event.before, event.after) == ("ada", "ada", None, None)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"old": "wrong"}, "old_password"),
        ({"again": "x"}, "new_password2"),
        ({"new": "12345678", "again": "12345678"}, "new_password2"),
        ({"new": "ada", "again": "ada"}, "new_password2"),
    ],
)
def test_what_is_wrong_changes_nothing(ada: User, sent: dict[str, str], field: str) -> None:
    answer = send(client_of(ada), **sent)
    assert (answer.status_code, field in answer.context["form"].errors) == (400, True)
    assert fresh(ada).check_password(OLD)
    assert not AuditEvent.objects.filter(action="user.password").exists()


def test_the_old_one_is_not_guessed_here_either(ada: User) -> None:
    with time_machine.travel(1_800_000_000, tick=False):  # within one minute
        client = client_of(ada)
        statuses = [send(client, old=f"wrong {n}").status_code for n in range(31)]
        answer = send(client)
    assert (statuses[0], statuses[-1]) == (400, 429)
    assert int(answer["Retry-After"]) <= 60
    assert fresh(ada).check_password(OLD)


def test_the_service_asks_who_may(ada: User) -> None:
    bob, boss = make_user("bob", Role.MAINTAINER), make_user("boss", Role.ADMIN)
    with pytest.raises(AccessDenied):
        change_password(user=ada, password=NEW, changed_by=bob)
    change_password(user=ada, password=NEW, changed_by=boss)
    assert AuditEvent.objects.get().username == "boss"
    ada.is_service = True
    with pytest.raises(Conflict, match="no password"):
        change_password(user=ada, password=NEW, changed_by=boss)
