"""Versions made from versions, content logged again, and who made and used them."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors
from tests.live import LivePortal
from tests.sdk.conftest import Ledger

MakeFile = Callable[..., Path]


@pytest.fixture
def run(portal: LivePortal) -> rn.Run:
    """A run that is going on."""
    return rn.init(project="tests", name="new-versions")


@pytest.fixture
def base(run: rn.Run, name: str, make_file: MakeFile) -> str:
    """An artifact with a version of three files, a reference and metadata."""
    artifact = rn.Artifact(name, "dataset", "the first", {"rows": 3, "kept": True})
    for path in ("a", "deep/b", "deep/c"):
        artifact.add_file(make_file(path, f"{name} {path}".encode() * 100), name=path)
    run.log_artifact(artifact.add_reference("s3://bucket/more").add_tags("first"))
    return name


def files_of(artifact: rn.Artifact) -> dict[str, str]:
    manifest = artifact.get_manifest()
    assert manifest is not None
    return {entry.path: entry.digest for entry in manifest.files}


def test_only_what_changes_is_sent(run: rn.Run, base: str, make_file: MakeFile) -> None:
    before = files_of(rn.Api().artifact(base))
    changed = rn.Artifact(base, "dataset", metadata={"rows": 4}).new_version_from(f"{base}:v1")
    changed.add_file(make_file("new", os.urandom(300)), name="a")
    changed.add_file(make_file("d", os.urandom(100)))
    ledger = Ledger()
    assert run.log_artifact(changed.remove_file("deep/b"), progress=ledger) == 2
    assert ledger.totals == {"Hashing": 400, "Uploading": 400}
    after = files_of(changed)
    assert sorted(after) == ["a", "d", "deep/c"]
    assert after["deep/c"] == before["deep/c"]
    assert after["a"] != before["a"]


def test_what_is_said_is_carried_over(run: rn.Run, base: str) -> None:
    same = rn.Artifact(base, "dataset", metadata={"rows": 4}).new_version_from(base)
    run.log_artifact(same)
    said = same.get_metadata()
    assert said is not None
    assert (said.metadata, said.description) == ({"rows": 4, "kept": True}, "the first")
    assert said.tags == []
    assert [one.uri for one in same.get_references()] == ["s3://bucket/more"]


def test_a_version_of_another_artifact_may_be_the_base(run: rn.Run, base: str) -> None:
    other = rn.Artifact(f"{base}-copy", "dataset").new_version_from(f"dataset/{base}:v1")
    assert run.log_artifact(other.remove_file("deep/")) == 1
    assert list(files_of(other)) == ["a"]


def test_the_base_is_an_input_of_the_run(portal: LivePortal, base: str) -> None:
    with rn.init(project="tests", name="changes") as run:
        run.log_artifact(rn.Artifact(base, "dataset").new_version_from(base).remove_file("a"))
    first = rn.Api().artifact(f"{base}:v1")
    assert [one.id for one in first.used_by()] == [run.id]
    made_by = rn.Api().artifact(f"{base}:v2").logged_by()
    assert made_by == rn.RunRef(run.id, "tests", "changes", "finished")


def test_what_cannot_be_removed_is_named(run: rn.Run, base: str) -> None:
    changed = rn.Artifact(base, "dataset").new_version_from(base).remove_file("nothing")
    with pytest.raises(errors.VersionFileNotFound, match="no file 'nothing'"):
        run.log_artifact(changed)
    emptied = rn.Artifact(base, "dataset").new_version_from(f"{base}:v1").remove_file("*")
    run.log_artifact(emptied)  # the reference is left
    with pytest.raises(RuntimeError, match="new_version_from"):
        rn.Artifact(base).remove_file("a")


def test_an_unknown_base_makes_no_version(run: rn.Run, base: str, client: rn.Client) -> None:
    with pytest.raises(errors.VersionNotFound):
        run.log_artifact(rn.Artifact(base, "dataset").new_version_from(f"{base}:v9"))
    with pytest.raises(ValueError, match="Invalid version"):
        rn.Artifact(base).new_version_from(f"{base}:v0")
    assert len(client.list_versions(base)) == 1


def test_the_same_content_is_reused_on_request(
    run: rn.Run, name: str, make_file: MakeFile, client: rn.Client
) -> None:
    path = make_file("m", b"same")
    assert run.log_artifact(rn.Artifact(name).add_file(path), if_unchanged="reuse") == 1
    again = rn.Artifact(name).add_file(path)
    assert run.log_artifact(again, ["best"], if_unchanged="reuse") == 1
    assert client.get_alias(name, "best")["version"] == 1
    assert again.full_name == f"{name}:v1"
    assert run.log_artifact(rn.Artifact(name).add_file(path)) == 2
    path.write_bytes(b"other")
    assert run.log_artifact(rn.Artifact(name).add_file(path), if_unchanged="reuse") == 3


def test_all_ranks_that_log_the_same_make_one_version(
    run: rn.Run, name: str, make_file: MakeFile
) -> None:
    path = make_file("m", os.urandom(1000))

    def log(rank: int) -> int:
        return run.log_artifact(rn.Artifact(name).add_file(path), if_unchanged="reuse")

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(log, range(16))) == {1}


def test_if_unchanged_has_two_values(run: rn.Run, name: str, make_file: MakeFile) -> None:
    with pytest.raises(ValueError, match="if_unchanged must be new or reuse"):
        run.log_artifact(rn.Artifact(name).add_file(make_file("m")), if_unchanged="skip")


def test_the_catalogue_refuses_what_it_cannot_mean(base: str, portal: LivePortal) -> None:
    api = rn.Api(portal.url)
    with pytest.raises(ValueError, match="by number"):
        api.delete(f"{base}:latest")
    with pytest.raises(ValueError, match="Invalid alias"):
        api.set_alias(f"{base}:v1", "v7")
    with pytest.raises(ValueError, match="Unknown artifact type"):
        api.artifacts("weights")
    with pytest.raises(errors.AliasNotFound):
        api.artifact(f"{base}:staging")
    with pytest.raises(ValueError, match="Invalid version"):
        api.exists(f"{base}:v0")
    assert (api.exists(base), api.exists("nothing:latest")) == (True, False)
    assert api.run_artifacts(api.runs("tests", limit=1)[0]["id"])["created"]
    assert api.run(api.runs(limit=1)[0]["id"])["project"]
    assert api.stats()["total_artifacts"] >= 1
    assert api.whoami()["role"]
