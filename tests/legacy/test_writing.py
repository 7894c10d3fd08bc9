"""The files of an export, and the folders of its runs."""

import os
from pathlib import Path

import pytest

from runicorn.legacy import layout
from runicorn.legacy.files import NotPlain, open_plain
from runicorn.legacy.layout import WrittenVersion
from runicorn.legacy.values import Line, PastFile, PastReference, PastRun, PastVersion
from runicorn.legacy.writing import ExportFolder, Lost, NoExport, verify_written
from tests.conftest import digest_of

LINE = Line("model", "m")
FILE = PastFile("sub/a.bin", digest_of(b"content"), 7, 1.5)


def past(**more: object) -> PastVersion:
    fields = {"line": LINE, "number": 1, "created_at": 1.5, "updated_at": 2.5, "files": (FILE,)}
    return PastVersion(**(fields | more))  # type: ignore[arg-type]


def fetch(file: PastFile, target: Path) -> str:
    target.write_bytes(b"content")
    return "copied"


@pytest.fixture
def folder(tmp_path: Path) -> ExportFolder:
    """An export that has begun."""
    folder = ExportFolder(tmp_path / "export", "here")
    folder.begin()
    return folder


def test_a_version_is_there_when_its_metadata_is(folder: ExportFolder) -> None:
    assert not folder.has_version(past())
    assert folder.write_files(past(), fetch) == ({FILE.digest: "copied"}, {})
    assert not folder.has_version(past())
    folder.write_metadata(WrittenVersion(past(), "ready"))
    assert folder.has_version(past())
    assert not folder.has_version(past(files=(PastFile("b", FILE.digest, 7),)))
    (folder.version_folder(past()) / "manifest.json").write_text("{")
    assert not folder.has_version(past())


def test_content_is_fetched_once_for_all_who_have_it(folder: ExportFolder) -> None:
    other = PastFile("copy", FILE.digest, 7)
    folder.write_files(past(files=(FILE, other)), fetch)
    again, _ = folder.write_files(past(number=2), fetch)
    assert again == {FILE.digest: "known"}
    paths = [folder.pool_path(FILE.digest), *folder.artifacts.glob("model/m/*/files/**/*")]
    assert len({path.stat().st_ino for path in paths if path.is_file()}) == 1


def test_content_that_cannot_be_had_leaves_nothing(folder: ExportFolder) -> None:
    def lose(file: PastFile, target: Path) -> str:
        target.write_bytes(b"half")
        raise Lost("is gone")

    other = PastFile("copy", FILE.digest, 7)
    _, lost = folder.write_files(past(files=(FILE, other)), lose)
    assert lost == {FILE.digest: "is gone"}
    assert [path for path in folder.artifacts.rglob("*") if path.is_file()] == []


def test_an_undeleted_version_loses_its_mark(folder: ExportFolder) -> None:
    folder.write_metadata(WrittenVersion(past(deleted_at=3.5), "deleted"))
    marker = folder.version_folder(past()) / ".deleted"
    assert marker.exists()
    folder.write_metadata(WrittenVersion(past(), "ready"))
    assert not marker.exists()


def test_an_export_goes_on_for_the_same_portal_only(folder: ExportFolder) -> None:
    left = folder.artifacts / ".part-0"
    left.write_text("of one that was killed")
    ExportFolder(folder.root, "here").begin()
    assert (folder.root / "export.json").is_file()
    assert not left.exists()
    with pytest.raises(NoExport, match="is an export of here, not of there"):
        ExportFolder(folder.root, "there").begin()


def test_what_was_written_is_hashed_and_made_read_only(tmp_path: Path) -> None:
    path = tmp_path / "written"
    path.write_bytes(b"content")
    verify_written(path, FILE)
    assert path.stat().st_mode & 0o777 == 0o444
    with pytest.raises(Lost):
        verify_written(path, PastFile("a", digest_of(b"another"), 7))


def test_references_count_in_sizes_as_0_5_counts() -> None:
    one = WrittenVersion(past(references=(PastReference("u", size=5), PastReference("v"))), "ready")
    assert one.total_bytes == 12
    assert layout.metadata_json(one, b"{}")["size_bytes"] == 12


def test_latest_is_the_highest_that_is_ready() -> None:
    versions = [WrittenVersion(past(number=n), status) for n, status in
                ((1, "ready"), (2, "corrupted"), (3, "deleted"))]  # fmt: skip
    assert layout.index_json(LINE, versions, (1.0, 2.0))["aliases"] == {"latest": 1}
    assert layout.index_json(LINE, versions[1:], (1.0, 2.0))["aliases"] == {}


@pytest.mark.parametrize(
    ("project", "name", "expected"),
    [
        ("vision", "train", ("vision", "train")), ("a/b:c", "", ("a_b_c", "default")),
        ("artifacts", "runs", ("artifacts_", "runs")), ("..", ".x", ("_.", "_x")),
        ("模" * 200, "n", ("模" * 66, "n")), ("\\", "a\tb", ("_", "a_b")),
    ],
)  # fmt: skip
def test_a_run_goes_to_a_folder_that_can_be(
    project: str, name: str, expected: tuple[str, str]
) -> None:
    run = PastRun("run-1", project, name)
    assert layout.run_folder(run) == (*expected, "runs", "run-1")


def test_a_running_run_has_no_end() -> None:
    running = layout.run_files(PastRun("r", "p", status="running", created_at=1.5))
    assert running["status.json"] == {"status": "running", "started_at": 1.5}
    assert sorted(running) == ["meta.json", "status.json"]


@pytest.mark.parametrize("what", ["folder", "link", "link to a folder", "pipe"])
def test_only_a_plain_file_is_opened(tmp_path: Path, what: str) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/file").write_bytes(b"x")
    paths = {"folder": "real", "link": "a", "link to a folder": "b/file", "pipe": "c"}
    (tmp_path / "a").symlink_to(tmp_path / "real/file")
    (tmp_path / "b").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "c")
    with pytest.raises(NotPlain), open_plain(tmp_path, tmp_path / paths[what]):
        pass
    with open_plain(tmp_path, tmp_path / "real/file") as file:
        assert file.read(10) == b"x"
