"""``make run`` where the portal cannot start (docs/adr/0009)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import MANAGE, LivePortal


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """The environment of these tests, as one that ``make`` takes for installed."""
    folder = tmp_path / "venv"
    folder.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (folder / name).symlink_to(Path(sys.prefix) / name)
    assert make("--touch", "run", f"VENV={folder}").returncode == 0
    return folder


def make(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *words],
        cwd=MANAGE.parent,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_make_run_on_a_held_data_dir_says_who_and_exits_2(
    venv: Path, live_portal: LivePortal
) -> None:
    refused = make("run", f"VENV={venv}", RUNICORN_DATA_DIR=str(live_portal.data_dir))
    assert refused.returncode == 2
    assert f"pid {live_portal.process.pid}, {live_portal.url}" in refused.stderr
    assert "Error 1" in refused.stderr
    assert "Traceback" not in refused.stderr
