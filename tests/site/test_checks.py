"""Dangerous combinations of settings: each refused, with a hint that says what to do."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import CheckMessage, Tags, run_checks
from django.db import connection

from artifacts.models import StoreIdentity
from artifacts.storage.layout import Store
from runicorn_site.checks import is_loopback

GOOD_KEY = "correct-horse-battery-staple-0123456789"


def ids_of(found: list[CheckMessage]) -> list[str]:
    return [str(message.id) for message in found if str(message.id).startswith("runicorn.")]


def security() -> list[CheckMessage]:
    return [
        message
        for message in run_checks(tags=[Tags.security])
        if str(message.id).startswith("runicorn.")
    ]


def test_defaults_are_fine() -> None:
    assert security() == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "portal.example"])  # noqa: S104
def test_open_access_on_a_public_address_is_refused(settings: Any, host: str) -> None:
    settings.RUNICORN_HOST = host
    [refused] = security()
    assert refused.id == "runicorn.E001"
    assert refused.hint is not None
    assert "RUNICORN_ACCESS=team" in refused.hint


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_for_this_machine_only(settings: Any, host: str) -> None:
    settings.RUNICORN_HOST = host
    assert is_loopback(host)
    assert security() == []


@pytest.mark.parametrize("wildcard", ["*", ".example"])
def test_open_access_with_any_host_name_is_refused(settings: Any, wildcard: str) -> None:
    settings.ALLOWED_HOSTS = ["localhost", wildcard]
    assert ids_of(security()) == ["runicorn.E002"]


@pytest.mark.parametrize("key", ["", "short", "a" * 60, "abcabcabc" * 8])
def test_team_access_with_a_weak_secret_is_refused(settings: Any, key: str) -> None:
    settings.RUNICORN_ACCESS = "team"
    settings.RUNICORN_SECRET_KEY = key
    [refused] = security()
    assert refused.id == "runicorn.E003"
    assert refused.hint is not None
    assert "RUNICORN_SECRET_KEY_FILE" in refused.hint


def test_team_access_may_be_public(settings: Any) -> None:
    settings.RUNICORN_ACCESS = "team"
    settings.RUNICORN_SECRET_KEY = GOOD_KEY
    settings.RUNICORN_HOST = "0.0.0.0"  # noqa: S104
    settings.ALLOWED_HOSTS = [".example"]
    assert security() == []


def database() -> list[str]:
    return ids_of(run_checks(tags=[Tags.database], databases=["default"]))


@pytest.mark.django_db
def test_this_postgres_is_fine() -> None:
    assert database() == []


@pytest.mark.django_db
def test_old_postgres_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "get_database_version", lambda: (14, 9))
    assert database() == ["runicorn.E006"]


def test_other_databases_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "vendor", "sqlite")
    assert database() == ["runicorn.E005"]


def test_database_is_not_asked_unless_wanted() -> None:
    assert ids_of(run_checks(tags=[Tags.database])) == []


def test_known_store_is_fine(store: Store) -> None:
    assert database() == []


def damage_absent(store: Store) -> None:
    (store.root / "store.json").unlink()


def damage_other(store: Store) -> None:
    StoreIdentity.objects.update(store_id="00000000-0000-0000-0000-000000000000")


@pytest.mark.parametrize("damage", [damage_absent, damage_other])
def test_absent_or_other_store_is_refused(store: Store, damage: Callable[[Store], None]) -> None:
    damage(store)
    assert database() == ["runicorn.E007"]
