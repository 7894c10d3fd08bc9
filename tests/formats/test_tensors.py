"""Which tensors a file holds, read from its headers; and what headers lie about."""

import contextlib
import io
import json
import struct
import time
import zipfile
from typing import Any

import numpy as np
import pytest

from artifacts.formats.source import OverBudget, Unreadable
from artifacts.formats.tensors import Tensors, is_tensor_file, open_tensor, read_tensors
from tests.formats.sources import (
    MIB,
    MemorySource,
    look,
    npy,
    npz,
    reader_of,
    safetensors,
    with_header,
    zipped,
)

WEIGHTS = np.arange(12, dtype=np.float32).reshape(3, 4)
STEPS = np.array([7], dtype=np.int64)


def rows(found: Tensors) -> list[tuple[str, str, tuple[int, ...], int]]:
    return [(one.name, one.dtype, one.shape, one.size_bytes) for one in found.tensors]


def test_safetensors_tell_all_from_their_header() -> None:
    content = safetensors({"w": WEIGHTS, "n": STEPS}, format="pt")
    source = MemorySource(content + bytes(0))
    found = read_tensors(reader_of(content), "m.safetensors")
    assert rows(found) == [("w", "F32", (3, 4), 48), ("n", "I64", (1,), 8)]
    assert (found.metadata, found.num_parameters, found.is_complete) == ({"format": "pt"}, 13, True)
    assert source.read_bytes == 0


@pytest.mark.parametrize("is_packed", [False, True])
def test_npz_tells_all_from_its_directory_and_headers(is_packed: bool) -> None:
    large = np.zeros((1000, 1000))
    found = read_tensors(reader_of(npz(w=WEIGHTS, big=large, is_packed=is_packed)), "m.npz")
    assert rows(found) == [("w", "<f4", (3, 4), 48), ("big", "<f8", (1000, 1000), 8_000_000)]


def test_npy_is_one_array() -> None:
    found = read_tensors(reader_of(npy(np.asfortranarray(WEIGHTS))), "a.npy")
    assert rows(found) == [("", "<f4", (3, 4), 48)]
    assert found.tensors[0].is_fortran_ordered
    assert rows(read_tensors(reader_of(npy(np.array(3.0))), "a.npy")) == [("", "<f8", (), 8)]


def test_structured_and_object_arrays_are_named_as_they_are() -> None:
    record = np.zeros(2, dtype=[("x", "<f4"), ("a, 'shape': (9,)", "<i8")])
    (array,) = read_tensors(reader_of(npy(record)), "a.npy").tensors
    assert (array.shape, array.dtype[:14]) == ((2,), "[('x', '<f4'),")
    (array,) = read_tensors(reader_of(npy(np.array([{}, []], dtype=object))), "a.npy").tensors
    assert array.dtype == "|O"


@pytest.mark.parametrize("path", ["m.safetensors", "m.npz", "m.npy"])
def test_the_values_are_those_of_the_file(path: str) -> None:
    contents = {
        "m.safetensors": safetensors({"n": STEPS, "w": WEIGHTS}),
        "m.npz": npz(n=STEPS, w=WEIGHTS, is_packed=True),
        "m.npy": npy(WEIGHTS),
    }
    reader = reader_of(contents[path])
    tensor = read_tensors(reader, path).tensors[-1]
    stream = open_tensor(reader, tensor)
    assert stream.read(20) + stream.read(1000) == WEIGHTS.tobytes()
    assert stream.read(1) == b""


def test_an_archive_behind_other_bytes_is_read() -> None:
    content = b"#!/bin/sh\n" + npz(w=WEIGHTS)
    assert rows(read_tensors(reader_of(content), "m.npz")) == [("w", "<f4", (3, 4), 48)]


def test_an_archive_with_a_comment_is_read() -> None:
    out = io.BytesIO(npz(w=WEIGHTS))
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"c" * 40_000
    assert len(read_tensors(reader_of(out.getvalue()), "m.npz").tensors) == 1


