"""Content of foreign files: linked where nobody may write, else cloned or copied; always hashed."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from artifacts.errors import Conflict, StorageFull
from artifacts.storage import adopt as module
from artifacts.storage.adopt import Adopted, Wanted, adopt, may_be_linked
from artifacts.storage.layout import Store
from tests.storage.conftest import sha256_of

CONTENT = b"content of old"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A foreign file, on the filesystem of the store."""
    path = tmp_path / "old.bin"
    path.write_bytes(CONTENT)
    path.chmod(0o644)
    return path


@pytest.fixture
def take(store: Store) -> Callable[..., Adopted]:
    """Adopt one file."""

    def take(path: Path, content: bytes = CONTENT, **how: bool) -> Adopted:
        with path.open("rb") as file:
            wanted = Wanted(path, file, sha256_of(content), len(content))
            (found,) = adopt(store, [wanted], **{"may_link": True, "may_clone": False} | how)
        return found

    return take


def staged_inode(found: Adopted) -> int:
    assert found.staged is not None
    return found.staged.path.stat().st_ino


def test_a_file_that_nobody_may_write_to_is_linked(
    take: Callable[..., Adopted], source: Path
) -> None:
    source.chmod(0o444)
    before = source.stat()
    found = take(source)
    assert found.how == "linked"
    assert staged_inode(found) == before.st_ino
    after = source.stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)


def test_what_must_be_linked_and_cannot_be_is_refused(
    store: Store, take: Callable[..., Adopted], source: Path
) -> None:
    with pytest.raises(Conflict, match="cannot be linked"):
        take(source, must_link=True)
    assert list(store.staging.iterdir()) == []
    source.chmod(0o444)
    assert take(source, must_link=True).how == "linked"


@pytest.mark.parametrize("mode", [0o644, 0o464, 0o446, 0o600, 0o4444, 0o2444])
def test_a_file_that_somebody_may_write_to_is_copied_and_stays_as_it_is(
    take: Callable[..., Adopted], source: Path, mode: int
) -> None:
    source.chmod(mode)
    before = source.stat()
    found = take(source)
    assert found.how == "copied"
    assert staged_inode(found) != before.st_ino
    assert (source.stat().st_mode, source.stat().st_nlink) == (before.st_mode, 1)


def test_a_write_to_the_original_of_a_copy_changes_nothing(
    take: Callable[..., Adopted], source: Path
) -> None:
    found = take(source)
    source.write_bytes(b"something else")
    assert found.staged is not None
    assert found.staged.path.read_bytes() == CONTENT
    assert found.staged.path.stat().st_mode & 0o777 == 0o444


def test_no_link_is_made_where_none_is_wanted(take: Callable[..., Adopted], source: Path) -> None:
    source.chmod(0o444)
    assert take(source, may_link=False).how == "copied"


def test_a_file_of_another_owner_is_no_candidate(source: Path) -> None:
    source.chmod(0o444)
    assert may_be_linked(source.stat())
    others = os.stat_result([*source.stat()[:4], os.geteuid() + 1, *source.stat()[5:]])
    assert not may_be_linked(others)


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EACCES])
def test_where_the_filesystem_refuses_a_link_it_is_copied(
    take: Callable[..., Adopted], source: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    source.chmod(0o444)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    assert take(source).how == "copied"


def test_a_file_that_took_the_name_meanwhile_is_not_linked(store: Store, source: Path) -> None:
    source.chmod(0o444)
    with source.open("rb") as file:
        source.unlink()
        source.write_bytes(b"another file!!")
        source.chmod(0o444)
        wanted = Wanted(source, file, sha256_of(CONTENT), len(CONTENT))
        (found,) = adopt(store, [wanted], may_link=True, may_clone=False)
    assert found.how == "copied"
    assert found.staged is not None
    assert found.staged.path.read_bytes() == CONTENT


def test_a_clone_is_hashed_as_it_lies(
    take: Callable[..., Adopted], source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def clone(file: BinaryIO, fd: int) -> bool:
        """What the filesystem does where it can, without its sharing of blocks."""
        os.write(fd, os.pread(file.fileno(), 1 << 20, 0))
        return True

    monkeypatch.setattr(module, "try_clone", clone)
    assert take(source, may_clone=True).how == "cloned"
    assert "digest" in take(source, b"content of new", may_clone=True).why


@pytest.mark.parametrize("mode", [0o444, 0o644])
@pytest.mark.parametrize(
    ("content", "why"), [(b"content of new", "has the digest sha256:"), (b"short", "has 14 of 5")]
)
def test_what_is_not_as_it_must_be_leaves_nothing(
    take: Callable[..., Adopted], store: Store, source: Path, mode: int, content: bytes, why: str
) -> None:
    source.chmod(mode)
    found = take(source, content)
    assert (found.staged, found.why.startswith(why)) == (None, True)
    assert list(store.staging.iterdir()) == []
    assert source.read_bytes() == CONTENT


class Failing:
    """A file whose disk fails."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def fileno(self) -> int:
        return int(self._file.fileno())

    def read(self, size: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_failing_disk_of_the_original_is_no_failure_of_the_store(
    store: Store, source: Path
) -> None:
    with source.open("rb") as file:
        wanted: Any = Wanted(source, Failing(file), sha256_of(CONTENT), len(CONTENT))  # type: ignore[arg-type]
        (found,) = adopt(store, [wanted], may_link=True, may_clone=False)
    assert (found.staged, found.why) == (None, "Input/output error")
    assert list(store.staging.iterdir()) == []


def test_a_full_disk_keeps_none_of_a_lot(
    store: Store, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def write(fd: int, data: bytes | memoryview) -> int:
        written.append(fd)
        if len(written) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return len(data)

    with source.open("rb") as one, source.open("rb") as two:
        wanted = [Wanted(source, file, sha256_of(CONTENT), len(CONTENT)) for file in (one, two)]
        monkeypatch.setattr(os, "write", write)
        with pytest.raises(StorageFull):
            adopt(store, wanted, may_link=False, may_clone=False)
    assert list(store.staging.iterdir()) == []
