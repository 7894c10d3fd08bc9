"""What ``runicorn login`` keeps: for its owner's eyes only, whole, one token for each server."""

import json
import logging
from pathlib import Path

import pytest

from runicorn.credentials import credentials_path, find_token, forget_token, store_token

URL, OTHER = "http://portal:23300", "https://other.example/ml"


@pytest.fixture
def file(config_home: Path) -> Path:
    """Where the tokens are kept."""
    return config_home / "credentials.json"


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}, Path("/x/runicorn/credentials.json")),
        ({"HOME": "/h"}, Path("/h/.config/runicorn/credentials.json")),
        (
            {"XDG_CONFIG_HOME": "", "USERPROFILE": "/u"},
            Path("/u/.config/runicorn/credentials.json"),
        ),
        ({}, None),
    ],
)
def test_they_lie_in_the_home(environ: dict[str, str], path: Path | None) -> None:
    assert credentials_path(environ) == path


def test_a_token_is_kept_for_its_server_alone(file: Path) -> None:
    assert find_token(URL) is None
    assert store_token(URL, "rn_1") == file
    store_token(OTHER, "rn_2")
    assert (find_token(URL), find_token(OTHER), find_token("http://portal")) == (
        "rn_1",
        "rn_2",
        None,
    )
    store_token(URL, "rn_3")
    assert (find_token(URL), find_token(OTHER)) == ("rn_3", "rn_2")


def test_only_the_owner_may_read_them(file: Path) -> None:
    store_token(URL, "rn_1")
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    file.chmod(0o644)
    store_token(URL, "rn_2")
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_file_is_replaced_as_a_whole(file: Path) -> None:
    store_token(URL, "rn_1")
    reader = file.open()
    store_token(OTHER, "rn_2")
    with reader:
        assert json.loads(reader.read()) == {URL: {"token": "rn_1"}}
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_a_failure_leaves_the_older_file_and_nothing_else(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_token(URL, "rn_1")

    def fail(self: Path, target: Path) -> Path:
        raise OSError("the disk is full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="full"):
        store_token(URL, "rn_2")
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    assert find_token(URL) == "rn_1"


def test_forgetting_leaves_the_others(file: Path) -> None:
    store_token(URL, "rn_1")
    store_token(OTHER, "rn_2")
    assert (forget_token(URL), forget_token(URL)) == (True, False)
    assert (find_token(URL), find_token(OTHER)) == (None, "rn_2")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"http://portal": "rn_secret"}', '{"a": {"token": 5, "b": "rn_secret"}}'],
)
def test_a_damaged_file_is_named_and_not_shown(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(text)
    for act in (lambda: find_token(URL), lambda: store_token(URL, "x"), lambda: forget_token(URL)):
        with pytest.raises(ValueError, match=r"credentials\.json is damaged") as refusal:
            act()
        assert "secret" not in str(refusal.value)
    assert file.read_text() == text


def test_a_file_that_cannot_be_opened_is_as_good_as_none(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.mkdir(parents=True)
    with caplog.at_level(logging.WARNING, "runicorn"):
        assert find_token(URL) is None
    assert "cannot be read: Is a directory" in caplog.text


def test_without_a_home_nothing_is_kept() -> None:
    assert find_token(URL, {}) is None
    with pytest.raises(ValueError, match="set HOME"):
        store_token(URL, "rn_1", {})
