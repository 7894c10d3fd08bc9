"""The file that content is written to: whole at first, then only what is literal."""

import os

import pytest

from artifacts.storage import body as module
from artifacts.storage.body import Body
from tests.storage.conftest import open_fds

DATA = memoryview(bytes(range(100)))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "body"


@pytest.fixture
def body(path):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    with Body(path, fd) as found:
        yield found
    os.close(fd)


@pytest.fixture
def writes(monkeypatch):
    """The size of each write."""
    sizes, real = [], os.write
    monkeypatch.setattr(os, "write", lambda fd, data: sizes.append(len(data)) or real(fd, data))
    return sizes


def test_what_is_kept_is_written_in_one_go(body, path, writes):
    for at in range(0, 30, 10):
        body.keep(DATA[at:], 10)
    assert writes == []
    body.flush()
    body.flush()
    assert (path.read_bytes(), writes) == (bytes(DATA[:30]), [30])
    assert body.is_whole


def test_what_was_found_elsewhere_is_left_out(body, path):
    body.keep(DATA, 10)
    body.leave_out(DATA[10:], 20, is_repeat=False)
    body.keep(DATA[30:], 5)
    body.leave_out(DATA[35:], 5, is_repeat=True)
    body.keep(DATA[40:], 60)
    body.flush()
    assert path.read_bytes() == bytes([*DATA[:10], *DATA[30:35], *DATA[40:]])
    assert not body.is_whole


def test_after_a_repeat_all_of_it_is_written(body, path):
    body.keep(DATA, 10)
    body.leave_out(DATA[10:], 20, is_repeat=True)
    body.leave_out(DATA[30:], 20, is_repeat=False)
    body.keep(DATA[50:], 50)
    body.flush()
    assert path.read_bytes() == bytes(DATA)
    assert body.is_whole


@pytest.mark.parametrize("is_first_found", [True, False])
def test_literal_bytes_are_read_back_by_their_offset_in_the_content(body, is_first_found):
    if is_first_found:
        body.leave_out(DATA, 10, is_repeat=False)
    else:
        body.keep(DATA, 10)
    body.keep(DATA[10:], 10)
    assert body.read_at(12, 3) == bytes(DATA[12:15])  # though nobody said flush
    body.leave_out(DATA[20:], 30, is_repeat=False)
    body.keep(DATA[50:], 25)
    body.flush()
    body.leave_out(DATA[75:], 5, is_repeat=False)
    body.keep(DATA[80:], 20)
    for start, end in [(10, 20), (50, 75), (60, 61), (80, 100)]:
        assert body.read_at(start, end - start) == bytes(DATA[start:end])
    assert body.read_at(95, 20) == bytes(DATA[95:])


def test_content_that_is_there_already_is_only_read(path):
    path.write_bytes(DATA)
    with Body(path) as body:
        body.leave_out(DATA, 50, is_repeat=False)
        body.keep(DATA[50:], 50)
        body.flush()
        assert body.is_whole
        assert body.read_at(70, 10) == bytes(DATA[70:80])
    assert path.read_bytes() == bytes(DATA)


def test_the_disk_may_begin_before_the_end(body, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "start_writeback", lambda fd, *found: asked.append(found))
    monkeypatch.setattr(module, "WRITEBACK_BYTES", 20)
    for at in range(0, 90, 15):
        body.keep(DATA[at:], 15)
        body.flush()
    assert asked == [(0, 30), (30, 30), (60, 30)]


@pytest.mark.parametrize("is_found", [True, False])
def test_what_leaves_out_stays_young(body, path, is_found):
    body.leave_out(DATA, 10, is_repeat=not is_found)
    body.flush()
    os.utime(path, (0, 0))
    body.touch()
    assert (path.stat().st_mtime > 0) is is_found


def test_it_closes_what_it_opened(body, path):
    body.keep(DATA, 10)
    before = open_fds()
    body.read_at(0, 5)
    body.read_at(5, 5)
    body.close()
    body.close()
    assert open_fds() == before
