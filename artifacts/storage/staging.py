"""Content on its way in: written to ``.staging/<uuid>``, hashed meanwhile, checked, synced.

Invariants: a StagedBlob is whole, checked, read-only and durable; content that fails leaves no
file. Old files here are harmless leftovers of a crash, and swept (``sweep``).
"""

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Protocol

from accounts.sentences import say
from artifacts.errors import DigestMismatch, SizeMismatch, StoreUnavailable, TooLarge
from artifacts.storage.durable import (
    READ_ONLY_FILE,
    new_file,
    seal,
    start_writeback,
    sync_filesystem,
    write_all,
)
from artifacts.storage.layout import Store
from artifacts.storage.steps import reached

PIECE_BYTES = 8 << 20
THREAD_FROM_BYTES = 1 << 20
HEADER_BYTES = 40
MAX_RECORDS = 100_000


class Source(Protocol):
    """Anything with a ``read`` that gives at most ``size`` bytes, and none at the end only."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        ...


@dataclass(frozen=True)
class StagedBlob:
    """Checked content that has no address yet; ``sha256`` is 64 hex digits."""

    path: Path
    sha256: str
    size_bytes: int


def stage(
    store: Store, source: Source, *, sha256: str | None = None, size_bytes: int | None = None
) -> StagedBlob:
    """Write ``source`` to its end; durable on return.

    ``sha256`` and ``size_bytes`` are what the content must have; None: whatever it has.

    Raises DigestMismatch, SizeMismatch (422), StorageFull (507), StoreUnavailable (503), and
    whatever ``source`` raises; then nothing is kept.
    """
    require_staging(store)
    path = new_path(store)
    with new_file(path) as fd:
        staged = _fill(fd, path, source, sha256, size_bytes)
        reached("stage.written")
        seal(fd)
    reached("stage.synced")
    return staged


def stage_many(store: Store, records: Iterable[tuple[str, int, Source]]) -> list[StagedBlob]:
    """Write many small contents, given as (sha256, size in bytes, source), and sync them at once.

    All or nothing: raises as :func:`stage`, and then none is kept. The one sync waits for
    everything that is being written to this filesystem.
    """
    require_staging(store)
    staged: list[StagedBlob] = []
    try:
        with sync_filesystem(store.staging) as written:
            for sha256, size_bytes, source in records:
                staged.append(_stage_unsynced(store, source, sha256, size_bytes))
                written.append(staged[-1].path)
            reached("stage.written")
    except BaseException:
        for one in staged:
            discard(one)
        raise
    reached("stage.synced")
    return staged


def _stage_unsynced(store: Store, source: Source, sha256: str, size_bytes: int) -> StagedBlob:
    path = new_path(store)
    with new_file(path) as fd:
        staged = _fill(fd, path, source, sha256, size_bytes)
        os.fchmod(fd, READ_ONLY_FILE)
    return staged


def require_staging(store: Store) -> None:
    """Raise StoreUnavailable (503) when the store has lost the folder ``.staging``."""
    if not store.staging.is_dir():
        raise StoreUnavailable(f"The store's folder {store.staging} is gone.")


def new_path(store: Store) -> Path:
    """A name in ``.staging`` that nothing has."""
    return store.staging / uuid.uuid4().hex


def _fill(
    fd: int, path: Path, source: Source, sha256: str | None, size_bytes: int | None
) -> StagedBlob:
    found, count = _write_hashed(fd, source, size_bytes)
    staged = StagedBlob(path=path, sha256=found, size_bytes=count)
    require_declared(staged, sha256, size_bytes)
    return staged


def require_declared(staged: StagedBlob, sha256: str | None, size_bytes: int | None) -> None:
    """Raise SizeMismatch or DigestMismatch (422) when it is not what was declared; None: any."""
    if size_bytes is not None and staged.size_bytes != size_bytes:
        raise SizeMismatch(
            say(
                "Declared were {size_bytes} bytes, {came} came.",
                size_bytes=size_bytes,
                came=staged.size_bytes,
            )
        )
    if sha256 is not None and staged.sha256 != sha256:
        raise DigestMismatch(
            say(
                "The bytes have the digest sha256:{sha256}, not sha256:{expected}.",
                sha256=staged.sha256,
                expected=sha256,
            )
        )


def _write_hashed(fd: int, source: Source, limit: int | None) -> tuple[str, int]:
    """Write all of ``source``, which gives at most ``limit`` bytes; returns (sha256, size)."""
    digest = hashlib.sha256()
    count = started = 0
    while piece := source.read(PIECE_BYTES):
        if limit is not None and count + len(piece) > limit:
            raise SizeMismatch(say("Declared were {limit} bytes, more came.", limit=limit))
        _write_and_hash(fd, piece, digest)
        count += len(piece)
        if count - started >= PIECE_BYTES:
            start_writeback(fd, started, count - started)
            started = count
    return digest.hexdigest(), count


def _write_and_hash(fd: int, piece: bytes, digest: "hashlib._Hash") -> None:
    if len(piece) < THREAD_FROM_BYTES:
        write_all(fd, piece)
        digest.update(piece)
        return
    # Side by side: both leave the interpreter free, and hashing is as slow as writing.
    hashing = Thread(target=digest.update, args=(piece,), daemon=True)
    hashing.start()
    try:
        write_all(fd, piece)
    finally:
        hashing.join()


def discard(staged: StagedBlob) -> None:
    """Remove a staged file; it may be gone already."""
    staged.path.unlink(missing_ok=True)


def read_records(source: Source) -> Iterator[tuple[str, int, Source]]:
    """Read the framing of ``POST /api/blobs``: 32-byte sha256, 8-byte big-endian length, bytes.

    Gives (sha256 in hex, size in bytes, source of just these bytes); what the caller leaves of
    one record is skipped.

    Raises SizeMismatch (422), naming the record, when the body ends inside one; TooLarge (413).
    """
    number = 1
    while header := _read_header(source, number):
        if number > MAX_RECORDS:
            raise TooLarge(say("A body has at most {most} records.", most=MAX_RECORDS))
        size_bytes = int.from_bytes(header[32:], "big")
        body = _RecordBody(source, size_bytes, number)
        yield header[:32].hex(), size_bytes, body
        while body.read(PIECE_BYTES):
            pass
        number += 1


def _read_header(source: Source, number: int) -> bytes:
    header = b""
    while len(header) < HEADER_BYTES:
        piece = source.read(HEADER_BYTES - len(header))
        if not piece and header:
            raise SizeMismatch(
                say(
                    "The body ends in the header of record {number}, "
                    "after {came} of {header_bytes} bytes.",
                    number=number,
                    came=len(header),
                    header_bytes=HEADER_BYTES,
                )
            )
        if not piece:
            return b""
        header += piece
    return header


class _RecordBody:
    """The bytes of one record; the stream behind it goes on with the next."""

    def __init__(self, source: Source, size_bytes: int, number: int) -> None:
        self._source = source
        self._size_bytes = size_bytes
        self._rest = size_bytes
        self._number = number

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end of the record."""
        piece = self._source.read(min(size, self._rest)) if self._rest else b""
        self._rest -= len(piece)
        if self._rest and not piece:
            raise SizeMismatch(
                say(
                    "The body ends in record {number}, after {came} of {size_bytes} bytes.",
                    number=self._number,
                    came=self._size_bytes - self._rest,
                    size_bytes=self._size_bytes,
                )
            )
        return piece
