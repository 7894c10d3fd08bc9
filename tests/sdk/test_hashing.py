"""Reading files that must not change meanwhile."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runicorn.errors import SourceChanged
from runicorn.hashing import PIECE_BYTES, hash_file, read_again
from tests.sdk.conftest import digest_of

MakeFile = Callable[..., Path]


def ignore(size_bytes: int) -> None:
    """Nobody watches."""


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_the_digest_is_the_contents(make_file: MakeFile, size: int) -> None:
    content = os.urandom(size)
    pieces: list[int] = []
    source = hash_file(make_file("a", content), pieces.append)
    assert (source.digest, source.size, sum(pieces)) == (digest_of(content), size, size)
    assert b"".join(read_again(source)) == content


def test_the_time_of_the_last_write_is_noted(make_file: MakeFile) -> None:
    path = make_file("a")
    os.utime(path, (1_700_000_000.5, 1_700_000_000.5))
    assert hash_file(path, ignore).modified_at == 1_700_000_000.5


@pytest.mark.parametrize("change", [b"", b"short", b"x" * 4 * PIECE_BYTES])
def test_a_change_while_hashing_is_refused(make_file: MakeFile, change: bytes) -> None:
    path = make_file("a", bytes(3 * PIECE_BYTES))

    def rewrite(size_bytes: int) -> None:
        path.write_bytes(change)

    with pytest.raises(SourceChanged, match="changed while it was being read"):
        hash_file(path, rewrite)


def test_a_rewrite_in_place_while_hashing_is_refused(make_file: MakeFile) -> None:
    path = make_file("a", bytes(3 * PIECE_BYTES))

    def rewrite(size_bytes: int) -> None:
        path.write_bytes(b"x" * 3 * PIECE_BYTES)
        os.utime(path, (1, 1))

    with pytest.raises(SourceChanged):
        hash_file(path, rewrite)


@pytest.mark.parametrize("change", [b"", b"other content", b"same sizes"])
def test_a_change_after_hashing_is_refused(make_file: MakeFile, change: bytes) -> None:
    path = make_file("a", b"first bits")
    source = hash_file(path, ignore)
    path.write_bytes(change)
    os.utime(path, (1, 1))
    with pytest.raises(SourceChanged):
        list(read_again(source))


def test_a_file_that_went_away_is_refused(make_file: MakeFile) -> None:
    source = hash_file(path := make_file("a"), ignore)
    path.unlink()
    with pytest.raises(SourceChanged, match="cannot be read any more: No such file"):
        list(read_again(source))


def test_a_change_while_sending_never_yields_the_whole_length(make_file: MakeFile) -> None:
    path = make_file("a", bytes(2 * PIECE_BYTES))
    pieces = read_again(hash_file(path, ignore))
    sent = len(next(pieces))
    path.write_bytes(b"x" * 2 * PIECE_BYTES)
    os.utime(path, (1, 1))
    with pytest.raises(SourceChanged):
        next(pieces)
    assert sent < 2 * PIECE_BYTES
