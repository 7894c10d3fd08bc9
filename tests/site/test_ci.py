"""``.ci/run`` fails when the checks or the tests fail, and shows how the tests ended."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.live import MANAGE

CLOSING = "====== 3 passed, 1 skipped in 61.20s (0:01:01) ======"
MAKE = f"""#!/bin/sh
case $1 in
  check) exit $CHECK ;;
  test-browser) echo "=== 7 passed in 40.00s ==="; exit $BROWSER ;;
  test) echo "collecting"; echo "{CLOSING}"; echo "make: leaving"; exit $TEST ;;
esac
"""


def run_ci(
    tmp_path: Path, *, check: int, test: int, browser: int = 0
) -> subprocess.CompletedProcess[str]:
    """``.ci/run`` with a ``make`` whose three targets end as told."""
    make = tmp_path / "make"
    make.write_text(MAKE)
    make.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    return subprocess.run(
        [str(MANAGE.parent / ".ci" / "run")],
        env=os.environ
        | {"PATH": path, "CHECK": str(check), "TEST": str(test), "BROWSER": str(browser)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("check", "test"), [(0, 0), (1, 0), (0, 2), (1, 2)])
def test_ci_fails_when_either_half_fails(tmp_path: Path, check: int, test: int) -> None:
    assert (run_ci(tmp_path, check=check, test=test).returncode == 0) is (check + test == 0)


@pytest.mark.parametrize("browser", [0, 1])
def test_ci_fails_when_the_tests_in_the_browser_do(tmp_path: Path, browser: int) -> None:
    ended = run_ci(tmp_path, check=0, test=0, browser=browser)
    assert (ended.returncode == 0) is (browser == 0)
    assert ended.stdout.splitlines()[-2] == "in the browser: === 7 passed in 40.00s ==="


@pytest.mark.parametrize("check", [0, 1])
def test_ci_ends_with_the_closing_line_of_pytest(tmp_path: Path, check: int) -> None:
    assert run_ci(tmp_path, check=check, test=0).stdout.splitlines()[-1] == CLOSING


def test_ci_fails_when_the_tests_never_ended(tmp_path: Path) -> None:
    make = tmp_path / "make"
    make.write_text("#!/bin/sh\nexit 0\n")
    make.chmod(0o755)
    ended = subprocess.run(
        [str(MANAGE.parent / ".ci" / "run")],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 1
