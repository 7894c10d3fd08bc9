"""``manage.py export``, killed at any moment; what it writes is in ``tests/legacy``."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.legacy.conftest import unpack
from tests.legacy.plain import snapshot
from tests.live import MANAGE, LivePortal, fresh_database, run_manage, start_portal


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[LivePortal]:
    """A portal with a database of its own, into which a store of 0.5 was imported."""
    with fresh_database() as database_url:
        portal = start_portal(tmp_path / "var", DATABASE_URL=database_url)
        done = run_manage(
            "import_runicorn", portal.data_dir, str(unpack(tmp_path)), DATABASE_URL=database_url
        )
        assert "the portal has 72 versions" in done.stdout, done.stderr
        yield portal
        portal.stop()


def contents(root: Path) -> dict[str, str]:
    """The sha256 of every file but the one that says when and whether it is complete."""
    return {
        path: str(values[4]) for path, values in snapshot(root).items() if path != "export.json"
    }


@pytest.mark.slow
def test_an_export_that_is_killed_again_and_again_ends_as_one_that_was_not(
    portal: LivePortal, tmp_path: Path
) -> None:
    environment = {"DATABASE_URL": portal.database_url or "", "RUNICORN_LOG_LEVEL": "ERROR"}
    whole = run_manage("export", portal.data_dir, str(tmp_path / "whole"), **environment)
    assert "Complete." in whole.stdout, whole.stderr
    waits = random.Random(5)  # noqa: S311 - no secrets
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, str(MANAGE), "export", str(tmp_path / "killed")],
            env={"RUNICORN_DATA_DIR": str(portal.data_dir), **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(1.5 + waits.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
    last = run_manage("export", portal.data_dir, str(tmp_path / "killed"), **environment)
    assert "Complete." in last.stdout, last.stdout + last.stderr
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
