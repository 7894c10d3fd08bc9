"""``manage.py scrub``: exit code 1 on any finding, and what it says."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from artifacts.models import Blob, StoreIdentity, Version
from artifacts.storage.layout import Store
from tests.commands.test_collect import another_copy
from tests.conftest import MakeVersion, digest_of, sha256_of
from tests.crash.invariants import broken, damage

CONTENT = b"content"
MakeBlob = Callable[[bytes], Blob]


def scrub(**options: Any) -> tuple[int, str]:
    """The exit code and what was said."""
    output = StringIO()
    try:
        call_command("scrub", stdout=output, **options)
    except SystemExit as ended:
        return int(str(ended.code)), output.getvalue().replace("\xa0", " ")
    return 0, output.getvalue().replace("\xa0", " ")


def test_a_sound_store_exits_0(make_version: MakeVersion) -> None:
    make_version(files={"a.bin": CONTENT, "b.bin": b"other"})
    assert scrub() == (0, "2 blobs checked, 0 B read.\n")
    assert scrub(read_data=True) == (0, "2 blobs checked, 12 B read.\n")
    assert Blob.objects.filter(verified_at=None).count() == 0


def test_an_empty_store_exits_0(store: Store) -> None:
    assert scrub(read_data=True) == (0, "0 blobs checked, 0 B read.\n")


def remove(store: Store) -> None:
    store.pool_path(sha256_of(CONTENT)).unlink()


def tear(store: Store) -> None:
    path = store.pool_path(sha256_of(CONTENT))
    path.chmod(0o644)
    path.write_bytes(CONTENT[:3])
    path.chmod(0o444)


@pytest.mark.parametrize("harm", [remove, tear])
def test_a_file_gone_or_torn_exits_1_and_corrupts_its_versions(
    store: Store, make_version: MakeVersion, harm: Callable[[Store], None]
) -> None:
    version, other = make_version(files={"a.bin": CONTENT}), make_version(files={"a.bin": b"other"})
    harm(store)
    code, said = scrub()
    assert code == 1
    assert f"damaged: {digest_of(CONTENT)} (upload the same content again to heal it)" in said
    assert Version.objects.get(pk=version.pk).status == "corrupted"
    assert Version.objects.get(pk=other.pk).status == "ready"


def test_changed_bytes_are_found_by_reading_the_data_only(
    store: Store, make_version: MakeVersion
) -> None:
    make_version(files={"a.bin": CONTENT})
    damage(store, CONTENT)
    assert scrub()[0] == 0
    assert scrub(read_data=True)[0] == 1
    assert broken(store) == []


def test_damage_is_reported_until_it_is_healed(
    store: Store, make_version: MakeVersion, make_blob: MakeBlob
) -> None:
    version = make_version(files={"a.bin": CONTENT})
    damage(store, CONTENT)
    assert [scrub(read_data=True)[0], scrub()[0], scrub(read_data=True)[0]] == [1, 1, 1]
    make_blob(CONTENT)
    assert scrub(read_data=True)[0] == 0
    version.refresh_from_db()
    assert version.status == "ready"


def test_a_soft_deleted_version_is_corrupted_when_it_comes_back(
    store: Store, make_version: MakeVersion
) -> None:
    version = make_version(files={"a.bin": CONTENT})
    Version.objects.update(deleted_at=version.created_at)
    remove(store)
    scrub()
    Version.objects.update(deleted_at=None)
    assert Version.objects.get().status == "corrupted"


def test_a_stray_exits_1_and_stays(store: Store, make_blob: MakeBlob) -> None:
    make_blob(CONTENT).delete()
    code, said = scrub()
    assert code == 1
    assert f"stray: {digest_of(CONTENT)} (harmless; collect frees it)" in said
    assert store.pool_path(sha256_of(CONTENT)).exists()
    assert not Blob.objects.exists()


def test_no_time_reads_nothing(make_blob: MakeBlob) -> None:
    make_blob(CONTENT)
    assert scrub(read_data=True, max_duration=0.0) == (0, "1 blob checked, 0 B read.\n")


def test_the_longest_unread_is_read_first(make_blob: MakeBlob, store: Store) -> None:
    contents = [b"a", b"bb", b"ccc"]
    for year, content in zip([2003, 2001, 2002], contents, strict=True):
        blob = make_blob(content)
        Blob.objects.filter(pk=blob.pk).update(verified_at=datetime(year, 1, 1, tzinfo=UTC))
    make_blob(b"never")
    assert scrub(read_data=True, max_duration=3600.0)[0] == 0
    order = Blob.objects.order_by("verified_at").values_list("size_bytes", flat=True)
    assert list(order) == [5, 2, 3, 1]


def test_a_second_copy_leaves_politely(store: Store) -> None:
    remains = "Another scrub is running; nothing to do.\n"
    with another_copy("scrub"):
        assert scrub() == (0, remains)


def test_it_refuses_another_store_and_marks_nothing(
    store: Store, make_version: MakeVersion
) -> None:
    make_version(files={"a.bin": CONTENT})
    remove(store)
    StoreIdentity.objects.update(store_id=uuid.uuid4())
    with pytest.raises(CommandError, match="this database belongs to"):
        scrub()
    assert Version.objects.get().status == "ready"


def test_a_missing_part_of_the_pool_is_no_damage(store: Store, make_version: MakeVersion) -> None:
    make_version(files={"a.bin": CONTENT})
    remove(store)
    store.pool_path(sha256_of(CONTENT)).parent.rmdir()
    with pytest.raises(CommandError, match="gone"):
        scrub(read_data=True)
    assert Version.objects.get().status == "ready"
