"""Cuts: the same for ever, and the same however the bytes arrive."""

import hashlib
import io
import itertools
import random
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifacts.storage import chunks
from artifacts.storage.chunks import NO_CHUNKS, ChunkList, Cutter, chunk_id, hook_key, is_cuttable
from artifacts.storage.recipe import Range
from artifacts.storage.store import FIXED

FIXED_CONTENT = hashlib.shake_128(b"fixed").digest(1 << 20)
FIXED_LENGTHS = [
    48421,
    75626,
    81849,
    21462,
    105483,
    93743,
    67909,
    66432,
    96819,
    39075,
    72337,
    103216,
    75648,
    91049,
    9507,
]
FIXED_IDS_SHA256 = "9a402666cd15cd583e957521e8fb942636be74e1f8eacbde2dff55867fac81cd"
FIXED_FIRST_ID = "8fd08b100813da0c15bfb75a6f003b1239219d2941c9787bd00d1e6620e94740"

WITHOUT_EXTENSION = """
import sys, warnings
warnings.simplefilter("ignore")
sys.modules["pyfastcdc.cy"] = None
import artifacts.storage.chunks
"""


def cut(content, sizes=(1 << 20,)):
    cutter, stream = Cutter(), io.BytesIO(content)
    found = []
    for size in itertools.cycle(sizes):
        piece = stream.read(size)
        if not piece:
            break
        found += map(bytes, cutter.feed(piece))
    return found + list(map(bytes, cutter.finish()))


def list_of(*chunks_):
    return ChunkList.from_bytes(b"".join(struct.pack("<32sQI", *chunk) for chunk in chunks_))


def some_id(number, first=1):
    return bytes([first]) + number.to_bytes(31, "big")


def test_the_parameters_are_those_that_stores_promise():
    sizes = [f"{size >> 10}K" for size in (chunks.MIN_BYTES, chunks.AVG_BYTES, chunks.MAX_BYTES)]
    assert FIXED["chunker"] == f"fastcdc2020/{'/'.join(sizes)}/nc{chunks.NORMALIZATION}+blake3"


def test_cuts_and_ids_never_change():
    found = cut(FIXED_CONTENT)
    assert [len(one) for one in found] == FIXED_LENGTHS
    assert chunk_id(found[0]).hex() == FIXED_FIRST_ID
    assert hashlib.sha256(b"".join(map(chunk_id, found))).hexdigest() == FIXED_IDS_SHA256


def test_cuts_of_equal_bytes_never_change():
    assert [len(one) for one in cut(bytes(600_000))] == [262_144, 262_144, 75_712]


def test_an_id_is_the_blake3_of_the_bytes():
    empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    assert chunk_id(b"").hex() == empty
    assert chunk_id(memoryview(b"xy")[:0]).hex() == empty


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 65_535, 262_144, 262_145])
def test_chunks_together_are_the_content(size):
    found = cut(FIXED_CONTENT[:size])
    assert b"".join(found) == FIXED_CONTENT[:size]
    assert all(len(one) <= chunks.MAX_BYTES for one in found)
    assert all(len(one) >= chunks.MIN_BYTES for one in found[:-1])


@settings(deadline=None, max_examples=40)
@given(
    sizes=st.lists(st.integers(1_000, 300_000) | st.integers(1 << 19, 1 << 20), min_size=1),
    seed=st.integers(0, 1000),
    length=st.integers(0, 1_500_000),
    equal=st.integers(0, 600_000),
)
def test_cuts_do_not_depend_on_the_sizes_of_the_pieces(sizes, seed, length, equal):
    content = bytes(equal) + random.Random(seed).randbytes(length)  # noqa: S311
    assert cut(content, sizes) == cut(content, [len(content) + 1])


def test_from_any_cut_on_the_cuts_are_the_same():
    found = list(map(bytes, chunks.cut(FIXED_CONTENT)))
    assert found == cut(FIXED_CONTENT)
    for number in (1, 5, len(found) - 1):
        start = sum(map(len, found[:number]))
        assert list(chunks.cut(memoryview(FIXED_CONTENT)[start:])) == found[number:]


@pytest.mark.parametrize("size", [1, 777])
def test_tiny_pieces_are_no_other_content(size):
    content = FIXED_CONTENT[:400_001]
    assert cut(content, [size]) == cut(content)


