"""The framing of many small contents in one body."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifacts.errors import SizeMismatch
from artifacts.storage.staging import read_records, stage_many
from tests.storage.conftest import left_in, sha256_of

CONTENTS = st.lists(st.binary(max_size=200), max_size=8)


class Dribble(io.BytesIO):
    """Gives at most ``most`` bytes a read."""

    most = 3

    def read(self, size=-1, /):
        return super().read(min(size, self.most))


def frame(contents):
    return b"".join(
        bytes.fromhex(sha256_of(content)) + len(content).to_bytes(8, "big") + content
        for content in contents
    )


def read_all_records(source):
    return [(sha256, size, read_all(body)) for sha256, size, body in read_records(source)]


def read_all(source):
    pieces = []
    while piece := source.read(64):
        pieces.append(piece)
    return b"".join(pieces)


@given(CONTENTS, st.sampled_from([io.BytesIO, Dribble]))
def test_read_records_gives_back_what_was_framed(contents, source):
    expected = [(sha256_of(content), len(content), content) for content in contents]
    assert read_all_records(source(frame(contents))) == expected


@given(CONTENTS)
def test_read_records_skips_what_the_caller_leaves(contents):
    sizes = []
    for _, size, body in read_records(io.BytesIO(frame(contents))):
        body.read(1)
        sizes.append(size)
    assert sizes == [len(content) for content in contents]


@given(CONTENTS.filter(bool), st.data())
def test_read_records_names_the_record_a_body_is_cut_in(contents, data):
    body = frame(contents)
    starts = [len(frame(contents[:number])) for number in range(len(contents) + 1)]
    cut = data.draw(st.integers(0, len(body)).filter(lambda place: place not in starts))
    number = sum(start < cut for start in starts)
    with pytest.raises(SizeMismatch, match=f"record {number},"):
        read_all_records(io.BytesIO(body[:cut]))


def test_read_records_of_an_empty_body_is_nothing():
    assert list(read_records(io.BytesIO(b""))) == []


def test_read_records_says_how_much_of_a_header_came():
    with pytest.raises(SizeMismatch, match="header of record 1, after 39 of 40 bytes"):
        list(read_records(io.BytesIO(frame([b"content"])[:39])))


def test_read_records_says_how_much_of_a_body_came():
    with pytest.raises(SizeMismatch, match="record 2, after 3 of 7 bytes"):
        list(read_records(io.BytesIO(frame([b"one", b"content"])[:-4])))


def test_read_records_refuses_a_length_beyond_the_body():
    body = bytes(32) + b"\xff" * 8 + b"x"
    with pytest.raises(SizeMismatch, match=f"after 1 of {2**64 - 1} bytes"):
        list(read_records(io.BytesIO(body)))


def test_a_framed_body_is_staged(store):
    staged = stage_many(store, read_records(Dribble(frame([b"one", b"", b"three"]))))
    assert [one.path.read_bytes() for one in staged] == [b"one", b"", b"three"]


@pytest.mark.parametrize("cut", [1, 4, 20, 44, 46])
def test_nothing_is_kept_of_a_framed_body_that_is_cut(store, cut):
    with pytest.raises(SizeMismatch):
        stage_many(store, read_records(io.BytesIO(frame([b"one", b"three"])[:-cut])))
    assert left_in(store.staging) == []
