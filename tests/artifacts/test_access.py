"""Who may not enter sees nothing and changes nothing, whatever room he comes from."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.roles import Role
from artifacts.errors import AccessDenied
from artifacts.models import Artifact, Blob, Version
from artifacts.services.aliases import move_alias, remove_alias
from artifacts.services.blobs import missing_blobs, store_blob, store_blobs
from artifacts.services.purge import purge_version
from artifacts.services.versions import (
    VersionDraft,
    create_version,
    describe_version,
    restore_version,
    soft_delete_version,
)
from artifacts.storage.manifest import Manifest, ManifestReference
from tests.conftest import ANYBODY, MakeVersion, sha256_of
from tests.people import make_user

DRAFT = VersionDraft(manifest=Manifest(references=(ManifestReference(uri="s3://x"),)))
Write = Callable[[Version, Any], object]
WRITES: dict[str, Write] = {
    "create": lambda _, by: create_version(type_="model", name="n", draft=DRAFT, created_by=by),
    "describe": lambda one, by: describe_version(version=one, changes={"tags": []}, changed_by=by),
    "delete": lambda one, by: soft_delete_version(version=one, deleted_by=by),
    "purge": lambda one, by: purge_version(version=one, purged_by=by),
    "restore": lambda one, by: restore_version(version=one, restored_by=by),
    "move alias": lambda one, by: move_alias(
        artifact=one.artifact, name="x", version=one, moved_by=by
    ),
    "remove alias": lambda one, by: remove_alias(
        artifact=one.artifact, name="production", removed_by=by
    ),
    "store": lambda _, by: store_blob(
        source=BytesIO(b"new"), sha256=sha256_of(b"new"), size_bytes=3, stored_by=by
    ),
    "store many": lambda _, by: store_blobs(source=BytesIO(b""), stored_by=by),
}


@pytest.fixture
def version(make_version: MakeVersion, settings: Any) -> Version:
    """A version, logged before the portal asked for a login."""
    made = make_version(aliases=["production"])
    settings.RUNICORN_ACCESS = "team"
    return made


@pytest.mark.parametrize("name", WRITES)
def test_nobody_in_particular_writes_nothing_in_team_mode(version: Version, name: str) -> None:
    with pytest.raises(AccessDenied):
        WRITES[name](version, AnonymousUser())
    assert Version.objects.get().status == "ready"
    assert Blob.objects.count() == 1


@pytest.mark.parametrize("name", WRITES)
def test_a_member_writes(version: Version, name: str) -> None:
    WRITES[name](version, make_user("member", Role.MAINTAINER))


@pytest.mark.parametrize("model", [Artifact, Version, Blob])
def test_what_is_there_is_visible_to_members_only(version: Version, model: Any) -> None:
    assert not model.objects.visible_to(ANYBODY).exists()
    assert model.objects.visible_to(make_user("member", Role.MAINTAINER)).exists()


def test_nobody_learns_what_is_stored(version: Version) -> None:
    stored = Blob.objects.get().sha256
    assert missing_blobs(sha256s=[stored], asked_by=ANYBODY) == [stored]


def test_in_open_mode_everybody_may(version: Version, settings: Any) -> None:
    settings.RUNICORN_ACCESS = "open"
    assert Version.objects.visible_to(ANYBODY).exists()
    soft_delete_version(version=version, deleted_by=ANYBODY)


def test_whoever_deletes_is_remembered_until_the_restore(version: Version) -> None:
    member = make_user("member", Role.MAINTAINER)
    soft_delete_version(version=version, deleted_by=member)
    version.refresh_from_db()
    assert version.deleted_by == member
    restored = restore_version(version=version, restored_by=member)
    assert (restored.deleted_at, restored.deleted_by) == (None, None)


def test_an_account_that_goes_leaves_its_versions(version: Version) -> None:
    member = make_user("member", Role.MAINTAINER)
    made, _ = create_version(type_="model", name="n", draft=DRAFT, created_by=member)
    member.delete()
    made.refresh_from_db()
    assert made.created_by is None
