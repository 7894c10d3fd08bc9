"""What an import makes of a store: by the services, in the portal of the test."""

import errno
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from accounts.access import SYSTEM
from accounts.models import AuditEvent, Team
from accounts.roles import Role
from artifacts.errors import StorageFull
from artifacts.models import Alias, Artifact, Blob, Version
from artifacts.services.aliases import move_alias, remove_alias
from artifacts.services.blobs import store_blob
from artifacts.services.purge import purge_version
from artifacts.services.versions import describe_version, restore_version, soft_delete_version
from artifacts.storage.layout import Store
from lineage.graph import neighbourhood
from lineage.models import Run, RunInput
from lineage.taking_over import Portal
from tests.conftest import ANYBODY, MakeVersion, sha256_of
from tests.legacy.conftest import edit
from tests.legacy.plain import CREATED_AT, snapshot, write_run, write_version
from tests.legacy.taken import Take, Write, kinds, versions
from tests.people import make_user


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def test_a_written_store_is_taken_over(take: Take, written_store: Path) -> None:
    before = snapshot(written_store)
    report = take(written_store)
    assert (report.outcomes["imported"], report.outcomes["skipped"]) == (72, 6)
    assert (report.is_signed_off, report.checked, report.unchecked) == (False, 72, [])
    assert report.num_corrupted == 4
    assert (report.runs["imported"], report.links) == (83, 17)
    assert snapshot(written_store) == before


def test_a_second_import_finds_everything_there(take: Take, written_store: Path) -> None:
    first = take(written_store)
    rows = versions(), Blob.objects.count(), AuditEvent.objects.count(), RunInput.objects.count()
    second = take(written_store)
    assert (second.outcomes["there"], second.outcomes["imported"]) == (72, 0)
    assert second.digest == first.digest
    assert rows == (
        versions(), Blob.objects.count(), AuditEvent.objects.count(), RunInput.objects.count()
    )  # fmt: skip


def test_every_field_is_kept(take: Take, root: Path, write: Write) -> None:
    write(aliases={"production": 1}, run="run-1", references=[
        {"uri": "s3://b/c", "checksum": "x", "size": 7, "metadata": {"k": [1]}}
    ])  # fmt: skip
    make_user("ada", Role.CONTRIBUTOR)
    edit(
        root / "artifacts/model/model-a/v1/metadata.json", created_by_user="ada", updated_at=1.75e9
    )
    assert take(root).findings == []
    version = Version.objects.get()
    assert (version.created_at, version.updated_at) == (at(CREATED_AT + 1), at(1.75e9))
    assert (version.created_by_run, version.created_by.get_username()) == ("run-1", "ada")
    assert (version.description, version.tags, version.metadata) == ("number 1", ["t"], {"n": 1})
    entry = version.entries.get()
    assert (entry.path, entry.modified_at) == ("a.bin", at(CREATED_AT))
    assert entry.blob.sha256 == sha256_of(b"content of a")
    reference = version.references.get()
    assert (reference.uri, reference.checksum, reference.size_bytes, reference.metadata) == (
        "s3://b/c", "x", 7, {"k": [1]},
    )  # fmt: skip
    assert (version.size_bytes, version.num_files, version.num_references) == (12, 1, 1)
    assert Alias.objects.get().version == version
    artifact = version.artifact
    assert (artifact.created_at, artifact.updated_at) == (at(CREATED_AT), at(CREATED_AT + 1))


def test_numbers_that_were_given_are_not_given_again(
    take: Take, root: Path, write: Write, make_version: MakeVersion
) -> None:
    write(number=2)
    shutil.copytree(write(number=3), root / "artifacts/model/model-a/v9")
    report = take(root)
    assert kinds(report) == ["skipped model/model-a:v9"]
    assert make_version(files={"new": b"new"}).number == 10


def test_a_soft_deleted_version_comes_deleted_with_its_aliases(
    take: Take, root: Path, write: Write
) -> None:
    (write(aliases={"prod": 1}) / ".deleted").write_text('{"deleted_at": 1.5}')
    take(root)
    version = Version.objects.get()
    assert (version.status, version.deleted_at) == ("deleted", at(1.5))
    restored = restore_version(version=version, restored_by=SYSTEM)
    assert [one.name for one in restored.aliases.all()] == ["prod"]


def test_a_torn_deletion_mark_counts_as_deleted(take: Take, root: Path, write: Write) -> None:
    (write() / ".deleted").write_text("")
    report = take(root)
    assert Version.objects.get().status == "deleted"
    assert "counts as deleted" in report.findings[0].text


def test_other_content_at_a_number_keeps_both_histories_apart(
    take: Take, root: Path, write: Write, make_version: MakeVersion
) -> None:
    make_version(files={"own": b"of the portal"})
    write(number=1, run="run-1")
    write(number=2, run="run-1")
    write_run(root, "run-2", used=[("model-a", 1)])
    report = take(root)
    assert versions() == ["model/model-a:v1 ready"]
    assert kinds(report) == ["conflict model/model-a", "skipped run run-2"]
    assert "v1" in report.findings[0].text
    assert report.outcomes["conflict"] == 2
    assert RunInput.objects.count() == 0


