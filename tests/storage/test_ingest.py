"""Content comes in and leans on what is there: nothing lost, nothing believed."""

import io
import os
import random
import shutil

import pytest

from artifacts.errors import DigestMismatch, SizeMismatch, StoreUnavailable
from artifacts.storage import bases, matching
from artifacts.storage.chunk_index import ChunkIndex
from artifacts.storage.chunks import NO_CHUNKS, Cutter, chunk_id, hook_key
from artifacts.storage.ingest import ingest, ingest_file
from artifacts.storage.recipe import Range
from tests.storage.conftest import left_in, sha256_of
from tests.storage.ingesting import (
    FIRST,
    MIB,
    SHIFTED,
    Dribble,
    assert_right,
    bring,
    index_of,
    noise,
    store_extents,
    store_whole,
    whole_of,
    write_beside,
)


@pytest.mark.parametrize("size", [0, 1, 70_000, 8 * MIB - 1])
def test_small_content_is_staged_whole_and_not_cut(store, size):
    content = FIRST[:size]
    brought = bring(store, content, sha256=sha256_of(content), size_bytes=size)
    assert brought.staged.path.read_bytes() == content
    assert (brought.chunks, brought.recipe) == (NO_CHUNKS, None)
    assert brought.staged.sha256 == sha256_of(content)


@pytest.mark.parametrize("size", [8 * MIB, 8 * MIB + 1, 12 * MIB])
def test_a_first_version_is_whole_and_its_chunks_are_all_of_it(store, size):
    content = FIRST[:size]
    brought = bring(store, content)
    assert brought.recipe is None
    assert brought.staged.path.read_bytes() == content
    assert b"".join(content[at : at + length] for _, at, length in brought.chunks) == content
    cutter = Cutter()
    assert [id_ for id_, _, _ in brought.chunks] == [
        chunk_id(one) for one in cutter.feed(content) + cutter.finish()
    ]


def test_compressed_content_is_not_cut(store):
    brought = bring(store, b"\x1f\x8b\x08" + FIRST, index_of(store_whole(store, FIRST)))
    assert (brought.chunks, brought.recipe) == (NO_CHUNKS, None)
    assert brought.staged.path.read_bytes() == b"\x1f\x8b\x08" + FIRST


def test_a_shifted_copy_leans_on_the_first(store):
    brought = bring(store, SHIFTED, index_of(store_whole(store, FIRST)))
    assert_right(brought, SHIFTED, FIRST)
    assert brought.recipe.literal_bytes < 300_000
    assert len(brought.recipe.extents) == 2
    assert brought.recipe.size_bytes == len(SHIFTED)


@pytest.mark.parametrize("size", [1000, 65_536, 3 * MIB])
def test_the_sizes_of_the_pieces_make_no_difference(store, size):
    stored = store_whole(store, FIRST)
    source = Dribble(SHIFTED, size)
    brought = ingest(store, source, index=index_of(stored))
    assert brought.recipe == bring(store, SHIFTED, index_of(stored)).recipe
    assert whole_of(store, brought) == SHIFTED


def test_what_was_changed_in_the_middle_is_its_own(store):
    changed = FIRST[: 4 * MIB] + noise(2 * MIB, 1) + FIRST[6 * MIB :]
    brought = bring(store, changed, index_of(store_whole(store, FIRST)))
    assert_right(brought, changed, FIRST)
    assert 2 * MIB <= brought.recipe.literal_bytes < 2 * MIB + 600_000
    (own,) = brought.recipe.literals
    assert own.offset <= 4 * MIB
    assert own.end >= 6 * MIB


def test_a_third_version_leans_on_the_own_bytes_of_both(store):
    second = FIRST + noise(9 * MIB, 2)
    first = store_whole(store, FIRST)
    brought = bring(store, second, index_of(first))
    assert_right(brought, second, FIRST)
    third = b"x" + second
    again = bring(store, third, index_of(store_extents(store, brought), first))
    assert_right(again, third, FIRST, second)
    assert set(again.recipe.bases) == {sha256_of(FIRST), sha256_of(second)}
    assert again.recipe.literal_bytes < 600_000
    own = [one for one in again.recipe.extents if one.owner == sha256_of(second)]
    assert all(one.offset >= 11 * MIB for one in own)


