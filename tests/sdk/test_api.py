"""The client's methods against the live portal: what it answers has the keys it is typed with."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors, payloads
from runicorn.config import Config
from tests.live import LivePortal
from tests.sdk.peers import json_answer, serve_peer

MakeFile = Callable[..., Path]


def assert_is(payload_type: type, found: Mapping[str, object]) -> None:
    """Whether ``found`` has every key that ``payload_type`` promises."""
    required: frozenset[str] = payload_type.__required_keys__  # type: ignore[attr-defined]
    assert required <= set(found)


@pytest.fixture
def run(client: rn.Client) -> rn.Run:
    """A run that is going on."""
    return rn.Run("tests", name="api", client=client)


@pytest.fixture
def logged(run: rn.Run, name: str, make_file: MakeFile) -> str:
    """The name of an artifact with one version, a file and a reference in it."""
    artifact = rn.Artifact(name).add_file(make_file("a", name.encode()))
    run.log_artifact(artifact.add_reference("s3://bucket/data"), aliases=["production"])
    return name


def test_the_address_is_known(client: rn.Client, portal: LivePortal) -> None:
    assert client.url == portal.url


def test_values_become_plain_dictionaries(run: rn.Run, logged: str) -> None:
    artifact = run.use_artifact(logged)
    metadata, manifest = artifact.get_metadata(), artifact.get_manifest()
    assert metadata is not None
    assert manifest is not None
    assert metadata.to_dict()["name"] == logged
    assert manifest.to_dict()["files"][0]["path"] == "a"
    assert manifest.references[0].to_dict()["uri"] == "s3://bucket/data"


def test_the_list(client: rn.Client, logged: str) -> None:
    found = client.list_artifacts(name=logged)
    assert [one["name"] for one in found] == [logged]
    assert_is(payloads.ArtifactItem, found[0])
    assert found[0]["aliases"] == {"latest": 1, "production": 1}


def test_the_history(client: rn.Client, logged: str) -> None:
    found = client.list_versions(logged, artifact_type="model")
    assert_is(payloads.VersionItem, found[0])
    with pytest.raises(errors.ArtifactNotFound):
        client.list_versions(logged, artifact_type="dataset")


def test_one_version(client: rn.Client, logged: str) -> None:
    assert_is(payloads.VersionDetail, client.get_version(logged, 1))


def test_its_files(client: rn.Client, logged: str) -> None:
    found = client.get_files(logged, 1)
    assert_is(payloads.FilesListing, found)
    assert_is(payloads.FileItem, found["files"][0])
    assert_is(payloads.ReferenceItem, found["references"][0])


def test_its_lineage(client: rn.Client, logged: str, run: rn.Run) -> None:
    found = client.get_lineage(logged, 1, max_depth=1)
    assert_is(payloads.Lineage, found)
    assert_is(payloads.LineageNode, found["nodes"][0])
    assert_is(payloads.LineageEdge, found["edges"][0])
    assert found["edges"][0]["source"] == run.id


def test_the_stats(client: rn.Client, logged: str) -> None:
    found = client.get_stats()
    assert_is(payloads.Stats, found)
    assert_is(payloads.TypeStats, found["by_type"]["model"])


def test_aliases(client: rn.Client, logged: str, run: rn.Run, make_file: MakeFile) -> None:
    assert_is(payloads.AliasInfo, client.set_alias(logged, "best", 1))
    assert_is(payloads.AliasInfo, client.get_alias(logged, "best"))
    assert [one["alias"] for one in client.list_aliases(logged)] == ["best", "latest", "production"]
    run.log_artifact(rn.Artifact(logged).add_file(make_file("b", b"other")))
    client.set_alias(logged, "best", 2, comment="better")
    assert_is(payloads.AliasInfo, client.roll_back_alias(logged, "best", comment="worse"))
    history = client.get_alias_history(logged, "best")
    assert_is(payloads.AliasEventInfo, history[0])
    assert [one["comment"] for one in history] == ["worse", "better", ""]
    assert_is(payloads.Deleted, client.delete_alias(logged, "best", comment="gone"))
    assert client.get_alias_history(logged, "best")[0]["comment"] == "gone"
    with pytest.raises(errors.AliasNotFound) as refusal:
        client.get_alias(logged, "best")
    assert refusal.value.aliases == ["latest", "production"]


def test_an_alias_is_protected_until_it_is_said_that_it_is_not(
    client: rn.Client, logged: str
) -> None:
    assert client.set_alias(logged, "best", 1, protected=True)["protected"] is True
    assert client.set_alias(logged, "best", 1)["protected"] is True
    with pytest.raises(errors.RunicornError, match="best"):
        client.delete_version(logged, 1)
    assert client.set_alias(logged, "best", 1, protected=False)["protected"] is False


def test_delete_and_restore(client: rn.Client, logged: str) -> None:
    assert_is(payloads.Deleted, client.delete_version(logged, 1))
    with pytest.raises(errors.ContentDeleted):
        client.open_file(logged, 1, "a")
    assert_is(payloads.VersionDetail, client.restore_version(logged, 1))


def test_a_permanent_delete_is_one(client: rn.Client, logged: str) -> None:
    client.delete_version(logged, 1, permanent=True)
    with pytest.raises(errors.VersionNotFound):
        client.get_version(logged, 1)


def test_a_part_of_a_file(client: rn.Client, logged: str) -> None:
    with client.open_file(logged, 1, "a", headers={"Range": "bytes=2-4"}) as response:
        assert (response.status, response.read()) == (206, logged.encode()[2:5])
    with pytest.raises(errors.InvalidInput) as refusal:
        client.open_file(logged, 1, "a", headers={"Range": "bytes=999-"})
    assert refusal.value.status == 416


def test_a_file_that_is_not_there(client: rn.Client, logged: str) -> None:
    with pytest.raises(errors.VersionFileNotFound):
        client.open_file(logged, 1, "b")


def test_blobs_one_by_one_and_many(client: rn.Client) -> None:
    content, small = os.urandom(1000), os.urandom(10)
    digests = [f"sha256:{hashlib.sha256(one).hexdigest()}" for one in (content, small)]
    assert client.find_missing(digests) == digests
    client.put_blob(digests[0], len(content), lambda: content)
    assert client.find_missing(digests) == digests[1:]
    record = hashlib.sha256(small).digest() + len(small).to_bytes(8, "big") + small
    assert client.post_blobs(record) == {"stored": 1, "size_bytes": 10}
    assert client.find_missing(digests) == []


def test_bytes_under_another_digest_are_refused(client: rn.Client) -> None:
    digest = f"sha256:{'0' * 64}"
    with pytest.raises(errors.DigestMismatch):
        client.put_blob(digest, 3, lambda: b"abc")
    with pytest.raises(errors.IntegrityError):
        client.post_blobs(bytes(32) + (3).to_bytes(8, "big") + b"abc")


def test_a_commit_may_be_repeated(client: rn.Client, logged: str) -> None:
    listing = client.get_files(logged, 1)
    file = listing["files"][0]
    body: payloads.CommitRequest = {
        "type": "model",
        "files": [{"path": "copy", "digest": file["digest"], "size": file["size"]}],
        "references": [],
        "metadata": {},
        "tags": [],
        "description": "",
        "aliases": [],
        "run": None,
        "commit_id": "6b1f7a52-0d0c-4d0e-9d56-0f3c7b7a9f10".replace(
            "6b1f7a52", os.urandom(4).hex()
        ),
    }
    first, again = client.commit_version(logged, body), client.commit_version(logged, body)
    assert first["version"] == again["version"] == 2
    assert len(client.list_versions(logged)) == 2


def test_a_commit_of_what_is_not_stored_lists_it(client: rn.Client, name: str) -> None:
    digest = f"sha256:{os.urandom(32).hex()}"
    body: payloads.CommitRequest = {
        "type": "model",
        "files": [{"path": "a", "digest": digest, "size": 3}],
        "references": [],
        "metadata": {},
        "tags": [],
        "description": "",
        "aliases": [],
        "run": None,
        "commit_id": f"{os.urandom(4).hex()}-0d0c-4d0e-9d56-0f3c7b7a9f10",
    }
    with pytest.raises(errors.MissingBlobs) as refusal:
        client.commit_version(name, body)
    assert refusal.value.missing == [digest]


def test_runs(client: rn.Client, run: rn.Run, logged: str) -> None:
    assert_is(payloads.RunInfo, client.get_run(run.id))
    assert_is(payloads.RunUse, client.use_version(run.id, f"{logged}:latest"))
    assert_is(payloads.RunArtifacts, client.get_run_artifacts(run.id))
    assert client.set_run_status(run.id, "finished")["status"] == "finished"
    with pytest.raises(errors.RunNotFound):
        client.get_run("nobody")


def test_a_field_error_names_the_field(client: rn.Client, run: rn.Run) -> None:
    with pytest.raises(errors.InvalidInput, match="status") as refusal:
        client.set_run_status(run.id, "dancing")
    assert "status" in refusal.value.errors


def test_a_name_in_several_types_is_ambiguous_to_a_write(
    client: rn.Client, run: rn.Run, name: str, make_file: MakeFile
) -> None:
    for kind in ("model", "dataset"):
        run.log_artifact(rn.Artifact(name, type=kind).add_file(make_file("a")))
    with pytest.raises(errors.AmbiguousType) as refusal:
        client.delete_version(name, 1)
    assert refusal.value.types == ["model", "dataset"]


def test_the_comment_of_a_removal_is_in_no_url() -> None:
    """Servers and proxies write URLs into their logs."""
    with serve_peer() as peer:
        peer.script(json_answer(200, {"success": True, "message": ""}))
        client = rn.Client(Config(url=peer.url))
        client.delete_alias("m", "production", team="vision", comment="no more: 更好")
    (asked,) = peer.seen
    assert asked.path == "/api/artifacts/m/aliases/production?team=vision"
    assert asked.json == {"comment": "no more: 更好"}
