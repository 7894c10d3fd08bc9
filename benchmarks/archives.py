"""Folders packed into one file: tar, and tar compressed as a whole."""

import gzip
import io
import tarfile
from collections.abc import Iterator

import numpy as np

from benchmarks.revisions import Revision, random_bytes, random_source

MEAN_FILE_BYTES = 40 << 10
REPLACED_SHARE = 0.03


def make_tar(size: int, count: int, seed: int) -> Iterator[Revision]:
    """A folder of many files: each revision replaces 3 % of them and adds one."""
    rng = random_source(seed)
    files = [_file(rng) for _ in range(size // MEAN_FILE_BYTES)]
    yield Revision(_pack(files), sum(map(len, files)))
    for _ in range(count - 1):
        new = _replace_some(rng, files)
        yield Revision(_pack(files), new)


def make_tar_gz(size: int, count: int, seed: int) -> Iterator[Revision]:
    """The same, through gzip: one byte changed changes all that follows."""
    for revision in make_tar(size, count, seed):
        content = gzip.compress(revision.content, compresslevel=1, mtime=0)
        share = revision.new_bytes / len(revision.content)
        yield Revision(content, round(len(content) * share))


def _replace_some(rng: np.random.Generator, files: list[bytes]) -> int:
    """Replace a share of ``files`` and insert one; returns the bytes that are new."""
    replaced = rng.choice(len(files), round(len(files) * REPLACED_SHARE), replace=False)
    fresh = [_file(rng) for _ in range(len(replaced) + 1)]
    for number, content in zip(replaced.tolist(), fresh, strict=False):
        files[number] = content
    files.insert(int(rng.integers(len(files))), fresh[-1])
    return sum(map(len, fresh))


def _file(rng: np.random.Generator) -> bytes:
    return random_bytes(rng, int(rng.integers(8 << 10, 72 << 10)))


def _pack(files: list[bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for content in files:
            # Named by its beginning: an inserted file renames no other.
            entry = tarfile.TarInfo(f"images/{content[:8].hex()}.bin")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
