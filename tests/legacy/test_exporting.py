"""An export is a storage folder of 0.5, and imported again it makes the same portal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Team
from artifacts.models import Alias, Artifact, Blob, Version
from artifacts.services.integrity import mark_damaged
from artifacts.storage.layout import Store
from lineage.models import Run, RunInput
from runicorn.legacy.exporting import ExportReport
from runicorn.legacy.report import Report
from runicorn.legacy.values import Finding
from tests.checkpoints import noise
from tests.conftest import MakeVersion, sha256_of
from tests.legacy.plain import snapshot
from tests.legacy.taken import forget_all, kinds

Take = Callable[..., Report]

FIELDS = {
    Artifact: ("type", "name", "team__name", "last_number", "created_at", "updated_at"),
    Version: (
        "artifact__name", "number", "created_at", "updated_at", "created_by__username",
        "created_by_run", "description", "tags", "metadata", "manifest_sha256", "size_bytes",
        "num_files", "num_references", "deleted_at", "deleted_by__username", "purged_at",
    ),
    Alias: ("artifact__name", "name", "version__number", "is_protected", "updated_at"),
    Run: (
        "id", "project", "name", "status", "created_at", "updated_at", "finished_at",
        "created_by__username",
    ),
    RunInput: ("run_id", "version__artifact__name", "version__number", "created_at"),
}  # fmt: skip
"""Each is compared; not kept are the history of aliases, the audit log and commit ids."""


def everything() -> dict[str, list[Any]]:
    """All rows that an export keeps, with the files and references of each version."""
    found: dict[str, list[Any]] = {
        model.__name__: sorted(model.objects.values_list(*fields), key=str)
        for model, fields in FIELDS.items()
    }
    entries = Version.objects.exclude(entries=None).values_list(
        "artifact__name", "number", "entries__path", "entries__blob__sha256",
        "entries__modified_at",
    )  # fmt: skip
    references = Version.objects.exclude(references=None).values_list(
        "artifact__name", "number", "references__position", "references__uri",
        "references__checksum", "references__size_bytes", "references__name",
        "references__metadata",
    )  # fmt: skip
    corrupted = Version.objects.exclude(corrupted_at=None).values_list("artifact__name", "number")
    return found | {
        "entries": sorted(entries, key=str),
        "references": sorted(references, key=str),
        "corrupted": sorted(corrupted),
    }


def test_an_import_of_an_export_makes_the_same_portal(
    filled: None, export: Callable[..., str], take: Take, tmp_path: Path
) -> None:
    before = everything()
    assert export().endswith("Complete.\n")
    forget_all()
    report = take(tmp_path / "export")
    assert kinds(report) == ["note model/模型:v3", "note model/模型:v4"]  # the tombstones
    assert report.is_signed_off
    after = everything()
    for kind, rows in before.items():
        for mine, theirs in zip(after[kind], rows, strict=True):
            assert mine == theirs


def test_a_store_of_0_5_comes_back_from_its_export(
    written_store: Path, export: Callable[..., str], take: Take, tmp_path: Path
) -> None:
    first = take(written_store)
    before = everything()
    export(code=1)
    forget_all()
    second = take(tmp_path / "export")
    assert everything() == before
    assert second.digest == first.digest
    assert second.num_corrupted == 4


def test_the_files_are_as_0_5_writes_them(
    filled: None, export: Callable[..., str], tmp_path: Path
) -> None:
    export()
    folder = tmp_path / "export/artifacts/model/模型"
    index = json.loads((folder / "versions.json").read_text())
    assert index["aliases"] == {"latest": 1, "old": 1, "prod": 2}
    assert [(row["version"], row["status"]) for row in index["versions"]] == [
        (1, "ready"), (2, "deleted"),
    ]  # fmt: skip
    manifest = (folder / "v1/manifest.json").read_bytes()
    metadata = json.loads((folder / "v1/metadata.json").read_text())
    assert metadata["manifest_digest"] == sha256_of(manifest)
    assert metadata["size_bytes"] == 2 + 7
    assert json.loads((folder / "v2/.deleted").read_text())["deleted_by"] == "ada"
    assert (folder / "v1/files/a/b.bin").read_bytes() == b"1"
    pool = tmp_path / "export/artifacts/.dedup" / sha256_of(b"1")[:2] / sha256_of(b"1")
    assert pool.stat().st_ino == (folder / "v1/files/c").stat().st_ino
    assert not (folder / "v3").exists()


def test_runs_go_where_0_5_looks_for_them(
    filled: None, export: Callable[..., str], tmp_path: Path
) -> None:
    export()
    (one,) = tmp_path.glob("export/a_b_ c/default/runs/run-1")
    assert json.loads((one / "meta.json").read_text())["project"] == "a/b: c"
    used = json.loads((one / "artifacts_used.json").read_text())["artifacts"]
    assert [(row["name"], row["version"]) for row in used] == [
        ("模型", 2), ("模型", 3), ("hidden", 1),
    ]  # fmt: skip
    assert len(list(tmp_path.glob("export/artifacts_/runs/runs/run-2/meta.json"))) == 1


@pytest.mark.parametrize("marker", [None, "{}", '{"kind": "runicorn-export", "source": "x"}'])
def test_nothing_is_written_over_what_is_no_export_of_this(
    filled: None, tmp_path: Path, marker: str | None
) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "thesis.tex").write_text("mine")
    if marker is not None:
        (target / "export.json").write_text(marker)
    before = snapshot(target)
    with pytest.raises(CommandError, match="nothing is written to it"):
        call_command("export", str(target))
    assert snapshot(target) == before


def test_an_export_into_the_store_is_refused(filled: None, store: Store) -> None:
    with pytest.raises(CommandError, match="lies in the store"):
        call_command("export", str(store.root / "export"))


def test_only_what_is_named_is_exported(
    filled: None, make_version: MakeVersion, export: Callable[..., str], tmp_path: Path
) -> None:
    make_version("other", run_id="run-2")
    export("vision/dataset/hidden")
    folders = [path.parent.name for path in tmp_path.glob("export/artifacts/*/*/versions.json")]
    assert folders == ["hidden"]
    assert [path.parent.name for path in tmp_path.glob("export/*/*/runs/*/meta.json")] == ["run-1"]
    assert (
        json.loads((tmp_path / "export/artifacts/dataset/hidden/portal.json").read_text())["team"]
        == "vision"
    )


@pytest.mark.parametrize(
    ("word", "text"), [("nix", "Artifact not found: nix"), ("--team=nix", "There is no team 'nix'")]
)
def test_a_name_that_there_is_not_is_said(
    filled: None, tmp_path: Path, word: str, text: str
) -> None:
    with pytest.raises(CommandError, match=text):
        call_command("export", str(tmp_path / "export"), word)
    assert not (tmp_path / "export").exists()


def test_two_artifacts_of_one_name_are_not_mixed(
    make_version: MakeVersion, export: Callable[..., str], tmp_path: Path
) -> None:
    Team.objects.create(name="vision")
    make_version("same", files={"a": b"everyone's"})
    make_version("same", team="vision", files={"a": b"the team's"})
    assert "skipped: vision/model/same" in export(code=1)
    content = (tmp_path / "export/artifacts/model/same/v1/files/a").read_bytes()
    assert content == b"everyone's"
    export("--team", "vision", to=tmp_path / "team")
    assert (tmp_path / "team/artifacts/model/same/v1/files/a").read_bytes() == b"the team's"


def test_damaged_content_is_left_out_and_said(
    filled: None, export: Callable[..., str], store: Store, tmp_path: Path
) -> None:
    blob = Blob.objects.get(sha256=sha256_of(b"1"))
    path = store.pool_path(blob.sha256)
    path.chmod(0o644)
    path.write_bytes(b"X")
    assert "a/b.bin has other bytes than its digest says" in export(code=1)
    mark_damaged(blob=blob)
    assert "is damaged in the portal" in export(code=1)
    folder = tmp_path / "export/artifacts/model/模型"
    assert not (folder / "v1/files/c").exists()
    assert json.loads((folder / "versions.json").read_text())["versions"][0]["status"] == (
        "corrupted"
    )


def test_with_link_the_content_shares_the_store_and_stays_read_only(
    filled: None, export: Callable[..., str], store: Store, tmp_path: Path
) -> None:
    assert "linked" in export("--link")
    linked = tmp_path / "export/artifacts/model/模型/v1/files/c"
    pool = store.pool_path(sha256_of(b"1"))
    assert linked.stat().st_ino == pool.stat().st_ino
    assert pool.stat().st_mode & 0o222 == 0


def test_without_it_no_inode_is_shared(
    filled: None, export: Callable[..., str], store: Store, tmp_path: Path
) -> None:
    assert "linked" not in export()
    inodes = {path.stat().st_ino for path in store.pool.rglob("*") if path.is_file()}
    exported = [path for path in (tmp_path / "export").rglob("*") if path.is_file()]
    assert not inodes.intersection(path.stat().st_ino for path in exported)


def test_content_in_several_files_is_written_whole(
    make_version: MakeVersion, export: Callable[..., str], tmp_path: Path
) -> None:
    base = noise("base", 12 << 20)  # always the same: which chunks have hooks is a matter of luck
    make_version("large", files={"w": base})
    changed = b"header" + base[: 11 << 20] + noise("tail", 1 << 20)
    make_version("large", files={"w": changed})
    assert Blob.objects.get(sha256=sha256_of(changed)).layout == "extents"
    export("--link")
    assert (tmp_path / "export/artifacts/model/large/v2/files/w").read_bytes() == changed


def test_a_part_of_a_path_that_no_disk_takes_is_found_again(
    make_version: MakeVersion, export: Callable[..., str], take: Take, tmp_path: Path
) -> None:
    path = "模" * 100 + "/a"
    make_version("long", files={path: b"content"})
    export()
    forget_all()
    assert [one.kind for one in take(tmp_path / "export").findings] == ["repaired"]
    assert Version.objects.get().entries.get().path == path


def test_a_report_says_what_was_written() -> None:
    report = ExportReport("/e", "the portal", artifacts=1)
    report.contents["copied"] = 2
    report.content_bytes["copied"] = 3 << 20
    assert "2 copied, 3.0 MiB" in report.to_text()
    assert report.to_text().endswith("NOT COMPLETE: run it again.")
    assert report.to_json()["content_bytes"] == {"copied": 3 << 20}


def test_notes_are_no_losses() -> None:
    report = ExportReport("/e", "the portal", is_complete=True)
    report.findings.append(Finding("note", "m:v1", "is deleted"))
    assert (report.has_losses, report.to_text().endswith("\nComplete.")) == (False, True)
    report.findings += [Finding("corrupted", "m:v2", "a"), Finding("corrupted", "m:v2", "b")]
    assert report.has_losses
    assert report.to_text().endswith("Not as it is in the portal: 2 corrupted.")


def test_no_name_reaches_the_terminal_raw() -> None:
    report = ExportReport("/x", "the portal")
    report.findings.append(Finding("note", "model/m:v1", "a\x1b[31m\nb"))
    assert report.to_text().startswith("note: model/m:v1: a\\x1b[31m\\x0ab\n")
