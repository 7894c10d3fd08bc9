"""Uploads in parts: a break costs nothing that had come, and no byte goes where it must not."""

import errno
import io
import os
import shutil

import pytest

from artifacts.errors import SizeMismatch, StorageFull, StoreUnavailable, UploadInProgress
from artifacts.storage import pool, staging
from artifacts.storage.partial import open_partial, partial_path, received_of
from artifacts.storage.staging import StagedBlob
from tests.storage.conftest import fail_with, left_in, run_python, sha256_of, start_python

NAME = "ab" * 32 + "-7"
WITH_A_LIMIT = """
import io, resource, sys
from pathlib import Path
from artifacts.errors import StorageFull
from artifacts.storage.partial import open_partial
from artifacts.storage.store import open_store
store = open_store(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
with open_partial(store, sys.argv[2]) as partial:
    partial.append(io.BytesIO(b"before"), 6)
    try:
        partial.append(io.BytesIO(bytes(3 << 20)), 3 << 20)
    except StorageFull as error:
        print(error.status, partial.received)
"""
HOLD = """
import sys
from pathlib import Path
from artifacts.storage.partial import open_partial
from artifacts.storage.store import open_store
with open_partial(open_store(Path(sys.argv[1])), sys.argv[2]) as partial:
    print("locked", flush=True)
    sys.stdin.read()
"""


