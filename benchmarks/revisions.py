"""What the dedup benchmark stores: files that are logged again and again with some bytes new.

A *series* makes the *revisions* of one file, each with how many of its bytes truly are new: their
sum is what no storage can go below without compressing, the *limit*. Everything is made from a
seed, so two runs measure the same bytes (Parquet also depends on the version of pyarrow).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

TYPE = "model"
MIB = 1 << 20


@dataclass(frozen=True)
class Revision:
    """One state of the file. ``new_bytes``: how many of its bytes no earlier revision held."""

    content: bytes
    new_bytes: int


# (size of a revision in bytes, about; how many; seed) -> the revisions, the oldest first
Make = Callable[[int, int, int], Iterator[Revision]]


@dataclass(frozen=True)
class Series:
    """A kind of file. ``needs``: the package that makes it, when that is not one of ours."""

    label: str
    file_name: str
    make: Make
    needs: str = ""


def random_source(*seed: int) -> np.random.Generator:
    """A fast source of the same numbers for the same ``seed``."""
    return np.random.Generator(np.random.SFC64(list(seed)))


def random_bytes(rng: np.random.Generator, size: int) -> bytes:
    """Incompressible bytes."""
    return rng.integers(0, 1 << 64, -(-size // 8), np.uint64).tobytes()[:size]


def make_unrelated(size: int, count: int, seed: int) -> Iterator[Revision]:
    """Random bytes that share nothing."""
    rng = random_source(seed)
    for _ in range(count):
        yield Revision(random_bytes(rng, size), size)


def pick_blocks(rng: np.random.Generator, total: int, blocks: int, block: int) -> list[int]:
    """Where ``blocks`` runs of ``block`` rows begin among ``total``: sorted, never overlapping."""
    slots = total // block
    return sorted(
        int(slot) * block for slot in rng.choice(slots, min(blocks, slots), replace=False)
    )
