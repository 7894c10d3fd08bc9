"""The database refuses what cannot be, whoever writes to it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone

from artifacts.models import (
    Alias,
    AliasEvent,
    Artifact,
    Blob,
    BlobBase,
    BlobChunks,
    Hook,
    ManifestEntry,
    Reference,
    Version,
)
from tests.conftest import MakeVersion

HEX = "0" * 64


def refused(constraint: str, write: Callable[[], Any]) -> None:
    """``write`` fails, because of ``constraint``."""
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        write()


def make_blob(letter: str) -> Blob:
    return Blob.objects.create(sha256=letter * 64, size_bytes=1, physical_bytes=1)


def test_a_base_is_older_than_what_leans_on_it(db: None) -> None:
    older, newer = make_blob("a"), make_blob("b")
    BlobBase.objects.create(blob=newer, base=older, bytes=1)
    for blob in (older, newer):
        refused(
            "blob_base_is_older",
            lambda blob=blob: BlobBase.objects.create(blob=blob, base=newer, bytes=1),
        )


def test_a_base_lends_bytes_and_once(db: None) -> None:
    older, newer = make_blob("a"), make_blob("b")
    refused("lends_bytes", lambda: BlobBase.objects.create(blob=newer, base=older, bytes=0))
    BlobBase.objects.create(blob=newer, base=older, bytes=1)
    refused("unique", lambda: BlobBase.objects.create(blob=newer, base=older, bytes=1))


def test_a_base_stays_until_nobody_leans_on_it(db: None) -> None:
    older, newer = make_blob("a"), make_blob("b")
    BlobBase.objects.create(blob=newer, base=older, bytes=1)
    BlobChunks.objects.create(blob=newer, chunks=b"")
    Hook.objects.create(blob=newer, key=-1)
    with pytest.raises(RestrictedError):
        older.delete()
    newer.delete()
    older.delete()
    assert not BlobBase.objects.exists()
    assert not Hook.objects.exists()


def test_what_is_dead_lends_or_is_an_orphan(make_version: MakeVersion) -> None:
    make_version(files={"a": b"x"})
    held = Blob.objects.get()
    older, newer = make_blob("a"), make_blob("b")
    BlobBase.objects.create(blob=newer, base=older, bytes=1)
    assert set(Blob.objects.dead()) == {older, newer}
    assert list(Blob.objects.lending()) == [older]
    assert list(Blob.objects.orphaned()) == [newer]
    assert held not in Blob.objects.dead()


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"sha256": "x" * 64}, "blob_sha256_is_hex"),
        ({"sha256": "A" * 64}, "blob_sha256_is_hex"),
        ({"sha256": "0" * 63}, "blob_sha256_is_hex"),
        ({"size_bytes": -1, "physical_bytes": -1}, "blob_sizes_not_negative"),
        ({"layout": "extents", "physical_bytes": -1}, "blob_sizes_not_negative"),
        ({"layout": "cloud"}, "blob_layout_is_known"),
        ({"layout": "file", "physical_bytes": 0}, "blob_file_holds_all"),
    ],
)
def test_a_blob(db: None, fields: dict[str, Any], constraint: str) -> None:
    good = {"sha256": HEX, "size_bytes": 1, "physical_bytes": 1}
    refused(constraint, lambda: Blob.objects.create(**{**good, **fields}))


def test_a_blob_twice(db: None) -> None:
    Blob.objects.create(sha256=HEX, size_bytes=1, physical_bytes=1)
    refused("sha256", lambda: Blob.objects.create(sha256=HEX, size_bytes=1, physical_bytes=1))


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"type": "../.."}, "artifact_type_is_known"),
        ({"type": ""}, "artifact_type_is_known"),
        ({"name": ""}, "artifact_name_not_empty"),
        ({"last_number": -1}, "last_number"),
    ],
)
def test_an_artifact(db: None, fields: dict[str, Any], constraint: str) -> None:
    good = {"type": "model", "name": "a"}
    refused(constraint, lambda: Artifact.objects.create(**{**good, **fields}))


def test_a_name_is_there_once_in_its_type(db: None) -> None:
    Artifact.objects.create(type="model", name="a")
    Artifact.objects.create(type="dataset", name="a")
    refused(
        "artifact_name_unique_per_type", lambda: Artifact.objects.create(type="model", name="a")
    )


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"number": 0}, "version_number_from_one"),
        ({"number": 1}, "version_number_unique"),
        ({"size_bytes": -1}, "version_size_not_negative"),
        ({"num_files": -1}, "num_files"),
        ({"purged_at": timezone.now(), "description": "x"}, "version_tombstone_holds_nothing"),
        ({"purged_at": timezone.now(), "tags": ["x"]}, "version_tombstone_holds_nothing"),
        ({"purged_at": timezone.now(), "metadata": {"x": 1}}, "version_tombstone_holds_nothing"),
        ({"purged_at": timezone.now(), "size_bytes": 1}, "version_tombstone_holds_nothing"),
        ({"purged_at": timezone.now(), "manifest_sha256": HEX}, "version_tombstone_holds_nothing"),
    ],
)
def test_a_version(make_version: MakeVersion, fields: dict[str, Any], constraint: str) -> None:
    artifact = make_version().artifact
    good = {"artifact": artifact, "number": 2}
    refused(constraint, lambda: Version.objects.create(**{**good, **fields}))


def test_an_artifact_with_versions_cannot_go(make_version: MakeVersion) -> None:
    artifact = make_version().artifact
    with pytest.raises(ProtectedError):
        artifact.delete()


@pytest.mark.parametrize(
    ("path", "constraint"),
    [
        ("a.bin", "entry_path_unique_per_version"),
        ("", "entry_path_not_empty"),
        ("数" * 342, "entry_path_not_too_long"),
    ],
)
def test_an_entry(make_version: MakeVersion, path: str, constraint: str) -> None:
    version = make_version(files={"a.bin": b"x"})
    blob = Blob.objects.get()
    refused(constraint, lambda: ManifestEntry.objects.create(version=version, path=path, blob=blob))


def test_a_blob_that_an_entry_names_cannot_go(make_version: MakeVersion) -> None:
    make_version()
    with pytest.raises(RestrictedError):
        Blob.objects.get().delete()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else it would fail at the commit only
        refused("artifacts_blob", lambda: cursor.execute("DELETE FROM artifacts_blob"))


def test_a_reference(make_version: MakeVersion) -> None:
    version = make_version()
    Reference.objects.create(version=version, position=0, uri="s3://x")
    refused(
        "reference_position_unique",
        lambda: Reference.objects.create(version=version, position=0, uri="s3://y"),
    )
    refused(
        "reference_size_not_negative",
        lambda: Reference.objects.create(version=version, position=1, uri="s3://y", size_bytes=-1),
    )


@pytest.mark.parametrize("name", ["latest", "v1", "v0", "v123456789012345678901234567890", ""])
def test_an_alias_that_is_none(make_version: MakeVersion, name: str) -> None:
    version = make_version()
    refused(
        "alias_is_not_a_version_number",
        lambda: Alias.objects.create(artifact=version.artifact, version=version, name=name),
    )


def test_an_alias_is_there_once(make_version: MakeVersion) -> None:
    version = make_version(aliases=["production"])
    refused(
        "alias_name_unique_per_artifact",
        lambda: Alias.objects.create(artifact=version.artifact, version=version, name="production"),
    )


def test_every_row_has_a_name_for_people(make_version: MakeVersion) -> None:
    version = make_version("模型", files={"a": b"x"}, aliases=["best"])
    Reference.objects.create(version=version, position=0, uri="s3://x")
    blob = Blob.objects.get()
    newer = make_blob("b")
    BlobBase.objects.create(blob=newer, base=blob, bytes=1)
    BlobChunks.objects.create(blob=blob, chunks=b"")
    Hook.objects.create(blob=blob, key=7)
    lent = [str(model.objects.get()) for model in (BlobBase, BlobChunks, Hook)]
    assert lent == [f"{newer.pk} on {blob.pk}", f"chunks of {blob.pk}", f"7 in {blob.pk}"]
    found = [
        str(model.objects.get())
        for model in (Artifact, Version, ManifestEntry, Reference, Alias, AliasEvent)
    ]
    assert found == ["model/模型", "模型:v1", "a", "s3://x", "best", "best: None → 1"]
