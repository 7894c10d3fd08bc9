"""Rates as shares of a baseline that is measured on the same bytes in the same moments.

Seconds differ from machine to machine, and on a busy one from minute to minute; shares do not much.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.revisions import MIB


@dataclass
class Rate:
    """Bytes, and the seconds they took: on the clock, and of processors in this process."""

    num_bytes: int = 0
    clock: float = 0.0
    cores: float = 0.0

    @contextmanager
    def measure(self, num_bytes: int) -> Iterator[None]:
        """Add the body, which works on ``num_bytes``."""
        clock, cores = time.perf_counter(), time.process_time()
        yield
        self.num_bytes += num_bytes
        self.clock += time.perf_counter() - clock
        self.cores += time.process_time() - cores

    def add(self, other: "Rate") -> None:
        """Add what ``other`` measured."""
        self.num_bytes += other.num_bytes
        self.clock += other.clock
        self.cores += other.cores

    @property
    def mib_per_second(self) -> float:
        """On the clock; 0 when nothing was measured."""
        return self.num_bytes / MIB / self.clock if self.clock else 0.0

    @property
    def mib_per_core_second(self) -> float:
        """For each second of one processor; 0 when nothing was measured."""
        return self.num_bytes / MIB / self.cores if self.cores else 0.0


def best_of(repeats: int, num_bytes: int, work: Callable[[], object]) -> Rate:
    """The quickest of ``repeats`` times."""
    rates = []
    for _ in range(repeats):
        rates.append(Rate())
        with rates[-1].measure(num_bytes):
            work()
    return min(rates, key=lambda rate: rate.clock)


def hash_file(path: Path) -> str:
    """Read the file and hash it, which no ingest can do without."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_file(path: Path) -> int:
    """Read a plain file in pieces of 1 MiB, as a download does."""
    with path.open("rb", buffering=0) as file:
        return sum(map(len, iter(lambda: file.read(MIB), b"")))


def write_file(path: Path, content: bytes) -> None:
    """Write a plain file until it is durable."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
