"""A portal of the demo's own, on a data folder of its own, where none runs yet."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import runicorn as rn
from runicorn.config import DEFAULT_URL, Config
from runicorn.errors import ServerUnavailable

ROOT = Path(__file__).resolve().parents[2]
DATA_DIR = ROOT / "var-demo"
START_SECONDS = 120


class NotStarted(Exception):  # noqa: N818 (says what is the matter)
    """The portal ended before it answered."""


def find_address(environ: Mapping[str, str] = os.environ) -> str:
    """Where the portal is, or will be: ``RUNICORN_TRACKING_URI``, else host and port of ours."""
    host, port = environ.get("RUNICORN_HOST", ""), environ.get("RUNICORN_PORT", "")
    if environ.get("RUNICORN_TRACKING_URI") or not (host or port):
        return environ.get("RUNICORN_TRACKING_URI") or DEFAULT_URL
    host = host or "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port or 23300}"


def is_running(config: Config) -> bool:
    """Whether a portal answers, or anything else does."""
    client = rn.Client(config)
    client.hurry()
    try:
        client.whoami()
    except ServerUnavailable:
        return False
    except rn.RunicornError:
        return True
    return True


@contextmanager
def serve(config: Config, data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Serve on ``data_dir`` for the ``with`` block, which begins when the portal answers.

    What it logs goes to ``serve.log`` in that folder. Raises NotStarted with the end of it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    log = data_dir / "serve.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", sys.executable, str(ROOT / "manage.py"), "serve"],
            env=os.environ | {"RUNICORN_DATA_DIR": str(data_dir)},
            stdout=output,
            stderr=output,
        )
    try:
        _wait(process, config, log)
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], config: Config, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_running(config):
        if process.poll() is not None or time.monotonic() > deadline:
            end = "\n".join(log.read_text().splitlines()[-5:])
            raise NotStarted(f"The portal did not start:\n{end}")
        time.sleep(0.2)
