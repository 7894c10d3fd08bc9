"""Cutting on the client's side: the server's cuts, one pass, and none without the wheels."""

import builtins
import os
import random
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from blake3 import blake3
from hypothesis import example, given, settings
from hypothesis import strategies as st

from artifacts.storage import chunks as server
from runicorn import chunking
from runicorn.chunking import CUT_FROM_BYTES, MAX_BYTES, RECORD_BYTES, Cutter, is_cuttable
from runicorn.errors import SourceChanged
from runicorn.hashing import PIECE_BYTES, hash_file
from tests.sdk.conftest import digest_of

MakeFile = Callable[..., Path]


def ignore(size_bytes: int) -> None:
    """Nobody watches."""


def listed(records: bytes) -> list[tuple[bytes, int]]:
    """Id and length of each chunk of a list."""
    starts = range(0, len(records), RECORD_BYTES)
    ids = [records[start : start + 32] for start in starts]
    return list(zip(ids, chunking.lengths_of(records), strict=True))


def cut_by_server(content: bytes) -> list[tuple[bytes, int]]:
    cutter = server.Cutter()
    chunks = [*cutter.feed(content), *cutter.finish()]
    return [(server.chunk_id(chunk), len(chunk)) for chunk in chunks]


def new_cutter() -> Cutter:
    cutter = chunking.new_cutter(b"\0" * 16, CUT_FROM_BYTES)
    assert cutter
    return cutter


@pytest.fixture
def without_tools() -> Iterator[None]:
    """Forget the wheels that were loaded, and those a test made up."""
    chunking._load_tools.cache_clear()
    yield
    chunking._load_tools.cache_clear()


def test_the_parameters_are_the_servers() -> None:
    for parameter in ("CUT_FROM_BYTES", "MIN_BYTES", "AVG_BYTES", "MAX_BYTES", "NORMALIZATION"):
        assert getattr(chunking, parameter) == getattr(server, parameter)


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(1, 3 << 20),
    pieces=st.lists(st.integers(1, 1 << 20), min_size=1, max_size=20),
)
@example(seed=0, size=MAX_BYTES, pieces=[1])
@example(seed=1, size=MAX_BYTES + 1, pieces=[MAX_BYTES])
def test_the_cuts_are_the_servers_whatever_the_pieces(
    seed: int, size: int, pieces: list[int]
) -> None:
    content = random.Random(seed).randbytes(size)  # noqa: S311 no secret
    cutter, start = new_cutter(), 0
    for length in pieces:
        if start < size:
            cutter.feed(content[start : start + length])
            start += length
    if start < size:
        cutter.feed(content[start:])
    assert listed(cutter.finish()) == cut_by_server(content)


def test_content_without_a_place_to_cut_is_cut_at_the_maximum() -> None:
    cutter = new_cutter()
    cutter.feed(bytes(3 * MAX_BYTES + 5))
    assert [length for _, length in listed(cutter.finish())] == [MAX_BYTES] * 3 + [5]


@given(st.binary(min_size=16, max_size=32))
def test_client_and_server_cut_the_same_files(head: bytes) -> None:
    for start in (b"", *server._COMPRESSED, *(b"\0\0\0\x18" + box for box in (b"ftyp", b"free"))):
        assert is_cuttable(start + head) == server.is_cuttable(start + head)
    webp = b"RIFF\0\0\0\0WEBP"
    assert is_cuttable(webp + head) is server.is_cuttable(webp + head) is False


def test_a_large_file_is_hashed_and_cut_in_one_pass(make_file: MakeFile) -> None:
    content = os.urandom(CUT_FROM_BYTES + 5)
    pieces: list[int] = []
    source = hash_file(make_file("a", content), pieces.append)
    assert (source.digest, sum(pieces)) == (digest_of(content), len(content))
    assert listed(source.chunks) == cut_by_server(content)
    end = listed(source.chunks)[-1]
    assert end[0] == blake3(content[-end[1] :]).digest()


@pytest.mark.parametrize(
    "content", [bytes(CUT_FROM_BYTES - 1), b"\x1f\x8b" + bytes(CUT_FROM_BYTES)]
)
def test_small_and_compressed_files_are_not_cut(make_file: MakeFile, content: bytes) -> None:
    source = hash_file(make_file("a", content), ignore)
    assert (source.digest, source.chunks) == (digest_of(content), b"")


def test_a_change_while_cutting_is_refused(make_file: MakeFile) -> None:
    path = make_file("a", bytes(CUT_FROM_BYTES))
    with pytest.raises(SourceChanged):
        hash_file(path, lambda _: os.utime(path, (1, 1)))


@pytest.mark.parametrize("missing", ["blake3", "pyfastcdc"])
def test_without_the_wheels_nothing_is_cut(
    without_tools: None, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    real_import = builtins.__import__

    def refuse(name: str, *args: object, **options: object) -> ModuleType:
        if name == missing:
            raise ImportError(name)
        return real_import(name, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)
    content = bytes(CUT_FROM_BYTES + PIECE_BYTES)
    source = hash_file(make_file("a", content), ignore)
    assert (source.digest, source.chunks) == (digest_of(content), b"")


def test_the_slow_stand_in_is_not_used(
    without_tools: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FastCDC:
        pass

    monkeypatch.setattr("pyfastcdc.FastCDC", FastCDC)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert chunking.new_cutter(b"", CUT_FROM_BYTES) is None