def test_under_another_name_both_are_there(
    take: Take, root: Path, write: Write, make_version: MakeVersion
) -> None:
    make_version(files={"own": b"of the portal"})
    write(run="run-1")
    write_run(root, "run-2", used=[("model-a", 1)])
    assert take(root, rename=("model/model-a=model-old",)).findings == []
    assert versions() == ["model/model-a:v1 ready", "model/model-old:v1 ready"]
    assert RunInput.objects.get().version.artifact.name == "model-old"


def test_a_newer_version_of_the_portal_is_no_conflict(
    take: Take, root: Path, write: Write, make_version: MakeVersion
) -> None:
    write()
    take(root)
    make_version(files={"own": b"of the portal"})
    assert take(root).findings == []
    write(number=2, files={"a.bin": b"of the store"})
    report = take(root)
    assert kinds(report) == ["conflict model/model-a"]
    assert versions() == ["model/model-a:v1 ready", "model/model-a:v2 ready"]


def test_what_was_said_in_the_portal_since_stays(take: Take, root: Path, write: Write) -> None:
    write(aliases={"prod": 1, "gone": 1})
    write(number=2, files={"a.bin": b"two"})
    take(root)
    first, second = Version.objects.order_by("number")
    describe_version(version=first, changes={"description": "new"}, changed_by=SYSTEM)
    move_alias(artifact=first.artifact, name="prod", version=second, moved_by=SYSTEM)
    remove_alias(artifact=first.artifact, name="gone", removed_by=SYSTEM)
    soft_delete_version(version=first, deleted_by=SYSTEM)
    report = take(root)
    first.refresh_from_db()
    assert (first.description, first.status) == ("new", "deleted")
    assert [(one.name, one.version.number) for one in Alias.objects.all()] == [("prod", 2)]
    assert [one.kind for one in report.findings] == ["note", "note", "note"]
    assert report.is_signed_off


def test_what_was_purged_in_the_portal_stays_purged(take: Take, root: Path, write: Write) -> None:
    write()
    write(number=2, files={"a.bin": b"two"})
    take(root)
    purge_version(version=Version.objects.get(number=1), purged_by=SYSTEM)
    report = take(root)
    assert versions() == ["model/model-a:v1 purged", "model/model-a:v2 ready"]
    assert "deleted for ever in the portal" in report.findings[0].text


def test_two_artifacts_that_would_become_one_are_a_conflict(take: Take, root: Path) -> None:
    write_version(root, "\u00e9tude")
    write_version(root, "e\u0301tude")
    report = take(root)
    assert "conflict model/\u00e9tude" in kinds(report)
    assert len(versions()) == 1


def test_an_import_for_a_team_is_the_teams(take: Take, root: Path, write: Write) -> None:
    write(run="run-1")
    write_run(root, "run-2", used=[("model-a", 1)])
    Team.objects.create(name="vision")
    assert take(root, team="vision").findings == []
    assert versions() == ["vision/model/model-a:v1 ready"]
    assert RunInput.objects.count() == 1


def test_a_team_that_there_is_not_is_said(take: Take, root: Path, write: Write) -> None:
    write()
    report = take(root, team="nobody")
    assert versions() == []
    assert "'nobody' is no team of yours" in report.findings[0].text


def test_a_quota_is_kept_to(take: Take, root: Path, write: Write) -> None:
    write(files={"a": b"x" * 600})
    write(number=2, files={"a": b"y" * 600})
    Team.objects.create(name="vision", quota_bytes=1000)
    report = take(root, team="vision")
    assert versions() == ["vision/model/model-a:v1 ready"]
    assert "quota" in report.findings[0].text


def test_a_limit_of_files_is_kept_to(take: Take, root: Path, write: Write, settings: Any) -> None:
    settings.RUNICORN_MAX_VERSION_FILES = 1
    settings.RUNICORN_MAX_FILE_BYTES = 20
    write(files={"a": b"1", "b": b"2"})
    write("model-b", files={"large": b"x" * 21})
    write("model-c")
    report = take(root)
    assert versions() == ["model/model-c:v1 ready"]
    assert kinds(report) == ["skipped model/model-a:v1", "skipped model/model-b:v1"]


