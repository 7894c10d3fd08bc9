"""``manage.py rebuild_database``: a lost database comes back from the store and an export."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from accounts.models import User
from artifacts.models import Artifact, Blob, BlobBase, ManifestEntry, StoreIdentity, Version
from artifacts.services.aliases import move_alias, remove_alias
from artifacts.services.purge import purge_version
from artifacts.services.trees import folder_of
from artifacts.services.versions import soft_delete_version
from artifacts.storage.layout import Store, physical_path
from artifacts.storage.manifest import ManifestReference
from lineage.models import Run
from lineage.services import create_run, update_run, use_version
from tests.api.conftest import body_of
from tests.checkpoints import checkpoint
from tests.commands.rebuilding import export_to, rebuild, wipe
from tests.conftest import ANYBODY, MakeVersion
from tests.crash.acts import purge
from tests.crash.invariants import broken, untidy
from tests.leaning import log_leaning, log_plain, row

LONG_NAME = "深" * 128
ROUTES = (
    "/api/artifacts",
    "/api/artifacts/stats",
    "/api/artifacts/{name}/versions",
    "/api/artifacts/{name}/v{number}",
    "/api/artifacts/{name}/v{number}/files",
    "/api/artifacts/{name}/aliases",
    "/api/artifacts/{name}/aliases/production",
    "/api/artifacts/{name}/aliases/production/history",
    "/api/artifacts/{name}/aliases/old/history",
    "/api/artifacts/{name}/v{number}/lineage",
    "/api/runs",
    "/api/runs/train-1",
    "/api/runs/train-1/artifacts",
)


@pytest.fixture
def portal(make_version: MakeVersion, store: Store) -> None:
    """Something of everything."""
    user = User.objects.create_user("member", email="m@example.org", password="secret")
    run, _ = create_run(project="p", name="first", created_by=user, run_id="train-1")
    data = make_version("data", type="dataset", files={"d.csv": b"1,2", "dir/深": b"", "x": b"x"})
    use_version(run=run, version=data, used_by=user)
    first = make_version(
        LONG_NAME, files={"w": b"weights 1"}, run_id=run.id, created_by=user,
        description="the first", tags=["a", "b"], metadata={"loss": 0.25, "深": None},
        aliases=["production", "old"], commit_id=uuid.uuid4(),
        references=(ManifestReference(uri="s3://b/k", size_bytes=7, metadata={"a": [1]}),),
    )  # fmt: skip
    ManifestEntry.objects.filter(version=first).update(modified_at=datetime(2024, 1, 2, tzinfo=UTC))
    update_run(run=run, changed_by=user, status="finished")
    for content in (b"weights 2", b"weights 3", b"weights 4"):
        make_version(LONG_NAME, files={"w": content, "same": b"x"})
    second, third, fourth = Version.objects.filter(artifact=first.artifact, number__gt=1)
    remove_alias(artifact=first.artifact, name="old", removed_by=user)
    move_alias(
        artifact=first.artifact, name="production", version=second, moved_by=user, is_protected=True
    )
    soft_delete_version(version=third, deleted_by=user)
    purge_version(version=fourth, purged_by=ANYBODY)


def answers(api: APIClient) -> dict[str, Any]:
    """What the portal says of everything."""
    artifacts = {"data": range(1, 3), LONG_NAME: range(1, 6), "m": range(1, 5)}
    paths = {
        route.format(name=name, number=number)
        for route in ROUTES
        for name, numbers in artifacts.items()
        for number in numbers
    }
    return {path: api.get(path).json() for path in sorted(paths)}


def contents(api: APIClient) -> dict[str, bytes]:
    """Every file of every live version, as downloaded."""
    entries = ManifestEntry.objects.filter(version__deleted_at=None)
    paths = [
        f"/api/artifacts/{one.version.artifact.name}/v{one.version.number}/files/{one.path}"
        for one in entries.select_related("version__artifact")
    ]
    return {path: body_of(api.get(path)) for path in paths}


@pytest.mark.usefixtures("portal")
def test_everything_comes_back(api: APIClient, store: Store, export: Callable[[], Path]) -> None:
    before, bytes_before = answers(api), contents(api)
    path = export()
    assert rebuild(export=path) == (0, ["6 blobs and 4 versions rebuilt."])
    assert answers(api) == before
    assert contents(api) == bytes_before
    assert broken(store) + untidy(store) == []
    call_command("scrub", read_data=True, stdout=StringIO())
    call_command("rebuild_trees", stdout=StringIO())
    assert not User.objects.get(username="member").has_usable_password()


def leanings() -> tuple[set[Any], set[Any]]:
    """How every content lies, and who leans on whom with how much."""
    fields = ("sha256", "size_bytes", "physical_bytes", "layout", "generation")
    return (
        set(Blob.objects.values_list(*fields)),
        set(BlobBase.objects.values_list("blob__sha256", "base__sha256", "bytes")),
    )


@pytest.mark.parametrize("purged", [0, 1, 3])
def test_content_that_leans_on_other_content_comes_back(
    api: APIClient,
    store: Store,
    make_version: MakeVersion,
    export: Callable[[], Path],
    purged: int,
) -> None:
    for number in range(4):
        make_version("m", files={"w.bin": checkpoint(number)})
    for number in range(1, purged + 1):
        version = Version.objects.select_related("artifact").get(number=number)
        purge_version(version=version, purged_by=ANYBODY)
    assert BlobBase.objects.exists()
    before, lay, bytes_before = answers(api), leanings(), contents(api)
    code, said = rebuild(export=export())
    assert (code, len(said)) == (0, 1)
    assert (answers(api), contents(api)) == (before, bytes_before)
    assert leanings() == lay
    assert broken(store) + untidy(store) == []
    call_command("scrub", read_data=True, stdout=StringIO())


def test_content_whose_base_is_gone_is_a_loss(store: Store, make_version: MakeVersion) -> None:
    for number in range(2):
        make_version("m", files={"w.bin": checkpoint(number)})
    leaning, base = Blob.objects.get(layout="extents"), Blob.objects.get(layout="file")
    store.pool_path(base.sha256).unlink()
    wipe()
    code, said = rebuild()
    assert code == 1
    gone = f"its bytes in {base.digest} are gone"
    assert f"lost: {leaning.digest}: {gone}" in said
    assert f"lost: {base.digest}: its bytes are gone" in said
    assert [one.status for one in Version.objects.all()] == ["corrupted", "corrupted"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_listed", [True, False])
def test_content_whose_base_is_torn_is_a_loss(store: Store, is_listed: bool) -> None:
    log_plain("base", "abcd")
    log_leaning("m", "cdx", "abcd")
    base, leaning = row("abcd"), row("cdx")
    if not is_listed:
        purge("base")
    path = physical_path(store, row("abcd").place)
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.truncate(100)
    path.chmod(0o444)
    wipe()
    code, said = rebuild()
    assert code == 1
    assert [line for line in said if line.startswith(f"lost: {leaning.digest}: ")], said
    assert "lost: model/m:v1 is corrupted" in said
    assert (f"lost: {base.digest}: 100 of its 16384 bytes are there" in said) is is_listed
    assert not [one for one in broken(store) if one.startswith("lost")]


def test_of_several_files_of_a_content_the_oldest_counts(
    store: Store, make_version: MakeVersion
) -> None:
    for number in range(2):
        make_version("m", files={"w.bin": checkpoint(number)})
    blob = Blob.objects.get(layout="extents")
    younger = store.extents_path(blob.sha256, 3)
    younger.write_bytes(store.extents_path(blob.sha256, 0).read_bytes())
    wipe()
    assert rebuild()[0] == 0
    assert Blob.objects.get(layout="extents").generation == 0


@pytest.mark.django_db(transaction=True)
def test_an_old_file_whose_base_is_gone_does_not_count(store: Store) -> None:
    for base in ("abcd", "abef"):
        log_plain(base, base)
    log_leaning("m", "abx", "abcd")
    stale = physical_path(store, row("abx").place)
    kept = stale.read_bytes()
    purge("m")
    purge("abcd")
    log_leaning("m", "abx", "abef")
    physical_path(store, row("abx").place).rename(store.extents_path(row("abx").sha256, 1))
    stale.write_bytes(kept)
    wipe()
    assert rebuild()[0] == 0
    assert (row("abx").generation, row("abx").damaged_at) == (1, None)


def test_a_footer_that_cannot_be_read_does_not_count(
    store: Store, make_version: MakeVersion
) -> None:
    for number in range(2):
        make_version("m", files={"w.bin": checkpoint(number)})
    blob = Blob.objects.get(layout="extents")
    torn = store.extents_path(blob.sha256, 0)
    store.extents_path(blob.sha256, 3).write_bytes(torn.read_bytes())
    torn.unlink()
    torn.write_bytes(b"torn")
    wipe()
    assert rebuild()[0] == 0
    assert Blob.objects.get(layout="extents").generation == 3


@pytest.mark.usefixtures("portal")
def test_the_next_version_gets_a_number_that_was_never_used(
    export: Callable[[], Path], make_version: MakeVersion
) -> None:
    rebuild(export=export())
    assert make_version(LONG_NAME).number == 5


@pytest.mark.usefixtures("portal")
def test_the_second_export_says_the_same(export: Callable[[], Path]) -> None:
    def lines(path: Path) -> list[str]:
        return sorted(line for line in path.read_text().splitlines() if '"export"' not in line)

    path = export()
    before = lines(path)
    rebuild(export=path)
    assert lines(export_to(path)) == before


@pytest.mark.usefixtures("portal")
def test_a_dry_run_says_the_same_and_keeps_nothing(export: Callable[[], Path]) -> None:
    path = export()
    assert rebuild(export=path, dry_run=True) == (0, ["6 blobs and 4 versions found."])
    assert (Blob.objects.count(), Run.objects.count(), StoreIdentity.objects.count()) == (0, 0, 0)


def test_without_an_export_content_and_names_come_back(
    api: APIClient, store: Store, make_version: MakeVersion
) -> None:
    make_version("m", files={"a": b"1"}, aliases=["production"], tags=["t"])
    make_version("m", files={"a": b"2"})
    wipe()
    code, said = rebuild()
    assert code == 0
    assert said[0].startswith("note: without an export: users, aliases")
    assert said[1:] == ["2 blobs and 2 versions rebuilt."]
    first, second = Version.objects.order_by("number")
    assert (first.number, first.tags, second.number) == (1, [], 2)
    assert Artifact.objects.get().last_number == 2
    made_at = (folder_of(first) / "manifest.json").stat().st_mtime
    assert first.created_at.timestamp() == pytest.approx(made_at)
    assert body_of(api.get("/api/artifacts/m/v2/files/a")) == b"2"
    assert broken(store) + untidy(store) == []
