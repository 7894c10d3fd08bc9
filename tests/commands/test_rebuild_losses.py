"""``manage.py rebuild_database``: what is lost is said, and what does not fit is refused."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from artifacts.models import Artifact, Blob, ManifestEntry, StoreIdentity, Version
from artifacts.services.purge import purge_version
from artifacts.services.trees import folder_of
from artifacts.storage.durable import remove_folder
from artifacts.storage.layout import Store
from lineage.services import create_run, use_version
from tests.commands.rebuilding import export_to, rebuild, wipe
from tests.conftest import ANYBODY, MakeVersion, digest_of, sha256_of
from tests.crash.invariants import broken, damage, untidy

LONG_NAME = "深" * 128


@pytest.mark.django_db(transaction=True)
def test_a_name_that_was_shortened_is_a_loss_without_an_export(
    store: Store, make_version: MakeVersion
) -> None:
    make_version(LONG_NAME)
    wipe()
    code, said = rebuild()
    assert code == 1
    assert said[1].startswith("lost: model/深深")
    (artifact,) = Artifact.objects.all()
    assert artifact.name in said[1]
    assert broken(store) + untidy(store) == []


def test_a_folder_whose_name_no_artifact_has_is_a_loss(
    store: Store, make_version: MakeVersion
) -> None:
    version = make_version("m")
    folder_of(version).parent.rename(folder_of(version).parent.with_name("what?"))
    wipe()
    code, said = rebuild()
    assert code == 1
    assert "lost: model/what?: must hold none of" in "\n".join(said)


def test_what_is_no_version_folder_is_left_alone(store: Store, make_version: MakeVersion) -> None:
    version = make_version("m")
    for name in ("v0", "v01", "v-1", "notes"):
        (folder_of(version).parent / name).mkdir()
    (folder_of(version).parent / "v7").write_text("a file")
    wipe()
    assert rebuild()[0] == 0
    assert [version.number for version in Version.objects.all()] == [1]


def test_a_version_without_its_folder_is_a_loss_and_so_are_its_alias_and_uses(
    export: Callable[[], Path], make_version: MakeVersion
) -> None:
    version = make_version("m", aliases=["production"])
    make_version("m")
    run, _ = create_run(project="p", created_by=ANYBODY, run_id="run-1")
    use_version(run=run, version=version, used_by=ANYBODY)
    folder = folder_of(version)
    path = export()
    remove_folder(folder)
    code, said = rebuild(export=path)
    assert code == 1
    assert said == [
        "lost: model/m:v1: its folder is gone",
        "lost: alias production of model/m:v1, which is gone",
        "lost: run run-1 used model/m:v1, which is gone",
        "1 blob and 1 version rebuilt.",
    ]
    assert Artifact.objects.get().last_number == 2


def test_a_damaged_manifest_is_a_loss(store: Store, make_version: MakeVersion) -> None:
    version = make_version("m")
    manifest = folder_of(version) / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text("{}")
    wipe()
    code, said = rebuild()
    assert code == 1
    assert "lost: model/m:v1: This is not a manifest" in "\n".join(said)
    assert Version.objects.count() == 0


def test_a_manifest_of_something_else_is_a_loss(
    export: Callable[[], Path], make_version: MakeVersion
) -> None:
    version, other = make_version("m"), make_version("m", files={"b": b"other"})
    mine, theirs = (folder_of(one) / "manifest.json" for one in (version, other))
    mine.chmod(0o644)
    mine.write_bytes(theirs.read_bytes())
    code, said = rebuild(export=export())
    assert code == 1
    assert "lost: model/m:v1: its manifest.json is another one's" in said


def test_content_that_is_gone_corrupts_its_versions_and_can_be_healed(
    store: Store, make_version: MakeVersion, make_blob: Callable[[bytes], Blob]
) -> None:
    make_version("m", files={"a": b"gone", "b": b"there"})
    make_version("m", files={"b": b"there"})
    store.pool_path(sha256_of(b"gone")).unlink()
    wipe()
    code, said = rebuild()
    assert code == 1
    assert said[1:] == [
        f"lost: {digest_of(b'gone')}: its bytes are gone",
        "lost: model/m:v1 is corrupted",
        "1 blob and 2 versions rebuilt.",
    ]
    assert [one.status for one in Version.objects.order_by("number")] == ["corrupted", "ready"]
    make_blob(b"gone")
    assert [one.status for one in Version.objects.order_by("number")] == ["ready", "ready"]
    assert broken(store) == []


def test_torn_content_corrupts_its_versions(store: Store, make_version: MakeVersion) -> None:
    make_version("m", files={"a": b"12345"})
    path = store.pool_path(sha256_of(b"12345"))
    path.unlink()
    path.write_bytes(b"123")
    wipe()
    code, said = rebuild()
    assert code == 1
    assert f"lost: {digest_of(b'12345')}: 3 of its 5 bytes are there" in said
    assert Version.objects.get().status == "corrupted"
    assert broken(store) == ["writable: " + sha256_of(b"12345")]


def test_damage_that_was_known_stays_known(
    store: Store, export: Callable[[], Path], make_version: MakeVersion
) -> None:
    make_version("m", files={"a": b"12345"})
    damage(store, b"12345")
    Blob.objects.update(damaged_at=datetime(2024, 1, 2, tzinfo=UTC))
    code, said = rebuild(export=export())
    assert code == 1
    assert "lost: model/m:v1 is corrupted" in said
    assert broken(store) == []


def test_content_that_no_version_holds_gets_a_row_to_be_collected_by(
    store: Store, make_blob: Callable[[bytes], Blob]
) -> None:
    make_blob(b"never committed")
    wipe()
    assert rebuild()[1][1:] == ["1 blob and 0 versions rebuilt."]
    assert Blob.objects.orphaned().count() == 1


def test_the_trash_goes_back(store: Store, make_version: MakeVersion) -> None:
    make_version("m", files={"a": b"12345"})
    path = store.pool_path(sha256_of(b"12345"))
    path.rename(store.trash / f"{path.name}.{uuid.uuid4().hex}")
    wipe()
    assert rebuild()[0] == 0
    assert broken(store) + untidy(store) == []


def test_a_version_younger_than_the_export_is_noted(
    store: Store, make_version: MakeVersion, tmp_path: Path
) -> None:
    make_version("m")
    path = export_to(tmp_path / "export")
    make_version("m")
    wipe()
    code, said = rebuild(export=path)
    assert (code, said[0]) == (0, "note: model/m:v2 is younger than the export")
    assert Artifact.objects.get().last_number == 2


def test_the_folder_of_a_purged_version_does_not_bring_it_back(
    store: Store, make_version: MakeVersion, export: Callable[[], Path]
) -> None:
    version = make_version("m")
    folder = folder_of(version)
    kept = store.artifacts / "kept"
    folder.rename(kept)
    purge_version(version=version, purged_by=ANYBODY)
    folder.parent.mkdir(exist_ok=True)
    kept.rename(folder)
    rebuild(export=export())
    assert Version.objects.get().status == "purged"
    assert ManifestEntry.objects.count() == 0


def test_it_refuses_a_database_with_content(make_version: MakeVersion, store: Store) -> None:
    make_version("m")
    with pytest.raises(CommandError, match="only an empty one is rebuilt"):
        rebuild()


def test_it_refuses_a_database_with_runs(store: Store) -> None:
    create_run(project="p", created_by=ANYBODY)
    with pytest.raises(CommandError, match="only an empty one is rebuilt"):
        rebuild()


def test_it_refuses_the_database_of_another_store(store: Store) -> None:
    StoreIdentity.objects.update(store_id=uuid.uuid4())
    with pytest.raises(CommandError, match="belongs to the store"):
        rebuild()


def test_it_refuses_an_export_of_another_store(store: Store, export: Callable[[], Path]) -> None:
    path = export()
    text = path.read_text().replace(str(store.id), str(uuid.uuid4()))
    path.write_text(text)
    with pytest.raises(CommandError, match="is of the store"):
        rebuild(export=path)


def test_it_refuses_half_an_export_and_keeps_nothing(
    make_version: MakeVersion, export: Callable[[], Path]
) -> None:
    make_version("m")
    path = export()
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(CommandError, match="not whole"):
        rebuild(export=path)
    assert Blob.objects.count() == 0


def test_it_refuses_records_of_a_kind_it_does_not_know(
    make_version: MakeVersion, export: Callable[[], Path]
) -> None:
    make_version("m")
    path = export()
    path.write_text(path.read_text().replace('"kind": "version"', '"kind": "edition"'))
    with pytest.raises(CommandError, match="no records of kind 'edition'"):
        rebuild(export=path)
    assert Blob.objects.count() == 0


def test_it_refuses_where_there_is_no_store(settings: Any, db: None, tmp_path: Path) -> None:
    settings.RUNICORN_STORAGE_ROOT = tmp_path / "unmounted"
    with pytest.raises(CommandError, match="There is no store"):
        rebuild()
