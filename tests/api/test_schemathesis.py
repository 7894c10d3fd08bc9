"""schemathesis looks for anything that ``docs/openapi.yml`` does not say, on a running portal."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.api.conftest import file_row
from tests.conftest import digest_of
from tests.live import LivePortal, fresh_database, start_portal

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[LivePortal]:
    """A portal of this test's own, so that the seed decides alone; with something in every list."""
    with fresh_database() as database_url:
        portal = start_portal(tmp_path / "var", DATABASE_URL=database_url)
        fill(portal.url)
        yield portal
        portal.stop()


def fill(url: str) -> None:
    """Log two versions by a run that uses the first."""
    send("PUT", f"{url}/api/blobs/{digest_of(b'content')}", body=b"content")
    send("POST", f"{url}/api/runs", json={"id": "run-1", "project": "p"})
    body = {"type": "model", "files": [file_row("a.bin", b"content")], "run": "run-1"}
    for alias in ("baseline", "production"):
        send("POST", f"{url}/api/artifacts/m/versions", json={**body, "aliases": [alias]})
    send("POST", f"{url}/api/runs/run-1/uses", json={"artifact": "m:baseline"})


def send(method: str, url: str, **body: object) -> None:
    with urllib3.PoolManager() as http:
        assert http.request(method, url, **body).status == 201  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_schemathesis_finds_nothing(portal: LivePortal, tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).parent / "st"),
        f"--config-file={ROOT / 'schemathesis.toml'}",
        "run",
        str(ROOT / "docs" / "openapi.yml"),
        f"--url={portal.url}",
        "--seed=1",
        "--max-examples=10",
        "--continue-on-failure",
        "--no-color",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
