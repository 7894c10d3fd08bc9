"""``manage.py check_store``: each way in which rows and disk may differ; and it only looks."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from artifacts.models import Blob, BlobBase, StoreIdentity, Version
from artifacts.services.purge import purge_version
from artifacts.services.trees import folder_of
from artifacts.storage.durable import remove_folder
from artifacts.storage.layout import Store, physical_path
from tests.conftest import ANYBODY, MakeVersion
from tests.crash.acts import commit, purge
from tests.leaning import blocks, lean, log_leaning, log_plain, row

pytestmark = pytest.mark.django_db(transaction=True)


def check(**options: Any) -> tuple[int, list[str]]:
    """The exit code, and the findings."""
    output, code = StringIO(), 0
    try:
        call_command("check_store", stdout=output, **options)
    except SystemExit as ended:
        code = int(str(ended.code))
    *findings, summary = output.getvalue().splitlines()
    assert summary == f"{len(findings) or 'No'} finding{'' if len(findings) == 1 else 's'}."
    return code, findings


@pytest.fixture
def leaning(store: Store) -> Store:
    """A base, remains, and content that leans on both."""
    log_plain("model-a", "abcd")
    log_leaning("model-b", "abcdefg", "abcd")
    log_leaning("model-c", "efgabx", "abcdefg", "abcd")
    purge("model-b")
    return store


def test_a_sound_store_has_no_findings(leaning: Store) -> None:
    assert check() == (0, [])


def test_an_empty_store_has_no_findings(store: Store) -> None:
    assert check() == (0, [])


@pytest.mark.parametrize("letters", ["abcd", "abcdefg", "efgabx"])
def test_a_missing_file_is_found(leaning: Store, letters: str) -> None:
    path = physical_path(leaning, row(letters).place)
    path.unlink()
    code, findings = check()
    assert code == 1
    assert f"missing: {row(letters)} has no file {path.name}" in findings


@pytest.mark.parametrize("letters", ["abcd", "abcdefg", "efgabx"])
def test_a_torn_file_is_found(leaning: Store, letters: str) -> None:
    path = physical_path(leaning, row(letters).place)
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.truncate(100)
    assert f"torn: {path.name} has 100 bytes of {row(letters).physical_bytes}" in check()[1]


@pytest.mark.parametrize("letters", ["abcdefg", "efgabx"])
def test_a_damaged_recipe_is_found(leaning: Store, letters: str) -> None:
    path = physical_path(leaning, row(letters).place)
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(-150, 2)
        file.write(b"!!!!")
    code, findings = check()
    assert (code, findings[0].split(": ")[:2]) == (1, ["torn", path.name])


def test_sound_content_on_a_damaged_base_without_a_file_is_found(leaning: Store) -> None:
    base, leaner = row("abcd"), row("efgabx")
    Blob.objects.filter(pk=base.pk).update(damaged_at=base.created_at)
    physical_path(leaning, base.place).unlink()
    name = physical_path(leaning, leaner.place).name
    assert f"recipe: {name} takes bytes of {base}, whose file is missing or torn" in check()[1]


def test_a_stray_is_found(leaning: Store) -> None:
    lean("xyz").delete()
    ((finding,), code) = check()[1], check()[0]
    assert (code, finding[:6]) == (1, "stray:")


def test_bases_that_differ_from_the_recipe_are_found(leaning: Store) -> None:
    blob = row("efgabx")
    BlobBase.objects.filter(blob=blob, base=row("abcd")).update(bytes=1)
    _, (finding,) = check()
    assert finding.endswith(f"takes 8192 bytes of {row('abcd')}, the rows say 1")


def test_a_base_that_the_rows_do_not_know_is_found(leaning: Store) -> None:
    BlobBase.objects.filter(base=row("abcd")).delete()
    _, (finding,) = check()
    assert finding.endswith(f"takes 8192 bytes of {row('abcd')}, the rows say 0")


def test_bytes_that_their_base_does_not_hold_are_found(leaning: Store) -> None:
    remains = row("abcdefg")
    hollow = lean("abcdefg"[::-1])  # any ``.d`` file with another recipe
    recipe_less = physical_path(leaning, remains.place)
    recipe_less.unlink()
    physical_path(leaning, hollow.place).rename(recipe_less)
    Blob.objects.filter(pk=remains.pk).update(physical_bytes=hollow.physical_bytes)
    hollow.delete()
    assert any("holds another content" in finding for finding in check()[1])


def test_listed_remains_are_lost_content(leaning: Store) -> None:
    blob = row("efgabx")
    Blob.objects.filter(pk=blob.pk).update(layout="remains")
    findings = check()[1]
    assert f"lost: {blob} is listed by a version, and only remains are left of it" in findings
    assert f"bases: {blob} keeps bytes in others by its rows, and is no extents" in findings


def test_known_damage_is_a_finding(leaning: Store) -> None:
    blob = row("abcd")
    Blob.objects.filter(pk=blob.pk).update(damaged_at=blob.created_at)
    version = Version.objects.get(artifact__name="model-a")
    assert check()[1] == [
        f"damaged: {blob} (upload the same content again to heal it)",
        f"version: {version.full_name} holds damaged content and is not corrupted",
    ]


def test_a_version_corrupted_without_damage_is_found(leaning: Store) -> None:
    version = Version.objects.get(artifact__name="model-a")
    Version.objects.filter(pk=version.pk).update(corrupted_at=version.created_at)
    assert check()[1] == [f"version: {version.full_name} is corrupted without damage"]


def test_entries_that_went_are_found(leaning: Store) -> None:
    version = Version.objects.get(artifact__name="model-a")
    version.entries.all().delete()
    assert check()[1] == [
        f"version: {version.full_name} does not list what its manifest digest says"
    ]


def remove(version: Version) -> None:
    remove_folder(folder_of(version))


def rewrite(version: Version) -> None:
    folder = folder_of(version)
    folder.chmod(0o755)
    (folder / "manifest.json").chmod(0o644)
    (folder / "manifest.json").write_bytes(b"{}")


@pytest.mark.parametrize(
    ("harm", "finding"),
    [
        (remove, "folder: that of model/model-a:v1 is missing (rebuild_trees makes it)"),
        (
            rewrite,
            "folder: that of model/model-a:v1 has another manifest (rebuild_trees makes it anew)",
        ),
    ],
)
def test_a_folder_unlike_its_version_is_found(
    leaning: Store, harm: Callable[[Version], None], finding: str
) -> None:
    harm(Version.objects.get(artifact__name="model-a"))
    assert check() == (1, [finding])


def test_a_folder_of_a_purged_version_is_found(store: Store, make_version: MakeVersion) -> None:
    version = make_version()
    folder = folder_of(version)
    purge_version(version=version, purged_by=ANYBODY)
    folder.mkdir(parents=True)
    assert check()[1] == [
        "folder: that of the purged model/model-a:v1 is there (collect removes it)"
    ]


def test_a_folder_of_no_version_is_found(leaning: Store) -> None:
    (leaning.artifacts / "model" / "model-a" / "v99").mkdir()
    assert check()[1] == ["folder: model/model-a/v99 is no version's"]


def test_what_is_being_written_is_no_finding_until_it_is_old(store: Store) -> None:
    (store.staging / "upload").write_bytes(b"half")
    assert check() == (0, [])
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        assert check() == (1, ["leftover: .staging/upload (collect removes it)"])


def test_what_lies_in_the_trash_is_found(store: Store) -> None:
    (store.trash / "folder").mkdir()
    assert check() == (1, ["leftover: .trash/folder (collect decides about it)"])


def test_it_changes_nothing(leaning: Store) -> None:
    lean("xyz").delete()
    physical_path(leaning, row("abcd").place).unlink()
    (leaning.trash / "folder").mkdir()
    before = sorted(map(str, leaning.root.rglob("*"))), list(Blob.objects.order_by("pk").values())
    check()
    after = sorted(map(str, leaning.root.rglob("*"))), list(Blob.objects.order_by("pk").values())
    assert before == after


def test_it_refuses_another_store(store: Store) -> None:
    StoreIdentity.objects.update(store_id=uuid.uuid4())
    with pytest.raises(CommandError, match="this database belongs to"):
        check()


def test_a_commit_beside_it_is_no_finding(leaning: Store) -> None:
    lean("uvw")
    commit("model-d", {"a.bin": blocks("uvw")})
    assert check() == (0, [])
