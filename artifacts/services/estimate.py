"""What dedup would save, without storing anything: the same cuts, looked up in memory.

The estimate knows every chunk it has seen; an upload knows those of the newest 400 contents. So a
very long line of versions may save a little less than is said here.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from artifacts.models import Artifact, Blob
from artifacts.services.contents import open_blob
from artifacts.storage.chunks import CUT_FROM_BYTES, Cutter, chunk_id, is_cuttable
from artifacts.storage.matching import is_worth_extents
from artifacts.storage.staging import Source

PIECE_BYTES = 8 << 20


@dataclass
class Estimate:
    """Of one version, in bytes: all of it, and what older versions (or itself) have already.

    ``num_opaque`` counts its files that are compressed streams or media: of these only equal
    files are shared.
    """

    name: str
    logical_bytes: int = 0
    shared_bytes: int = 0
    num_files: int = 0
    num_opaque: int = 0

    @property
    def physical_bytes(self) -> int:
        """What it would take on disk."""
        return self.logical_bytes - self.shared_bytes


@dataclass(frozen=True)
class Sample:
    """Content to be estimated; ``sha256`` None: not known before it is read."""

    size_bytes: int
    open: Callable[[], AbstractContextManager[Source]]
    sha256: str | None = None


class Estimator:
    """Remembers what it has seen: feed it versions in the order in which they are logged."""

    def __init__(self) -> None:
        self._contents: set[str] = set()
        self._chunks: set[bytes] = set()

    def add(self, name: str, samples: Iterable[Sample]) -> Estimate:
        """Estimate the next version. Raises OSError, Corrupted (422) for what cannot be read."""
        estimate = Estimate(name)
        for sample in samples:
            estimate.num_files += 1
            estimate.logical_bytes += sample.size_bytes
            estimate.shared_bytes += self._shared_bytes(sample, estimate)
        return estimate

    def _shared_bytes(self, sample: Sample, estimate: Estimate) -> int:
        if sample.sha256 in self._contents:
            return sample.size_bytes
        if sample.sha256 is not None and sample.size_bytes < CUT_FROM_BYTES:
            self._contents.add(sample.sha256)
            return 0
        with sample.open() as source:
            found = _Reading(source, sample.size_bytes, self._chunks)
            found.run()
        if found.sha256 in self._contents:
            return sample.size_bytes
        self._contents.add(found.sha256)
        self._chunks |= found.new_chunks
        estimate.num_opaque += found.is_opaque
        return found.shared_bytes if is_worth_extents(found.shared_bytes, sample.size_bytes) else 0


class _Reading:
    """One content read once: hashed, and cut where it is cuttable."""

    def __init__(self, source: Source, size_bytes: int, known: set[bytes]) -> None:
        self.new_chunks: set[bytes] = set()
        self.shared_bytes = 0
        self.is_opaque = False
        self._source = source
        self._size_bytes = size_bytes
        self._known = known
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of the whole content, once it was read."""
        return self._digest.hexdigest()

    def run(self) -> None:
        """Read to the end."""
        piece = self._source.read(PIECE_BYTES)
        self.is_opaque = bool(piece) and not is_cuttable(piece[:64])
        cutter = None if self.is_opaque or self._size_bytes < CUT_FROM_BYTES else Cutter()
        while piece:
            self._digest.update(piece)
            if cutter is not None:
                self._look_up(cutter.feed(piece))
            piece = self._source.read(PIECE_BYTES)
        if cutter is not None:
            self._look_up(cutter.finish())

    def _look_up(self, chunks: Iterable[memoryview]) -> None:
        for chunk in chunks:
            id_ = chunk_id(chunk)
            if id_ in self._known or id_ in self.new_chunks:
                self.shared_bytes += len(chunk)
            else:
                self.new_chunks.add(id_)


def estimate_artifact(artifact: Artifact) -> Iterator[Estimate]:
    """One estimate a version that is not purged, oldest first; reads all of its content once."""
    estimator = Estimator()
    for version in artifact.versions.remaining().order_by("number"):
        blobs = Blob.objects.healthy().filter(entries__version=version).order_by("entries__path")
        yield estimator.add(f"v{version.number}", [_stored(blob) for blob in blobs])


def _stored(blob: Blob) -> Sample:
    return Sample(blob.size_bytes, lambda: open_blob(blob), blob.sha256)


def estimate_paths(paths: Iterable[Path]) -> Iterator[Estimate]:
    """One estimate a file or folder, as if each were logged as a version after the one before."""
    estimator = Estimator()
    for path in paths:
        yield estimator.add(str(path), [_local(file) for file in _files_of(path)])


def _files_of(path: Path) -> list[Path]:
    return sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]


def _local(path: Path) -> Sample:
    return Sample(path.stat().st_size, lambda: path.open("rb", buffering=0))
