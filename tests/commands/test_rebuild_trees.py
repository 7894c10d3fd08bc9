"""``manage.py rebuild_trees``: version folders are derived, and come back as they were."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from artifacts.models import Blob, StoreIdentity, Version
from artifacts.services.trees import folder_of
from artifacts.storage.durable import remove_folder
from artifacts.storage.layout import Store
from tests.conftest import MakeVersion, sha256_of
from tests.crash.invariants import broken, damage, untidy

CONTENT = b"content"
MakeBlob = Callable[[bytes], Blob]


def rebuild() -> str:
    output = StringIO()
    call_command("rebuild_trees", stdout=output, stderr=output)
    return output.getvalue()


@pytest.fixture
def version(make_version: MakeVersion) -> Version:
    return make_version(files={"a.bin": CONTENT, "dir/b.bin": b"other"})


def test_missing_folders_come_back(store: Store, version: Version) -> None:
    remove_folder(folder_of(version).parent)
    assert rebuild() == "1 version folder in place.\n"
    assert (folder_of(version) / "files/dir/b.bin").read_bytes() == b"other"
    assert broken(store) + untidy(store) == []


def test_folders_of_soft_deleted_versions_come_back_too(store: Store, version: Version) -> None:
    remove_folder(folder_of(version))
    Version.objects.update(deleted_at=version.created_at)
    rebuild()
    assert folder_of(version).is_dir()


def test_a_changed_file_is_replaced_and_a_sound_folder_stays(
    store: Store, version: Version, make_version: MakeVersion
) -> None:
    sound = folder_of(make_version(files={"a.bin": CONTENT}))
    before = sound.stat().st_ino
    file = folder_of(version) / "files/a.bin"
    file.parent.chmod(0o755)
    file.unlink()
    file.write_bytes(b"changed")
    rebuild()
    assert (folder_of(version) / "files/a.bin").read_bytes() == CONTENT
    assert sound.stat().st_ino == before


def test_a_folder_with_healed_content_still_linked_to_the_old_bytes_is_replaced(
    store: Store, version: Version, make_blob: MakeBlob
) -> None:
    damage(store, CONTENT)
    Blob.objects.filter(sha256=sha256_of(CONTENT)).update(damaged_at=version.created_at)
    make_blob(CONTENT)  # the rebuild after its commit is as if killed
    assert (folder_of(version) / "files/a.bin").read_bytes() != CONTENT
    rebuild()
    assert (folder_of(version) / "files/a.bin").read_bytes() == CONTENT


def test_a_version_whose_content_is_gone_is_named_and_the_others_are_built(
    store: Store, version: Version, make_version: MakeVersion
) -> None:
    other = make_version(files={"c.bin": b"third"})
    remove_folder(folder_of(version).parent)
    store.pool_path(sha256_of(CONTENT)).unlink()
    with pytest.raises(CommandError, match="1 folder could not be built"):
        rebuild()
    assert not folder_of(version).exists()
    assert folder_of(other).is_dir()


def test_it_refuses_an_absent_store(store: Store, version: Version) -> None:
    StoreIdentity.objects.all().delete()
    with pytest.raises(CommandError, match="belongs to none yet"):
        rebuild()
