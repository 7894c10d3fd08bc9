"""The settings: what the environment may say, and what happens when it says nonsense."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.live import MANAGE, run_manage

SETTINGS = MANAGE.parent / "runicorn_site" / "settings.py"
NAMES = [
    "RUNICORN_DATA_DIR",
    "RUNICORN_STORAGE_ROOT",
    "RUNICORN_HOST",
    "RUNICORN_PORT",
    "RUNICORN_ACCESS",
    "RUNICORN_SECRET_KEY",
    "RUNICORN_ALLOWED_HOSTS",
    "RUNICORN_DATABASE_POOL",
    "DATABASE_URL",
]


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def load() -> dict[str, Any]:
    return runpy.run_path(str(SETTINGS))


def test_defaults_are_a_portal_for_this_machine() -> None:
    loaded = load()
    assert loaded["RUNICORN_DATA_DIR"] == MANAGE.parent / "var"
    assert loaded["RUNICORN_STORAGE_ROOT"] == MANAGE.parent / "var" / "store"
    assert (loaded["RUNICORN_HOST"], loaded["RUNICORN_PORT"]) == ("127.0.0.1", 23300)
    assert loaded["RUNICORN_ACCESS"] == "open"
    assert loaded["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert loaded["DEBUG"] is False


def test_store_and_database_follow_the_data_dir(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_DATA_DIR", str(tmp_path))
    loaded = load()
    assert loaded["RUNICORN_STORAGE_ROOT"] == tmp_path / "store"
    assert str(tmp_path / "postgres" / "run") == loaded["DATABASES"]["default"]["HOST"]
    assert loaded["IS_EMBEDDED"] is True


def test_relative_folders_are_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUNICORN_DATA_DIR", "mine")
    assert load()["RUNICORN_DATA_DIR"] == tmp_path / "mine"


def test_empty_variables_mean_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RUNICORN_DATA_DIR", "RUNICORN_STORAGE_ROOT", "DATABASE_URL"):
        monkeypatch.setenv(name, "")
    loaded = load()
    assert loaded["RUNICORN_DATA_DIR"] == MANAGE.parent / "var"
    assert loaded["IS_EMBEDDED"] is True


def test_database_url_replaces_the_embedded_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://me:word@db.example:6000/portal")
    loaded = load()
    database = loaded["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example", 6000, "portal")
    assert loaded["IS_EMBEDDED"] is False


def test_connections_are_pooled_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    database = load()["DATABASES"]["default"]
    assert database["OPTIONS"]["pool"] == {"min_size": 1, "max_size": 16, "timeout": 10}
    assert database["CONN_MAX_AGE"] == 0
    assert database["CONN_HEALTH_CHECKS"] is True


def test_pool_of_0_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNICORN_DATABASE_POOL", "0")
    assert "pool" not in load()["DATABASES"]["default"].get("OPTIONS", {})


def test_hosts_are_split_and_trimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNICORN_ALLOWED_HOSTS", " portal.example , localhost,")
    assert load()["ALLOWED_HOSTS"] == ["portal.example", "localhost"]


def test_ipv6_host_may_have_its_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNICORN_HOST", "[::1]")
    assert load()["RUNICORN_HOST"] == "::1"


def test_secret_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("from a file\n")
    monkeypatch.setenv("RUNICORN_SECRET_KEY_FILE", str(tmp_path / "key"))
    loaded = load()
    assert loaded["RUNICORN_SECRET_KEY"] == "from a file"
    assert loaded["SECRET_KEY"] == "from a file"


def test_kept_secret_is_used_without_one_of_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_DATA_DIR", str(tmp_path))
    (tmp_path / "secret_key").write_text("kept")
    loaded = load()
    assert loaded["SECRET_KEY"] == "kept"
    assert loaded["RUNICORN_SECRET_KEY"] == ""


def test_loading_the_settings_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_DATA_DIR", str(tmp_path / "var"))
    assert len(load()["SECRET_KEY"]) >= 50
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("RUNICORN_PORT", "abc", "integer"),
        ("RUNICORN_PORT", "70000", "65535"),
        ("RUNICORN_PORT", "", "integer"),
        ("RUNICORN_ACCESS", "closed", "open, team"),
        ("RUNICORN_ACCESS", "", "open, team"),
        ("RUNICORN_WORKERS", "0", "1"),
        ("RUNICORN_LOG_LEVEL", "LOUD", "WARNING"),
        ("RUNICORN_DATABASE_POOL", "-1", "0"),
        ("DATABASE_URL", "garbage", "database URL"),
        ("DATABASE_URL", "mysql://user@host/name", "postgres://user:password@host:5432/name"),
        ("DATABASE_URL", "postgis://user@host/name", "unset it"),
        ("DATABASE_URL", "postgres://[", "database URL"),
        ("RUNICORN_SECRET_KEY_FILE", "/nowhere", "readable file"),
    ],
)
def test_garbage_names_the_variable_and_what_is_allowed(
    name: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=name) as refused:
        load()
    assert allowed in str(refused.value)


def test_garbage_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    refused = run_manage("serve", tmp_path / "var", RUNICORN_PORT="abc")
    assert refused.returncode == 1
    assert refused.stderr.splitlines() == [
        'Error: Environment variable "RUNICORN_PORT" invalid: Not a valid integer.'
    ]


def test_what_a_value_may_be_is_said_in_a_sentence(tmp_path: Path) -> None:
    refused = run_manage("check", tmp_path / "var", RUNICORN_ACCESS="closed")
    assert refused.stderr.splitlines() == [
        'Error: Environment variable "RUNICORN_ACCESS" invalid: Must be one of: open, team.'
    ]
