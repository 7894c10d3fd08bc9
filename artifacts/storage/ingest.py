"""Content on its way in that may lie in the store already, in part: matched, hashed, staged.

What was found in other contents is not written: then the staged file is the body of a ``.d`` file,
which only lacks its recipe (``extents``). Where nothing was found it is the whole content, to be
sealed and published as it is. And where it shall be whole after all, it is put together again from
that body and the bases, which stay open as long as the Ingested.

Invariants: an Ingested is checked, but not durable yet; content that fails leaves no file. About
50 MB of memory are used, whatever the size of the content, beside the index.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from accounts.sentences import say
from artifacts.errors import Corrupted, SizeMismatch
from artifacts.storage.body import Body
from artifacts.storage.chunk_index import ChunkIndex
from artifacts.storage.chunks import CUT_FROM_BYTES, NO_CHUNKS, ChunkList, is_cuttable
from artifacts.storage.closing import Closing
from artifacts.storage.durable import disk_errors, new_file, seal
from artifacts.storage.layout import Store
from artifacts.storage.matching import FindMore, Matcher
from artifacts.storage.recipe import Range, Recipe
from artifacts.storage.staging import (
    THREAD_FROM_BYTES,
    Source,
    StagedBlob,
    discard,
    new_path,
    require_declared,
    require_staging,
)
from artifacts.storage.steps import reached

BUFFER_BYTES = CUT_FROM_BYTES
"""So the first buffer tells whether content is big enough to be cut."""
PIECE_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class Ingested(Closing):
    """Content that came in, not synced; a context manager that keeps its bases open.

    ``staged`` is the file; with ``is_whole`` it has all of the content, else only its literal
    bytes, in order. ``chunks`` are those of the whole content, none when it was not cut.
    ``recipe`` None: store it whole.
    """

    staged: StagedBlob
    is_whole: bool
    chunks: ChunkList
    recipe: Recipe | None
    body: Body
    matcher: Matcher

    def stage_whole(self, store: Store) -> StagedBlob:
        """All of the content in one file: the staged one, or a new one beside it; not synced.

        Raises Corrupted (422) when a base has changed since its bytes were compared, StorageFull
        (507), StoreUnavailable (503); then there is no new file.
        """
        if self.is_whole:
            return self.staged
        path = new_path(store)
        with new_file(path) as fd:
            self._assemble(Body(path, fd))
            reached("stage.assembled")
        return StagedBlob(path, self.staged.sha256, self.staged.size_bytes)

    def _assemble(self, whole: Body) -> None:
        digest = hashlib.sha256()
        for piece in self._read_parts():
            digest.update(piece)
            whole.keep(memoryview(piece), len(piece))
            whole.flush()
        if digest.hexdigest() != self.staged.sha256:
            raise Corrupted(
                say("Content that this shares bytes with was damaged meanwhile: try again.")
            )

    def _read_parts(self) -> Iterator[bytes]:
        for owner, start, length in self.matcher.parts:
            end = start + length
            for offset in range(start, end, PIECE_BYTES):
                count = min(PIECE_BYTES, end - offset)
                if owner is None:
                    yield self.body.read_at(offset, count)
                else:  # where it cannot be read the digest will tell
                    yield self.matcher.bases.read_at(owner, offset, count) or b""

    def close(self) -> None:
        """Close the bases; may be repeated."""
        self.body.close()
        self.matcher.close()


def ingest(
    store: Store,
    source: Source,
    *,
    sha256: str | None = None,
    size_bytes: int | None = None,
    index: ChunkIndex,
    find_more: FindMore | None = None,
) -> Ingested:
    """Read ``source`` to its end, and write what the contents of ``index`` do not hold of it.

    ``sha256`` and ``size_bytes`` are what the content must have; None: whatever it has.
    ``find_more`` gets the keys of hooks that ``index`` lacks, before they are looked up, and may
    add to it; it is called in this thread.

    Raises DigestMismatch, SizeMismatch (422), StorageFull (507), StoreUnavailable (503), and
    whatever ``source`` or ``find_more`` raises; then nothing is kept.
    """
    require_staging(store)
    path = new_path(store)
    with ExitStack() as stack:
        with new_file(path) as fd:
            body = stack.enter_context(Body(path, fd))
            matcher = stack.enter_context(Matcher(store, body, index, find_more))
            ingested = _take_in(source, body, matcher, sha256, size_bytes)
            reached("stage.written")
        stack.pop_all()  # what it holds is closed by the caller, with the Ingested
    return ingested


def ingest_file(
    store: Store,
    path: Path,
    *,
    sha256: str | None = None,
    size_bytes: int | None = None,
    index: ChunkIndex,
    find_more: FindMore | None = None,
    keep: Sequence[Range] = (),
) -> Ingested:
    """As :func:`ingest` for content that lies whole at ``path``: it is read, and left as it is.

    The bytes in the ranges ``keep`` stay in its own file, even where others hold them.
    """
    with disk_errors(), path.open("rb", buffering=0) as file, ExitStack() as stack:
        body = stack.enter_context(Body(path))
        matcher = stack.enter_context(Matcher(store, body, index, find_more, keep))
        ingested = _take_in(file, body, matcher, sha256, size_bytes)
        stack.pop_all()
    return ingested


def seal_staged(staged: StagedBlob) -> None:
    """Make staged content read-only and durable, so that it may be published as it is.

    Raises StorageFull (507), StoreUnavailable (503); then it is gone.
    """
    try:
        with disk_errors():
            fd = os.open(staged.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                seal(fd)
            finally:
                os.close(fd)
    except BaseException:
        discard(staged)
        raise
    reached("stage.synced")


def _take_in(
    source: Source, body: Body, matcher: Matcher, sha256: str | None, size_bytes: int | None
) -> Ingested:
    with ThreadPoolExecutor(max_workers=1) as beside:  # starts no thread before it has work
        intake = _Intake(body, matcher, beside)
        for buffer in _read_buffers(source, size_bytes):
            intake.take(buffer)
        intake.hashing.result()
    staged = StagedBlob(body.path, intake.digest.hexdigest(), intake.count)
    require_declared(staged, sha256, size_bytes)
    chunks, recipe = matcher.finish(staged.sha256) if intake.is_cut else (NO_CHUNKS, None)
    return Ingested(staged, body.is_whole, chunks, recipe, body, matcher)


class _Intake:
    """Hashes buffers in a thread of its own, and has them matched, or just written, meanwhile."""

    def __init__(self, body: Body, matcher: Matcher, beside: ThreadPoolExecutor) -> None:
        self.digest = hashlib.sha256()
        self.count = 0
        self.is_cut = False
        self.hashing: Future[None] = Future()
        self.hashing.set_result(None)
        self._body = body
        self._matcher = matcher
        self._beside = beside

    def take(self, buffer: bytes) -> None:
        # Hashing may still go on when this returns, while the next buffer comes.
        self.hashing.result()
        if not self.count:
            self.is_cut = len(buffer) >= CUT_FROM_BYTES and is_cuttable(buffer[:64])
        self.count += len(buffer)
        if len(buffer) >= THREAD_FROM_BYTES:
            self.hashing = self._beside.submit(self.digest.update, buffer)
        else:
            self.digest.update(buffer)
        if self.is_cut:
            self._matcher.feed(buffer)
            self._body.touch()
        else:
            self._body.keep(memoryview(buffer), len(buffer))
            self._body.flush()


def _read_buffers(source: Source, limit: int | None) -> Iterator[bytes]:
    """The bytes of ``source``, which gives at most ``limit``: 8 MiB at a time, less at the end."""
    pieces: list[bytes] = []
    held = count = 0
    while piece := source.read(BUFFER_BYTES - held):
        pieces.append(piece)
        held += len(piece)
        count += len(piece)
        if limit is not None and count > limit:
            raise SizeMismatch(say("Declared were {limit} bytes, more came.", limit=limit))
        if held == BUFFER_BYTES:
            yield b"".join(pieces)
            pieces, held = [], 0
    if pieces:
        yield b"".join(pieces)
