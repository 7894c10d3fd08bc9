"""The embedded PostgreSQL: up, down, and back after every way of dying."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from runicorn_site.embedded import (
    SOCKET_PATH_MAX_BYTES,
    EmbeddedPostgres,
    EmbeddedPostgresError,
    as_child,
    clean_environment,
    database_url,
    find_binaries,
    major_version,
    make_private_dir,
    socket_dir,
)

NOBODY = 65534


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres", fast=True)
    yield server
    server.stop()


def ask(home: Path, query: str) -> object:
    with psycopg.connect(database_url(home)) as connection:
        row = connection.execute(query).fetchone()
    return row and row[0]


def test_start_makes_cluster_and_database(server: EmbeddedPostgres) -> None:
    server.start()
    assert ask(server.home, "SELECT current_database()") == "portal"
    assert ask(server.home, "SHOW server_encoding") == "UTF8"


def test_server_opens_no_port_and_a_private_socket_folder(server: EmbeddedPostgres) -> None:
    server.start()
    assert ask(server.home, "SHOW listen_addresses") == ""
    assert socket_dir(server.home).stat().st_mode & 0o777 == 0o700


def test_data_survives_a_stop(server: EmbeddedPostgres) -> None:
    server.start()
    with psycopg.connect(database_url(server.home)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()
    server.start()
    assert ask(server.home, "SELECT answer FROM kept") == 42


def test_stop_leaves_no_process_and_may_be_repeated(server: EmbeddedPostgres) -> None:
    server.start()
    process = server.process
    assert process is not None
    server.stop()
    server.stop()
    assert process.poll() is not None
    assert processes_in(server.data) == []


def test_start_again_right_after_a_killed_postmaster(server: EmbeddedPostgres) -> None:
    server.start()
    assert server.process is not None
    busy = psycopg.connect(database_url(server.home))
    server.process.kill()
    server.process.wait()
    server.start()
    busy.close()
    assert ask(server.home, "SELECT 1") == 1


def test_pid_file_of_a_stranger_does_not_stop_the_start(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")
    started = time.monotonic()
    server.start()
    assert time.monotonic() - started < 5


def test_second_server_on_one_home_is_refused(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runicorn_site.embedded.LEFTOVERS_SECONDS", 0.2)
    server.start()
    with pytest.raises(EmbeddedPostgresError, match="lock file"):
        EmbeddedPostgres(server.home, fast=True).start()
    assert ask(server.home, "SELECT 1") == 1


def test_half_made_cluster_is_made_anew(server: EmbeddedPostgres) -> None:
    (server.home / "data.new").mkdir(parents=True)
    (server.home / "data.new" / "PG_VERSION").write_text("18\n")
    server.start()
    assert ask(server.home, "SELECT 1") == 1


def test_long_path_gets_a_short_private_socket_folder(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("long" * 30) / "postgres", fast=True)
    folder = socket_dir(server.home)
    try:
        server.start()
        assert ask(server.home, "SELECT 1") == 1
        assert len(os.fsencode(folder)) < SOCKET_PATH_MAX_BYTES - 20
        assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()
        shutil.rmtree(folder)


def test_socket_folder_of_a_long_path_is_the_same_each_time(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 30)
    assert socket_dir(home) == socket_dir(home)
    assert socket_dir(home) != socket_dir(home / "other")


def test_url_is_found_from_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert database_url(Path("postgres")) == database_url(tmp_path / "postgres")


def test_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(EmbeddedPostgresError, match="somebody else"):
        make_private_dir(tmp_path / "link")


def test_log_that_grew_large_starts_anew(server: EmbeddedPostgres) -> None:
    server.home.mkdir()
    with server.log.open("wb") as log:
        log.truncate(11 << 20)
    server.start()
    assert server.log.stat().st_size < 1 << 20


def test_pg_bin_is_the_only_place_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", "/somewhere/bin")
    assert list(find_binaries()) == [Path("/somewhere/bin")]


def test_pg_bin_without_postgres_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(EmbeddedPostgresError, match="PG_BIN"):
        EmbeddedPostgres(tmp_path / "postgres").start()


def test_newest_binaries_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PG_BIN", raising=False)
    in_wheel = [path for path in find_binaries() if "pgserver" in str(path)]
    majors = [int(major_version(path)) for path in in_wheel]
    assert majors
    assert majors == sorted(majors, reverse=True)


def test_cluster_of_a_version_that_is_not_here_is_named(server: EmbeddedPostgres) -> None:
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedPostgresError, match="made by PostgreSQL 9"):
        server.start()


def test_broken_configuration_shows_what_postgres_says(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runicorn_site.embedded.LEFTOVERS_SECONDS", 0.2)
    server.start()
    server.stop()
    with (server.data / "postgresql.conf").open("a") as configuration:
        configuration.write("no_such_setting = 1\n")
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        server.start()


def test_folder_that_cannot_be_written_shows_what_initdb_says(
    server: EmbeddedPostgres,
) -> None:
    server.home.mkdir()
    (server.home / "data.new").write_text("in the way")
    with pytest.raises(EmbeddedPostgresError, match="initdb failed"):
        server.start()


def test_without_setpriv_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmbeddedPostgresError, match="set DATABASE_URL"):
        as_child()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs unshare")
def test_refused_unshare_names_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "unshare"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(EmbeddedPostgresError, match="run as a normal user or set DATABASE_URL"):
        as_child()


def test_variables_of_postgres_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    assert "PGPORT" not in clean_environment()
    assert "PATH" in clean_environment()


START_AND_WAIT = """
import sys, time
from pathlib import Path
from runicorn_site.embedded import EmbeddedPostgres
EmbeddedPostgres(Path(sys.argv[1]), fast=True).start()
print("up", flush=True)
time.sleep(60)
"""


def test_kill_9_of_the_parent_stops_postgres(tmp_path: Path) -> None:
    home = tmp_path / "postgres"
    kill_after_start([sys.executable, "-c", START_AND_WAIT, str(home)])
    assert gone_in_time(home / "data")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_normal_user_needs_no_namespace() -> None:
    # Not tmp_path: its parents are closed to other users.
    with tempfile.TemporaryDirectory(prefix="nobody-") as folder:
        os.chown(folder, NOBODY, NOBODY)
        home = Path(folder, "postgres")
        become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        if subprocess.call([*become, sys.executable, "-c", "import psycopg"]):
            pytest.skip("the Python that runs the tests is closed to other users")
        kill_after_start([*become, sys.executable, "-c", START_AND_WAIT, str(home)])
        assert (home / "data").stat().st_uid == NOBODY
        assert gone_in_time(home / "data")


def kill_after_start(command: list[str]) -> None:
    """Run ``command`` until it says ``up``, then kill it without a chance to clean up."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        said = parent.stdout.readline()
        parent.send_signal(signal.SIGKILL)
    assert said == b"up\n"


def gone_in_time(data: Path) -> bool:
    deadline = time.monotonic() + 15
    while processes_in(data) and time.monotonic() < deadline:
        time.sleep(0.05)
    return processes_in(data) == []


def processes_in(data: Path) -> list[str]:
    """The processes that work in ``data``, as PostgreSQL's do."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == data:
                found.append(process.name)
        except OSError:
            continue
    return found
