"""Log a series into a portal and say what it stored and what it took."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.portals import Portal, fast_folder
from benchmarks.rates import Rate, best_of, hash_file, read_file, write_file
from benchmarks.revisions import MIB, Revision

WRITE_EVERY = 10


@dataclass
class Stored:
    """What became of the revisions of one series, in bytes."""

    logical: int = 0
    new: int = 0
    physical: int = 0

    @property
    def share(self) -> float:
        """Of the logical bytes, how many are stored."""
        return self.physical / self.logical

    @property
    def new_share(self) -> float:
        """Of the logical bytes, how many truly are new."""
        return self.new / self.logical

    def __str__(self) -> str:
        return (
            f"{self.logical / MIB:6.0f} → {self.physical / MIB:7.1f} MiB"
            f"  {1 - self.share:6.1%} ({1 - self.new_share:.1%})"
        )


@dataclass
class Rates:
    """What each kind of work took, beside the baselines on the same bytes.

    ``digests``: what each version must have when it is read.
    """

    digests: dict[int, str] = field(default_factory=dict)
    hashing: Rate = field(default_factory=Rate)
    writing: Rate = field(default_factory=Rate)
    first: Rate = field(default_factory=Rate)
    following: Rate = field(default_factory=Rate)


def log_series(
    portal: Portal, name: str, file_name: str, revisions: Iterable[Revision]
) -> tuple[Stored, Rates]:
    """Log each revision as a version of ``name``."""
    stored, rates = Stored(physical=-portal.pool_bytes()), Rates()
    with fast_folder() as folder:
        path = Path(folder) / file_name
        for number, revision in enumerate(revisions, start=1):
            path.write_bytes(revision.content)
            _log(portal, name, path, rates, number)
            stored.logical += len(revision.content)
            stored.new += revision.new_bytes
    stored.physical += portal.pool_bytes()
    return stored, rates


def _log(portal: Portal, name: str, path: Path, rates: Rates, number: int) -> None:
    size = path.stat().st_size
    with rates.hashing.measure(size):
        sha256 = rates.digests[number] = hash_file(path)
    if number % WRITE_EVERY == 1:
        _write_plain(portal, path, rates)
    with (rates.following if number > 1 else rates.first).measure(size):
        portal.log(name, path, sha256)


def _write_plain(portal: Portal, path: Path, rates: Rates) -> None:
    content = path.read_bytes()
    plain = portal.store_root.parent / "plain"
    with rates.writing.measure(len(content)):
        write_file(plain, content)
    plain.unlink()


def compare_reading(portal: Portal, name: str, digests: Mapping[int, str]) -> tuple[Rate, Rate]:
    """How quickly versions are read, and the same bytes from a plain file of the same disk.

    ``digests``: the sha256 that each must have. Raises ValueError when one has another.
    """
    whole, plain = Rate(), Rate()
    path = portal.store_root.parent / "plain"
    for number, sha256 in digests.items():
        content = portal.fetch(name, number)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError(f"{name}:v{number} came back with other bytes.")
        write_file(path, content)
        plain.add(best_of(3, len(content), lambda: read_file(path)))
        with portal.reading(name, number) as read:
            whole.add(best_of(3, len(content), read))
        path.unlink()
    return whole, plain


def disk_bytes(portal: Portal) -> int:
    """The sizes of the files that the pool really has."""
    pool = portal.store_root / "artifacts" / ".dedup"
    return sum(path.stat().st_size for path in pool.glob("*/*"))
