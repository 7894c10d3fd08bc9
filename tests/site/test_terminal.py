"""The portal in a terminal: Ctrl-C, and a terminal that goes away."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import urllib3

from tests.live import MANAGE, free_port, fresh_database

SOON_SECONDS = 25  # on a busy machine; what hangs is killed after 30


@dataclass
class Session:
    """A portal that is the foreground program of a terminal."""

    process: subprocess.Popen[bytes]
    keyboard: int

    def seconds_to_end(self) -> float:
        """How long it takes from now; fails when it does not."""
        start = time.monotonic()
        self.process.wait(SOON_SECONDS)
        return time.monotonic() - start


def take_terminal() -> None:
    """Be the foreground program of the terminal on standard input."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A portal that is healthy and idle."""
    port = free_port()
    keyboard, terminal = pty.openpty()
    with fresh_database() as database_url:
        process = subprocess.Popen(
            [sys.executable, str(MANAGE), "serve"],
            env=os.environ
            | {
                "DATABASE_URL": database_url,
                "RUNICORN_DATA_DIR": str(tmp_path / "var"),
                "RUNICORN_PORT": str(port),
                "RUNICORN_WORKERS": "1",  # who answers is all there is: none is still starting
            },
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            preexec_fn=take_terminal,  # noqa: PLW1509 - one thread here
        )
        os.close(terminal)
        await_health(port)
        yield Session(process, keyboard)
        process.kill()
        process.wait()


def await_health(port: int) -> None:
    """Return when the portal answers."""
    patience = urllib3.Retry(total=60, backoff_factor=0.1, backoff_max=1)
    with urllib3.PoolManager(retries=patience) as http:
        assert http.request("GET", f"http://127.0.0.1:{port}/api/health").status == 200


def test_ctrl_c_ends_an_idle_portal_soon(session: Session) -> None:
    os.write(session.keyboard, b"\x03")
    assert session.seconds_to_end() < SOON_SECONDS
    assert session.process.returncode == 0


def test_a_stop_without_a_terminal_to_speak_to_ends_it_too(session: Session) -> None:
    os.close(session.keyboard)
    session.process.send_signal(signal.SIGTERM)
    assert session.seconds_to_end() < SOON_SECONDS
