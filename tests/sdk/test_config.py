"""The address and the credentials."""

import pytest

from runicorn.config import Config


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