def test_cuts_come_back_behind_an_insertion():
    changed = FIXED_CONTENT[:100] + b"inserted" + FIXED_CONTENT[100:]
    assert len(set(cut(changed)) & set(cut(FIXED_CONTENT))) >= len(cut(FIXED_CONTENT)) - 2


def test_the_slow_fallback_of_pyfastcdc_is_refused():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTENSION], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "ImportError: pyfastcdc lacks its compiled extension" in done.stderr


@pytest.mark.parametrize(
    "head",
    [
        b"\x1f\x8b\x08",
        b"BZh9",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"\x04\x22\x4d\x18",
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a\x07\x01",
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"\0\0\0\x20ftypisom",
        b"\0\0\0\x20ftypqt  ",
        b"ID3\x04",
        b"OggS",
        b"fLaC",
        b"\x1a\x45\xdf\xa3",
    ],
)
def test_compressed_streams_and_media_are_not_cut(head):
    assert not is_cuttable(head.ljust(64, b"\0"))


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"PAR1",
        b"PK\x03\x04",
        b"\x93NUMPY\x01\0",
        b"\x89HDF\r\n\x1a\n",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b'\x60\x01\0\0\0\0\0\0{"__metadata__":{}}',
        b"id,name,value\n",
        b"ustar".rjust(262, b"\0"),
        b"ARROW1\0\0",
    ],
)
def test_what_may_share_parts_is_cut(head):
    assert is_cuttable(head.ljust(64, b"\0"))


def test_a_zip_of_stored_arrays_is_cut():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("weights.npy", bytes(100))
    assert is_cuttable(file.getvalue())


def test_chunk_list_survives_its_bytes():
    some = [(some_id(1), 0, 70_000), (some_id(2, first=0), 70_000, 1), (bytes(32), 1 << 40, 9)]
    found = list_of(*some)
    assert list(found) == some
    assert len(found) == 3
    assert len(found.to_bytes()) == 3 * 44
    assert ChunkList.from_bytes(memoryview(found.to_bytes())) == found
    assert hash(ChunkList.from_bytes(found.to_bytes())) == hash(found)
    assert found != list_of(*some[:2])


def test_an_empty_chunk_list():
    assert (len(NO_CHUNKS), list(NO_CHUNKS), NO_CHUNKS.hooks()) == (0, [], [])
    assert NO_CHUNKS.to_bytes() == b""
    assert NO_CHUNKS.within([Range(0, 9)]) == NO_CHUNKS


def test_chunk_list_refuses_half_a_record():
    with pytest.raises(ValueError, match="multiple"):
        ChunkList.from_bytes(bytes(45))


def test_within_gives_chunks_wholly_inside():
    found = list_of(*((some_id(at), at * 10, 10) for at in range(6)))
    kept = found.within([Range(5, 15), Range(30, 10), Range(49, 100)])
    assert [offset for _, offset, _ in kept] == [10, 30, 50]
    assert found.within([]) == NO_CHUNKS
    assert found.within([Range(0, 60)]) == found


@given(
    cuts=st.lists(st.integers(0, 200), max_size=20, unique=True),
    edges=st.lists(st.integers(0, 220), max_size=12, unique=True),
)
def test_within_agrees_with_the_plain_rule(cuts, edges):
    cuts.sort()
    spans = list(itertools.pairwise(cuts))
    found = list_of(*((some_id(at), a, b - a) for at, (a, b) in enumerate(spans)))
    edges.sort()
    ranges = [Range(a, b - a) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    expected = [a for a, b in spans if any(r.offset <= a and b <= r.end for r in ranges)]
    assert [offset for _, offset, _ in found.within(ranges)] == expected


def test_hooks_are_one_chunk_in_64_each_once():
    data = np.random.default_rng(1).bytes(64 * 1000 * 32)
    ids = [data[at : at + 32] for at in range(0, len(data), 32)]
    found = list_of(*((one, at, 1) for at, one in enumerate([*ids, *ids])))
    expected = {hook_key(one) for one in ids} - {None}
    assert sorted(found.hooks()) == sorted(expected)
    assert 900 < len(expected) < 1100


def test_a_hook_key_is_a_signed_64_bit_number():
    id_ = bytes([128]) + bytes(7) + b"\xff" * 8 + bytes(16)
    assert hook_key(id_) == -1
    assert list_of((id_, 0, 1)).hooks() == [-1]
    assert hook_key(bytes([129]) + id_[1:]) is None
    assert list_of((some_id(1), 0, 1)).hooks() == []
