"""The benchmark of dedup as it is run: on a portal of its own, to its verdicts."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_small_headline_is_measured_and_the_disk_agrees() -> None:
    words = ["--only-headline", "--count", "3", "--size-mib", "16"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.dedup", *words],
        cwd=ROOT, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert ": kept\n" in done.stdout
    assert "they agree" in done.stdout
