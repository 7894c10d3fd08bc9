"""What is said of names that Runicorn 0.5 had and this package has not."""

import copy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import runicorn as rn

METHODS = ("log", "log_text", "log_image", "summary", "set_primary_metric")
ATTRIBUTES = (
    "storage_root", "project_dir", "experiment_dir", "runs_dir", "run_dir", "media_dir",
    "storage_backend", "monitor", "anomaly_detector", "artifact_storage",
)  # fmt: skip
"""All that a run of 0.5.3 had in public, but for what this one has too."""


@pytest.fixture
def run() -> Iterator[rn.Run]:
    """A run that no server hears of."""
    with rn.init(project="p", mode="disabled") as run:
        yield run


@pytest.mark.parametrize("name", METHODS)
def test_a_method_of_0_5_says_what_to_do(run: rn.Run, name: str) -> None:
    with pytest.raises(
        AttributeError, match=f"no run.{name} here, which Runicorn 0.5 had: "
    ) as raised:
        getattr(run, name)({"loss": 1.0})
    assert "keeps artifacts" in str(raised.value)
    assert "rn.Artifact.add_" in str(raised.value)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_of_0_5_says_why_it_is_gone(run: rn.Run, name: str) -> None:
    with pytest.raises(AttributeError, match=f"no run.{name} here, which Runicorn 0.5 had: "):
        getattr(run, name)


@pytest.mark.parametrize("name", [*METHODS, *ATTRIBUTES, "nothing_like_it", "__deepcopy__"])
def test_they_are_missing_all_the_same(run: rn.Run, name: str) -> None:
    assert not hasattr(run, name)
    assert name not in dir(run)


def told(line: str) -> str:
    """What Python prints at last of a script that dies in ``line``."""
    script = f'import runicorn as rn\nrun = rn.init(mode="disabled")\n{line}'
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    return done.stderr.splitlines()[-1]


def test_nothing_that_merely_sounds_like_it_is_proposed() -> None:
    said = told("run.log({})")
    assert said.startswith("AttributeError: There is no run.log here, which Runicorn 0.5 had: ")
    assert "Did you mean" not in said


def test_a_slip_is_told_as_ever() -> None:
    assert told("run.finished()") == (
        "AttributeError: 'DisabledRun' object has no attribute 'finished'. Did you mean: 'finish'?"
    )


def test_a_run_is_copied_as_before(run: rn.Run) -> None:
    assert copy.copy(run).id == run.id


@pytest.mark.parametrize("name", [*METHODS, "MetricMonitor", "EnvironmentCapture", "sdk"])
def test_a_name_of_the_package_says_what_to_do(name: str) -> None:
    assert not hasattr(rn, name)
    with pytest.raises(AttributeError, match=f"no rn.{name} here: "):
        getattr(rn, name)


def test_other_names_of_the_package_are_told_as_ever() -> None:
    with pytest.raises(AttributeError, match="module 'runicorn' has no attribute 'nothing'"):
        rn.nothing  # type: ignore[attr-defined]  # noqa: B018 - the name alone


def test_type_checkers_know_nothing_of_them(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import runicorn as rn\nrn.log({})\nrn.init().log({})\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-incremental", script],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if "attr-defined" in line]
    assert len(lines) == 2, done.stdout


# The environment ----------------------------------------------------------------------------------

SCRIPT = """
import runicorn as rn
for _ in range(2):
    rn.init(project="p", mode="disabled")
"""


@pytest.mark.parametrize(("folder", "count"), [("/old/store", 1), ("", 0)])
def test_the_folder_of_0_5_is_ignored_with_one_warning(folder: str, count: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env={"RUNICORN_DIR": folder}, capture_output=True,
        text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stderr.count("RUNICORN_DIR='/old/store' is ignored") == count
    assert len(done.stderr.splitlines()) == count
