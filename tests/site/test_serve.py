"""``manage.py serve`` as its users meet it: real processes, real signals."""

import os
import re
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.live import (
    LivePortal,
    TeamPortal,
    free_port,
    fresh_database,
    run_manage,
    spawn_serve,
    start_portal,
)


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[LivePortal]:
    """A portal with its embedded PostgreSQL, as ``make run`` starts it."""
    portal = start_portal(tmp_path / "var")
    yield portal
    portal.stop(signal.SIGKILL)
    assert gone_in_time(portal.data_dir)


@pytest.fixture
def other_database() -> Iterator[str]:
    with fresh_database() as url:
        yield url


def test_serve_answers_health(live_portal: LivePortal) -> None:
    answer = urllib3.request("GET", f"{live_portal.url}/api/health")
    assert answer.status == 200
    assert answer.json()["status"] == "healthy"


def test_serve_says_where_things_are(live_portal: LivePortal) -> None:
    said = live_portal.log.read_text().splitlines()
    assert said[0] == f"Runicorn Portal 0.1.0  {live_portal.url}"
    assert f"Data      {live_portal.data_dir}" in said
    assert "Database  DATABASE_URL" in said
    assert any(line.startswith("Access    open: anybody on this machine") for line in said)
    assert f"Serving {live_portal.url} until Ctrl-C." in said


def test_only_open_mode_says_how_to_leave_it(
    live_portal: LivePortal, team_portal: TeamPortal
) -> None:
    assert "RUNICORN_ACCESS=team RUNICORN_SECRET_KEY=… make run" in live_portal.log.read_text()
    said = team_portal.log.read_text()
    assert "Access    team: with a login" in said
    assert "RUNICORN_SECRET_KEY" not in said


SETUP = re.compile(r"There is no admin yet: open (\S+), the setup code is ([2-9A-Z-]{19})\n")


def test_the_code_that_is_printed_makes_the_first_admin_once(
    tmp_path: Path, other_database: str
) -> None:
    settings = {
        "DATABASE_URL": other_database, "RUNICORN_ACCESS": "team",
        "RUNICORN_SECRET_KEY": "abcdefgh0123456789" * 3,
    }  # fmt: skip
    portal = start_portal(tmp_path / "var", **settings)
    found = SETUP.search(portal.log.read_text())
    assert found is not None
    url, code = found.groups()
    assert url == f"{portal.url}/welcome"
    assert send_welcome(url, "AAAA-AAAA-AAAA-AAAA") == 403
    assert send_welcome(url, code) == 303
    assert urllib3.request("GET", url, redirect=False).headers["Location"] == "/login"
    portal.stop()
    portal = start_portal(tmp_path / "var", **settings)
    assert len(SETUP.findall(portal.log.read_text())) == 1  # the file goes on
    portal.stop()


def send_welcome(url: str, code: str) -> int:
    """The status of the first page's answer to a form with this code."""
    page = urllib3.request("GET", url)
    cookie = page.headers["Set-Cookie"].split(";")[0]
    password = "correct horse battery"
    fields = {
        "csrfmiddlewaretoken": cookie.partition("=")[2], "code": code, "username": "ada",
        "password1": password, "password2": password,
    }  # fmt: skip
    headers = {"Cookie": cookie, "Origin": url.removesuffix("/welcome")}
    answer = urllib3.request("POST", url, fields=fields, headers=headers, redirect=False)
    return answer.status


def test_open_mode_needs_no_admin(live_portal: LivePortal) -> None:
    assert not SETUP.search(live_portal.log.read_text())
    asked = urllib3.request("GET", f"{live_portal.url}/welcome", redirect=False)
    assert asked.headers["Location"] == "/"


def test_each_request_has_a_line_with_its_id(live_portal: LivePortal) -> None:
    answer = urllib3.request("GET", f"{live_portal.url}/api/health?asked=once")
    [line] = [line for line in live_portal.log.read_text().splitlines() if "asked=once" in line]
    assert "GET /api/health?asked=once status=200" in line
    assert f"request={answer.headers['X-Request-ID']}" in line


