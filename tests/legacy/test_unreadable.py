"""Folders of a store that cannot be looked into: what is in them is missing, and that is said."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from runicorn.legacy.reading import is_store
from runicorn.legacy.runs import read_runs
from tests.legacy.plain import write_run
from tests.legacy.read import Reading
from tests.legacy.taken import Take, Write, kinds, versions

Forbid = Callable[..., None]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_type_that_cannot_be_listed_is_skipped_and_that_is_said(
    take: Take, root: Path, write: Write, forbid: Forbid, number: int
) -> None:
    write("data", type="dataset")
    write()
    forbid(root / "artifacts/dataset", number)
    report = take(root)
    assert kinds(report) == ["skipped artifacts/dataset"]
    assert "cannot be looked into" in report.findings[0].text
    assert versions() == ["model/model-a:v1 ready"]
    assert not report.is_signed_off


def test_an_artifact_that_cannot_be_listed_is_skipped_whole(
    take: Take, root: Path, write: Write, forbid: Forbid
) -> None:
    """What has a folder and no row of the index is not known: no tombstone may be guessed."""
    write()
    write("model-b", number=2)
    write_run(root, "run-1", used=[("model-b", 1)])
    forbid(root / "artifacts/model/model-b")
    assert "skipped model/model-b" in kinds(take(root))
    assert versions() == ["model/model-a:v1 ready"]


@pytest.mark.parametrize("place", [".", "p", "p/n/runs"])
def test_runs_that_cannot_be_listed_are_said(root: Path, forbid: Forbid, place: str) -> None:
    write_run(root, "run-1")
    write_run(root, "run-2", project="q")
    forbid(root / place)
    reading = Reading(root)
    found = [run.id for run in read_runs(reading.reader)]
    assert found == ([] if place == "." else ["run-2"])
    (said,) = reading.said("skipped")
    assert said.startswith(f"{place}: cannot be looked into")


def test_a_folder_that_nobody_can_tell_of_is_said(
    root: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a folder may be listed, and not entered."""
    folder, real = write(), Path.lstat

    def lstat(path: Path) -> object:
        if path == folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "lstat", lstat)
    reading = Reading(root)
    assert "Permission denied" in reading.said("skipped")[0]
    assert reading.artifacts == {}


def test_a_store_that_cannot_be_looked_into_may_be_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lstat(path: Path) -> object:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    assert not is_store(root)
    monkeypatch.setattr(Path, "lstat", lstat)
    assert is_store(root)


def test_what_is_no_folder_holds_nothing(root: Path) -> None:
    write_run(root, "run-1")
    (root / "artifacts").write_text("")
    reading = Reading(root)
    assert (reading.artifacts, reading.findings) == ({}, [])