def test_zip64_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("w.npy", "w", force_zip64=True) as one:
        one.write(npy(WEIGHTS))
    assert len(read_tensors(reader_of(as_zip64(out.getvalue())), "m.npz").tensors) == 1


def as_zip64(content: bytes) -> bytes:
    """The same archive with its sizes and offsets where those of large ones stand."""
    end = content.rindex(b"PK\x05\x06")
    *_, count, size, start, _ = struct.unpack("<4s4H2LH", content[end:])
    entry = bytearray(content[start:end])
    packed, plain, name_length = struct.unpack_from("<2LH", entry, 20)
    entry[20:28] = b"\xff" * 8
    entry[42:46] = b"\xff" * 4
    extra = struct.pack("<2H3Q", 1, 24, plain, packed, 0)
    entry[30:32] = len(extra).to_bytes(2, "little")
    entry = entry[: 46 + name_length] + extra
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(entry), start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(entry), 1)
    last = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert count == 1
    assert size
    return content[:start] + bytes(entry) + end64 + locator + last


def row(dtype: Any = "F32", shape: Any = (2,), span: Any = (0, 8)) -> dict[str, Any]:
    return {"a": {"dtype": dtype, "shape": shape, "data_offsets": span}}


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"[]", "not the JSON"),
        (b"{", "not the JSON"),
        (b"[" * 100_000, "not the JSON"),
        (b"\xff", "not the JSON"),
        (row(span=(0, 9)), "outside"),
        (row(span=(8, 0)), "outside"),
        (row(span=(0, 8, 8)), "outside"),
        (row(span=(-8, 0)), "something else"),
        (row(span=(0, 1 << 64)), "something else"),
        (row(shape=[2.0]), "something else"),
        (row(shape=[True, 2]), "something else"),
        (row(shape=[1] * 65), "something else"),
        (row(shape="22"), "something else"),
        (row(dtype=1), "something else"),
        (row(shape=[3]), "bytes of its shape"),
        (row(shape=[1 << 62] * 60, dtype="NEW"), "impossible"),
        ({"a": []}, "not described"),
        ({"__metadata__": 1}, "metadata"),
    ],
)
def test_a_header_that_does_not_fit_the_file_is_refused(header: Any, why: str) -> None:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    with pytest.raises(Unreadable, match=why):
        read_tensors(reader_of(with_header(raw, bytes(8))), "m.safetensors")


def test_a_header_longer_than_the_file_or_the_limit_is_not_read() -> None:
    source = MemorySource(struct.pack("<Q", 1 << 62) + b"{}")
    with pytest.raises(Unreadable, match="claims 46116860184273"):
        read_tensors(reader_of(source.getvalue()), "m.safetensors")
    large = with_header(b"{" + b" " * (2 * MIB) + b"}")
    with pytest.raises(OverBudget, match="more than is looked at"):
        read_tensors(reader_of(large), "m.safetensors")
    found = look(large, "m.safetensors")
    assert (found.content.kind, len(found.notes)) == ("binary", 1)


def test_names_that_are_no_unicode_or_endless_are_shown_so() -> None:
    header = json.dumps({"\ud800" + "n" * 9000: row()["a"]}).encode()
    (tensor,) = read_tensors(reader_of(with_header(header, bytes(8))), "m.safetensors").tensors
    assert (tensor.name[0], len(tensor.name)) == ("?", 501)


def npy_with(header: str, version: int = 1, claimed: int | None = None) -> bytes:
    raw = header.encode()
    length = len(raw) if claimed is None else claimed
    return (
        b"\x93NUMPY" + bytes([version, 0]) + length.to_bytes(2 if version == 1 else 4, "little")
        + raw
    )  # fmt: skip


GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"


@pytest.mark.parametrize(
    "header",
    [
        GOOD,
        "{'shape': (2,), 'descr': '<f4', 'fortran_order': False}   \n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L,)}",
    ],
)
@pytest.mark.parametrize("version", [1, 2, 3])
def test_headers_in_any_order_and_version_are_read(header: str, version: int) -> None:
    found = read_tensors(reader_of(npy_with(header, version) + bytes(8)), "a.npy")
    assert rows(found) == [("", "<f4", (2,), 8)]


