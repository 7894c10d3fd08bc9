"""``runicorn artifacts diff`` against a live portal."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import runicorn as rn
from runicorn import errors
from runicorn.comparisons import Pair
from tests.cli.conftest import RunCommand
from tests.formats.sources import safetensors
from tests.live import LivePortal


@pytest.fixture
def changed(portal: LivePortal, name: str, make_file: Callable[..., Path]) -> str:
    """The name of an artifact with two versions that differ in everything."""
    zeros, ones = np.zeros(4, np.float32), np.ones(4, np.float32)
    with rn.Run("tests", name="cli") as run:
        first = rn.Artifact(name, metadata={"lr": 0.1}).add_tags("x")
        first.add_file(make_file("1/a.txt", b"one\nend"), "a.txt")
        first.add_file(make_file("1/m", safetensors({"w": zeros, "b": zeros})), "m.safetensors")
        first.add_file(make_file("1/was", name.encode()), "was.bin")
        run.log_artifact(first, aliases="stable")
        second = rn.Artifact(name, metadata={"lr": 0.2, "k": "v"}).add_tags("y")
        second.add_file(make_file("2/a.txt", b"two\nend"), "a.txt")
        second.add_file(make_file("2/m", safetensors({"w": ones, "b": zeros})), "m.safetensors")
        second.add_file(make_file("2/is", name.encode()), "is.bin")
        run.log_artifact(second.add_reference("s3://bucket/new"))
    return name


@pytest.mark.parametrize(
    "versions", [["{}:v1", "{}:v2"], ["{}:v1...v2"], ["model/{}:stable...latest"], ["{}:v1", "{}"]]
)
def test_what_changed_is_shown(runicorn: RunCommand, changed: str, versions: list[str]) -> None:
    outcome = runicorn("artifacts", "diff", *(one.format(changed) for one in versions))
    assert outcome.code == 0
    assert outcome.out.startswith(
        f"{changed}:v1 → {changed}:v2: 0 added, 0 removed, 2 changed, 1 renamed, 0 unchanged; "
    )
    assert ["renamed", "was.bin", "→", "is.bin", "18", "B"] in outcome.rows
    assert ["changed", "a.txt", "7", "B"] in outcome.rows
    assert ["changed", "lr", "0.1", "0.2"] in outcome.rows
    assert ["added", "k", '"v"'] in outcome.rows
    assert ["added", "s3://bucket/new"] in outcome.rows
    assert ["added", "y"] in outcome.rows
    assert ["removed", "x"] in outcome.rows
    assert ["changed", "w", "F32", "[4]"] in outcome.rows
    assert ["changed", "b", "F32", "[4]"] not in outcome.rows


def test_nothing_changed_is_one_line(runicorn: RunCommand, changed: str) -> None:
    outcome = runicorn("artifacts", "diff", f"{changed}:v1", f"{changed}:v1")
    assert outcome.out == (
        f"{changed}:v1: 0 added, 0 removed, 0 changed, 0 renamed, 3 unchanged; "
        f"{outcome.out.rpartition('; ')[2]}"
    )


def test_in_json_it_is_the_apis_with_the_tensors(runicorn: RunCommand, changed: str) -> None:
    found = runicorn("artifacts", "diff", f"{changed}:v1...v2", "--json").json
    tensors = found.pop("tensors")
    artifact = rn.Run("tests").use_artifact(f"{changed}:v2")
    assert found == artifact.diff("v1")
    assert tensors["m.safetensors"]["counts"]["changed"] == 1


def test_a_text_is_compared_by_lines(runicorn: RunCommand, changed: str) -> None:
    command = ["artifacts", "diff", f"{changed}:v1...v2", "--text", "a.txt"]
    assert runicorn(*command).out.splitlines() == [
        "@@ -1,2 +1,2 @@", "-one", "+two", " end", "\\ No newline at end of file",
    ]  # fmt: skip
    assert runicorn(*command, "--json").json["num_added"] == 1


def test_two_artifacts_are_compared(
    runicorn: RunCommand, changed: str, make_file: Callable[..., Path]
) -> None:
    other = rn.Artifact(changed, type="dataset").add_file(make_file("a.txt", b"one\nend"))
    with rn.Run("tests") as run:
        run.log_artifact(other)
    found = runicorn(
        "artifacts", "diff", f"model/{changed}:v1", f"dataset/{changed}:v1", "--json"
    ).json
    assert (found["before"]["type"], found["after"]["type"]) == ("model", "dataset")
    assert found["files"]["totals"]["unchanged"]["num_files"] == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["{}:v1"], 2),
        (["{}"], 2),
        (["{}:v1..."], 2),
        (["{}:v1...v9"], 3),
        (["{}:v1...v2", "--text", "nothing"], 3),
        (["{}:v1...v2", "--text", "m.safetensors"], 2),
    ],
)
def test_what_is_wrong_has_its_exit_code(
    runicorn: RunCommand, changed: str, arguments: list[str], code: int
) -> None:
    filled = [one.format(changed) for one in arguments]
    assert runicorn("artifacts", "diff", *filled).code == code


def test_tensors_that_cannot_be_compared_are_no_failure(
    runicorn: RunCommand, portal: LivePortal, name: str, make_file: Callable[..., Path]
) -> None:
    with rn.Run("tests") as run:
        for content in (b"neither", b"nor"):
            artifact = rn.Artifact(name).add_file(make_file("m.npz", content + name.encode()))
            run.log_artifact(artifact)
    outcome = runicorn("artifacts", "diff", f"{name}:v1...v2")
    assert outcome.code == 0
    assert "m.npz" in outcome.err


def test_an_artifact_says_what_changed_in_it(changed: str) -> None:
    run = rn.Run("tests")
    first, second = run.use_artifact(f"{changed}:v1"), run.use_artifact(f"{changed}:v2")
    by_number, by_alias = second.diff("v1"), second.diff("stable")
    assert by_number == by_alias == second.diff(f"model/{changed}:v1") == second.diff(first)
    assert (by_number["before"]["version"], by_number["after"]["version"]) == (1, 2)
    assert first.diff(second)["before"]["version"] == 2
    with pytest.raises(errors.VersionNotFound):
        second.diff("v9")
    with pytest.raises(RuntimeError):
        rn.Artifact("new").diff("v1")


def test_the_path_and_the_query_are_quoted() -> None:
    pair = Pair("模型 a", "v1", "beta.1", other="everyone/model/b")
    assert pair.path == "/api/artifacts/%E6%A8%A1%E5%9E%8B%20a/compare"
    assert pair.query == {
        "type": None, "team": None, "from": "v1", "to": "beta.1", "with": "everyone/model/b",
    }  # fmt: skip
