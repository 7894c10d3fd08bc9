"""Every write of artifacts is in the log of who did what, once, with what changed."""

from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, User
from accounts.roles import Role
from artifacts.errors import MissingBlobs
from artifacts.models import Version
from artifacts.services.aliases import move_alias, remove_alias
from artifacts.services.blobs import store_blob, store_blobs
from artifacts.services.purge import purge_version
from artifacts.services.versions import (
    VersionDraft,
    create_version,
    describe_version,
    restore_version,
    soft_delete_version,
    soft_delete_versions,
)
from artifacts.storage.manifest import Manifest, ManifestEntry
from tests.conftest import MakeVersion, digest_of, sha256_of
from tests.people import make_user

pytestmark = pytest.mark.usefixtures("team", "store")

CONTENT = b"content of a"


@pytest.fixture
def boss() -> User:
    return make_user("boss", Role.MAINTAINER, {"vision": Role.MAINTAINER})


@pytest.fixture
def version(make_version: MakeVersion, boss: User) -> Version:
    return make_version(created_by=boss, aliases=["a", "b"])


def events(prefix: str = "") -> list[tuple[str, str, Any, Any]]:
    rows = AuditEvent.objects.filter(action__startswith=prefix).order_by("id")
    return list(rows.values_list("action", "object", "before", "after"))


def test_a_commit_is_one_insert_with_its_aliases(boss: User, make_version: MakeVersion) -> None:
    make_version(created_by=boss)
    entry = ManifestEntry(path="a.bin", sha256=sha256_of(CONTENT), size_bytes=len(CONTENT))
    draft = VersionDraft(manifest=Manifest(entries=(entry,)), aliases=["a"])
    with CaptureQueriesContext(connection) as captured:
        version, _ = create_version(
            type_="model", name="model-a", draft=draft, created_by=boss, run_id=""
        )
    inserts = [one for one in captured.captured_queries if "accounts_auditevent" in one["sql"]]
    assert len(inserts) == 1
    *_, created, moved = events()
    assert created[:3] == ("version.create", "model/model-a:v2", None)
    assert created[3] == {
        "manifest_digest": f"sha256:{version.manifest_sha256}",
        "size_bytes": 12,
        "num_files": 1,
        "num_references": 0,
        "run": None,
        "aliases": ["a"],
    }
    assert moved == ("alias.move", "model/model-a:a", {"version": None}, {"version": 2})


def test_a_commit_that_fails_or_is_repeated_leaves_no_row(boss: User) -> None:
    entry = ManifestEntry(path="a.bin", sha256=sha256_of(CONTENT), size_bytes=len(CONTENT))
    with pytest.raises(MissingBlobs):
        create_version(
            type_="model", name="m", draft=VersionDraft(Manifest(entries=(entry,))),
            created_by=boss,
        )  # fmt: skip
    assert events() == []


def test_the_team_is_the_artifacts(boss: User, make_version: MakeVersion) -> None:
    guest = make_user("guest", None, {"vision": Role.MAINTAINER})
    version = make_version(created_by=guest)
    soft_delete_version(version=version, deleted_by=guest)
    move = AuditEvent.objects.get(action="version.delete")
    assert (move.team, move.object) == ("vision", "vision/model/model-a:v1")
    assert (move.username, move.object_type) == ("guest", "version")


def test_a_description_says_what_was_and_what_is(version: Version, boss: User) -> None:
    describe_version(version=version, changes={"tags": ["x"], "metadata": {}}, changed_by=boss)
    describe_version(version=version, changes={}, changed_by=boss)
    assert events("version.describe") == [
        (
            "version.describe",
            "model/model-a:v1",
            {"tags": [], "metadata": {}},
            {"tags": ["x"], "metadata": {}},
        )
    ]


def test_large_values_are_told_by_digest(version: Version, boss: User) -> None:
    describe_version(version=version, changes={"description": "x" * 5000}, changed_by=boss)
    ((_, _, before, after),) = events("version.describe")
    assert before == {"description": ""}
    assert after["description"].startswith("5002 bytes of JSON, sha256:")


def test_delete_and_restore_once_each(version: Version, boss: User) -> None:
    for _ in range(2):
        soft_delete_version(version=version, deleted_by=boss)
    for _ in range(2):
        restore_version(version=version, restored_by=boss)
    ready, deleted = {"status": "ready"}, {"status": "deleted"}
    assert [row for row in events("version.") if row[0] != "version.create"] == [
        ("version.delete", "model/model-a:v1", ready, deleted),
        ("version.restore", "model/model-a:v1", deleted, ready),
    ]


def test_many_versions_have_a_row_each(boss: User, make_version: MakeVersion) -> None:
    versions = [make_version(created_by=boss) for _ in range(3)]
    soft_delete_versions(versions=versions, by=boss)
    assert [row[1][-2:] for row in events("version.delete")] == ["v1", "v2", "v3"]


@pytest.mark.django_db(transaction=True)
def test_a_purge_says_what_went_and_what_it_freed(version: Version, boss: User) -> None:
    purge_version(version=version, purged_by=boss)
    gone = {
        "manifest_digest": f"sha256:{version.manifest_sha256}",
        "size_bytes": 12,
        "num_files": 1,
        "status": "ready",
    }
    assert events("version.purge") == [
        ("version.purge", "model/model-a:v1", gone, {"status": "purged"}),
        ("version.purged", "model/model-a", None, {"versions": [1], "freed_bytes": 12}),
    ]
    assert [row[1:] for row in events("alias.remove")] == [
        (f"model/model-a:{name}", {"version": 1}, {"version": None}) for name in "ab"
    ]


def test_an_alias_that_stays_where_it_is_is_no_deed(version: Version, boss: User) -> None:
    before = len(events())
    move_alias(artifact=version.artifact, name="a", version=version, moved_by=boss)
    assert len(events()) == before
    remove_alias(artifact=version.artifact, name="a", removed_by=boss, comment="why")
    assert events("alias.remove") == [
        ("alias.remove", "model/model-a:a", {"version": 1}, {"version": None, "comment": "why"})
    ]


def upload(content: bytes, by: User) -> None:
    sha256 = sha256_of(content)
    store_blob(source=BytesIO(content), sha256=sha256, size_bytes=len(content), stored_by=by)


def test_new_content_is_told_once_for_each_who_sends_it(boss: User) -> None:
    other = make_user("other", Role.CONTRIBUTOR)
    for by in (boss, boss, other, other):
        upload(b"abc", by)
    assert events() == [
        ("blob.upload", digest_of(b"abc"), None, {"size_bytes": 3, "stored_before": known})
        for known in (False, True)
    ]


def record_of(content: bytes) -> bytes:
    return bytes.fromhex(sha256_of(content)) + len(content).to_bytes(8) + content


def test_many_small_blobs_are_one_row(boss: User) -> None:
    upload(b"abc", boss)
    many = BytesIO(b"".join(map(record_of, (b"abc", b"de", b"fghi"))))
    store_blobs(source=many, stored_by=boss)
    many.seek(0)
    store_blobs(source=many, stored_by=boss)
    assert events()[1:] == [("blob.upload", "2 blobs", None, {"count": 2, "size_bytes": 6})]
