"""Offline: what is logged waits on the disk, what is used is from there."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn import errors
from tests.live import LivePortal
from tests.sdk.conftest import digest_of
from tests.sdk.offline import log, queue

MakeFile = Callable[..., Path]
DEAD = "http://127.0.0.1:9"


def content_of(name: str, version: int, path: str) -> bytes:
    with rn.Client().open_file(name, version, path) as response:
        return response.read()


@pytest.mark.usefixtures("offline")
def test_what_is_logged_waits_for_sync(
    name: str, make_file: MakeFile, client: rn.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rn.init(project="tests", name="off") as run:
        artifact = rn.Artifact(name, metadata={"a": 1}).add_file(make_file("m", b"one"))
        assert run.log_artifact(artifact, aliases=["production"]) == 0
    assert artifact.full_name == f"{name}:queued"
    with pytest.raises(errors.ArtifactNotFound):
        client.list_versions(name)
    report = rn.sync()
    assert (report.versions, report.failed, report.is_complete) == ([f"{name}:v1"], [], True)
    detail = client.get_version(name, 1)
    assert (detail["created_by_run"], detail["metadata"]) == (run.id, {"a": 1})
    assert detail["aliases"] == ["latest", "production"]
    assert client.get_run(run.id)["status"] == "finished"
    assert (queue().list_events(), queue().contents.list_files()) == ([], [])
    assert rn.sync().sent == []


@pytest.mark.usefixtures("offline")
def test_later_edits_do_not_change_what_was_logged(name: str, make_file: MakeFile) -> None:
    path = make_file("m", b"as it was")
    log(name, path)
    with path.open("r+b") as file:  # in place: the same inode
        file.write(b"edited!!!")
    path.unlink()
    rn.sync()
    assert content_of(name, 1, "m") == b"as it was"


@pytest.mark.usefixtures("offline")
def test_what_was_queued_can_be_used(
    name: str, make_file: MakeFile, client: rn.Client, tmp_path: Path
) -> None:
    maker = log(name, make_file("points", b"1 2 3"), aliases="gold")
    with rn.init(project="tests", name="train") as run:
        data = run.use_artifact(f"{name}:gold")
        folder = data.download(tmp_path / "out")
        assert (folder / "points").read_bytes() == b"1 2 3"
        assert data.as_of is not None
        run.log_artifact(rn.Artifact(f"{name}-model").add_file(folder / "points"))
    assert rn.sync().is_complete
    edges = client.get_lineage(f"{name}-model", 1)["edges"]
    assert {(edge["source"], edge["target"]) for edge in edges} == {
        (maker.id, f"{name}:v1"), (f"{name}:v1", run.id), (run.id, f"{name}-model:v1"),
    }  # fmt: skip


def test_the_cache_tells_what_was_used_online(
    portal: LivePortal,
    name: str,
    make_file: MakeFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    log(name, make_file("m", b"one"), aliases="production")
    with rn.init(project="tests") as run:
        run.use_artifact(f"{name}:production").download(tmp_path / "online")
    monkeypatch.setenv("RUNICORN_MODE", "offline")
    with rn.init(project="tests") as run:
        used = run.use_artifact(f"{name}:production")
        assert (used.version, used.full_name) == (1, f"{name}:v1")
        assert used.as_of is not None
        assert f"{name}:production is v1, as of 20" in caplog.text
        assert (used.download(tmp_path / "offline") / "m").read_bytes() == b"one"
        with pytest.raises(errors.NotCached, match="which knows v1"):
            run.use_artifact(f"{name}:v2")
        with pytest.raises(errors.NotCached, match="no version of it"):
            run.use_artifact("nothing")
        with pytest.raises(errors.NeedsPortal, match="compare"):
            used.diff("v1")
    assert rn.sync().is_complete
    assert rn.Client().get_run_artifacts(run.id)["used"][0]["artifact"] == f"{name}:v1"


def test_content_that_is_not_cached_is_named(
    portal: LivePortal, name: str, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(name, make_file("m", name.encode()))
    with rn.init(project="tests") as run:
        run.use_artifact(name).get_manifest()
    monkeypatch.setenv("RUNICORN_MODE", "offline")
    with rn.init(project="tests") as run, pytest.raises(errors.NotCached, match="m is not in the"):
        run.use_artifact(name).download()


@pytest.mark.usefixtures("offline")
def test_a_full_disk_leaves_no_half_event(
    name: str, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with rn.init(project="tests") as run:
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", full)
            with pytest.raises(OSError, match="No space left"):
                run.log_artifact(rn.Artifact(name).add_file(make_file("m", b"one")))
        run.log_artifact(rn.Artifact(name).add_file(make_file("m2", b"two")))
    assert [event.kind for event in queue().list_events()] == ["run", "log", "status"]
    assert rn.sync().versions == [f"{name}:v1"]


@pytest.mark.usefixtures("offline")
def test_processes_append_in_one_order(name: str, make_file: MakeFile) -> None:
    script = textwrap.dedent(f"""
        import runicorn as rn
        with rn.init(project="tests") as run:
            for n in range(5):
                run.log_artifact(rn.Artifact({name!r}).add_file({str(make_file("m", b"x"))!r}))
    """)
    running = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
    assert [one.wait(120) for one in running] == [0, 0]
    names = [event.path.name for event in queue().list_events()]
    assert names == [f"{number:012}.json" for number in range(1, 15)]
    assert len(rn.sync().versions) == 10


@pytest.mark.usefixtures("offline")
def test_a_new_version_of_a_queued_one(name: str, make_file: MakeFile, client: rn.Client) -> None:
    log(name, make_file("a", b"a"))
    with rn.init(project="tests") as run:
        more = rn.Artifact(name).new_version_from(f"{name}:latest").add_file(make_file("b", b"b"))
        run.log_artifact(more)
    assert rn.sync().versions == [f"{name}:v1", f"{name}:v2"]
    assert [one["path"] for one in client.get_files(name, 2)["files"]] == ["a", "b"]


def test_an_unknown_mode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNICORN_MODE", "sometimes")
    with pytest.raises(ValueError, match="RUNICORN_MODE must be online, offline or disabled"):
        rn.init()


# Disabled ---------------------------------------------------------------------------------------


def test_a_disabled_run_goes_through_everything(
    name: str, make_file: MakeFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_MODE", "disabled")
    monkeypatch.setenv("RUNICORN_TRACKING_URI", "nonsense")
    with rn.init(project="tests", name="nothing") as run:
        artifact = rn.Artifact(name).add_file(make_file("m"))
        assert run.log_artifact(artifact, aliases=["production"], if_unchanged="reuse") == 0
        used = run.use_artifact(f"dataset/{name}:production")
        assert list(used.download(files=["m"]).iterdir()) == []
        assert used.get_file_path("m") is None
        assert (used.used_by(), used.logged_by(), used.type) == ([], None, "dataset")
        more = rn.Artifact(name).new_version_from(f"{name}:v1").remove_file("m")
        run.log_artifact(more.add_file(make_file("n")))
        with pytest.raises(ValueError, match="no files"):
            run.log_artifact(rn.Artifact(name))
    assert run.status == "finished"
    assert not (tmp_path / "data").exists()


def test_records_are_plain_json(
    portal: LivePortal, name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    log(name, make_file("m"))
    with rn.init(project="tests") as run:
        run.use_artifact(name)
    (path,) = (tmp_path / "cache" / "runicorn" / "versions").glob("*/*.json")
    assert json.loads(path.read_text())["detail"]["name"] == name


@pytest.mark.usefixtures("offline")
def test_a_link_never_leads_into_the_queue(name: str, make_file: MakeFile, tmp_path: Path) -> None:
    log(name, make_file("m", name.encode()))
    with rn.init(project="tests") as run:
        folder = run.use_artifact(name).download(tmp_path / "out", link=True)
    queued = queue().contents.blob_path(digest_of(name.encode()))
    assert (folder / "m").read_bytes() == name.encode()
    assert not (folder / "m").samefile(queued)


@pytest.mark.usefixtures("offline")
def test_what_a_kill_left_of_an_event_is_no_event(name: str, make_file: MakeFile) -> None:
    log(name, make_file("m"))
    part = queue().root / "events" / ".part"
    part.write_text('{"kind": "run", "ru')
    log(name, make_file("n"))
    assert len(queue().list_events()) == 6
    assert not part.exists()


@pytest.mark.usefixtures("offline")
def test_what_was_sent_is_still_there_offline(
    name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    log(name, make_file("m", name.encode()), aliases="gold")
    assert rn.sync().is_complete
    assert not queue().contents.list_files()
    with rn.init(project="tests") as run:
        used = run.use_artifact(f"{name}:gold")
        assert used.full_name == f"{name}:v1"
        assert (used.download(tmp_path / "out") / "m").read_bytes() == name.encode()


@pytest.mark.usefixtures("offline")
def test_a_number_names_one_event_for_ever(name: str, make_file: MakeFile) -> None:
    log(name, make_file("m"))
    assert rn.sync().is_complete
    log(name, make_file("n"))
    assert [event.number for event in queue().list_events()] == [4, 5, 6]
    (queue().root / "last.json").write_text("torn")
    log(name, make_file("o"))
    assert [event.number for event in queue().list_events()] == [4, 5, 6, 7, 8, 9]
