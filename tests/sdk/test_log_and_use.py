"""Log, use, download: against a live portal."""

import os
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors
from runicorn.upload import SMALL_BYTES
from tests.live import LivePortal
from tests.sdk.conftest import Ledger, digest_of, files_in

MakeFile = Callable[..., Path]


BIG = os.urandom(3 * SMALL_BYTES)


@pytest.fixture
def run(portal: LivePortal) -> rn.Run:
    """A run that is going on."""
    return rn.init(project="tests", name="sdk")


def test_the_first_log_makes_version_1(run: rn.Run, name: str, make_file: MakeFile) -> None:
    artifact = (
        rn.Artifact(name, type="model", description="Trained on ImageNet")
        .add_file(make_file("model.pth", BIG))
        .add_metadata({"val_accuracy": 0.95})
        .add_tags("baseline")
    )
    assert run.log_artifact(artifact) == 1
    assert (artifact.version, artifact.full_name, artifact.is_loaded) == (1, f"{name}:v1", True)
    metadata = artifact.get_metadata()
    assert metadata is not None
    assert (metadata.created_by_run, metadata.size_bytes, metadata.num_files) == (
        run.id,
        len(BIG),
        1,
    )
    assert (metadata.description, metadata.tags) == ("Trained on ImageNet", ["baseline"])
    assert metadata.metadata == {"val_accuracy": 0.95}
    assert metadata.aliases == ["latest"]


def test_identical_content_makes_a_new_version_and_sends_nothing(
    run: rn.Run, client: rn.Client, name: str, make_file: MakeFile
) -> None:
    files = make_file("big", BIG), make_file("small", os.urandom(100))
    sent: list[int] = []
    for _ in range(2):
        ledger = Ledger()
        artifact = rn.Artifact(name).add_file(files[0]).add_file(files[1])
        run.log_artifact(artifact, progress=ledger)
        sent.append(ledger.totals["Uploading"])
    assert artifact.version == 2
    assert sent[1] == 0
    assert client.find_missing([digest_of(path.read_bytes()) for path in files]) == []


def test_only_what_is_new_is_sent(run: rn.Run, name: str, make_file: MakeFile) -> None:
    old, new = make_file("old", os.urandom(5000)), make_file("new", os.urandom(700))
    run.log_artifact(rn.Artifact(name).add_file(old))
    ledger = Ledger()
    run.log_artifact(rn.Artifact(name).add_file(old).add_file(new), progress=ledger)
    assert ledger.totals == {"Hashing": 5700, "Uploading": 700}
    assert ledger.done == ledger.totals


def test_one_artifact_can_be_logged_again_with_more(
    run: rn.Run, name: str, make_file: MakeFile
) -> None:
    artifact = rn.Artifact(name).add_file(make_file("a"))
    run.log_artifact(artifact)
    assert run.log_artifact(artifact.add_file(make_file("b"))) == 2
    manifest = artifact.get_manifest()
    assert manifest is not None
    assert [entry.path for entry in manifest.files] == ["a", "b"]


def test_a_version_is_used_by_alias_number_type_and_name(
    run: rn.Run, name: str, make_file: MakeFile
) -> None:
    for content in (b"one", b"two"):
        aliases = ["production"] if content == b"one" else []
        run.log_artifact(rn.Artifact(name).add_file(make_file("a", content)), aliases=aliases)
    specs = {
        f"{name}:production": 1,
        f"{name}:latest": 2,
        name: 2,
        f"{name}:v1": 1,
        f"{name}:V2": 2,
        f"model/{name}:v1": 1,
    }
    assert {spec: run.use_artifact(spec).version for spec in specs} == specs


def test_a_name_in_two_types_is_told_apart(run: rn.Run, name: str, make_file: MakeFile) -> None:
    for kind in ("model", "dataset"):
        run.log_artifact(rn.Artifact(name, type=kind).add_file(make_file("a", kind.encode())))
    assert run.use_artifact(f"dataset/{name}:v1").type == "dataset"
    assert run.use_artifact(f"{name}:v1", type="dataset").type == "dataset"
    assert run.use_artifact(f"model/{name}").type == "model"


def test_what_is_used_tells_about_itself(run: rn.Run, name: str, make_file: MakeFile) -> None:
    logged = rn.Artifact(name, type="dataset", description="d").add_file(make_file("a", b"abc"))
    run.log_artifact(logged.add_tags("x").add_metadata({"n": 3}))
    artifact = run.use_artifact(name)
    assert artifact.is_loaded
    assert (artifact.type, artifact.description, artifact.metadata) == ("dataset", "d", {"n": 3})
    assert artifact.tags == ["x"]
    assert repr(artifact) == f"<Artifact {name}:v1 type=dataset>"
    manifest = artifact.get_manifest()
    assert manifest is not None
    assert (manifest.total_files, manifest.total_size) == (1, 3)
    entry = manifest.files[0]
    assert (entry.path, entry.size, entry.digest) == ("a", 3, digest_of(b"abc"))


