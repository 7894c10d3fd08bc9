"""The address and the credentials."""

from pathlib import Path

import pytest

from runicorn.config import Config
from runicorn.credentials import store_token


def test_the_default_is_the_portal_on_this_machine() -> None:
    assert Config.from_environment({}).url == "http://127.0.0.1:23300"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://portal:8000/", "http://portal:8000"),
        ("https://example.org/runicorn/", "https://example.org/runicorn"),
        (" http://[::1]:23300 ", "http://[::1]:23300"),
    ],
)
def test_the_address_is_taken_from_the_environment(given: str, url: str) -> None:
    assert Config.from_environment({"RUNICORN_TRACKING_URI": given}).url == url


@pytest.mark.parametrize("given", ["portal:8000", "ftp://portal", "http://", "http://[", "./var"])
def test_what_is_no_web_address_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="RUNICORN_TRACKING_URI"):
        Config.from_environment({"RUNICORN_TRACKING_URI": given})


def test_credentials_are_kept_apart_and_never_shown() -> None:
    config = Config.from_environment(
        {"RUNICORN_TRACKING_URI": "http://ann:secret@portal", "RUNICORN_API_KEY": "token"}
    )
    assert (config.basic_auth, config.api_key) == ("ann:secret", "token")
    assert config.url == "http://portal"
    assert "secret" not in repr(config)
    assert "token" not in repr(config)


def test_a_refusal_does_not_show_the_password() -> None:
    with pytest.raises(ValueError, match="RUNICORN_TRACKING_URI") as refusal:
        Config.from_environment({"RUNICORN_TRACKING_URI": "ftp://ann:secret@portal"})
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("http://小红:geheim@localhost", "小红:geheim"),
        ("http://karl:w%C3%B6rter@localhost", "karl:wörter"),
        ("http://lena:a%3Ab%40c%2Fd@localhost", "lena:a:b@c/d"),
    ],
)
def test_credentials_may_hold_any_character_percent_encoded(given: str, expected: str) -> None:
    assert Config.from_environment({"RUNICORN_TRACKING_URI": given}).basic_auth == expected


@pytest.fixture
def environ(config_home: Path) -> dict[str, str]:
    """An environment in which somebody is logged in to ``http://portal``."""
    store_token("http://portal", "kept")
    return {"XDG_CONFIG_HOME": str(config_home.parent), "RUNICORN_TRACKING_URI": "http://portal/"}


def test_without_a_variable_the_token_of_login_is_taken(environ: dict[str, str]) -> None:
    assert Config.from_environment(environ).api_key == "kept"
    assert Config.from_environment(environ, url="http://other").api_key is None
    assert Config.from_environment(environ, url="HTTP://Portal").api_key == "kept"


def test_the_variable_wins_and_so_does_a_password_in_the_address(environ: dict[str, str]) -> None:
    assert Config.from_environment({**environ, "RUNICORN_API_KEY": "said"}).api_key == "said"
    found = Config.from_environment({**environ, "RUNICORN_TRACKING_URI": "http://a:b@portal"})
    assert (found.api_key, found.basic_auth) == (None, "a:b")


def test_the_kept_token_is_never_shown(environ: dict[str, str]) -> None:
    assert "kept" not in repr(Config.from_environment(environ))


@pytest.mark.parametrize("token", ["rn_a\nb", "rn_a\r\nX: y", "rn a", "rn_\u6a21", "rn_\x7f", "\t"])
def test_what_no_header_can_carry_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(ValueError, match="This is no token") as refusal:
        Config(api_key=token)
    assert token not in str(refusal.value)


@pytest.mark.parametrize(("given", "team"), [("", None), (" vision ", "vision")])
def test_the_team_is_taken_from_the_environment(given: str, team: str | None) -> None:
    assert Config.from_environment({"RUNICORN_TEAM": given}).team == team


def test_what_is_no_team_is_refused() -> None:
    with pytest.raises(ValueError, match="RUNICORN_TEAM: Invalid team 'Vision'"):
        Config.from_environment({"RUNICORN_TEAM": "Vision"})
