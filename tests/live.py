"""A real portal for tests: ``manage.py serve`` in a process of its own (``-p tests.live``).

``live_portal`` is shared by the tests of one xdist worker; ``start_portal`` gives a test its own.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import urllib3
from psycopg import sql

MANAGE = Path(__file__).resolve().parent.parent / "manage.py"
START_SECONDS = 120
STOP_SECONDS = 60


@dataclass(frozen=True)
class LivePortal:
    """A running portal. What it prints and logs goes to ``log``; no URL: an embedded database."""

    url: str
    data_dir: Path
    database_url: str | None
    log: Path
    process: subprocess.Popen[bytes]
    reserved: socket.socket

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Send ``with_signal``, wait until the process is gone, return its exit code."""
        self.reserved.close()
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()  # a portal that does not stop fails its test and no other


@pytest.fixture(scope="session")
def live_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePortal]:
    """A portal in open mode with a data folder, a database and a port of its own."""
    with fresh_database() as database_url:
        portal = start_portal(tmp_path_factory.mktemp("live") / "var", DATABASE_URL=database_url)
        yield portal
        portal.stop()


@dataclass(frozen=True)
class TeamPortal:
    """A portal in team mode, and a token for each of its people.

    ``ada`` may log for everyone and maintains for the team ``vision``; ``bob`` maintains what is
    everyone's and is a stranger to the team; ``boss`` is an admin, with a token of that scope.
    """

    url: str
    tokens: dict[str, str]
    log: Path


PEOPLE = """
import json
from accounts.roles import Role, Scope
from tests.people import make_token, make_user
people = {
    "ada": make_user("ada", Role.CONTRIBUTOR, {"vision": Role.MAINTAINER}),
    "bob": make_user("bob", Role.MAINTAINER),
    "boss": make_user("boss", Role.ADMIN),
}
make_user("robot", Role.CONTRIBUTOR)
people["boss"].__class__.objects.filter(username="robot").update(is_service=True)
scopes = {"boss": Scope.ADMIN}
tokens = {name: make_token(user, scopes.get(name, Scope.WRITE)) for name, user in people.items()}
print(json.dumps(tokens))
"""


@pytest.fixture(scope="session")
def team_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamPortal]:
    """A portal in team mode with people in it."""
    data_dir = tmp_path_factory.mktemp("live-team") / "var"
    with fresh_database() as database_url:
        environment = {
            "DATABASE_URL": database_url,
            "RUNICORN_ACCESS": "team",
            "RUNICORN_SECRET_KEY": uuid.uuid4().hex + uuid.uuid4().hex,
        }
        portal = start_portal(data_dir, **environment)
        made = run_manage("shell", data_dir, "--no-imports", "-c", PEOPLE, **environment)
        assert made.returncode == 0, made.stderr
        yield TeamPortal(portal.url, json.loads(made.stdout.splitlines()[-1]), portal.log)
        portal.stop()


@contextmanager
def fresh_database() -> Iterator[str]:
    """The DATABASE_URL of an empty database on the test PostgreSQL, dropped in the end."""
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    name = f"live_{uuid.uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield f"{server}/{name}"
        connection.execute(sql.SQL("DROP DATABASE {} (FORCE)").format(sql.Identifier(name)))


def start_portal(data_dir: Path, **environment: str) -> LivePortal:
    """Start a portal and wait until it is healthy; the caller stops it.

    ``environment`` adds to ours, which is passed on without any setting of the portal. Without a
    DATABASE_URL in it the portal starts its embedded PostgreSQL.
    """
    host = environment.setdefault("RUNICORN_HOST", "127.0.0.1")
    reserved = reserve_port(host)
    port = reserved.getsockname()[1]
    log = data_dir.parent / f"{data_dir.name}.log"
    process = spawn_serve(data_dir, log, RUNICORN_PORT=str(port), **environment)
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    portal = LivePortal(
        url=url,
        data_dir=data_dir,
        database_url=environment.get("DATABASE_URL"),
        log=log,
        process=process,
        reserved=reserved,
    )
    _wait_until_healthy(portal)
    return portal


def spawn_serve(data_dir: Path, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    """``manage.py serve`` on ``data_dir``, not yet ready; what it says is appended to ``log``.

    It dies with the thread that calls this.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, str(MANAGE), "serve"],
            env=_environment(data_dir, environment),
            stdout=output,
            stderr=output,
        )


def run_manage(
    command: str, data_dir: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """``manage.py command`` on ``data_dir`` where it is expected to end by itself."""
    return subprocess.run(
        [sys.executable, str(MANAGE), command, *arguments],
        env=_environment(data_dir, environment),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


def _environment(data_dir: Path, settings: dict[str, str]) -> dict[str, str]:
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RUNICORN_", "DATABASE_URL"))
    }
    return ours | {"RUNICORN_DATA_DIR": str(data_dir)} | settings


def reserve_port(host: str = "127.0.0.1") -> socket.socket:
    """A socket on a port that no other test gets while it is open, though a portal may listen."""
    reserved = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((host, 0))
    return reserved


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with reserve_port() as reserved:
        return int(reserved.getsockname()[1])


def _wait_until_healthy(portal: LivePortal) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_healthy(portal.url) or portal.process.poll() is not None:
        if portal.process.poll() is not None or time.monotonic() > deadline:
            portal.stop(signal.SIGKILL)
            pytest.fail(f"The portal did not start:\n{portal.log.read_text()}")
        time.sleep(0.05)


def _is_healthy(url: str) -> bool:
    with urllib3.PoolManager(retries=False) as http:
        try:
            return http.request("GET", f"{url}/api/health", timeout=5).status == 200
        except urllib3.exceptions.HTTPError:
            return False
