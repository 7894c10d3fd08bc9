"""``/settings/aliases``: who protects which names, everywhere."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from accounts.roles import Role
from artifacts.errors import Conflict
from artifacts.models import ProtectedAlias
from artifacts.services.patterns import delete_pattern, save_pattern
from tests.people import client_of, make_user

pytestmark = pytest.mark.usefixtures("team", "db")

URL = "/settings/aliases"


@pytest.fixture
def boss() -> User:
    return make_user("boss", Role.ADMIN)


def written() -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(action__startswith="protected_alias").order_by("pk")
    return list(rows.values_list("action", "object"))


def test_a_pattern_is_added_changed_and_removed(boss: User) -> None:
    client = client_of(boss)
    answer = client.post(URL, {"pattern": "release-*", "needs_comment": "on"})
    assert (answer.status_code, answer["Location"]) == (303, URL)
    pattern = ProtectedAlias.objects.get()
    assert (pattern.pattern, pattern.needs_comment) == ("release-*", True)
    assert client.post(f"{URL}/{pattern.pk}", {}).status_code == 303
    pattern.refresh_from_db()
    assert (pattern.pattern, pattern.needs_comment) == ("release-*", False)
    assert "release-*" in client.get(f"{URL}/{pattern.pk}/remove").content.decode()
    assert client.post(f"{URL}/{pattern.pk}/remove").status_code == 303
    assert not ProtectedAlias.objects.exists()
    assert [action for action, _ in written()] == [
        "protected_alias.create", "protected_alias.change", "protected_alias.delete",
    ]  # fmt: skip


@pytest.mark.parametrize("pattern", ["", "x" * 129, "production", "a\0b"])
def test_what_is_wrong_is_said(boss: User, pattern: str) -> None:
    ProtectedAlias.objects.create(pattern="production")
    answer = client_of(boss).post(URL, {"pattern": pattern, "needs_comment": "on"})
    assert answer.status_code == 400
    assert answer.context["form"].errors["pattern"]
    assert answer.context["form"]["needs_comment"].value()
    assert (ProtectedAlias.objects.count(), written()) == (1, [])


def test_who_adds_the_same_at_the_same_time_hears_of_it(boss: User) -> None:
    ProtectedAlias.objects.create(pattern="production")
    with pytest.raises(Conflict, match="protected already"):
        save_pattern(pattern=ProtectedAlias(pattern="production"), saved_by=boss)


def test_what_is_gone_is_404(boss: User) -> None:
    for path in (f"{URL}/999", f"{URL}/999/remove"):
        assert client_of(boss).post(path, {}).status_code == 404


def test_in_open_mode_it_is_anybodys(client: Client, settings: Any) -> None:
    settings.RUNICORN_ACCESS = "open"
    assert client.post(URL, {"pattern": "production"}).status_code == 303
    pattern = ProtectedAlias.objects.get()
    assert client.post(f"{URL}/{pattern.pk}/remove").status_code == 303


def test_a_pattern_is_removed_once_and_the_log_has_what_it_was(boss: User) -> None:
    seen = ProtectedAlias.objects.create(pattern="production")
    ProtectedAlias.objects.update(needs_comment=True)
    delete_pattern(pattern=seen, deleted_by=boss)
    with pytest.raises(Conflict, match="meanwhile"):
        delete_pattern(pattern=seen, deleted_by=boss)
    event = AuditEvent.objects.get(action="protected_alias.delete")
    assert event.before == {"pattern": "production", "needs_comment": True}
