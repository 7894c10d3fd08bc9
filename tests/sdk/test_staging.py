"""Putting files into an artifact."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import runicorn as rn
from runicorn.staging import StagedFiles, is_excluded, walk_files

MakeFile = Callable[..., Path]


def paths_of(artifact: rn.Artifact) -> list[str]:
    return [path for _, path in artifact.draft((), None).files]


def test_a_file_is_added_under_its_name(make_file: MakeFile) -> None:
    artifact = rn.Artifact("m").add_file(make_file("sub/model.pth"))
    assert paths_of(artifact) == ["model.pth"]


def test_a_file_is_added_under_another_name(make_file: MakeFile) -> None:
    artifact = rn.Artifact("m").add_file(str(make_file("a.bin")), name="weights/b.bin")
    assert paths_of(artifact) == ["weights/b.bin"]


def test_a_link_keeps_its_own_name(make_file: MakeFile, tmp_path: Path) -> None:
    link = tmp_path / "model.pth"
    link.symlink_to(make_file("blobs/0123abcd"))
    assert paths_of(rn.Artifact("m").add_file(link)) == ["model.pth"]


def test_a_relative_path_is_fixed_when_it_is_added(
    make_file: MakeFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_file("a.bin")
    monkeypatch.chdir(tmp_path)
    artifact = rn.Artifact("m").add_file("a.bin")
    monkeypatch.chdir("/")
    assert artifact.draft((), None).files[0][0] == tmp_path / "a.bin"


def test_a_name_that_is_taken_is_skipped_with_a_warning(
    make_file: MakeFile, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = make_file("a/x.bin"), make_file("b/x.bin")
    artifact = rn.Artifact("m").add_file(first).add_file(second)
    assert artifact.draft((), None).files == [(first, "x.bin")]
    assert "skipped" in caplog.text


def test_a_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        rn.Artifact("m").add_file("nowhere.bin")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="use add_dir"):
        rn.Artifact("m").add_file(tmp_path)


@pytest.mark.parametrize("name", ["/abs", "../up", "a//b", "a\0b"])
def test_a_name_outside_the_rules_is_refused_when_it_is_added(
    make_file: MakeFile, name: str
) -> None:
    with pytest.raises(ValueError, match="Invalid artifact path"):
        rn.Artifact("m").add_file(make_file("a"), name=name)


def test_a_file_cannot_be_a_folder_too() -> None:
    staged = StagedFiles()
    staged.add(Path("x"), "a/b/c")
    for path in ("a", "a/b", "a/b/c/d"):
        with pytest.raises(ValueError, match="is a file already"):
            staged.add(Path("x"), path)
    assert [path for _, path in staged.pairs] == ["a/b/c"]


def test_add_dir_takes_everything_below(make_file: MakeFile, tmp_path: Path) -> None:
    for path in ("d/b.txt", "d/a/z.txt", "d/a/y/x.txt", "d/.hidden"):
        make_file(path)
    artifact = rn.Artifact("m").add_dir(tmp_path / "d")
    assert paths_of(artifact) == [".hidden", "a/y/x.txt", "a/z.txt", "b.txt"]


@pytest.mark.parametrize("prefix", ["data", "data/"])
def test_add_dir_puts_it_under_a_folder(make_file: MakeFile, tmp_path: Path, prefix: str) -> None:
    make_file("d/a.txt")
    assert paths_of(rn.Artifact("m").add_dir(tmp_path / "d", name=prefix)) == ["data/a.txt"]


def test_add_dir_leaves_out_what_is_excluded(make_file: MakeFile, tmp_path: Path) -> None:
    for path in ("a.txt", "a.log", "deep/b.log", "cache/x", "cache/deep/y", "deep/cache/z"):
        make_file(f"d/{path}")
    artifact = rn.Artifact("m").add_dir(tmp_path / "d", exclude_patterns=["*.log", "cache/"])
    assert paths_of(artifact) == ["a.txt"]


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("a/b.log", "*.log", True),
        ("a/b.log", "a/*", True),
        ("a/c/b.log", "a/*", False),
        ("a/c/b.log", "a/", True),
        ("a/c/b.log", "a/**", True),
        ("x/a/c/b.log", "a/**", True),
        ("a", "a/", False),
        ("b.log", "a/*", False),
    ],
)
def test_is_excluded(path: str, pattern: str, expected: bool) -> None:
    assert is_excluded(path, [pattern]) is expected


@pytest.mark.parametrize(("files", "said"), [(["x"], "x already"), (["x", "y"], "x and 1 more")])
def test_add_dir_says_what_it_skips(
    make_file: MakeFile, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    files: list[str], said: str,
) -> None:  # fmt: skip
    for path in [f"{folder}/{file}" for folder in ("da", "db") for file in files]:
        make_file(path, path.encode())
    artifact = rn.Artifact("m").add_dir(tmp_path / "da", name="deep")
    assert caplog.messages == []
    make_file("db/z")
    artifact.add_dir(tmp_path / "db", name="deep")
    assert artifact.draft((), None).files[0][0] == tmp_path / "da" / "x"
    assert paths_of(artifact) == [f"deep/{file}" for file in [*files, "z"]]
    assert len(caplog.messages) == 1
    assert f"deep/{said}" in caplog.text
    assert str(tmp_path / "db") in caplog.text


def test_a_folder_that_is_skipped_as_a_whole_is_not_called_empty(
    make_file: MakeFile, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_file("d/x")
    rn.Artifact("m").add_dir(tmp_path / "d").add_dir(tmp_path / "d")
    assert len(caplog.messages) == 1
    assert "No files found" not in caplog.text


def test_add_dir_of_an_empty_folder_warns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rn.Artifact("m").add_dir(tmp_path)
    assert "No files found" in caplog.text


def test_add_dir_wants_a_folder(make_file: MakeFile) -> None:
    with pytest.raises(FileNotFoundError, match="Directory not found"):
        rn.Artifact("m").add_dir("nowhere")
    with pytest.raises(ValueError, match="Not a directory"):
        rn.Artifact("m").add_dir(make_file("a"))


def test_links_are_followed_but_not_in_circles(
    make_file: MakeFile, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_file("elsewhere/big.bin")
    folder = make_file("d/a.txt").parent
    (folder / "link.txt").symlink_to(folder / "a.txt")
    (folder / "far").symlink_to(tmp_path / "elsewhere")
    (folder / "loop").symlink_to(folder)
    (folder / "broken").symlink_to("nowhere")
    with caplog.at_level(logging.WARNING):
        found = [path.relative_to(folder).as_posix() for path in walk_files(folder)]
    assert found == ["a.txt", "far/big.bin", "link.txt"]
    assert "loop leads back" in caplog.text
    assert "broken" in caplog.text


def test_what_is_no_file_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert list(walk_files(tmp_path)) == []


def test_a_name_that_is_not_unicode_is_refused(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"bad\xff")).touch()
    with pytest.raises(ValueError, match="not valid Unicode"):
        rn.Artifact("m").add_dir(tmp_path)
