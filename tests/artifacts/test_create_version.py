"""The commit of a version as a service: numbers, repeats, and what it refuses."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from artifacts.errors import Conflict, Invalid, MissingBlobs, SizeMismatch
from artifacts.models import Alias, Artifact, Blob, Version
from artifacts.models import ManifestEntry as EntryRow
from artifacts.services.purge import purge_version
from artifacts.services.trees import folder_of, read_manifest
from artifacts.services.versions import VersionDraft, create_version
from artifacts.storage.manifest import Manifest, ManifestEntry, ManifestReference
from tests.conftest import ANYBODY, sha256_of

ENTRY = ManifestEntry(path="a", sha256=sha256_of(b"content"), size_bytes=7)
DRAFT = VersionDraft(manifest=Manifest(entries=(ENTRY,)))


@pytest.fixture(autouse=True)
def content(make_blob: Callable[[bytes], Blob]) -> None:
    """What the draft names is stored."""
    make_blob(b"content")


def create(draft: VersionDraft = DRAFT, name: str = "a", type_: str = "model") -> Version:
    version, _ = create_version(type_=type_, name=name, draft=draft, created_by=ANYBODY)
    return version


def test_versions_are_numbered_from_one_in_each_artifact() -> None:
    assert [create().number for _ in range(3)] == [1, 2, 3]
    assert create(name="b").number == 1
    assert create(type_="dataset").number == 1


def test_a_purged_number_is_never_used_again(make_blob: Callable[[bytes], Blob]) -> None:
    for number in (1, 2, 3):
        version = create()
        assert version.number == number
        purge_version(version=version, purged_by=ANYBODY)
        make_blob(b"content")


def test_a_refused_commit_takes_no_number() -> None:
    absent = replace(ENTRY, sha256="0" * 64)
    with pytest.raises(MissingBlobs):
        create(VersionDraft(manifest=Manifest(entries=(absent,))))
    assert not Artifact.objects.exists()
    assert create().number == 1


def test_what_was_drafted_is_what_is_there() -> None:
    references = (ManifestReference(uri="s3://b", name="b"), ManifestReference(uri="s3://a"))
    manifest = Manifest(entries=(ENTRY, replace(ENTRY, path="B")), references=references)
    made = create(VersionDraft(manifest=manifest, metadata={"x": 1}, tags=("t",), description="d"))
    found = Version.objects.get(pk=made.pk)
    assert read_manifest(found) == replace(manifest, entries=manifest.entries[::-1])
    assert read_manifest(found).digest == found.manifest_sha256 == manifest.digest
    assert (found.size_bytes, found.num_files, found.num_references) == (14, 2, 2)
    assert (found.metadata, found.tags, found.description) == ({"x": 1}, ["t"], "d")


def test_the_folder_is_built_after_the_commit(
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        version = create()
        assert not folder_of(version).exists()
    assert (folder_of(version) / "files" / "a").read_bytes() == b"content"


def test_a_repeated_commit_finds_the_version_of_its_first_use() -> None:
    draft = replace(DRAFT, commit_id=uuid4(), aliases=("production",))
    first = create(draft)
    again, is_new = create_version(type_="model", name="a", draft=draft, created_by=ANYBODY)
    assert (again, is_new) == (first, False)
    assert Version.objects.count() == 1


@pytest.mark.parametrize(("name", "type_"), [("b", "model"), ("a", "dataset")])
def test_a_commit_id_used_elsewhere_is_a_conflict(name: str, type_: str) -> None:
    draft = replace(DRAFT, commit_id=uuid4())
    create(draft)
    with pytest.raises(Conflict, match="commit_id"):
        create(draft, name=name, type_=type_)
    assert Version.objects.count() == 1


def test_a_purge_frees_the_commit_id(make_blob: Callable[[bytes], Blob]) -> None:
    draft = replace(DRAFT, commit_id=uuid4())
    purge_version(version=create(draft), purged_by=ANYBODY)
    make_blob(b"content")
    assert create(draft).number == 2


def test_a_version_of_nothing_is_refused() -> None:
    with pytest.raises(Invalid, match="at least one file or reference"):
        create(VersionDraft(manifest=Manifest()))


def test_a_size_that_is_not_the_blobs_is_refused() -> None:
    wrong = replace(ENTRY, size_bytes=8)
    with pytest.raises(SizeMismatch, match="said to have 8 bytes"):
        create(VersionDraft(manifest=Manifest(entries=(wrong,))))
    assert not EntryRow.objects.exists()


def test_a_damaged_blob_is_missing() -> None:
    Blob.objects.update(damaged_at="2025-01-14T00:00:00Z")
    with pytest.raises(MissingBlobs) as refusal:
        create()
    assert refusal.value.extra == {"missing": [f"sha256:{ENTRY.sha256}"]}


def test_the_aliases_of_a_draft_move_with_it() -> None:
    for _ in range(2):
        create(replace(DRAFT, aliases=("production",)))
    assert Alias.objects.get().version.number == 2


def test_the_artifact_is_as_old_as_its_first_version_and_as_new_as_its_last() -> None:
    first, last = create(), create()
    artifact = Artifact.objects.get()
    assert (artifact.created_at, artifact.updated_at) == (first.created_at, last.created_at)
