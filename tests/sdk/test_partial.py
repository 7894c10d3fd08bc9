"""Files on their way: one process fills each, the next one takes it up."""

import errno
import fcntl
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runicorn import partial
from runicorn.errors import IntegrityError
from runicorn.partial import Partial, Taken, open_partial, try_remove
from runicorn.transfer import Transfer
from tests.sdk.conftest import Ledger, digest_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a file is on its way."""
    return tmp_path / "on" / "its" / "way"


def test_what_came_is_taken_up(path: Path) -> None:
    with open_partial(path, Transfer()) as first:
        first.write(b"one ")
    ledger = Ledger()
    ledger.start("Fetching", 7)
    with open_partial(path, Transfer(ledger)) as second:
        second.take_up(7, Transfer(ledger))
        assert (second.done, ledger.done) == (4, {"Fetching": 4})
        second.write(b"two")
        second.check(7, digest_of(b"one two"), "it")
        second.rename(path.with_name("whole"))
    assert path.with_name("whole").read_bytes() == b"one two"


def test_more_than_there_should_be_is_dropped(path: Path) -> None:
    with open_partial(path, Transfer()) as first:
        first.write(b"too much")
    with open_partial(path, Transfer()) as second:
        second.take_up(3, Transfer())
        assert second.done == 0


@pytest.mark.parametrize(("size", "content"), [(3, b"two"), (4, b"one")])
def test_what_is_wrong_is_dropped(path: Path, size: int, content: bytes) -> None:
    with open_partial(path, Transfer()) as one:
        one.write(b"one")
        with pytest.raises(IntegrityError, match="it "):
            one.check(size, digest_of(content), "it")
    assert not path.exists()


def test_nothing_is_left_where_nothing_came(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_partial(path, Transfer()):
        1 / 0  # noqa: B018
    assert not path.exists()


def test_only_one_fills_it(path: Path) -> None:
    def wait_for_it() -> bool:
        with open_partial(path, Transfer()) as second:
            return second.has_waited

    with ThreadPoolExecutor(1) as pool:
        with open_partial(path, Transfer()) as first:
            with pytest.raises(Taken):
                Partial(path)
            waiting = pool.submit(wait_for_it)
            time.sleep(0.3)
            first.write(b"all")
            first.rename(path.with_name("whole"))
            assert not waiting.done()
        assert waiting.result(timeout=30)
    assert path.with_name("whole").read_bytes() == b"all"


def test_one_that_stands_still_is_not_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial, "STALLED_SECONDS", 60)
    with open_partial(path, Transfer()) as first:
        first.write(b"half")
        long_ago = time.time() - 61
        os.utime(path, (long_ago, long_ago))
        with open_partial(path, Transfer()) as second:
            assert second.path != path
            second.write(b"other")
    assert list(path.parent.iterdir()) == [path]


def test_without_locks_everybody_has_his_own(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with open_partial(path, Transfer()) as one:
        assert one.path.parent == path.parent
        assert one.path != path


def test_only_what_nobody_fills_is_removed(path: Path) -> None:
    with open_partial(path, Transfer()) as one:
        one.write(b"half")
        assert not try_remove(path)
    assert try_remove(path)
    assert not try_remove(path)
