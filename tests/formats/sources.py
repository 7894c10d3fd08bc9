"""Contents in memory, as the store opens them; and files of tensors."""

import io
import json
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from artifacts.formats.looking import Look, look_into
from artifacts.formats.source import BoundedReader

MIB = 1 << 20


class MemorySource(io.BytesIO):
    """Bytes, and how many of them were read."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.size_bytes = len(content)
        self.read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and count."""
        found = super().read(size)
        self.read_bytes += len(found)
        return found


def reader_of(content: bytes, budget: int = MIB) -> BoundedReader:
    """What reads ``content``."""
    return BoundedReader(MemorySource(content), budget)


def look(content: bytes, path: str, budget: int = MIB) -> Look:
    """Look into ``content``; never more than ``budget`` bytes of it are read."""
    source = MemorySource(content)
    found = look_into(BoundedReader(source, budget), path)
    assert source.read_bytes <= budget
    return found


def safetensors(tensors: Mapping[str, np.ndarray[Any, Any]], **metadata: str) -> bytes:
    """A safetensors file of float32 and int64 tensors."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, array in tensors.items():
        raw = array.tobytes()
        dtype = {"float32": "F32", "int64": "I64"}[array.dtype.name]
        span = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": span}
        data += raw
    return with_header(json.dumps(header).encode(), data)


def with_header(header: bytes, data: bytes = b"") -> bytes:
    """A safetensors file with any header."""
    return struct.pack("<Q", len(header)) + header + data


def npz(*, is_packed: bool = False, **arrays: np.ndarray[Any, Any]) -> bytes:
    """An ``.npz`` file."""
    out = io.BytesIO()
    (np.savez_compressed if is_packed else np.savez)(out, **arrays)
    return out.getvalue()


def npy(array: np.ndarray[Any, Any]) -> bytes:
    """A ``.npy`` file."""
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def parquet_file(name: str) -> bytes:
    """A file that pyarrow wrote, by ``write_parquet.py``."""
    return (Path(__file__).parent / "parquet" / f"{name}.parquet").read_bytes()
