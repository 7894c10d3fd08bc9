"""Content that the latest version has already: a version all the same, or that one again."""

from typing import Any

from artifacts.models import AliasEvent, Artifact, Version
from artifacts.services.versions import REUSE, VersionDraft, create_version, soft_delete_version
from artifacts.storage.manifest import Manifest, ManifestEntry, ManifestReference
from tests.conftest import ANYBODY, MakeVersion

CONTENT = {"a.bin": b"content of a"}


def draft_of(version: Version, **said: Any) -> VersionDraft:
    """The same content once more."""
    entries = tuple(
        ManifestEntry(entry.path, entry.blob.sha256, entry.blob.size_bytes)
        for entry in version.entries.select_related("blob")
    )
    return VersionDraft(manifest=Manifest(entries=entries), if_unchanged=REUSE, **said)


def log(draft: VersionDraft) -> tuple[int, bool]:
    version, is_new = create_version(type_="model", name="model-a", draft=draft, created_by=ANYBODY)
    return version.number, is_new


def test_the_latest_version_is_taken_again(make_version: MakeVersion) -> None:
    version = make_version(files=CONTENT)
    assert log(draft_of(version)) == (1, False)
    assert Artifact.objects.get().last_number == 1


def test_without_asking_a_version_is_made(make_version: MakeVersion) -> None:
    version = make_version(files=CONTENT)
    draft = VersionDraft(manifest=draft_of(version).manifest)
    assert log(draft) == (2, True)


def test_only_the_latest_version_counts(make_version: MakeVersion) -> None:
    first = make_version(files=CONTENT)
    make_version(files={"a.bin": b"other"})
    assert log(draft_of(first)) == (3, True)


def test_a_reference_more_is_other_content(make_version: MakeVersion) -> None:
    draft = draft_of(make_version(files=CONTENT))
    more = Manifest(draft.manifest.entries, (ManifestReference("s3://bucket/data"),))
    assert log(VersionDraft(manifest=more, if_unchanged=REUSE)) == (2, True)


def test_a_deleted_version_is_not_taken(make_version: MakeVersion) -> None:
    version = make_version(files=CONTENT)
    soft_delete_version(version=version, deleted_by=ANYBODY)
    assert log(draft_of(version)) == (2, True)


def test_the_first_version_is_made(make_version: MakeVersion) -> None:
    draft = draft_of(make_version(name="other", files=CONTENT))
    assert log(draft) == (1, True)


def test_the_aliases_move_to_it(make_version: MakeVersion) -> None:
    version = make_version(files=CONTENT)
    log(draft_of(version, aliases=["production"], comment="as good"))
    log(draft_of(version, aliases=["production"]))
    event = AliasEvent.objects.get(name="production")
    assert (event.comment, version.aliases.get().name) == ("as good", "production")
