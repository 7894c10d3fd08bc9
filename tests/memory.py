"""Tests keep their files in memory where there is room: a plugin, loaded by ``-p tests.memory``.

Nearly every test has a store of its own. Making and removing its 256 folders takes a disk longer
than most tests take. Nothing is lost by it: a kill leaves the same files on either, and what a
disk loses in a power cut no test can show. With TMPDIR set everything lies there.
"""

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest and mkdtemp make private folders in it
ENOUGH_BYTES = 8 << 30


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None]:
    """Name the folder for temporary files to this process and all that it starts."""
    if "TMPDIR" not in os.environ and _has_room(MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
    return (yield)


def _has_room(folder: Path) -> bool:
    if not os.access(folder, os.W_OK) or os.statvfs(folder).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(folder).free >= ENOUGH_BYTES