def test_static_files_need_no_collectstatic(live_portal: LivePortal) -> None:
    script = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css"
    assert urllib3.request("GET", f"{live_portal.url}{script}").status == 200


def test_second_start_on_one_data_dir_names_the_first(live_portal: LivePortal) -> None:
    refused = run_serve(live_portal.data_dir)
    assert refused.returncode == 1
    assert f"pid {live_portal.process.pid}, {live_portal.url}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_secret_key_is_kept_and_private(live_portal: LivePortal) -> None:
    path = live_portal.data_dir / "secret_key"
    assert len(path.read_text()) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal_stops_everything_cleanly(portal: LivePortal, with_signal: signal.Signals) -> None:
    assert portal.stop(with_signal) == 0
    assert processes_of(portal.data_dir) == set()
    assert portal.log.read_text().splitlines()[-1] == "Stopped."
    assert not (portal.data_dir / "postgres" / "data" / "postmaster.pid").exists()


def test_kill_9_leaves_nothing_behind_and_the_next_start_works(portal: LivePortal) -> None:
    family = processes_of(portal.data_dir)
    assert len(family) > 3
    portal.stop(signal.SIGKILL)
    again = start_portal(portal.data_dir)  # at once: the leftovers are still going
    assert family.isdisjoint(processes_of(portal.data_dir))
    assert again.stop() == 0


@pytest.mark.parametrize("seconds", [0.8, 1.2, 1.6])
def test_stop_during_the_start_leaves_nothing_behind(tmp_path: Path, seconds: float) -> None:
    port = str(free_port())
    process = spawn_serve(tmp_path / "var", tmp_path / "log", RUNICORN_PORT=port)
    time.sleep(seconds)
    process.terminate()
    process.wait(20)  # less than granian's patience with a worker that does not hear
    assert gone_in_time(
        tmp_path / "var"
    )  # what was just forked dies with its parent, a moment later


def test_death_of_postgres_ends_the_portal_with_1(portal: LivePortal) -> None:
    postmaster = (portal.data_dir / "postgres" / "data" / "postmaster.pid").read_text().split()[0]
    os.kill(int(postmaster), signal.SIGKILL)
    assert portal.process.wait(30) == 1
    assert "PostgreSQL has ended by itself" in portal.log.read_text()
    assert start_portal(portal.data_dir).stop() == 0


