"""``.ci/run`` fails when a check or, twice, a test fails, and shows how the tests ended."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.live import MANAGE

CLOSING = "====== 3 passed, 1 skipped in 61.20s (0:01:01) ======"
MAKE = f"""#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
case "$*" in
  check) exit $CHECK ;;
  *--last-failed*) echo "=== once more in 0.10s ==="; exit $AGAIN ;;
  test-browser) echo "=== 7 passed in 40.00s ==="; exit $BROWSER ;;
  test-typescript) echo "=== 2 passed in 9.00s ==="; exit $TYPESCRIPT ;;
  test) echo "collecting"; echo "{CLOSING}"; echo "make: leaving"; exit $TEST ;;
esac
"""
EXITS = {"CHECK": 0, "TEST": 0, "BROWSER": 0, "TYPESCRIPT": 0, "AGAIN": 1}
TESTS = ["BROWSER", "TYPESCRIPT", "TEST"]


def run_ci(tmp_path: Path, make: str = MAKE, **exits: int) -> subprocess.CompletedProcess[str]:
    """``.ci/run`` with a ``make`` whose targets end as told."""
    path = tmp_path / "make"
    path.write_text(make)
    path.chmod(0o755)
    variables = {name: str(code) for name, code in (EXITS | exits).items()}
    return subprocess.run(
        [str(MANAGE.parent / ".ci" / "run")],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def calls(tmp_path: Path) -> list[str]:
    return (tmp_path / "calls").read_text().splitlines()


def test_ci_passes_when_all_pass_at_once(tmp_path: Path) -> None:
    assert run_ci(tmp_path).returncode == 0
    assert calls(tmp_path) == ["check", "test-browser", "test", "test-typescript"]


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("check", [0, 1])
def test_ci_fails_when_either_half_fails(tmp_path: Path, check: int, test: str) -> None:
    assert run_ci(tmp_path, CHECK=check, **{test: 2}).returncode == 1
    assert run_ci(tmp_path, CHECK=check).returncode == check


@pytest.mark.parametrize("test", TESTS)
def test_what_fails_once_is_run_once_more_and_both_are_shown(tmp_path: Path, test: str) -> None:
    ended = run_ci(tmp_path, AGAIN=0, **{test: 2})
    assert ended.returncode == 0
    assert len([one for one in calls(tmp_path) if "--last-failed" in one]) == 1
    assert "once more, what failed of test" in ended.stdout
    assert "=== once more in 0.10s ===" in ended.stdout


def test_a_check_that_fails_is_not_tried_again(tmp_path: Path) -> None:
    assert run_ci(tmp_path, CHECK=1, AGAIN=0).returncode == 1
    assert calls(tmp_path).count("check") == 1


@pytest.mark.parametrize("check", [0, 1])
def test_ci_ends_with_the_closing_lines_of_pytest(tmp_path: Path, check: int) -> None:
    lines = run_ci(tmp_path, CHECK=check).stdout.splitlines()[-3:]
    assert lines == ["=== 7 passed in 40.00s ===", "=== 2 passed in 9.00s ===", CLOSING]


def test_ci_fails_when_the_tests_never_ended(tmp_path: Path) -> None:
    assert run_ci(tmp_path, make="#!/bin/sh\nexit 0\n").returncode == 1