def test_what_follows_in_the_same_base_is_preferred(store):
    both = [store_whole(store, noise(9 * MIB, 3) + FIRST), store_whole(store, FIRST)]
    index = index_of((both[0][0], type(both[0][1])(both[0][1].records[-3:])), both[1])
    brought = bring(store, SHIFTED, index)
    assert brought.recipe.bases.keys() == {sha256_of(FIRST)}
    assert len(brought.recipe.extents) == 2


def test_repeats_inside_the_content_are_stored_once(store):
    content = noise(5 * MIB, 4) * 3
    brought = bring(store, content)
    assert_right(brought, content)
    assert brought.recipe.literal_bytes < 6 * MIB
    assert not brought.recipe.bases


def test_zeros_are_stored_once(store):
    content = bytes(20 * MIB + 5)
    brought = bring(store, content)
    assert_right(brought, content)
    assert brought.recipe.literal_bytes < 600_000


def test_too_little_in_common_is_stored_whole(store):
    stored = store_whole(store, FIRST)
    for content in (FIRST[: 3 * MIB] + noise(9 * MIB, 5), FIRST[: 4 * MIB] + noise(50 * MIB, 6)):
        brought = bring(store, content, index_of(stored))
        assert brought.recipe is None
        assert sum(length for _, _, length in brought.chunks) == len(content)


@pytest.mark.parametrize(
    ("found", "size", "is_worth"),
    [
        (4 * MIB, 40 * MIB, True),
        (4 * MIB - 1, 8 * MIB, False),
        (4 * MIB, 40 * MIB + 1, False),
        (0, 0, False),
    ],
)
def test_leaning_on_others_has_to_be_worth_it(found, size, is_worth):
    assert matching.is_worth_extents(found, size) is is_worth


def test_content_that_is_stored_already_does_not_lean_on_itself(store):
    brought = bring(store, FIRST, index_of(store_whole(store, FIRST)))
    assert brought.recipe is None


@pytest.mark.parametrize("harm", ["gone", "torn", "changed", "garbled"])
def test_a_base_that_is_not_what_it_was_is_not_believed(store, harm):
    stored = store_whole(store, FIRST)
    path = store.pool_path(stored[0].sha256)
    path.chmod(0o644)
    if harm == "gone":
        path.unlink()
    elif harm == "torn":
        path.write_bytes(FIRST[:-1])
    elif harm == "changed":
        path.write_bytes(noise(len(FIRST), 7))
    else:
        path.write_bytes(bytes(byte ^ 1 for byte in FIRST[:MIB]) + FIRST[MIB:])
    brought = bring(store, SHIFTED, index_of(stored))
    assert brought.staged.path.read_bytes() == SHIFTED
    assert brought.recipe is None


def test_a_base_that_breaks_off_is_believed_as_far_as_it_goes(store):
    stored = store_whole(store, FIRST)
    path = store.pool_path(stored[0].sha256)
    path.chmod(0o644)
    harmed = bytearray(FIRST)
    harmed[9 * MIB] ^= 1
    path.write_bytes(harmed)
    brought = bring(store, SHIFTED, index_of(stored))
    brought.recipe.check()
    known = {stored[0].sha256: bytes(harmed), brought.recipe.sha256: SHIFTED}
    parts = (known[one.owner][one.offset :][: one.length] for one in brought.recipe.extents)
    assert b"".join(parts) == SHIFTED


def test_another_base_takes_the_place_of_one_that_is_gone(store):
    other = FIRST + b"tail"
    gone, there = store_whole(store, FIRST), store_whole(store, other)
    store.pool_path(gone[0].sha256).unlink()
    index = index_of(gone, there)
    brought = bring(store, SHIFTED, index)
    assert_right(brought, SHIFTED, other)
    assert len(index) == len(there[1])


def test_without_the_pool_it_is_unavailable(store):
    stored = store_whole(store, FIRST)
    shutil.rmtree(store.pool)
    with pytest.raises(StoreUnavailable):
        bring(store, SHIFTED, index_of(stored))
    assert left_in(store.staging) == []


def test_it_leans_on_a_limited_number_of_bases(store, monkeypatch):
    monkeypatch.setattr(bases, "MAX_BASES", 2)
    parts = [noise(9 * MIB, seed) for seed in (11, 12, 13)]
    index = index_of(*(store_whole(store, part) for part in parts))
    content = b"".join(part[: 6 * MIB] for part in parts)
    brought = bring(store, content, index)
    assert_right(brought, content, *parts)
    assert brought.recipe.bases.keys() == {sha256_of(part) for part in parts[:2]}


