"""An export once more, into the folder that holds one already."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.access import SYSTEM
from accounts.models import Team
from artifacts.models import Alias, Blob, Version
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from tests.conftest import MakeVersion, sha256_of
from tests.legacy.plain import snapshot
from tests.legacy.taken import Take, forget_all


def test_an_export_goes_on_where_it_stopped(
    filled: None, export: Callable[..., str], tmp_path: Path
) -> None:
    export()
    whole = snapshot(tmp_path / "export")
    folder = tmp_path / "export/artifacts/model/模型/v1"
    (folder / "metadata.json").unlink()
    (folder / "files/c").unlink()
    (tmp_path / "export/artifacts/model/模型/versions.json").unlink()
    out = export()
    assert "2 there, 1 written" in out
    again = snapshot(tmp_path / "export")
    assert {path: values[4] for path, values in again.items()} == {
        path: values[4] for path, values in whole.items()
    }


def test_a_second_export_follows_what_was_said_since(
    filled: None, export: Callable[..., str], tmp_path: Path
) -> None:
    export()
    Alias.objects.update(is_protected=False)
    version = Version.objects.get(artifact__name="模型", number=1)
    soft_delete_version(version=version, deleted_by=SYSTEM)
    export()
    folder = tmp_path / "export/artifacts/model/模型"
    assert (folder / "v1/.deleted").exists()
    assert "latest" not in json.loads((folder / "versions.json").read_text())["aliases"]


def statuses(folder: Path) -> list[tuple[int, str]]:
    """What the index of an artifact says."""
    rows = json.loads((folder / "versions.json").read_text())["versions"]
    return [(row["version"], row["status"]) for row in rows]


def test_what_is_purged_after_an_export_stays_in_it_as_deleted(
    make_version: MakeVersion, export: Callable[..., str], take: Take, tmp_path: Path
) -> None:
    make_version(files={"a": b"1"})
    purged = make_version(files={"a": b"2"}, run_id="run-1", aliases=["prod"])
    export()
    purge_version(version=purged, purged_by=SYSTEM)
    folder = tmp_path / "export/artifacts/model/model-a"
    for _ in range(2):
        out = export()
        assert "model-a:v2: was deleted for ever in the portal" in out
        assert "2: 1 kept, 1 there" in out
    assert statuses(folder) == [(1, "ready"), (2, "deleted")]
    marker = json.loads((folder / "v2/.deleted").read_text())
    assert marker["deleted_at"] == Version.objects.get(number=2).purged_at.timestamp()
    assert json.loads((folder / "versions.json").read_text())["aliases"] == {"latest": 1}
    assert json.loads((folder / "portal.json").read_text())["purged"] == []
    forget_all()
    assert take(tmp_path / "export").findings == []
    assert Version.objects.get(number=2).status == "deleted"


def test_whose_folder_is_removed_is_a_tombstone_again(
    make_version: MakeVersion, export: Callable[..., str], take: Take, tmp_path: Path
) -> None:
    make_version(files={"a": b"1"})
    purged = make_version(files={"a": b"2"})
    export()
    purge_version(version=purged, purged_by=SYSTEM)
    shutil.rmtree(tmp_path / "export/artifacts/model/model-a/v2")
    assert "deleted for ever" not in export()
    forget_all()
    take(tmp_path / "export")
    assert Version.objects.get(number=2).status == "purged"


def test_an_artifact_that_is_purged_as_a_whole_stays_as_deleted(
    make_version: MakeVersion, export: Callable[..., str], tmp_path: Path
) -> None:
    Team.objects.create(name="vision")
    purged = [make_version("a"), make_version("b", team="vision")]
    export()
    for version in purged:
        purge_version(version=version, purged_by=SYSTEM)
    assert "versions   2: 2 kept" in export()
    for name in ("a", "b"):
        assert statuses(tmp_path / "export/artifacts/model" / name) == [(1, "deleted")]


def test_an_artifact_that_the_portal_has_lost_stays_as_it_was(
    make_version: MakeVersion, export: Callable[..., str], tmp_path: Path
) -> None:
    make_version("a")
    make_version("b", run_id="run-1")
    export()
    forget_all()
    make_version("b")
    assert "note: model/a: the portal does not show it any more" in export()
    assert statuses(tmp_path / "export/artifacts/model/a") == [(1, "ready")]
    assert "model/a" not in export("b")


def test_a_folder_that_is_not_whole_is_not_taken_for_a_version(
    make_version: MakeVersion, export: Callable[..., str], tmp_path: Path
) -> None:
    make_version(files={"a": b"1"})
    purged = make_version(files={"a": b"2"})
    export()
    folder = tmp_path / "export/artifacts/model/model-a"
    (folder / "v2/metadata.json").unlink()
    purge_version(version=purged, purged_by=SYSTEM)
    assert "its folder, if any, is not whole: remove it" in export()
    assert statuses(folder) == [(1, "ready")]


def test_what_was_lost_and_is_healed_is_written_again(
    filled: None, export: Callable[..., str], tmp_path: Path
) -> None:
    blobs = Blob.objects.filter(sha256=sha256_of(b"2"))
    blobs.update(damaged_at=timezone.now())
    export(code=1)  # a deleted version is called deleted, not corrupted
    content = tmp_path / "export/artifacts/model/模型/v2/files/a/b.bin"
    assert not content.exists()
    blobs.update(damaged_at=None)
    Version.objects.filter(number=2).update(deleted_at=None)
    export()
    assert content.read_bytes() == b"2"


@pytest.mark.parametrize("what", ["pool", "file"])
def test_what_a_stopped_export_left_is_checked(
    make_version: MakeVersion, export: Callable[..., str], tmp_path: Path, what: str
) -> None:
    make_version(files={"a.bin": b"content"})
    export()
    root = tmp_path / "export"
    file = root / "artifacts/model/model-a/v1/files/a.bin"
    (pooled,) = root.glob("artifacts/.dedup/*/*")
    if what == "file":
        file.unlink()
    else:
        marker = json.loads((root / "export.json").read_text())
        (root / "export.json").write_text(json.dumps(marker | {"complete": False}))
        pooled.chmod(0o644)
        pooled.write_bytes(bytes(7))  # as a power cut leaves it
    assert "Complete." in export()
    assert file.read_bytes() == pooled.read_bytes() == b"content"
