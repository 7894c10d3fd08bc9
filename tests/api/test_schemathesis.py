"""schemathesis looks for anything that ``docs/openapi.yml`` does not say, on a running portal."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import LivePortal

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_schemathesis_finds_nothing(live_portal: LivePortal, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).parent / "st"),
        f"--config-file={ROOT / 'schemathesis.toml'}",
        "run",
        str(ROOT / "docs" / "openapi.yml"),
        f"--url={live_portal.url}",
        "--seed=1",
        "--max-examples=10",
        "--continue-on-failure",
        "--no-color",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
