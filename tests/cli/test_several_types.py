"""A name that stands in several types: nobody looks at one thing and changes another."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from tests.cli.conftest import RunCommand
from tests.live import LivePortal, TeamPortal

MakeFile = Callable[..., Path]


def log(name: str, kind: str, path: Path) -> None:
    """Log a version of one file."""
    with rn.Run("tests", name="types") as run:
        run.log_artifact(rn.Artifact(name, kind).add_file(path), aliases="production")


def kinds_of(name: str) -> list[str]:
    return sorted(one["type"] for one in rn.Client().list_artifacts(name=name))


@pytest.fixture
def twofold(portal: LivePortal, name: str, make_file: MakeFile) -> str:
    """A name of a model and of a dataset."""
    for kind in ("model", "dataset"):
        log(name, kind, make_file(kind))
    return name


@pytest.fixture
def dataset(portal: LivePortal, name: str, make_file: MakeFile) -> str:
    """A name of a dataset only."""
    log(name, "dataset", make_file("d"))
    return name


def test_put_goes_on_with_the_artifact_there_is(
    runicorn: RunCommand, dataset: str, make_file: MakeFile
) -> None:
    outcome = runicorn("artifacts", "put", dataset, make_file("more"), "--json")
    assert (outcome.json["type"], outcome.json["version"]) == ("dataset", 2)
    assert kinds_of(dataset) == ["dataset"]


def test_put_of_a_type_that_is_said_makes_another(
    runicorn: RunCommand, dataset: str, make_file: MakeFile
) -> None:
    assert runicorn("artifacts", "put", dataset, make_file("more"), "-t", "code").code == 0
    assert kinds_of(dataset) == ["code", "dataset"]


def test_put_refuses_to_guess_and_begins_no_run(
    runicorn: RunCommand, twofold: str, make_file: MakeFile
) -> None:
    runs = len(rn.Client().list_runs(project=twofold))
    outcome = runicorn("artifacts", "put", twofold, make_file("more"), "--project", twofold)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == f"{twofold} exists in several types (model, dataset): say which type.\n"
    assert len(rn.Client().list_runs(project=twofold)) == runs


def test_put_looks_in_the_team_alone(
    team_portal: TeamPortal,
    runicorn: RunCommand,
    name: str,
    make_file: MakeFile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", team_portal.url)
    monkeypatch.setenv("RUNICORN_API_KEY", team_portal.tokens["ada"])
    for owner, kind in (("everyone", "dataset"), ("vision", "code")):
        runicorn("artifacts", "put", f"{owner}/{kind}/{name}", make_file(kind))
    put = ("artifacts", "put", name, make_file("more"), "--json")
    assert runicorn(*put).code == 1
    assert runicorn(*put, "--team", "vision").json["type"] == "code"
    monkeypatch.setenv("RUNICORN_TEAM", "everyone")
    assert runicorn(*put).json["type"] == "dataset"


def test_put_offline_goes_by_the_queue(
    portal: LivePortal,
    runicorn: RunCommand,
    name: str,
    make_file: MakeFile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RUNICORN_MODE", "offline")
    put = ("artifacts", "put", name, make_file("d"))
    assert runicorn(*put, "-t", "dataset").code == 0
    assert runicorn(*put).code == 0
    waiting = runicorn("sync", "--dry-run", "--json").json["waiting"]
    assert [one["event"].partition(",")[0] for one in waiting if name in one["event"]] == [
        f"{name} (dataset)"
    ] * 2
    assert runicorn(*put, "-t", "code").code == 0
    refused = runicorn(*put)
    assert (refused.code, "(dataset, code)" in refused.err) == (1, True)


def test_put_offline_goes_by_what_was_used_online(
    runicorn: RunCommand, dataset: str, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rn.Run("tests") as run:
        run.use_artifact(dataset)
    monkeypatch.setenv("RUNICORN_MODE", "offline")
    assert runicorn("artifacts", "put", dataset, make_file("more")).code == 0
    events = runicorn("sync", "--dry-run").err
    assert f"{dataset} (dataset)" in events


READS = [
    ["artifacts", "info", "{}"],
    ["artifacts", "info", "{}:v1"],
    ["artifacts", "versions", "{}"],
    ["artifacts", "files", "{}"],
    ["artifacts", "lineage", "{}"],
    ["artifacts", "impact", "{}"],
    ["artifacts", "verify", "{}"],
    ["artifacts", "materialize", "{}"],
    ["artifacts", "diff", "{}:v1", "{}:v1"],
    ["alias", "list", "{}"],
    ["alias", "history", "{}", "production"],
]
WRITES = [
    ["artifacts", "get", "{}"],
    ["artifacts", "delete", "{}:v1"],
    ["tag", "add", "{}", "good"],
    ["tag", "rm", "{}", "good"],
    ["alias", "set", "{}", "v1", "best"],
    ["alias", "set", "{}", "production", "best"],
]


@pytest.mark.parametrize("arguments", [*READS, *WRITES], ids=" ".join)
def test_without_a_type_it_is_refused(
    runicorn: RunCommand, twofold: str, arguments: list[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    outcome = runicorn(*(one.format(twofold) for one in arguments), "--json")
    found = json.loads(outcome.err.splitlines()[-1])
    assert (outcome.code, outcome.out) == (1, "")
    assert (found["code"], found["types"]) == ("ambiguous_type", ["model", "dataset"])
    assert not (tmp_path / "artifacts").exists()


@pytest.mark.parametrize("arguments", [["versions"], ["info"], ["files"], ["lineage"], ["impact"]])
def test_with_a_type_it_is_that_one(
    runicorn: RunCommand, twofold: str, arguments: list[str]
) -> None:
    assert runicorn("artifacts", *arguments, f"dataset/{twofold}").code == 0
    found = runicorn("artifacts", "files", twofold, "-t", "dataset", "--json").json
    assert [one["path"] for one in found["files"]] == ["dataset"]


def test_a_name_of_one_type_needs_none(runicorn: RunCommand, dataset: str) -> None:
    assert runicorn("artifacts", "info", dataset, "--json").json["type"] == "dataset"
    assert runicorn("tag", "add", dataset, "good").code == 0


def test_what_is_deleted_altogether_is_still_looked_at(runicorn: RunCommand, dataset: str) -> None:
    assert runicorn("artifacts", "delete", f"{dataset}:v1").code == 0
    assert runicorn("artifacts", "versions", dataset, "--json").json[0]["status"] == "deleted"