def test_files_are_closed_again(store):
    stored = store_whole(store, FIRST)
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    bring(store, SHIFTED + SHIFTED, index_of(stored)).close()
    with pytest.raises(DigestMismatch):
        bring(store, SHIFTED + SHIFTED, index_of(stored), sha256=sha256_of(b""))
    assert len(set(os.listdir("/proc/self/fd")) - before) == 0  # noqa: PTH208


def test_find_more_gets_unknown_hooks_before_they_are_looked_up(store):
    stored = store_whole(store, FIRST)
    index, asked = ChunkIndex(), []

    def find_more(keys):
        asked.append(keys)
        index.add(*stored)

    brought = ingest(store, io.BytesIO(SHIFTED), index=index, find_more=find_more)
    assert_right(brought, SHIFTED, FIRST)
    hooks = set(stored[1].hooks())
    assert asked
    assert set(asked[0]) <= hooks
    assert all(hook_key(id_) in hooks for id_, _, _ in stored[1] if hook_key(id_) is not None)
    assert len(asked) == 1  # what it brought made the others known


def test_hooks_are_asked_for_though_the_artifact_has_other_content(store):
    other, stored = store_whole(store, noise(9 * MIB, 20)), store_whole(store, FIRST)
    index = index_of(other)
    brought = bring(store, SHIFTED, index, find_more=lambda keys: index.add(*stored))
    hooks = (at for id_, at, _ in brought.chunks if hook_key(id_) is not None)
    assert_right(brought, SHIFTED, FIRST)
    assert brought.recipe.literal_bytes <= next(hooks)


def test_nothing_is_kept_when_find_more_fails(store):
    def find_more(keys):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        bring(store, FIRST, find_more=find_more)
    assert left_in(store.staging) == []


@pytest.mark.parametrize("content", [b"", b"small", FIRST], ids=["0", "5", "12M"])
def test_a_file_is_taken_as_it_is(store, tmp_path, content):
    path = write_beside(tmp_path, content)
    brought = ingest_file(store, path, sha256=sha256_of(content), index=ChunkIndex())
    assert brought.staged.path == path
    assert brought.staged.size_bytes == len(content)
    assert brought.chunks == bring(store, content).chunks


def test_a_file_leans_on_others_as_a_stream_does(store, tmp_path):
    stored = store_whole(store, FIRST)
    content = SHIFTED + noise(5 * MIB, 8) * 2
    path = write_beside(tmp_path, content)
    brought = ingest_file(store, path, index=index_of(stored))
    assert_right(brought, content, FIRST)
    assert brought.recipe == bring(store, content, index_of(stored)).recipe
    assert path.read_bytes() == content


def test_what_others_need_stays_literal(store, tmp_path):
    stored = store_whole(store, FIRST)
    path = write_beside(tmp_path, SHIFTED)
    keep = [Range(5 * MIB, 10), Range(7 * MIB, MIB), Range(5 * MIB + 5, 10)]
    brought = ingest_file(store, path, index=index_of(stored), keep=keep)
    assert_right(brought, SHIFTED, FIRST)
    for one in keep:
        assert any(
            own.offset <= one.offset and one.end <= own.end for own in brought.recipe.literals
        )
    assert brought.recipe.literal_bytes < 3 * MIB


def test_a_file_with_another_digest_is_refused_and_stays(store, tmp_path):
    path = write_beside(tmp_path, b"content")
    with pytest.raises(DigestMismatch):
        ingest_file(store, path, sha256=sha256_of(b"other"), index=ChunkIndex())
    with pytest.raises(SizeMismatch):
        ingest_file(store, path, size_bytes=9, index=ChunkIndex())
    assert path.read_bytes() == b"content"


@pytest.mark.parametrize("seed", range(6))
def test_any_edits_give_a_right_recipe(store, seed):
    chance = random.Random(seed)  # noqa: S311
    bases = [noise(9 * MIB, 100 + seed), bytes(3 * MIB) + noise(6 * MIB, 200 + seed)]
    parts = []
    for _ in range(chance.randint(4, 12)):
        source = chance.choice([*bases, noise(MIB, chance.random())])
        start = chance.randrange(len(source))
        parts.append(source[start : start + chance.randrange(3 * MIB)])
    content = (b"".join(parts) * 2).ljust(8 * MIB, b"\0")
    brought = bring(store, content, index_of(*(store_whole(store, base) for base in bases)))
    assert whole_of(store, brought) == content
    if brought.recipe is not None:
        assert_right(brought, content, *bases)