def test_runs_keep_their_times_and_links(take: Take, root: Path, write: Write) -> None:
    write(run="run-1")
    write("model-b", run="run-2")
    write_run(root, "run-1", made=[("model-a", 1)])
    write_run(root, "run-2", used=[("model-a", 1)], made=[("model-b", 1)], status="failed")
    assert take(root).findings == []
    run = Run.objects.get(pk="run-2")
    assert (run.project, run.name, run.status) == ("p", "n", "failed")
    assert (run.created_at, run.finished_at) == (at(CREATED_AT), at(CREATED_AT + 60))
    assert RunInput.objects.get().created_at == at(CREATED_AT + 30)
    root_version = Version.objects.get(artifact__name="model-b")
    graph = neighbourhood(version=root_version, asked_by=SYSTEM, depth=3)
    assert [(one.source, one.target) for one in graph.edges] == [
        ("model-a:v1", "run-2"), ("run-2", "model-b:v1"), ("run-1", "model-a:v1"),
    ]  # fmt: skip


def test_what_was_deleted_for_ever_there_is_a_tombstone_here(
    take: Take, root: Path, write: Write
) -> None:
    write(number=2, run="run-9")
    write_run(root, "run-1", used=[("model-a", 1)])
    write_run(root, "run-2", made=[("model-a", 1)])
    report = take(root)
    assert kinds(report) == ["note model/model-a:v1"]
    assert "the run run-2 made it, and it is gone: a tombstone" in report.findings[0].text
    tomb = Version.objects.get(number=1)
    assert (tomb.status, tomb.created_by_run) == ("purged", "run-2")
    assert RunInput.objects.get().version == tomb


def test_a_version_that_was_skipped_gets_no_tombstone(take: Take, root: Path, write: Write) -> None:
    write(number=1)
    (write(number=2) / "manifest.json").write_text("{")
    write_run(root, "run-1", used=[("model-a", 2)])
    report = take(root)
    assert versions() == ["model/model-a:v1 ready"]
    assert kinds(report) == ["skipped model/model-a:v2", "skipped run run-1"]


def test_a_run_of_the_portal_with_the_same_id_is_a_conflict(take: Take, root: Path) -> None:
    Run.objects.create(id="run-1", project="another")
    write_run(root, "run-1")
    assert "project 'another'" in take(root).findings[0].text
    assert Run.objects.get().project == "another"


def test_the_log_says_what_was_imported(take: Take, root: Path, write: Write) -> None:
    write(aliases={"prod": 1})
    write_run(root, "run-1", used=[("model-a", 1)])
    take(root)
    rows = AuditEvent.objects.order_by("pk")
    assert [(one.action, one.username, one.object) for one in rows] == [
        ("version.import", "(manage.py)", "model/model-a:v1"),
        ("alias.move", "(manage.py)", "model/model-a:prod"),
        ("run.import", "(manage.py)", "run-1"),
        ("run.use", "(manage.py)", "run-1"),
    ]
    assert rows[0].after["created_at"].startswith("2023-11-14T")


def test_large_content_is_stored_whole(take: Take, root: Path, write: Write) -> None:
    content = os.urandom(1 << 20) * 9
    write(files={"large": content})
    take(root)
    blob = Blob.objects.get()
    assert (blob.layout, blob.size_bytes) == ("file", len(content))


def test_content_of_the_same_file_is_stored_once(take: Take, root: Path, store: Store) -> None:
    for number in (1, 2, 3):
        write_version(root, number=number)
    report = take(root)
    assert report.contents == {"copied": 1, "known": 2}
    assert len([path for path in store.pool.rglob("*") if path.is_file()]) == 1


def test_a_version_of_nothing_is_skipped(take: Take, root: Path, write: Write) -> None:
    write(files={})
    assert "no files and no references" in take(root).findings[0].text
    assert Artifact.objects.count() == 0


def test_an_upload_meanwhile_of_the_same_is_no_trouble(
    take: Take, root: Path, write: Write
) -> None:
    content = b"content of a"
    with (write() / "files/a.bin").open("rb") as source:
        store_blob(
            source=source, sha256=sha256_of(content), size_bytes=len(content), stored_by=ANYBODY
        )
    assert take(root).contents == {"known": 1}


def test_a_full_disk_stops_it_and_what_is_there_stays(
    take: Take, root: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    write("model-b", files={"b": b"b" * 1000})
    real, full = os.write, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write_little(fd: int, data: bytes | memoryview) -> int:
        if len(data) > 500:
            raise full
        return real(fd, data)

    monkeypatch.setattr(os, "write", write_little)
    with pytest.raises(StorageFull):
        take(root)
    assert versions() == ["model/model-a:v1 ready"]
    monkeypatch.undo()
    assert take(root).is_signed_off
    assert len(versions()) == 2


def test_a_version_that_somebody_logs_meanwhile_is_not_replaced(
    take: Take, root: Path, write: Write, make_version: MakeVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    write()
    look = Portal.look

    def look_and_let_in(portal: Portal, past: Any) -> Any:
        found = look(portal, past)
        if not Version.objects.exists():
            make_version(files={"own": b"of somebody"})
        return found

    monkeypatch.setattr(Portal, "look", look_and_let_in)
    report = take(root)
    assert "with other content" in report.findings[0].text
    assert [one.path for one in Version.objects.get().entries.all()] == ["own"]
