"""Reading the runs of a store of 0.5."""

from pathlib import Path

import pytest

from runicorn.legacy.runs import read_runs
from tests.legacy.conftest import edit
from tests.legacy.plain import CREATED_AT, write_run
from tests.legacy.read import Reading


def test_a_run_is_what_its_files_say(root: Path) -> None:
    write_run(root, "run-1", used=[("model-a", 1)], made=[("model-b", 2)])
    (run,) = read_runs(Reading(root).reader)
    assert (run.id, run.project, run.name, run.status) == ("run-1", "p", "n", "finished")
    assert (run.created_at, run.finished_at) == (CREATED_AT, CREATED_AT + 60)
    assert [(str(one), one.at) for one in run.used] == [("model/model-a:v1", CREATED_AT + 30)]
    assert [str(one) for one in run.made] == ["model/model-b:v2"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("running", "running"), ("completed", "finished"), ("interrupted", "failed"),
        ("odd", "failed"), (None, "failed"),
    ],
)  # fmt: skip
def test_a_status_becomes_one_of_ours(root: Path, status: str | None, expected: str) -> None:
    write_run(root, "run-1", status=status)
    (run,) = read_runs(Reading(root).reader)
    assert run.status == expected
    assert (run.finished_at is None) == (expected == "running")


def test_an_older_run_lies_without_project_and_name(root: Path) -> None:
    write_run(root, "run-1").rename(root / "moved")
    (root / "runs").mkdir()
    (root / "moved").rename(root / "runs/run-1")
    edit(root / "runs/run-1/meta.json", project=None, name=None)
    (run,) = read_runs(Reading(root).reader)
    assert (run.project, run.name) == ("default", "")


def test_of_two_runs_of_one_id_the_first_counts(root: Path) -> None:
    write_run(root, "run-1", project="a")
    write_run(root, "run-1", project="b")
    reading = Reading(root)
    assert [run.project for run in read_runs(reading.reader)] == ["a"]
    assert "another run has this id" in reading.said("skipped")[0]


@pytest.mark.parametrize("file", ["meta.json", "status.json", "artifacts_used.json"])
def test_a_torn_file_of_a_run_is_said(root: Path, file: str) -> None:
    folder = write_run(root, "run-1", used=[("model-a", 1)])
    (folder / file).write_text('{"a": ')
    reading = Reading(root)
    runs = list(read_runs(reading.reader))
    assert len(runs) == (0 if file == "meta.json" else 1)
    assert any(file in one.text for one in reading.findings)


def test_links_that_are_none_are_left_out_and_said(root: Path) -> None:
    folder = write_run(root, "run-1", used=[("model-a", 1)])
    rows = [7, {"name": "m"}, {"name": "m", "type": "model", "version": "1"},
            {"name": "..", "type": "model", "version": 1}]  # fmt: skip
    edit(folder / "artifacts_used.json", artifacts=rows)
    reading = Reading(root)
    (run,) = read_runs(reading.reader)
    assert run.used == ()
    assert len(reading.said("note")) == 4


def test_a_run_that_was_deleted_is_kept_and_said(root: Path) -> None:
    (write_run(root, "run-1") / ".deleted").write_text("{}")
    reading = Reading(root)
    assert len(list(read_runs(reading.reader))) == 1
    assert "was deleted" in reading.said("note")[0]
