"""Getting the files of a version: whole, one by one, again, and after a break."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.config import Config
from runicorn.upload import SMALL_BYTES
from tests.live import LivePortal
from tests.sdk.conftest import files_in
from tests.sdk.peers import cutting_proxy

MakeFile = Callable[..., Path]
BIG = os.urandom(3 * SMALL_BYTES)


@pytest.fixture
def run(portal: LivePortal) -> rn.Run:
    """A run that is going on."""
    return rn.init(project="tests", name="download")


def test_download_gives_the_bytes_back(
    run: rn.Run, name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    contents = {"model.pth": BIG, "deep/er/config.json": b"{}", "empty": b""}
    for path, content in contents.items():
        make_file(f"source/{path}", content)
    run.log_artifact(rn.Artifact(name).add_dir(tmp_path / "source"))
    target = run.use_artifact(name).download(tmp_path / "target")
    assert target == tmp_path / "target"
    assert files_in(target) == contents


def test_download_without_a_target_makes_a_new_folder_each_time(
    run: rn.Run, name: str, make_file: MakeFile
) -> None:
    run.log_artifact(rn.Artifact(name).add_file(make_file("a")))
    artifact = run.use_artifact(name)
    first, second = artifact.download(), artifact.download()
    assert first != second
    assert first.name.startswith(f"runicorn_{name}_v1_")
    assert files_in(first) == files_in(second) == {"a": b"content"}


def test_what_was_logged_can_be_downloaded_at_once(
    run: rn.Run, name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    artifact = rn.Artifact(name).add_file(make_file("a"))
    run.log_artifact(artifact)
    assert files_in(artifact.download(tmp_path / "target")) == {"a": b"content"}


def test_a_second_download_fetches_only_what_is_not_intact(
    run: rn.Run, name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    run.log_artifact(rn.Artifact(name).add_file(make_file("a", b"aaa")).add_file(make_file("b")))
    artifact = run.use_artifact(name)
    target = artifact.download(tmp_path / "target")
    untouched = (target / "b").stat().st_ino
    (target / "a").write_bytes(b"xxx")
    (target / "mine").write_bytes(b"keep")
    artifact.download(target)
    assert files_in(target) == {"a": b"aaa", "b": b"content", "mine": b"keep"}
    assert (target / "b").stat().st_ino == untouched


def test_get_file_path_fetches_one_file(run: rn.Run, name: str, make_file: MakeFile) -> None:
    run.log_artifact(
        rn.Artifact(name).add_file(make_file("a"), name="deep/a").add_file(make_file("b"))
    )
    artifact = run.use_artifact(name)
    path = artifact.get_file_path("deep/a")
    assert path is not None
    assert path.read_bytes() == b"content"
    assert artifact.get_file_path("deep/a") == path
    assert artifact.get_file_path("nowhere") is None
    with pytest.raises(ValueError, match="Invalid artifact path"):
        artifact.get_file_path("../a")


def test_get_file_path_finds_the_download_unless_it_was_changed(
    run: rn.Run, name: str, make_file: MakeFile, tmp_path: Path
) -> None:
    run.log_artifact(rn.Artifact(name).add_file(make_file("a")))
    artifact = run.use_artifact(name)
    target = artifact.download(tmp_path / "target")
    assert artifact.get_file_path("a") == target / "a"
    (target / "a").write_bytes(b"changed by hand")
    path = artifact.get_file_path("a")
    assert path is not None
    assert (path.read_bytes(), path.parent) != (b"content", target)
    assert path.read_bytes() == b"content"
    assert (target / "a").read_bytes() == b"changed by hand"


def test_a_broken_download_goes_on(
    run: rn.Run, name: str, make_file: MakeFile, portal: LivePortal, tmp_path: Path
) -> None:
    run.log_artifact(rn.Artifact(name).add_file(make_file("a", BIG)))
    with cutting_proxy(portal.url, cut_after_bytes=len(BIG) // 2) as url:
        proxied = rn.Client(Config(url=url))
        artifact = rn.Artifact.from_detail(proxied, rn.Client().get_version(name, 1))
        target = artifact.download(tmp_path / "target")
    assert files_in(target) == {"a": BIG}
