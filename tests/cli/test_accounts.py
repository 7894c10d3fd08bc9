"""``runicorn login``, ``logout``, ``whoami`` and ``token``, on a portal in team mode."""

import io
import json
import os
import pty
import select
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
import time_machine
import typer

import runicorn as rn
from runicorn.cli.tokens import parse_expiry
from runicorn.config import Config
from tests.cli.conftest import RunCommand
from tests.live import LivePortal, TeamPortal
from tests.sdk.peers import Peer, json_answer

ME = {"username": "ada", "role": "contributor", "teams": [], "token": None, "access": "team"}


@pytest.fixture
def portal(team_portal: TeamPortal, monkeypatch: pytest.MonkeyPatch) -> TeamPortal:
    """The portal as the one ``RUNICORN_TRACKING_URI`` names; nobody is logged in."""
    monkeypatch.setenv("RUNICORN_TRACKING_URI", team_portal.url)
    monkeypatch.delenv("RUNICORN_API_KEY", raising=False)
    return team_portal


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put text on the command's standard input."""

    def put(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return put


@pytest.fixture
def as_ada(portal: TeamPortal, monkeypatch: pytest.MonkeyPatch) -> TeamPortal:
    """Somebody who comes with a token in the environment."""
    monkeypatch.setenv("RUNICORN_API_KEY", portal.tokens["ada"])
    return portal


@pytest.fixture
def label() -> str:
    """A token name that no other test uses."""
    return f"token-{uuid.uuid4().hex[:12]}"


def test_who_logs_in_is_known_from_then_on(
    portal: TeamPortal, runicorn: RunCommand, type_in: Any, config_home: Path
) -> None:
    assert runicorn("whoami").code == 4
    type_in(portal.tokens["ada"] + "\n")
    outcome = runicorn("login", "--token", "-")
    assert (outcome.code, outcome.out) == (0, f"Logged in to {portal.url} as ada\n")
    file = config_home / "credentials.json"
    assert outcome.err == f"The token is kept in {file}.\n"
    assert file.stat().st_mode & 0o777 == 0o600
    found = runicorn("whoami", "--json").json
    assert (found["username"], found["role"]) == ("ada", "contributor")
    assert found["teams"] == [{"name": "vision", "role": "maintainer"}]
    assert runicorn("artifacts", "list").code == 0
    assert rn.Client().whoami()["username"] == "ada"


def test_the_token_is_asked_for_without_echo(portal: TeamPortal, config_home: Path) -> None:
    """On a terminal of its own: what is typed must not come back."""
    terminal, its_end = pty.openpty()
    command = [sys.executable, "-m", "runicorn", "login", portal.url]
    with subprocess.Popen(
        command, stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True
    ) as process:
        os.close(its_end)
        shown = _read_until(terminal, b"Token for")
        os.write(terminal, portal.tokens["ada"].encode() + b"\n")
        shown += _read_until(terminal, b"Logged in")
    assert process.returncode == 0
    os.close(terminal)
    assert b"as ada" in shown
    assert portal.tokens["ada"].encode() not in shown
    assert portal.tokens["ada"] in (config_home / "credentials.json").read_text()


def _read_until(terminal: int, text: bytes) -> bytes:
    shown, deadline = b"", time.monotonic() + 60
    while text not in shown or not shown.endswith((b"\n", b": ")):
        assert time.monotonic() < deadline, shown
        if select.select([terminal], [], [], 1)[0]:
            try:
                shown += os.read(terminal, 4096)
            except OSError:  # the other side is closed
                break
    return shown


def test_logging_out_forgets_the_token(
    portal: TeamPortal, runicorn: RunCommand, type_in: Any
) -> None:
    type_in(portal.tokens["ada"])
    runicorn("login", portal.url, "--token", "-")
    outcome = runicorn("logout")
    assert (outcome.code, outcome.out) == (0, f"Logged out of {portal.url}\n")
    assert runicorn("whoami").code == 4
    assert runicorn("logout").out == f"No token is kept for {portal.url}\n"
    assert runicorn("logout", "--json").json == {"url": portal.url, "was_kept": False}


def test_a_token_that_is_none_is_not_kept(
    portal: TeamPortal, runicorn: RunCommand, type_in: Any, config_home: Path
) -> None:
    type_in("rn_nonsense")
    outcome = runicorn("login", "--token", "-")
    assert (outcome.code, outcome.out) == (4, "")
    assert "unknown, expired or revoked" in outcome.err
    assert "rn_nonsense" not in outcome.err
    assert not config_home.exists()


@pytest.mark.parametrize(
    ("arguments", "typed", "why"),
    [
        (["--token", "rn_secret"], "", "standard input"),
        ([], "", "standard input"),
        (["--token", "-"], "\n", "no token was given"),
        (["--token", "-"], "two words", "This is no token"),
        (["portal:8000", "--token", "-"], "rn_secret", "The address must be like"),
    ],
)
def test_wrong_usage_of_login_is_2_and_asks_no_server(
    peer: Peer, runicorn: RunCommand, type_in: Any, arguments: list[str], typed: str, why: str
) -> None:
    type_in(typed)
    outcome = runicorn("login", *arguments)
    assert (outcome.code, why in outcome.err) == (2, True)
    assert "secret" not in outcome.err
    assert peer.seen == []


def test_what_keeps_the_token_from_being_used_is_said(
    peer: Peer, runicorn: RunCommand, type_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.script(json_answer(200, ME))
    monkeypatch.setenv("RUNICORN_API_KEY", "other")
    type_in("rn_1")
    assert "RUNICORN_API_KEY is set" in runicorn("login", "--token", "-").err
    assert peer.seen[0].headers["Authorization"] == "Bearer rn_1"
    monkeypatch.setenv("RUNICORN_TRACKING_URI", "http://127.0.0.1:9")
    type_in("rn_1")
    outcome = runicorn("login", peer.url, "--token", "-", "--json")
    assert f"export RUNICORN_TRACKING_URI={peer.url}" in outcome.err
    assert outcome.json == ME
    monkeypatch.delenv("RUNICORN_API_KEY")
    monkeypatch.setenv("RUNICORN_TRACKING_URI", peer.url.replace("//", "//ann:geheim@"))
    type_in("rn_1")
    outcome = runicorn("login", "--token", "-")
    assert ("password in RUNICORN_TRACKING_URI" in outcome.err, "geheim" in outcome.err) == (
        True,
        False,
    )


def test_a_damaged_file_is_wrong_usage(peer: Peer, runicorn: RunCommand, config_home: Path) -> None:
    config_home.mkdir(parents=True)
    (config_home / "credentials.json").write_text("rn_secret")
    outcome = runicorn("whoami")
    assert (outcome.code, "is damaged" in outcome.err, "secret" in outcome.err) == (2, True, False)


def test_whoami_tells_people_who_they_are(as_ada: TeamPortal, runicorn: RunCommand) -> None:
    rows = {row[0]: " ".join(row[1:]) for row in runicorn("whoami").rows}
    assert rows == {
        "Server": as_ada.url, "User": "ada", "Role": "contributor",
        "Teams": "vision (maintainer)", "Token": "test (scope write)",
    }  # fmt: skip


def test_whoami_of_an_open_portal(
    live_portal: LivePortal, runicorn: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", live_portal.url)
    outcome = runicorn("whoami")
    assert (outcome.code, "nobody (open mode" in outcome.out) == (0, True)
    made = runicorn("token", "create", "x")
    assert (made.code, "RUNICORN_ACCESS=team" in made.err) == (1, True)


def test_a_token_is_made_listed_used_and_revoked(
    as_ada: TeamPortal, runicorn: RunCommand, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = runicorn("token", "create", label, "--scope", "read", "--expires", "30d")
    text = outcome.out.strip()
    assert (outcome.code, text.startswith("rn_"), len(text)) == (0, True, 46)
    assert "shown this once" in outcome.err
    assert text not in outcome.err
    (row,) = [one for one in runicorn("token", "list").rows if label in one]
    assert row[2:4] == [f"{text[:8]}…", "read"]
    monkeypatch.setenv("RUNICORN_API_KEY", text)
    found = runicorn("whoami", "--json").json["token"]
    assert (found["name"], found["scope"]) == (label, "read")
    assert 0 < 30 * 86_400 - (found["expires_at"] - time.time()) < 120
    assert runicorn("token", "create", f"{label}-2").code == 4
    monkeypatch.setenv("RUNICORN_API_KEY", as_ada.tokens["ada"])
    outcome = runicorn("token", "revoke", row[0])
    assert (outcome.code, outcome.out) == (0, f"Revoked token {label}\n")
    assert all(label not in one for one in runicorn("token", "list").rows)
    monkeypatch.setenv("RUNICORN_API_KEY", text)
    assert runicorn("whoami").code == 4


def test_tokens_in_json(as_ada: TeamPortal, runicorn: RunCommand, label: str) -> None:
    made = runicorn("token", "create", label, "--json").json
    assert (made["name"], made["scope"], made["expires_at"]) == (label, "write", None)
    listed = runicorn("token", "list", "--json").json
    (found,) = [one for one in listed if one["name"] == label]
    assert (found["id"], "token" in found) == (made["id"], False)
    assert runicorn("token", "revoke", made["id"], "--json").json["success"] is True


def test_refusals_have_their_exit_codes(
    as_ada: TeamPortal, runicorn: RunCommand, label: str
) -> None:
    runicorn("token", "create", label)
    assert runicorn("token", "create", label).code == 1
    assert runicorn("token", "create", f"{label}-2", "--scope", "admin").code == 4
    assert runicorn("token", "create", f"{label}-2", "--user", "robot").code == 4
    assert runicorn("token", "create", f"{label}-2", "--expires", "2001-01-01").code == 2
    assert runicorn("token", "list", "--user", "boss").code == 4
    assert runicorn("token", "revoke", "999999").code == 3


def test_admins_make_tokens_of_service_accounts(
    portal: TeamPortal, runicorn: RunCommand, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_API_KEY", portal.tokens["boss"])
    made = runicorn("token", "create", label, "--user", "robot", "--json").json
    listed = runicorn("token", "list", "--user", "robot", "--json").json
    assert made["id"] in [one["id"] for one in listed]
    monkeypatch.setenv("RUNICORN_API_KEY", made["token"])
    assert runicorn("whoami", "--json").json["username"] == "robot"


@pytest.mark.parametrize(
    "arguments",
    [
        ["token"],
        ["token", "create"],
        ["token", "create", "x", "--scope", "root"],
        ["token", "create", "x", "--expires", "soon"],
        ["token", "create", "x", "--expires", "0d"],
        ["token", "revoke"],
        ["token", "revoke", "laptop"],
        ["token", "revoke", "0"],
        ["whoami", "extra"],
    ],
)
def test_wrong_usage_is_2(peer: Peer, runicorn: RunCommand, arguments: list[str]) -> None:
    assert runicorn(*arguments).code == 2
    assert peer.seen == []


@pytest.mark.parametrize(
    ("text", "seconds"), [("12h", 43_200), ("30d", 2_592_000), ("2w", 1_209_600)]
)
def test_a_span_counts_from_now(text: str, seconds: int) -> None:
    with time_machine.travel(1_000_000, tick=False):
        assert parse_expiry(text) == 1_000_000 + seconds


def test_a_date_is_one_too_and_anything_else_is_not() -> None:
    assert parse_expiry("2100-01-01T00:00:00+00:00") == 4_102_444_800
    for text in ("1.5d", "d", "-3d", "999999d", "2100-13-01", ""):
        with pytest.raises(typer.BadParameter):
            parse_expiry(text)


def test_the_token_is_on_standard_output_alone(as_ada: TeamPortal, label: str) -> None:
    """So that a script can take it: ``TOKEN=$(runicorn token create ci)``."""
    done = subprocess.run(
        [sys.executable, "-m", "runicorn", "token", "create", label],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert rn.Client(Config(url=as_ada.url, api_key=done.stdout.strip())).whoami()["token"]
    assert done.stdout.strip() not in done.stderr
    assert done.stdout.strip() not in as_ada.log.read_text()


@pytest.fixture
def two(as_ada: TeamPortal, name: str, make_file: Any, runicorn: RunCommand) -> str:
    """The name of an artifact that everyone has, and the team too; made by ``put``."""
    for owner in ("everyone", "vision"):
        path = make_file(f"{owner}/w.bin", owner.encode())
        outcome = runicorn("artifacts", "put", name, path, "--team", owner, "-a", "production")
        assert outcome.code == 0
    return name


def test_the_list_has_a_column_for_teams_where_there_are_any(
    two: str, runicorn: RunCommand
) -> None:
    rows = runicorn("artifacts", "list", "-q", two).rows
    assert rows[0][:2] == ["Team", "Name"]
    assert [row[:2] for row in rows[2:]] == [["vision", two], ["-", two]]
    rows = runicorn("artifacts", "list", "-q", two, "--team", "everyone").rows
    assert (rows[0][0], rows[2][0]) == ("Name", two)


def test_every_command_says_whose(two: str, runicorn: RunCommand, tmp_path: Path) -> None:
    for owner in ("everyone", "vision"):
        for arguments in ([two, "--team", owner], [f"{owner}/model/{two}"]):
            for command in ("info", "files", "versions", "lineage"):
                assert runicorn("artifacts", command, *arguments).code == 0
            assert runicorn("artifacts", "alias", "list", *arguments).code == 0
            folder = tmp_path / "got"
            runicorn("artifacts", "get", arguments[0], folder, *arguments[1:])
            assert (folder / "w.bin").read_text() == owner
    assert "Team" in runicorn("artifacts", "info", f"vision/model/{two}:v1").out
    assert runicorn("artifacts", "alias", "rm", two, "production", "--team", "vision").code == 0
    assert runicorn("artifacts", "info", f"everyone/model/{two}:production").code == 0
    assert runicorn("artifacts", "delete", f"{two}:v1", "--team", "vision", "--dry-run").code == 0
    assert runicorn("artifacts", "delete", f"vision/model/{two}:v1").code == 0
    assert runicorn("artifacts", "restore", f"{two}:v1", "--team", "vision").code == 0
    assert runicorn("artifacts", "info", f"{two}:v1", "--team", "Vision").code == 2
    assert runicorn("artifacts", "info", f"vision/model/{two}", "--team", "everyone").code == 2


def test_what_a_team_has_is_called_by_its_full_name(
    two: str, runicorn: RunCommand, make_file: Any, tmp_path: Path
) -> None:
    full = f"vision/model/{two}"
    put = runicorn("artifacts", "put", two, make_file("b"), "--team", "vision")
    assert put.out == f"{full}:v2\n"
    got = runicorn("artifacts", "get", f"{full}:v2", tmp_path / "got")
    assert got.err.splitlines()[-1].startswith(f"{full}:v2: 1 file,")
    assert f"{full}:v2" in runicorn("artifacts", "info", f"{full}:v2").out
    for command, said in (
        (
            ("delete", f"{full}:v2"),
            f"Deleted {full}:v2; `runicorn artifacts restore {full}:v2` brings it back",
        ),
        (("restore", f"{full}:v2"), f"Restored {full}:v2"),
        (
            ("delete", full, "--keep-last", "1", "--yes"),
            f"Deleted v1 of {full}; `runicorn artifacts restore {full}:v1` brings one back",
        ),
        (("alias", "rm", full, "production"), f"Removed alias production of {full}"),
    ):
        outcome = runicorn("artifacts", *command)
        assert (outcome.code, outcome.out.splitlines()[0]) == (0, said)
    everyones = runicorn("artifacts", "delete", f"everyone/model/{two}:v1").out
    assert everyones.startswith(f"Deleted everyone/model/{two}:v1; ")


def test_put_takes_the_team_of_the_environment(
    as_ada: TeamPortal, name: str, make_file: Any, runicorn: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("RUNICORN_TEAM", "vision")
    outcome = runicorn("artifacts", "put", name, make_file("a"), "--json")
    assert json.loads(outcome.out)["team"] == "vision"