def test_killed_worker_is_replaced(tmp_path: Path, other_database: str) -> None:
    portal = start_portal(tmp_path / "var", DATABASE_URL=other_database)
    [worker, *_] = workers_of(portal)
    os.kill(worker, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while len(workers_of(portal)) < 2 or worker in workers_of(portal):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert urllib3.request("GET", f"{portal.url}/api/health").status == 200
    assert portal.stop() == 0


def test_second_signal_ends_running_requests(tmp_path: Path, other_database: str) -> None:
    portal = start_portal(tmp_path / "var", DATABASE_URL=other_database)
    address = ("127.0.0.1", int(portal.url.rpartition(":")[2]))
    with socket.create_connection(address) as stalled:
        head = f"PUT /api/blobs/sha256:{'0' * 64} HTTP/1.1\r\nHost: localhost\r\n"
        stalled.sendall(f"{head}Content-Length: 9\r\n\r\nhalf".encode())
        time.sleep(0.5)
        portal.process.terminate()
        time.sleep(0.5)
        assert portal.process.poll() is None
        started = time.monotonic()
        assert portal.stop() == 0
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("host", ["::1", "localhost"])
def test_other_names_of_this_machine_work(tmp_path: Path, other_database: str, host: str) -> None:
    portal = start_portal(tmp_path / "var", RUNICORN_HOST=host, DATABASE_URL=other_database)
    assert portal.url.startswith(("http://[::1]:", "http://localhost:"))
    assert portal.log.read_text().splitlines()[0].endswith(portal.url)
    assert portal.stop() == 0


def test_database_url_starts_no_postgres(live_portal: LivePortal) -> None:
    assert live_portal.data_dir.exists()
    assert not (live_portal.data_dir / "postgres").exists()


def test_taken_port_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run_serve(tmp_path / "var", RUNICORN_PORT=port)
    assert refused.returncode == 1
    assert f"127.0.0.1:{port} cannot be listened on: Address already in use" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_port_of_a_running_portal_is_refused(tmp_path: Path, live_portal: LivePortal) -> None:
    port = live_portal.url.rpartition(":")[2]
    refused = run_serve(tmp_path / "var", RUNICORN_PORT=port)
    assert refused.returncode == 1
    assert "Address already in use" in refused.stderr


def test_unknown_host_is_refused(tmp_path: Path) -> None:
    refused = run_serve(
        tmp_path / "var",
        RUNICORN_HOST="no-such-host.invalid",
        RUNICORN_ACCESS="team",
        RUNICORN_SECRET_KEY="abcdefgh0123456789" * 3,
    )
    assert refused.returncode == 1
    assert "cannot be listened on" in refused.stderr


def test_data_dir_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = run_serve(tmp_path / "file" / "var")
    assert refused.returncode == 1
    assert "RUNICORN_DATA_DIR" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_database_that_does_not_answer_is_refused(tmp_path: Path) -> None:
    url = f"postgres://portal@127.0.0.1:{free_port()}/portal"
    refused = run_serve(tmp_path / "var", DATABASE_URL=url)
    assert refused.returncode == 1
    assert "Connection refused" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("url", "what"),
    [("mysql://portal@127.0.0.1/portal", '"DATABASE_URL"'), ("sqlite://:memory:", "runicorn.E005")],
)
def test_another_database_than_postgres_is_refused(tmp_path: Path, url: str, what: str) -> None:
    refused = run_serve(tmp_path / "var", DATABASE_URL=url)
    assert refused.returncode == 1
    assert what in refused.stderr
    assert "unset it" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_open_access_on_a_public_address_is_refused(tmp_path: Path) -> None:
    refused = run_serve(tmp_path / "var", RUNICORN_HOST="0.0.0.0")  # noqa: S104
    assert refused.returncode == 1
    assert "runicorn.E001" in refused.stderr
    assert "RUNICORN_ACCESS=team" in refused.stderr
    assert not (tmp_path / "var").exists()


def test_store_of_another_database_is_refused(tmp_path: Path, live_portal: LivePortal) -> None:
    assert live_portal.database_url is not None
    refused = run_serve(tmp_path / "var", DATABASE_URL=live_portal.database_url)
    assert refused.returncode == 1
    assert "runicorn.E007" in refused.stderr
    assert "RUNICORN_STORAGE_ROOT" in refused.stderr
    assert not (tmp_path / "var" / "store" / "store.json").exists()


def run_serve(data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """``manage.py serve`` where it is expected to give up by itself."""
    environment.setdefault("RUNICORN_PORT", str(free_port()))
    return run_manage("serve", data_dir, **environment)


def workers_of(portal: LivePortal) -> list[int]:
    """The web workers: the children of the supervisor that run the same program."""
    children = Path(f"/proc/{portal.process.pid}/task/{portal.process.pid}/children").read_text()
    return [
        int(pid)
        for pid in children.split()
        if b"manage.py" in Path("/proc", pid, "cmdline").read_bytes()
    ]


def processes_of(data_dir: Path) -> set[str]:
    """Processes that have to do with ``data_dir``: by environment, as all of them inherit it."""
    wanted = f"RUNICORN_DATA_DIR={data_dir}".encode()
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                found.add(process.name)
        except OSError:
            continue
    return found


def gone_in_time(data_dir: Path) -> bool:
    deadline = time.monotonic() + 15
    while processes_of(data_dir) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not processes_of(data_dir)