@pytest.mark.parametrize(
    "content",
    [
        npy_with(GOOD),
        npy_with(GOOD, version=9),
        npy_with(GOOD, claimed=60_000),
        npy_with(GOOD, version=2, claimed=1 << 31),
        npy_with("{'descr': '<f4'}"),
        npy_with("{" * 5000),
        npy_with("-" * 9000 + "1"),
        npy_with("{'descr': __import__('os').system('id'), 'fortran_order': False, 'shape': ()}"),
        npy_with("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999,)}"),
        npy_with("{'descr': '|O', 'fortran_order': False, 'shape': (9999999999, 9999999999)}"),
        npy_with("{'descr': '|O', 'fortran_order': False, 'shape': (" + "9" * 5000 + ",)}"),
        npy_with("{'descr': '|O', 'fortran_order': False, 'shape': (" + "1," * 65 + ")}"),
        npy_with("{" + "'descr': '[', " * 600 + "}"),
    ],
)
def test_a_hostile_array_is_refused_in_no_time(content: bytes) -> None:
    began = time.process_time()
    with pytest.raises(Unreadable):
        read_tensors(reader_of(content), "a.npy")
    assert time.process_time() - began < 1


def test_a_bomb_is_unpacked_no_further_than_its_header() -> None:
    bomb = zipped({"a.npy": npy(np.zeros(30_000_000, dtype=np.int8))}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    began = time.process_time()
    reader = reader_of(bomb)
    assert rows(read_tensors(reader, "a.npz")) == [("a", "|i1", (30_000_000,), 30_000_000)]
    assert reader.left_bytes > MIB - 5000
    assert time.process_time() - began < 0.5


def test_values_beyond_the_budget_are_not_unpacked() -> None:
    bomb = zipped({"a.npy": npy(np.zeros(30_000_000, dtype=np.int8))}, zipfile.ZIP_DEFLATED)
    reader = reader_of(bomb)
    (tensor,) = read_tensors(reader, "a.npz").tensors
    with pytest.raises(OverBudget):
        open_tensor(reader, tensor).read(3 * MIB)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_pack_are_refused(method: int) -> None:
    content = zipped({"a.npy": npy(WEIGHTS)}, method)
    with pytest.raises(Unreadable, match="not unpacked here"):
        read_tensors(reader_of(content), "a.npz")


def test_a_directory_larger_than_the_limit_is_refused_and_many_arrays_are_cut() -> None:
    many = npz(**{f"array-{n}": STEPS for n in range(3000)})
    found = read_tensors(reader_of(many), "a.npz")
    assert (found.is_complete, 1000 < len(found.tensors) < 3000) == (False, True)
    with pytest.raises(OverBudget):
        read_tensors(reader_of(many, budget=100_000), "a.npz")
    assert look(many, "a.npz").is_truncated


def test_damaged_archives_are_refused() -> None:
    content = npz(w=WEIGHTS, n=STEPS)
    for at in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[at] ^= 0xFF
        with contextlib.suppress(Unreadable):
            read_tensors(reader_of(bytes(damaged)), "a.npz")
    for end in range(0, len(content), 5):
        with pytest.raises(Unreadable):
            read_tensors(reader_of(content[:end]), "a.npz")


def test_extra_fields_without_end_take_no_time() -> None:
    extra = b"\x02\0\0\0" * 16_000
    entry = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0xFFFFFFFF, 9, 5, len(extra), 0, 0, 0,
        0, 0,
    ) + b"a.npy" + extra  # fmt: skip
    directory = entry * 14
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 14, 14, len(directory), 0, 0)
    began = time.process_time()
    with pytest.raises(Unreadable):
        read_tensors(reader_of(directory + end), "a.npz")
    assert time.process_time() - began < 1


def test_only_these_names_are_of_tensors() -> None:
    assert [is_tensor_file(f"a/b.{one}") for one in ("safetensors", "npz", "NPY", "pt", "bin")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    with pytest.raises(Unreadable, match="only"):
        read_tensors(reader_of(b""), "a.pt")
