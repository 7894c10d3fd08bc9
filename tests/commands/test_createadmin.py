"""``manage.py createadmin``: the first admin, made once."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.access import is_admin
from accounts.management.commands import createadmin
from accounts.models import AuditEvent, User
from accounts.roles import Role
from tests.people import group_of, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def admins(db: None) -> None:
    """The group that migrations make, also after a test that has emptied the tables."""
    group_of(Role.ADMIN)


def run(username: str = "ada", **options: Any) -> str:
    said = StringIO()
    call_command("createadmin", username, stdout=said, **options)
    return said.getvalue()


@pytest.fixture
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNICORN_ADMIN_PASSWORD", PASSWORD)


def test_it_makes_an_admin_who_can_log_in(team: None, password: None) -> None:
    assert "ada may run the portal now" in run(email="ada@example.org")
    ada = User.objects.get()
    assert (is_admin(ada), ada.check_password(PASSWORD)) == (True, True)
    assert (ada.email, ada.is_superuser, ada.is_staff) == ("ada@example.org", False, False)
    event = AuditEvent.objects.get(action="user.create")
    assert (event.username, event.object) == ("(manage.py)", "ada")
    assert PASSWORD not in str(event.after)


def test_a_second_time_nothing_changes(password: None, monkeypatch: pytest.MonkeyPatch) -> None:
    run()
    monkeypatch.setenv("RUNICORN_ADMIN_PASSWORD", "another horse battery")
    assert "is an admin already; nothing was changed" in run(email="x@example.org")
    assert User.objects.get().check_password(PASSWORD)
    assert User.objects.get().email == ""


def test_somebody_else_of_that_name_is_not_made_admin(password: None) -> None:
    make_user("ada", Role.VIEWER)
    with pytest.raises(CommandError, match="ada exists and is no admin"):
        run()
    assert not is_admin(User.objects.get())


@pytest.mark.parametrize(
    ("username", "secret", "text"),
    [("ada", "short", "too short"), ("ada", "1234567890", "numeric"), ("a b", PASSWORD, "valid")],
)
def test_a_bad_password_or_name_makes_nobody(
    monkeypatch: pytest.MonkeyPatch, username: str, secret: str, text: str
) -> None:
    monkeypatch.setenv("RUNICORN_ADMIN_PASSWORD", secret)
    with pytest.raises(CommandError, match=text):
        run(username)
    assert not User.objects.exists()


def test_an_email_that_is_none_makes_nobody(password: None) -> None:
    with pytest.raises(CommandError, match="email"):
        run(email="nothing")


def test_the_password_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    monkeypatch.setenv("RUNICORN_ADMIN_PASSWORD_FILE", str(path))
    run()
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize("again", [PASSWORD, "mistyped"])
def test_without_it_the_password_is_asked_for_twice(
    monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    answers = iter([PASSWORD, again])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(createadmin, "getpass", lambda prompt: next(answers))
    if again == PASSWORD:
        run()
        assert User.objects.get().check_password(PASSWORD)
    else:
        with pytest.raises(CommandError, match="different"):
            run()


def test_without_a_terminal_to_ask_in_it_says_where_else_the_password_may_stand() -> None:
    with pytest.raises(CommandError, match="RUNICORN_ADMIN_PASSWORD"):
        run()
    assert not User.objects.exists()