def test_an_unknown_alias_says_which_exist(run: rn.Run, name: str, make_file: MakeFile) -> None:
    run.log_artifact(rn.Artifact(name).add_file(make_file("a")), aliases=["production"])
    with pytest.raises(errors.AliasNotFound, match="latest, production") as refusal:
        run.use_artifact(f"{name}:staging")
    assert refusal.value.aliases == ["latest", "production"]
    assert isinstance(refusal.value, ValueError)


def test_what_does_not_exist_is_a_file_not_found(
    run: rn.Run, name: str, make_file: MakeFile
) -> None:
    with pytest.raises(FileNotFoundError, match=f"Artifact not found: {name}"):
        run.use_artifact(f"{name}:latest")
    run.log_artifact(rn.Artifact(name).add_file(make_file("a")))
    with pytest.raises(FileNotFoundError, match=f"Version not found: {name}:v9"):
        run.use_artifact(f"{name}:v9")
    with pytest.raises(errors.ArtifactNotFound):
        run.use_artifact(f"code/{name}:v1")


def test_a_comment_says_why_the_aliases_move(
    run: rn.Run, name: str, make_file: MakeFile, client: rn.Client
) -> None:
    artifact = rn.Artifact(name).add_file(make_file("a"))
    with pytest.raises(ValueError, match="name one"):
        run.log_artifact(artifact, aliases="latest", comment="why")
    run.log_artifact(artifact, aliases=["production", "best"], comment="passed 测试")
    for alias in ("production", "best"):
        (event,) = client.get_alias_history(name, alias)
        assert event["comment"] == "passed 测试"


def test_an_alias_means_what_it_meant_then(
    run: rn.Run, name: str, make_file: MakeFile, client: rn.Client
) -> None:
    before = datetime.now(UTC)
    run.log_artifact(rn.Artifact(name).add_file(make_file("a", b"one")), aliases=["production"])
    then = datetime.now(UTC).isoformat()
    run.log_artifact(rn.Artifact(name).add_file(make_file("a", b"two")), aliases=["production"])
    assert run.use_artifact(f"{name}:production").version == 2
    assert run.use_artifact(f"{name}:production@{then}").version == 1
    assert run.use_artifact(f"model/{name}:latest@{then}").version == 1
    with pytest.raises(errors.AliasNotFound, match="it exists since"):
        run.use_artifact(f"{name}:production@{before.isoformat()}")
    with pytest.raises(errors.InvalidInput, match="has not come yet"):
        run.use_artifact(f"{name}:production@9999-01-01")


def test_a_version_that_cannot_be_is_refused_here(run: rn.Run) -> None:
    with pytest.raises(ValueError, match="Invalid version"):
        run.use_artifact("anything:v0")
    with pytest.raises(ValueError, match="take no time"):
        run.use_artifact("anything:v1@2026-05-01")


def test_a_source_that_changes_meanwhile_makes_no_version(
    run: rn.Run, client: rn.Client, name: str, make_file: MakeFile
) -> None:
    path = make_file("a", os.urandom(len(BIG)))

    def change(what: str) -> None:
        if what == "Uploading":
            path.write_bytes(os.urandom(len(BIG)))

    with pytest.raises(errors.SourceChanged, match="changed"):
        run.log_artifact(rn.Artifact(name).add_file(path), progress=Ledger(on_start=change))
    with pytest.raises(errors.ArtifactNotFound):
        client.list_versions(name)


def test_a_source_that_is_gone_is_a_file_not_found(
    run: rn.Run, name: str, make_file: MakeFile
) -> None:
    artifact = rn.Artifact(name).add_file(path := make_file("a"))
    path.unlink()
    with pytest.raises(FileNotFoundError):
        run.log_artifact(artifact)


