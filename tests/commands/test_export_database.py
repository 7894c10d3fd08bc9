"""``manage.py export_database``: self-describing, whole or not there, without passwords."""

import json
import uuid
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import User
from artifacts.models import Artifact, Blob, ManifestEntry, StoreIdentity, Version
from artifacts.services.purge import purge_version
from artifacts.storage.layout import Store
from lineage.services import create_run, use_version
from runicorn_site.export_file import ExportFileError, check_export, read_export, write_export
from tests.conftest import ANYBODY, MakeVersion, digest_of, sha256_of

Record = dict[str, Any]
Export = Callable[[], list[Record]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "export.jsonl"


@pytest.fixture
def export(store: Store, path: Path) -> Export:
    """Run the command; gives the lines of the file."""

    def run() -> list[Record]:
        said = StringIO()
        call_command("export_database", str(path), stdout=said)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert said.getvalue() == f"{len(lines) - 2} records written to {path}.\n"
        return lines

    return run


def of_kind(lines: list[Record], kind: str) -> list[Record]:
    return [{**line, "kind": "…"} for line in lines if line["kind"] == kind]


def test_an_empty_portal_has_a_header_the_roles_and_an_end(store: Store, export: Export) -> None:
    header, *groups, end = export()
    assert (header["kind"], header["format"], header["store"]) == ("export", 1, str(store.id))
    assert {one["kind"] for one in groups} == {"group"}
    assert end == {"kind": "end", "records": len(groups)}


def test_a_version_has_all_that_its_manifest_does_not_know(
    export: Export, make_version: MakeVersion
) -> None:
    user = User.objects.create_user("member")
    commit_id = uuid.uuid4()
    version = make_version(
        "m", run_id="run-1", created_by=user, description="深", tags=["t"], metadata={"a": 1.5},
        commit_id=commit_id,
    )  # fmt: skip
    (found,) = of_kind(export(), "version")
    moment = version.created_at.isoformat()
    assert found == {
        "kind": "…", "team": None, "type": "model", "name": "m", "number": 1, "created_at": moment,
        "updated_at": moment, "created_by": "member", "created_by_run": "run-1",
        "commit_id": str(commit_id), "description": "深", "tags": ["t"], "metadata": {"a": 1.5},
        "deleted_at": None, "deleted_by": None, "purged_at": None,
        "manifest_sha256": version.manifest_sha256,
    }  # fmt: skip


def test_a_tombstone_says_when_it_was_purged(export: Export, make_version: MakeVersion) -> None:
    version = make_version("m")
    purge_version(version=version, purged_by=ANYBODY)
    (found,) = of_kind(export(), "version")
    assert found["purged_at"] == Version.objects.get().purged_at.isoformat()  # type: ignore[union-attr]
    assert (found["number"], found["manifest_sha256"]) == (1, "")


def test_an_artifact_says_which_number_was_given_last(
    export: Export, make_version: MakeVersion
) -> None:
    make_version("m")
    make_version("m")
    (found,) = of_kind(export(), "artifact")
    artifact = Artifact.objects.get()
    assert found == {
        "kind": "…", "team": None, "type": "model", "name": "m", "last_number": 2,
        "created_at": artifact.created_at.isoformat(),
        "updated_at": artifact.updated_at.isoformat(),
    }  # fmt: skip


def test_files_are_there_whose_time_is_known(export: Export, make_version: MakeVersion) -> None:
    make_version("m", files={"a": b"1", "b": b"2"})
    moment = timezone.now()
    ManifestEntry.objects.filter(path="b").update(modified_at=moment)
    (found,) = of_kind(export(), "file")
    where = {"team": None, "type": "model", "name": "m", "number": 1, "path": "b"}
    assert found == {"kind": "…", **where, "modified_at": moment.isoformat()}


def test_aliases_come_with_their_history(export: Export, make_version: MakeVersion) -> None:
    make_version("m", aliases=["production"])
    make_version("m", aliases=["production"])
    lines = export()
    (alias,) = of_kind(lines, "alias")
    assert (alias["alias"], alias["number"], alias["is_protected"]) == ("production", 2, False)
    events = of_kind(lines, "alias_event")
    assert [(one["from_number"], one["to_number"]) for one in events] == [(None, 1), (1, 2)]


def test_damage_is_told(export: Export, make_blob: Callable[[bytes], Blob]) -> None:
    make_blob(b"sound")
    make_blob(b"damaged")
    moment = timezone.now()
    Blob.objects.filter(sha256=sha256_of(b"damaged")).update(damaged_at=moment)
    (found,) = of_kind(export(), "damaged_blob")
    damaged = {"digest": digest_of(b"damaged"), "damaged_at": moment.isoformat()}
    assert found == {"kind": "…", **damaged}


def test_runs_come_with_what_they_used(export: Export, make_version: MakeVersion) -> None:
    run, _ = create_run(project="p", name="n", created_by=ANYBODY, run_id="run-1")
    use_version(run=run, version=make_version("m"), used_by=ANYBODY)
    lines = export()
    (found,) = of_kind(lines, "run")
    assert found == {
        "kind": "…", "id": "run-1", "project": "p", "name": "n", "status": "running",
        "created_at": run.created_at.isoformat(), "updated_at": run.updated_at.isoformat(),
        "finished_at": None, "created_by": None,
    }  # fmt: skip
    (used,) = of_kind(lines, "run_input")
    assert (used["run"], used["type"], used["name"], used["number"]) == ("run-1", "model", "m", 1)


def test_accounts_come_without_their_password(export: Export, path: Path) -> None:
    user = User.objects.create_user("member", password="a secret of theirs")
    (found,) = of_kind(export(), "user")
    assert (found["username"], found["is_service"], found["groups"]) == ("member", False, [])
    assert user.password not in path.read_text()
    assert "password" not in found


def test_the_file_is_readable_by_its_owner_only(export: Export, path: Path) -> None:
    path.write_text("an older one")
    path.chmod(0o644)
    export()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_failure_leaves_the_older_file_and_nothing_else(store: Store, path: Path) -> None:
    def fail() -> Any:
        yield {"kind": "artifact"}
        raise OSError("the disk is full")

    path.write_text("an older one")
    with pytest.raises(OSError, match="full"):
        write_export(path, fail(), store_id=store.id)
    assert path.read_text() == "an older one"
    assert [one for one in path.parent.iterdir() if one.name.startswith(".part")] == []


def test_a_folder_that_is_not_there_is_said_in_one_line(store: Store, path: Path) -> None:
    with pytest.raises(CommandError, match="No such file or directory"):
        call_command("export_database", str(path / "in-a-file"))


def test_it_refuses_another_store(store: Store, path: Path) -> None:
    StoreIdentity.objects.update(store_id=uuid.uuid4())
    with pytest.raises(CommandError, match="this database belongs to"):
        call_command("export_database", str(path))
    assert not path.exists()


def test_what_was_written_is_read_back(store: Store, path: Path) -> None:
    records = [
        {"kind": "artifact", "type": "model", "name": "x" * 128},
        {"kind": "run", "id": "深"},
    ]
    write_export(path, records, store_id=store.id)
    contents = check_export(path)
    assert (contents.store_id, contents.records) == (str(store.id), 2)
    assert contents.names == {("", "model", "x" * 128): "x" * 128}
    assert list(read_export(path)) == records


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no export of format 1"),
        ('{"kind": "export", "format": 2}\n', "no export of format 1"),
        ('{"kind": "export", "format": 1}\n', "not whole"),
        ('{"kind": "export", "format": 1}\n{"kind": "run"}\n', "not whole"),
        ('{"kind": "export", "format": 1}\n{"kind": "end", "records": 1}\n', "not whole"),
        ('{"kind": "export", "format": 1}\n{"ki', "line 2"),
        ('{"kind": "export", "format": 1}\n[]\n', "line 2: no record"),
        ("\xff", "Cannot read"),
    ],
)
def test_a_file_that_is_no_whole_export_is_refused(path: Path, text: str, why: str) -> None:
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ExportFileError, match=why):
        check_export(path)


def test_a_file_that_is_absent_is_refused(path: Path) -> None:
    with pytest.raises(ExportFileError, match="Cannot read"):
        check_export(path)
