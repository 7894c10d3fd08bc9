"""Folders of downloads that were given none: they go when nobody holds them any more."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runicorn import scratch
from runicorn.scratch import DAY, list_folders, make_download_dir, remove_abandoned

HOLD = """
import os, sys
from runicorn.scratch import make_download_dir
folder = make_download_dir("other_")
(folder / "file").write_bytes(bytes(1000))
print(folder, flush=True)
if sys.argv[1] == "fork" and os.fork():
    os._exit(0)
sys.stdin.read()
"""


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the folders are made."""
    monkeypatch.setenv("RUNICORN_HOME", str(tmp_path))
    return tmp_path / "tmp"


def hold(how: str) -> "tuple[subprocess.Popen[str], Path]":
    """Start a process that has a folder until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, how],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def make_old(folder: Path) -> None:
    """As if it had been made two days ago."""
    then = time.time() - 2 * DAY
    os.utime(folder.with_name(f".{folder.name}.lock"), (then, then))


def test_a_folder_of_today_is_left_for_whoever_was_told_of_it(base: Path) -> None:
    process, theirs = hold("stay")
    process.communicate("")
    make_download_dir("mine_")
    assert (theirs / "file").exists()
    assert [one.path for one in remove_abandoned(base)] == [theirs]


@pytest.mark.parametrize("how", ["stay", "kill"])
def test_a_folder_goes_a_day_after_its_process_has_ended(base: Path, how: str) -> None:
    process, theirs = hold(how)
    make_old(theirs)
    with process:
        mine = make_download_dir("mine_")
        assert sorted(one.path for one in list_folders(base)) == sorted([mine, theirs])
        assert (theirs / "file").stat().st_size == 1000
        if how == "kill":
            process.kill()
    make_old(mine)
    second = make_download_dir("mine_")
    assert sorted(one.path for one in list_folders(base)) == sorted([mine, second])
    assert sorted(path.name for path in base.iterdir() if path.name.endswith(".lock")) == sorted(
        f".{path.name}.lock" for path in (mine, second)
    )


def test_a_forked_child_holds_it_too(base: Path) -> None:
    process, theirs = hold("fork")
    process.wait(60)
    assert remove_abandoned(base) == []
    assert theirs.exists()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.stdout.read()  # until the child has ended too
    assert [(one.path, one.num_files, one.size_bytes) for one in remove_abandoned(base)] == [
        (theirs, 1, 1000)
    ]
    process.stdout.close()


def test_a_folder_of_ours_stays(base: Path) -> None:
    first = make_download_dir("one_")
    assert remove_abandoned(base) == []
    assert first.is_dir()
    assert first.stat().st_mode & 0o777 == 0o700


def test_what_is_not_ours_stays(base: Path) -> None:
    (base / "of_somebody").mkdir(parents=True)
    (base / "file").write_bytes(b"x")
    make_download_dir("one_")
    assert (base / "of_somebody").is_dir()
    assert (base / "file").is_file()


def test_links_in_a_folder_are_not_followed(base: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_bytes(b"of somebody")
    process, theirs = hold("stay")
    with process:
        (theirs / "link").symlink_to(tmp_path / "precious")
    assert len(remove_abandoned(base)) == 1
    assert (tmp_path / "precious" / "file").read_bytes() == b"of somebody"


def test_without_a_home_it_is_the_systems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    held = len(scratch._held)
    assert make_download_dir("x_", {}).parent == tmp_path
    assert len(scratch._held) == held
    assert list(os.scandir(tmp_path))[1:] == []
