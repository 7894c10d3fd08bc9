"""What is small, and was promised: modes of files, times in specs, settings read in time."""

import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import runicorn as rn
from tests.live import LivePortal

SIZES = {"tiny": 3, "small": 300_000, "large": 9 << 20}


@pytest.fixture
def versions(portal: LivePortal, name: str, make_file: Callable[..., Path]) -> rn.Artifact:
    """The second of two versions with files of every way to come here; the first was production."""
    with rn.Run("tests", name="small") as run:
        for number in range(2):
            artifact = rn.Artifact(name)
            for path, size in SIZES.items():
                artifact.add_file(make_file(path, bytes([number]) * size))
            for tiny in range(10):
                artifact.add_file(make_file(f"tiny{tiny}", f"{name}{number}{tiny}".encode()))
            run.log_artifact(artifact, aliases="production")
    return artifact


@pytest.fixture(params=[0o002, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """What this process leaves out of the modes of new files."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize("cache_bytes", ["", "0", "1000000"])
def test_files_of_every_size_have_one_mode(
    versions: rn.Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    umask: int, cache_bytes: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("RUNICORN_CACHE_BYTES", cache_bytes)
    for folder in ("first", "again"):
        target = versions.download(tmp_path / folder)
        modes = {stat.S_IMODE(path.stat().st_mode) for path in target.iterdir()}
        assert modes == {0o666 & ~umask}


@pytest.mark.parametrize("form", ["{name}:production@{at}", "model/{name}:production@{at}",
                                  "production@{at}", "v1", "{name}:v1"])  # fmt: skip
def test_a_difference_takes_an_alias_as_of_a_time(
    versions: rn.Artifact, name: str, form: str
) -> None:
    moved = rn.Client().get_alias_history(name, "production")[0]["at"]
    before = datetime.fromtimestamp(moved - 0.000_001, UTC)
    assert ":" in before.isoformat()
    found = versions.diff(form.format(name=name, at=before.isoformat()))
    assert (found["before"]["version"], found["after"]["version"]) == (1, 2)


def test_a_bad_setting_is_found_before_the_use_is_noted(
    versions: rn.Artifact, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rn.Run("tests", name="user") as run:
        monkeypatch.setenv("RUNICORN_CACHE_BYTES", "20GB")
        with pytest.raises(ValueError, match="RUNICORN_CACHE_BYTES must be"):
            run.use_artifact(name)
        assert rn.Client().get_run_artifacts(run.id)["used"] == []