class Breaking:
    """Gives its pieces and then breaks, as a connection does."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def read(self, size):
        if not self.pieces:
            raise ConnectionResetError
        return self.pieces.pop(0)[:size]


def append(store, content, name=NAME):
    with open_partial(store, name) as partial:
        return partial.append(io.BytesIO(content), len(content))


def content_of(store, name=NAME):
    return partial_path(store, name).read_bytes()


def test_parts_together_are_the_content(store):
    assert append(store, b"one ") == 4
    assert append(store, b"two") == 3
    assert content_of(store) == b"one two"
    assert received_of(store, NAME) == 7


def test_received_is_what_is_there(store):
    assert received_of(store, NAME) == 0
    with open_partial(store, NAME) as partial:
        assert partial.received == 0
        partial.append(io.BytesIO(b"four"), 4)
        assert partial.received == 4


def test_a_part_may_be_empty(store):
    assert append(store, b"") == 0
    assert content_of(store) == b""


@pytest.mark.parametrize("size", [staging.PIECE_BYTES - 1, staging.PIECE_BYTES, 9 << 20])
def test_big_parts_are_kept_whole(store, size):
    content = os.urandom(1 << 16) * (size >> 16) + bytes(size % (1 << 16))
    assert append(store, content) == len(content)
    assert content_of(store) == content


def test_what_came_before_a_break_stays(store):
    with open_partial(store, NAME) as partial, pytest.raises(ConnectionResetError):
        partial.append(Breaking(b"some", b" more"), 100)
    assert content_of(store) == b"some more"
    append(store, b"!")
    assert content_of(store) == b"some more!"


def test_fewer_bytes_than_declared_stay(store):
    with open_partial(store, NAME) as partial:
        assert partial.append(io.BytesIO(b"few"), 10) == 3
    assert content_of(store) == b"few"


def test_more_bytes_than_declared_are_refused(store):
    with open_partial(store, NAME) as partial:
        with pytest.raises(SizeMismatch, match="Declared were 4 bytes, more came"):
            partial.append(io.BytesIO(b"longer"), 4)
        assert partial.received == 4
    assert content_of(store) == b"long"


def test_short_writes_lose_nothing(store, monkeypatch):
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real_write(fd, data[: len(data) // 3 + 1]))
    append(store, b"0123456789" * 100)
    assert content_of(store) == b"0123456789" * 100


def test_on_a_full_disk_only_what_was_there_stays(store, monkeypatch):
    append(store, b"before")
    real_write, left = os.write, [3]

    def write(fd, data):
        if not left:
            return fail_with(errno.ENOSPC)()
        return real_write(fd, data[: left.pop()])

    monkeypatch.setattr(os, "write", write)
    with open_partial(store, NAME) as partial, pytest.raises(StorageFull):
        partial.append(io.BytesIO(b"too much"), 8)
    monkeypatch.undo()
    assert content_of(store) == b"before"


def test_beyond_a_limit_of_the_system_only_what_was_there_stays(store):
    code, output, errors = run_python(WITH_A_LIMIT, store.root, NAME)
    assert (code, output, errors) == (0, "507 6\n", "")


def test_a_failing_disk_is_unavailable(store, monkeypatch):
    with open_partial(store, NAME) as partial:
        monkeypatch.setattr(os, "write", fail_with(errno.EIO))
        with pytest.raises(StoreUnavailable):
            partial.append(io.BytesIO(b"x"), 1)


def test_without_its_folder_it_is_unavailable(store):
    shutil.rmtree(store.staging)
    with pytest.raises(StoreUnavailable), open_partial(store, NAME):
        pass


def test_two_at_once_are_refused(store):
    with open_partial(store, NAME), pytest.raises(UploadInProgress), open_partial(store, NAME):
        pass
    append(store, b"afterwards")


def test_two_processes_at_once_are_refused_until_one_dies(store):
    with start_python(HOLD, store.root, NAME) as process:
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(UploadInProgress), open_partial(store, NAME):
            pass
        process.kill()
    append(store, b"afterwards")


def test_others_are_not_in_the_way(store):
    others = [NAME + ".chunks", "ab" * 32 + "-8", "cd" * 32 + "-7"]
    with open_partial(store, NAME):
        for other in others:
            append(store, other.encode(), other)
    assert [content_of(store, other) for other in others] == [one.encode() for one in others]


@pytest.mark.parametrize("name", ["", "ab", "ab" * 32, "ab" * 32 + "-../x", "/" + NAME, "AB" * 32])
def test_other_names_are_refused(store, name):
    with pytest.raises(ValueError, match="not the name"), open_partial(store, name):
        pass


def test_remove_forgets_what_came(store):
    with open_partial(store, NAME) as partial:
        partial.append(io.BytesIO(b"some"), 4)
        partial.remove()
        partial.remove()
    assert left_in(store.staging) == []
    assert received_of(store, NAME) == 0
    append(store, b"new")
    assert content_of(store) == b"new"


def test_who_waits_in_front_of_a_removed_file_gets_a_new_one(store, monkeypatch):
    append(store, b"old")
    real_open, removed = os.open, []

    def open_late(path, *rest, **named):
        fd = real_open(path, *rest, **named)
        if not removed:  # another request finished in this moment
            removed.append(path)
            os.unlink(path)  # noqa: PTH108
        return fd

    monkeypatch.setattr(os, "open", open_late)
    append(store, b"new")
    assert content_of(store) == b"new"


@pytest.mark.parametrize("as_root", [True, False])
def test_a_file_that_is_in_the_pool_is_never_written_to(store, as_root):
    sha256 = sha256_of(b"whole")
    append(store, b"whole")
    path = partial_path(store, NAME)
    path.chmod(0o644 if as_root else 0o444)  # a link is enough, and so is the seal
    os.link(path, store.pool_path(sha256))
    assert received_of(store, NAME) == 0
    append(store, b"again")
    assert content_of(store) == b"again"
    assert pool.has_content(store.pool_path(sha256), sha256, 5)


def test_a_sealed_file_is_left_to_who_publishes_it(store):
    with open_partial(store, NAME) as partial:
        partial.append(io.BytesIO(b"whole"), 5)
        partial.path.chmod(0o444)
        with pytest.raises(UploadInProgress), open_partial(store, NAME):
            pass
        pool.publish(store, StagedBlob(partial.path, sha256_of(b"whole"), 5))
    assert left_in(store.staging) == []
