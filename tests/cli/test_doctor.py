"""``runicorn doctor``: what is in the way of work, and what to do about it."""

import shutil
import ssl
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine

import runicorn as rn
from runicorn.cache import open_cache
from runicorn.cli import local_checks
from runicorn.version import __version__
from tests.cli.conftest import Outcome, RunCommand
from tests.conftest import digest_of
from tests.live import LivePortal, TeamPortal
from tests.sdk.peers import Peer, bytes_answer, json_answer, serve_peer

CHECKS = ["address", "reach", "version", "tls", "login", "token", "clock", "upload"]
LOCAL = ["disk", "cache", "wheels", "proxies"]
HEALTHY = {"status": "healthy", "version": __version__}
NOBODY = {"username": None, "role": "admin", "teams": [], "token": None, "access": "open"}
MISMATCH = {"detail": "It has another digest.", "code": "digest_mismatch"}

Examine = Callable[..., dict[str, dict[str, str]]]


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme}_proxy".upper(), raising=False)


@pytest.fixture
def examine(runicorn: RunCommand) -> Examine:
    """Run it; the checks by name."""

    def run(code: int = 0) -> dict[str, dict[str, str]]:
        outcome = runicorn("doctor", "--json")
        assert outcome.code == code, outcome
        assert outcome.json["healthy"] is (code == 0)
        return {one["check"]: one for one in outcome.json["checks"]}

    return run


@pytest.fixture
def as_ada(team_portal: TeamPortal, monkeypatch: pytest.MonkeyPatch) -> TeamPortal:
    """The portal in team mode, with a token of somebody who may write."""
    monkeypatch.setenv("RUNICORN_TRACKING_URI", team_portal.url)
    monkeypatch.setenv("RUNICORN_API_KEY", team_portal.tokens["ada"])
    return team_portal


@pytest.fixture
def label() -> str:
    """A token name that no other test uses."""
    return f"doctor-{uuid.uuid4().hex[:12]}"


def content_of(portal: LivePortal) -> set[Path]:
    return {path for path in (portal.data_dir / "store").rglob("*") if path.is_file()}


def test_a_portal_that_works_is_healthy(portal: LivePortal, runicorn: RunCommand) -> None:
    outcome = runicorn("doctor")
    assert outcome.code == 0
    rows = [row for row in outcome.rows if row[0] in {"OK", "warning", "FAILURE", "skipped"}]
    assert [row[1] for row in rows] == CHECKS + LOCAL
    assert [row[0] for row in rows[: -len(LOCAL)]] == ["OK"] * len(CHECKS)


def test_nothing_is_left_behind(portal: LivePortal, examine: Examine) -> None:
    before, stats = content_of(portal), rn.Client().get_stats()
    assert "64.0 KiB" in examine()["upload"]["summary"]
    assert content_of(portal) == before
    assert rn.Client().get_stats() == stats


def test_no_server_is_a_failure_and_this_machine_is_looked_at(
    examine: Examine, runicorn: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", "http://127.0.0.1:9")
    found = examine(code=1)
    assert list(found) == CHECKS + LOCAL
    assert found["reach"]["status"] == "failure"
    assert "make run" in found["reach"]["summary"]
    assert {found[name]["status"] for name in ("version", "login", "upload")} == {"skipped"}
    assert found["disk"]["status"] != "skipped"
    assert "FAILURE" in runicorn("doctor").out


def test_an_address_that_is_none_is_a_failure(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", "ada:secret@portal")
    found = examine(code=1)
    assert found["address"]["status"] == "failure"
    assert "secret" not in str(found)
    assert found["upload"]["status"] == "skipped"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (json_answer(200, {"status": "ok"}), "not as a Runicorn server"),
        (json_answer(200, [1]), "not as a Runicorn server"),
        (bytes_answer(200, b"<html>"), "not as a Runicorn server"),
        (bytes_answer(200, b"{}", length=99), "broke off"),
        (json_answer(503, {"detail": "The database does not answer."}), "The database"),
        (json_answer(302, {}, Location="/login"), "sends us on to /login"),
    ],
)
def test_what_is_no_well_portal_is_a_failure(
    peer: Peer, examine: Examine, answer: Any, text: str
) -> None:
    peer.script(answer)
    reach = examine(code=1)["reach"]
    assert (reach["status"], text in reach["summary"]) == ("failure", True)
    assert len(peer.calls) == 1, "nobody waits for a second try"


