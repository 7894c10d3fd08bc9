"""A client made by openapi-typescript from ``docs/openapi.yml`` works with a running portal.

``make test-typescript`` installs what is needed; without it the test is skipped and says why.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.live import LivePortal

HERE = Path(__file__).parent / "typescript"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.yml"
TOOLS = HERE / "node_modules" / ".bin"

pytestmark = pytest.mark.skipif(
    not TOOLS.exists() or shutil.which("node") is None,
    reason="its packages are not installed: make test-typescript",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The sources of the test with the types of the document beside them."""
    for name in ("package.json", "tsconfig.json", "portal.test.ts"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    run(tmp_path, TOOLS / "openapi-typescript", DOCUMENT, "--output", "portal.d.ts")
    return tmp_path


def run(folder: Path, *command: str | Path, **variables: str) -> None:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_compiles_strictly_and_works(project: Path, live_portal: LivePortal) -> None:
    run(project, TOOLS / "tsc", "--project", ".")
    run(project, "node", "--test", "build/portal.test.js", PORTAL_URL=live_portal.url)


def test_a_wrong_use_does_not_compile(project: Path) -> None:
    source = project / "portal.test.ts"
    source.write_text(source.read_text().replace("one.latest_version", "one.newest_version"))
    with pytest.raises(AssertionError, match="'newest_version' does not exist"):
        run(project, TOOLS / "tsc", "--project", ".")
