"""Django's own commands for accounts leave their rows in the log of who did what."""

import getpass
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent, User
from tests.people import make_user

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def test_a_superuser_is_made_and_written_down(monkeypatch: Any) -> None:
    make_user("ada")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    names = {"username": "root", "email": "root@example.org"}
    call_command("createsuperuser", interactive=False, verbosity=0, **names)
    assert User.objects.get(username="root").check_password(PASSWORD)
    event = AuditEvent.objects.get()
    assert (event.action, event.username, event.object) == ("user.create", "(manage.py)", "root")
    assert event.after == {"username": "root", "role": "admin"}


def test_a_superuser_who_is_refused_is_not(monkeypatch: Any) -> None:
    make_user("root")
    with pytest.raises(CommandError, match="already taken"):
        call_command("createsuperuser", interactive=False, username="root", email="a@example.org")
    assert not AuditEvent.objects.exists()


def test_another_password_is_written_down(monkeypatch: Any) -> None:
    make_user("ada")
    monkeypatch.setattr(getpass, "getpass", lambda prompt="": PASSWORD)
    call_command("changepassword", "ada")
    assert User.objects.get().check_password(PASSWORD)
    event = AuditEvent.objects.get()
    assert (event.action, event.username, event.object) == ("user.password", "(manage.py)", "ada")


def test_a_password_of_nobody_is_refused() -> None:
    with pytest.raises(CommandError, match="does not exist"):
        call_command("changepassword", "nobody")
    assert not AuditEvent.objects.exists()