@pytest.mark.parametrize(
    ("version", "status"), [(f"{__version__}.post1", "ok"), ("0.0.9", "warning"), ("9", "warning")]
)
def test_another_release_is_a_warning(
    peer: Peer, examine: Examine, version: str, status: str
) -> None:
    health = json_answer(200, HEALTHY | {"version": version})
    peer.script(health, json_answer(200, NOBODY), json_answer(422, MISMATCH))
    found = examine()["version"]
    assert (found["status"], version in found["summary"]) == (status, True)


def test_who_is_logged_in_and_may_write_is_healthy(as_ada: TeamPortal, examine: Examine) -> None:
    found = examine()
    assert found["login"]["summary"] == "ada: contributor everywhere, maintainer in vision"
    assert found["token"]["summary"] == "test (scope write) never ends"
    assert found["upload"]["status"] == "ok"


def test_who_is_not_logged_in_hears_how(
    as_ada: TeamPortal, examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUNICORN_API_KEY")
    found = examine(code=1)
    assert found["login"]["status"] == "failure"
    assert "runicorn login" in found["login"]["advice"]
    assert {found[name]["status"] for name in ("token", "upload")} == {"skipped"}
    assert found["clock"]["status"] == "ok"


def test_who_may_only_read_tries_no_upload(
    as_ada: TeamPortal, examine: Examine, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    made = rn.Client().create_token({"name": label, "scope": "read"})
    monkeypatch.setenv("RUNICORN_API_KEY", made["token"])
    found = examine()
    assert found["upload"]["status"] == "skipped"
    assert "may only read" in found["upload"]["summary"]


@pytest.mark.parametrize(("days", "status"), [(2, "warning"), (30, "ok")])
def test_a_token_that_ends_soon_is_a_warning(
    as_ada: TeamPortal,
    examine: Examine,
    monkeypatch: pytest.MonkeyPatch,
    label: str,
    days: int,
    status: str,
) -> None:
    ends = time.time() + days * 86_400
    made = rn.Client().create_token({"name": label, "scope": "write", "expires_at": ends})
    monkeypatch.setenv("RUNICORN_API_KEY", made["token"])
    found = examine()["token"]
    assert (found["status"], f"{label} (scope write) ends 20" in found["summary"]) == (status, True)
    assert ("runicorn login" in found["advice"]) is (status == "warning")


def test_who_has_no_role_is_sent_to_an_admin(peer: Peer, examine: Examine) -> None:
    who = NOBODY | {"username": "new", "role": None, "access": "team"}
    peer.script(json_answer(200, HEALTHY), json_answer(200, who))
    found = examine()
    assert (found["login"]["status"], "admin" in found["login"]["advice"]) == ("warning", True)
    assert found["upload"]["status"] == "skipped"


@pytest.mark.parametrize(("seconds", "word"), [(95, "ahead of"), (-95, "behind")])
def test_a_clock_that_is_wrong_is_a_warning(
    portal: LivePortal, examine: Examine, seconds: int, word: str
) -> None:
    with time_machine.travel(time.time() + seconds, tick=True):
        found = examine()["clock"]
    assert found["status"] == "warning"
    assert word in found["summary"]
    assert 90 < float(found["summary"].partition(" ")[0]) < 130


def test_a_server_without_a_date_has_no_clock(peer: Peer, examine: Examine) -> None:
    def answer(handler: Any, seen: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: today\r\n\r\n{}")

    peer.script(answer)
    assert examine(code=1)["clock"]["status"] == "skipped"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (json_answer(201, {"digest": "", "size": 0}), "accepted"),
        (json_answer(507, {"detail": "The disk is full.", "code": "storage_full"}), "disk is full"),
        (json_answer(413, {"detail": "Too large."}), "Too large"),
    ],
)
def test_an_upload_that_goes_wrong_is_a_failure(
    peer: Peer, examine: Examine, answer: Any, text: str
) -> None:
    peer.script(json_answer(200, HEALTHY), json_answer(200, NOBODY), answer)
    found = examine(code=1)["upload"]
    assert (found["status"], text in found["summary"]) == ("failure", True)


def test_a_server_without_logins_is_a_failure(peer: Peer, examine: Examine) -> None:
    peer.script(json_answer(200, HEALTHY), json_answer(404, {"detail": "Not Found"}))
    found = examine(code=1)["login"]
    assert (found["status"], "viewer" in found["advice"]) == ("failure", True)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 and its key, signed by nobody but itself."""
    if shutil.which("openssl") is None:
        pytest.skip("makes its certificate with openssl")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    options = ["-newkey", "rsa:2048", "-nodes", "-keyout", path, "-days", "30"]
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = subprocess.run(
        ["openssl", "req", "-x509", *options, *subject], capture_output=True, check=True
    )
    path.write_bytes(path.read_bytes() + made.stdout)
    return path


@pytest.fixture
def secured(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """A server over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serve_peer(context) as running:
        monkeypatch.setenv("RUNICORN_TRACKING_URI", running.url)
        running.script(
            json_answer(200, HEALTHY), json_answer(200, NOBODY), json_answer(422, MISMATCH)
        )
        yield running


def test_a_certificate_that_nobody_vouches_for_is_a_failure(
    secured: Peer, examine: Examine
) -> None:
    found = examine(code=1)
    assert (found["reach"]["status"], found["tls"]["status"]) == ("failure", "failure")
    assert "SSL_CERT_FILE" in found["tls"]["advice"]


@pytest.mark.parametrize(("days_from_now", "status"), [(0, "ok"), (25, "warning")])
def test_a_trusted_certificate_is_good_until_shortly_before_its_end(
    secured: Peer,
    examine: Examine,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    days_from_now: int,
    status: str,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with time_machine.travel(time.time() + days_from_now * 86_400):
        found = examine()["tls"]
    assert (found["status"], "TLSv1.3" in found["summary"]) == (status, True)


def test_https_where_http_is_spoken_is_a_failure(
    peer: Peer, examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", peer.url.replace("http", "https"))
    assert "http address" in examine(code=1)["tls"]["advice"]


@pytest.mark.parametrize(
    ("host", "status"), [("localhost", "ok"), ("[::1]", "ok"), ("portal.example", "warning")]
)
def test_http_is_a_warning_on_the_way_to_another_machine(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, host: str, status: str
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", f"http://{host}:9")
    assert examine(code=1)["tls"]["status"] == status


@pytest.mark.parametrize(
    ("variables", "status", "said"),
    [
        ({}, "ok", "none"),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "ok", "none"),
        ({"http_proxy": "http://me:secret@proxy:3128"}, "ok", "through http://proxy:3128"),
        ({"ALL_PROXY": "http://me:secret@proxy:3128"}, "ok", "through http://proxy:3128"),
        ({"http_proxy": "http://proxy:3128", "no_proxy": "example"}, "ok", "none"),
        ({"ALL_PROXY": "socks5://me:secret@proxy:1080"}, "failure", "cannot be used"),
    ],
)
def test_the_proxy_on_the_way_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], status: str, said: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = local_checks.check_proxies("http://portal.example:23300")
    assert (found.status, "secret" in str(found)) == (status, False)
    assert said in found.summary
    assert local_checks.check_proxies("http://127.0.0.1:23300").status == "ok"


def test_the_cache_says_how_full_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNICORN_HOME", str(tmp_path))
    monkeypatch.setenv("RUNICORN_CACHE_BYTES", "4096")
    content = b"x" * 1024
    cache = open_cache()
    assert cache is not None
    cache.add(digest_of(content), content)
    found = local_checks.check_cache()
    assert (found.status, found.summary[:27]) == ("ok", "1.0 KiB of at most 4.0 KiB ")


@pytest.mark.parametrize(("said", "status"), [("0", "ok"), ("many", "failure")])
def test_there_may_be_no_cache(monkeypatch: pytest.MonkeyPatch, said: str, status: str) -> None:
    monkeypatch.setenv("RUNICORN_CACHE_BYTES", said)
    assert local_checks.check_cache().status == status


def test_little_space_and_a_folder_not_to_be_written_are_warnings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_checks, "LITTLE_SPACE_BYTES", 0)
    assert local_checks.check_disk(tmp_path).status == "ok"
    monkeypatch.setattr(local_checks, "LITTLE_SPACE_BYTES", 1 << 60)
    assert local_checks.check_disk(tmp_path).status == "warning"
    assert "may not be written" in local_checks.check_disk(tmp_path / "gone").summary


def test_the_optional_wheels_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    assert local_checks.check_wheels().advice == ""
    monkeypatch.setattr(local_checks, "DEDUP_WHEELS", ("blake3", "not_there"))
    found = local_checks.check_wheels()
    assert (found.status, "not_there" in found.summary) == ("ok", True)
    assert "[dedup]" in found.advice


def test_what_a_server_says_cannot_steer_the_terminal(peer: Peer, runicorn: RunCommand) -> None:
    who = NOBODY | {"username": "\x1b[31mred", "access": "team"}
    peer.script(json_answer(200, HEALTHY), json_answer(200, who), json_answer(422, MISMATCH))
    outcome: Outcome = runicorn("doctor")
    assert "\x1b" not in outcome.out
    assert r"\x1b[31mred" in outcome.out