def test_three_hundred_small_files_arrive(
    run: rn.Run, name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    contents = {f"{n % 7}/{n}.txt": f"{name} {n}".encode() * (n % 50) for n in range(300)}
    for path, content in contents.items():
        make_file(f"source/{path}", content)
    artifact = rn.Artifact(name, type="dataset").add_dir(tmp_path / "source")
    begin = time.monotonic()
    run.log_artifact(artifact)
    assert time.monotonic() - begin < 30
    assert files_in(artifact.download(tmp_path / "target")) == contents


def test_references_are_kept_and_never_fetched(run: rn.Run, name: str, tmp_path: Path) -> None:
    artifact = rn.Artifact(name, type="dataset").add_reference(
        "s3://bucket/imagenet",
        checksum="md5:00",
        size=150_000_000_000,
        name="imagenet",
        region="eu",
    )
    run.log_artifact(artifact)
    loaded = run.use_artifact(name)
    assert loaded.get_references() == [
        rn.ReferenceEntry(
            "s3://bucket/imagenet", "md5:00", 150_000_000_000, {"region": "eu"}, "imagenet"
        )
    ]
    manifest = loaded.get_manifest()
    assert manifest is not None
    assert (manifest.total_references, manifest.total_size) == (1, 0)
    assert files_in(loaded.download(tmp_path / "target")) == {}


def test_metadata_of_every_kind_comes_back(run: rn.Run, name: str, make_file: MakeFile) -> None:
    metadata = {
        "架构": "残差网络",
        "nested": {"a": [1, 2.5, None, True]},
        "large": 2**60,
        "small": 1e-300,
        "text": "line\nline\t\x1b[31m",
    }
    run.log_artifact(rn.Artifact(name, metadata=metadata).add_file(make_file("a")))
    loaded = run.use_artifact(name).get_metadata()
    assert loaded is not None
    assert loaded.metadata == metadata


def test_chinese_names_work_everywhere(run: rn.Run, make_file: MakeFile, tmp_path: Path) -> None:
    name = f"模型-{uuid.uuid4().hex[:8]}"
    artifact = rn.Artifact(name, description="说明").add_tags("基线")
    artifact.add_file(make_file("权重.bin", BIG), name="数据/权重 100%.bin")
    run.log_artifact(artifact, aliases=["生产"])
    loaded = run.use_artifact(f"{name}:生产")
    assert loaded.full_name == f"{name}:v1"
    assert files_in(loaded.download(tmp_path / "target")) == {"数据/权重 100%.bin": BIG}


@pytest.mark.parametrize("path", ["a#b?c&d=e", "a+b c", "%2e%2e", "a:b*c", "…", "a\nb", "'\"<>|"])
def test_odd_paths_come_back(
    run: rn.Run, name: str, make_file: MakeFile, tmp_path: Path, path: str
) -> None:
    artifact = rn.Artifact(name).add_file(make_file("x"), name=path)
    run.log_artifact(artifact)
    assert files_in(artifact.download(tmp_path / "target")) == {path: b"content"}


@pytest.mark.parametrize("aliases", ["best", ["best"], ("best", "latest")])
def test_aliases_are_set_with_the_version(
    run: rn.Run, name: str, make_file: MakeFile, aliases: str | list[str]
) -> None:
    artifact = rn.Artifact(name).add_file(make_file("a"))
    run.log_artifact(artifact, aliases)
    metadata = artifact.get_metadata()
    assert metadata is not None
    assert sorted(metadata.aliases) == ["best", "latest"]


def test_an_alias_outside_the_rules_is_refused_before_anything_is_sent(
    run: rn.Run, client: rn.Client, name: str, make_file: MakeFile
) -> None:
    content = os.urandom(50)
    with pytest.raises(ValueError, match="Invalid alias 'v3'"):
        run.log_artifact(rn.Artifact(name).add_file(make_file("a", content)), aliases=["v3"])
    assert client.find_missing([digest_of(content)]) == [digest_of(content)]


def test_an_empty_artifact_is_refused(run: rn.Run, name: str) -> None:
    with pytest.raises(ValueError, match="no files or references"):
        run.log_artifact(rn.Artifact(name))


def test_a_deleted_version_can_be_looked_at_but_not_downloaded(
    run: rn.Run, client: rn.Client, name: str, make_file: MakeFile
) -> None:
    run.log_artifact(rn.Artifact(name).add_file(make_file("a")))
    artifact = run.use_artifact(name)
    manifest = artifact.get_manifest()
    assert manifest is not None
    client.delete_version(name, 1)
    assert client.get_version(name, 1)["status"] == "deleted"
    with pytest.raises(errors.ContentDeleted):
        artifact.download()
    client.restore_version(name, 1)
    artifact.download()


def test_threads_may_share_a_run(run: rn.Run, name: str, make_file: MakeFile) -> None:
    def log(number: int) -> int:
        content = f"{name} {number}".encode()
        return run.log_artifact(rn.Artifact(name).add_file(make_file(f"f{number}", content)))

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(log, range(16))) == list(range(1, 17))
