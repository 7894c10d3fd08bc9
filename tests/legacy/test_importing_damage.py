"""What an import makes of a store whose content is damaged, missing or not what it says."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from artifacts.models import Blob
from tests.conftest import sha256_of
from tests.legacy.taken import Take, Write, kinds, versions


def damage(folder: Path, kind: str) -> None:
    """Do it to the one file of a version, in the pool too."""
    path = folder / "files/a.bin"
    if kind == "flipped":
        with path.open("r+b") as file:
            file.write(b"X")
    elif kind == "truncated":
        os.truncate(path, 3)
    elif kind == "grown":
        with path.open("ab") as file:
            file.write(b"more")
    else:
        for one in [path, *folder.parents[2].glob(".dedup/*/*")]:
            one.unlink()


@pytest.mark.parametrize("kind", ["flipped", "truncated", "grown", "missing"])
def test_damaged_content_makes_a_corrupted_version_and_is_said(
    take: Take, root: Path, write: Write, kind: str
) -> None:
    damage(write(), kind)
    report = take(root)
    assert versions() == ["model/model-a:v1 corrupted"]
    assert kinds(report) == ["corrupted model/model-a:v1"]
    assert report.is_signed_off
    blob = Blob.objects.get()
    assert (blob.sha256, blob.damaged_at is None) == (sha256_of(b"content of a"), False)


def test_an_upload_of_the_content_heals_it(
    take: Take, root: Path, write: Write, make_blob: Callable[..., Blob]
) -> None:
    damage(write(), "missing")
    take(root)
    make_blob(b"content of a")
    assert versions() == ["model/model-a:v1 ready"]


def test_a_second_import_of_a_repaired_store_heals_it(take: Take, root: Path, write: Write) -> None:
    folder = write()
    damage(folder, "flipped")
    take(root)
    (folder / "files/a.bin").write_bytes(b"content of a")
    report = take(root)
    assert versions() == ["model/model-a:v1 ready"]
    assert report.findings == []


def test_content_that_the_portal_has_is_not_lost(
    take: Take, root: Path, write: Write, make_blob: Callable[..., Blob]
) -> None:
    make_blob(b"content of a")
    damage(write(), "missing")
    dry, report = take(root, dry_run=True), take(root)
    assert versions() == ["model/model-a:v1 ready"]
    assert kinds(dry) == kinds(report) == ["repaired model/model-a:v1"]
    assert report.findings[0].text == "a.bin is missing; the portal has its content"
    assert (dry.results[0].status, report.results[0].status) == ("ready", "ready")
    assert report.is_signed_off


def test_content_is_taken_from_the_pool_of_the_store_and_that_is_said(
    take: Take, root: Path, write: Write
) -> None:
    (write() / "files/a.bin").unlink()
    report = take(root)
    assert versions() == ["model/model-a:v1 ready"]
    assert kinds(report) == ["repaired model/model-a:v1"]


def test_a_link_in_the_place_of_a_file_is_not_followed(
    take: Take, root: Path, tmp_path: Path, write: Write
) -> None:
    folder = write()
    (tmp_path / "outside").write_bytes(b"content of a")
    damage(folder, "missing")
    (folder / "files/a.bin").symlink_to(tmp_path / "outside")
    assert "is a link" in take(root).findings[0].text
    assert versions() == ["model/model-a:v1 corrupted"]


def test_a_folder_on_the_way_that_is_a_link_is_not_followed(
    take: Take, root: Path, tmp_path: Path, write: Write
) -> None:
    folder = write(files={"sub/a.bin": b"content of a"})
    shutil.rmtree(root / "artifacts/.dedup")
    (folder / "files/sub").rename(tmp_path / "sub")
    (folder / "files/sub").symlink_to(tmp_path / "sub")
    assert "is a link" in take(root).findings[0].text


def test_a_size_that_contradicts_its_digest_is_skipped(
    take: Take, root: Path, write: Write
) -> None:
    write(number=1)
    digest = f"sha256:{sha256_of(b'content of a')}"
    row = {"path": "a.bin", "digest": digest, "size": 99, "modified_at": None}
    write("model-b", manifest={"files": [row]})
    report = take(root)
    assert versions() == ["model/model-a:v1 ready"]
    assert "skipped model/model-b:v1" in kinds(report)
