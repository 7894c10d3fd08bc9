"""Links, renames and syncs: their fall-backs and their translations."""

import ctypes
import errno
import os
from types import SimpleNamespace

import pytest

from artifacts.errors import StorageFull, StoreUnavailable
from artifacts.storage import durable
from tests.storage.conftest import fail_with, left_in, record_calls

CANNOT_LINK = [errno.EMLINK, errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP]


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    durable.write_file(path, b"content")
    return path


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_disk_errors_says_full(code):
    with pytest.raises(StorageFull) as caught, durable.disk_errors():
        fail_with(code)()
    assert caught.value.status == 507


@pytest.mark.parametrize("code", [errno.EIO, errno.EROFS, errno.ESTALE])
def test_disk_errors_says_unavailable(code):
    with pytest.raises(StoreUnavailable) as caught, durable.disk_errors():
        fail_with(code)()
    assert caught.value.status == 503


def test_disk_errors_lets_other_errors_pass():
    with pytest.raises(PermissionError), durable.disk_errors():
        fail_with(errno.EACCES)()


def test_new_file_never_opens_an_existing_one(source):
    with pytest.raises(FileExistsError), durable.new_file(source):
        pass
    assert source.read_bytes() == b"content"


def test_new_file_leaves_nothing_when_the_block_fails(tmp_path):
    with pytest.raises(KeyError), durable.new_file(tmp_path / "new"):
        raise KeyError
    assert left_in(tmp_path) == []


def test_new_file_leaves_nothing_when_close_fails(tmp_path, monkeypatch):
    real_close = os.close

    def close(fd):
        real_close(fd)
        raise OSError(errno.ENOSPC, "late news from the disk")

    path = tmp_path / "new"
    with monkeypatch.context() as patch, pytest.raises(StorageFull), durable.new_file(path):
        patch.setattr(os, "close", close)
    assert left_in(tmp_path) == []


def test_write_file_is_read_only_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        durable.write_file(tmp_path / "new", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o444


def test_write_all_goes_on_after_short_writes(tmp_path, monkeypatch):
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real_write(fd, data[:3]))
    durable.write_file(tmp_path / "new", b"0123456789")
    assert (tmp_path / "new").read_bytes() == b"0123456789"


def test_write_all_gives_up_when_nothing_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "write", lambda fd, data: 0)
    with pytest.raises(StoreUnavailable):
        durable.write_file(tmp_path / "new", b"0123456789")
    assert left_in(tmp_path) == []


def test_link_or_copy_links(source, tmp_path):
    durable.link_or_copy(source, tmp_path / "target")
    assert source.samefile(tmp_path / "target")


@pytest.mark.parametrize("code", CANNOT_LINK)
def test_link_or_copy_copies_where_links_are_refused(source, tmp_path, monkeypatch, code):
    monkeypatch.setattr(os, "link", fail_with(code))
    target = tmp_path / "target"
    durable.link_or_copy(source, target)
    assert target.read_bytes() == b"content"
    assert not source.samefile(target)
    assert target.stat().st_mode & 0o777 == 0o444
    assert left_in(tmp_path) == ["source", "target"]


def test_link_or_copy_syncs_the_copy(source, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", fail_with(errno.EXDEV))
    monkeypatch.setattr(os, "fsync", fail_with(errno.ENOSPC))
    with pytest.raises(StorageFull):
        durable.link_or_copy(source, tmp_path / "target")
    assert left_in(tmp_path) == ["source"]


@pytest.mark.parametrize("code", [None, errno.EPERM])
def test_link_or_copy_never_replaces(source, tmp_path, monkeypatch, code):
    (tmp_path / "target").write_bytes(b"older")
    if code:
        monkeypatch.setattr(os, "link", fail_with(code))
    with pytest.raises(FileExistsError):
        durable.link_or_copy(source, tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"older"
    assert left_in(tmp_path) == ["source", "target"]


def test_link_or_copy_says_full(source, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", fail_with(errno.ENOSPC))
    with pytest.raises(StorageFull):
        durable.link_or_copy(source, tmp_path / "target")


def test_move_gives_the_old_name_back_when_the_sync_fails(source, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", fail_with(errno.EIO))
    with pytest.raises(StoreUnavailable):
        durable.move(source, tmp_path / "target")
    assert left_in(tmp_path) == ["source"]


def test_move_syncs_both_folders_the_new_name_first(source, tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    calls = record_calls(monkeypatch)
    durable.move(source, tmp_path / "other" / "target")
    assert calls == [
        "rename source",
        "fsync other",
        f"fsync {tmp_path.name}",
    ]


def test_make_folder_makes_parents_and_may_be_repeated(tmp_path):
    for _ in range(2):
        durable.make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()


def fake_libc(monkeypatch, code):
    def syncfs(fd):
        ctypes.set_errno(code)
        return -1 if code else 0

    monkeypatch.setattr(durable, "_libc", SimpleNamespace(syncfs=syncfs))


def test_sync_filesystem_says_full_when_the_kernel_does(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release="6.1.0"))
    fake_libc(monkeypatch, errno.ENOSPC)
    with pytest.raises(StorageFull), durable.sync_filesystem(tmp_path):
        pass


@pytest.mark.parametrize("release", ["4.18.0-553.el8", "5.7.9", "unknown"])
def test_sync_filesystem_syncs_each_file_where_syncfs_hides_errors(
    source, tmp_path, monkeypatch, release
):
    fake_libc(monkeypatch, 0)
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release))
    monkeypatch.setattr(os, "fsync", fail_with(errno.ENOSPC))
    with pytest.raises(StorageFull), durable.sync_filesystem(tmp_path) as written:
        written.append(source)


def test_sync_filesystem_syncs_each_file_where_there_is_no_syncfs(source, tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(durable, "_libc", SimpleNamespace())
    monkeypatch.setattr(os, "fsync", synced.append)
    with durable.sync_filesystem(tmp_path) as written:
        written.extend([source, source])
    assert len(synced) == 2


def test_start_writeback_is_left_out_where_the_system_has_none(source, monkeypatch):
    monkeypatch.setattr(durable, "_libc", SimpleNamespace())
    with source.open("rb") as file:
        durable.start_writeback(file.fileno(), 0, 7)


def test_remove_folder_takes_deep_and_read_only_folders(tmp_path):
    deep = tmp_path
    for part in ["top", *["a"] * 600]:
        deep /= part
        deep.mkdir()
    durable.write_file(deep / "file", b"")
    deep.chmod(0o555)
    durable.remove_folder(tmp_path / "top")
    assert left_in(tmp_path) == []


def test_remove_folder_does_not_follow_links_out(source, tmp_path):
    (tmp_path / "top").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").touch()
    (tmp_path / "top" / "link").symlink_to(tmp_path / "outside")
    durable.remove_folder(tmp_path / "top")
    assert left_in(tmp_path / "outside") == ["kept"]


def test_remove_folder_of_nothing_is_no_error(tmp_path):
    durable.remove_folder(tmp_path / "absent")
