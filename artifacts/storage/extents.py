"""Writing ``.d`` files into ``.staging``: the bytes of a content that are its own, and its recipe.

Invariants: a StagedExtents is whole, read-only and durable; what fails leaves no file. Bytes that
are taken out of a file of the pool are checked on the way: damage must not get a good checksum.
"""

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import blake3

from accounts.sentences import say
from artifacts.errors import Corrupted, StoreUnavailable
from artifacts.storage.content import OwnBytes, open_own
from artifacts.storage.durable import (
    UNREADABLE,
    disk_errors,
    new_file,
    seal,
    start_writeback,
    write_all,
)
from artifacts.storage.layout import Place, Store
from artifacts.storage.recipe import (
    Range,
    Recipe,
    StagedExtents,
    encode_footer,
    intersect_ranges,
    remaining_recipe,
)
from artifacts.storage.steps import reached

__all__ = [
    "StagedExtents",
    "finish_extents",
    "reopen_body",
    "write_extents",
    "write_remains",
]

PIECE_BYTES = 4 << 20
WRITEBACK_BYTES = 8 << 20
WRITABLE_FILE = 0o600


def write_extents(store: Store, source_path: Path, recipe: Recipe) -> StagedExtents:
    """Copy the literal bytes out of ``source_path``, which holds the whole content; durable.

    Raises ValueError when ``recipe`` breaks a rule, Corrupted (422) when the source is too short,
    StorageFull (507), StoreUnavailable (503); then nothing is kept.
    """
    recipe.check()
    with source_path.open("rb", buffering=0) as source:
        return _write(store, recipe, _read_ranges(source.fileno(), recipe.literals))


def write_remains(store: Store, place: Place, live: Iterable[Range]) -> StagedExtents:
    """Copy what the content holds itself of the ranges ``live``; durable. All else is a hole.

    The whole file is read and checked, so that damage is not passed on.

    Raises Gone, Corrupted (422) when the file is absent or not what its name says; StorageFull
    (507), StoreUnavailable (503); then nothing is kept.
    """
    with open_own(store, place) as own:
        kept = intersect_ranges(_ranges_of(own), live)
        recipe = remaining_recipe(place.sha256, place.size_bytes, kept)
        return _write(store, recipe, _read_checked(own, place, kept))


def _ranges_of(own: OwnBytes) -> Iterator[Range]:
    for start, end in zip(own.runs.starts.tolist(), own.runs.ends.tolist(), strict=True):
        yield Range(start, end - start)


def _write(store: Store, recipe: Recipe, pieces: Iterable[bytes]) -> StagedExtents:
    if not store.staging.is_dir():
        raise StoreUnavailable(f"The store's folder {store.staging} is gone.")
    path = store.staging / uuid.uuid4().hex
    with new_file(path) as fd:
        body_blake3 = _write_body(fd, pieces)
        physical_bytes = _finish(fd, recipe, body_blake3)
    reached("extents.synced")
    return StagedExtents(path, recipe, physical_bytes)


def _write_body(fd: int, pieces: Iterable[bytes]) -> bytes:
    digest = blake3.blake3()
    count = started = 0
    for piece in pieces:
        write_all(fd, piece)
        digest.update(piece)
        count += len(piece)
        if count - started >= WRITEBACK_BYTES:
            start_writeback(fd, started, count - started)
            started = count
    return digest.digest()


def _finish(fd: int, recipe: Recipe, body_blake3: bytes) -> int:
    """Write the footer where the file ends, and make it durable; returns the file's size."""
    write_all(fd, encode_footer(recipe, body_blake3))
    reached("extents.written")
    seal(fd)
    return os.fstat(fd).st_size


def _read_ranges(fd: int, ranges: Sequence[Range]) -> Iterator[bytes]:
    for one in ranges:
        for offset in range(one.offset, one.end, PIECE_BYTES):
            yield _read_exactly(fd, min(PIECE_BYTES, one.end - offset), offset)


def _read_exactly(fd: int, count: int, offset: int) -> bytes:
    try:
        found = os.pread(fd, count, offset)
    except OSError as error:
        # As damage of what is read, not as a failure of the disk that is written to.
        if error.errno in UNREADABLE:
            raise Corrupted(say("The disk cannot read a file of the store.")) from error
        raise
    if len(found) != count:
        raise Corrupted(say("A file of the store is torn: it ends early."))
    return found


def _read_checked(own: OwnBytes, place: Place, kept: Sequence[Range]) -> Iterator[bytes]:
    """The kept bytes, in order; raises Corrupted at the end when the file was not sound."""
    is_whole = own.footer is None
    digest = hashlib.sha256() if is_whole else blake3.blake3()
    yield from _filter(_hashed(own, digest), _physical(own, kept))
    expected = own.footer.body_blake3 if own.footer else bytes.fromhex(place.sha256)
    if digest.digest() != expected:
        raise Corrupted(
            say("The content sha256:{sha256} is damaged in the store.", sha256=place.sha256)
        )


def _hashed(own: OwnBytes, digest: "hashlib._Hash | blake3.blake3") -> Iterator[bytes]:
    for piece in _read_ranges(own.fd, [Range(0, own.runs.num_bytes)]):
        digest.update(piece)
        yield piece


def _physical(own: OwnBytes, kept: Sequence[Range]) -> Iterator[Range]:
    for one in kept:
        offset = own.runs.locate_one(one.offset, one.length)
        yield Range(offset or 0, one.length)


def _filter(pieces: Iterable[bytes], wanted: Iterator[Range]) -> Iterator[bytes]:
    """Of all pieces of a file, which follow each other, what lies in the ranges, in order."""
    position = 0
    one = next(wanted, None)
    for piece in pieces:
        end = position + len(piece)
        while one is not None and one.offset < end:
            yield piece[max(0, one.offset - position) : one.end - position]
            if one.end > end:
                break  # It goes on in the next piece.
            one = next(wanted, None)
        position = end


def finish_extents(store: Store, body_path: Path, recipe: Recipe) -> StagedExtents:
    """Make a staged file that holds just the literal bytes, in order, whole; durable. No copy.

    The file gets another name in the staging folder; where this fails, it has the old name and
    the old bytes again.

    Raises ValueError when ``recipe`` breaks a rule, Corrupted (422) when the file has another
    size, StorageFull (507), StoreUnavailable (503).
    """
    recipe.check()
    path = store.staging / uuid.uuid4().hex
    with disk_errors(), _renamed(body_path, path), path.open("r+b", buffering=0) as file:
        physical_bytes = _append_footer(file.fileno(), recipe)
    reached("extents.synced")
    return StagedExtents(path, recipe, physical_bytes)


@contextmanager
def _renamed(old: Path, new: Path) -> Iterator[None]:
    # Under a name of its own, so that after a crash no half-finished file passes for an upload.
    old.rename(new)
    try:
        yield
    except BaseException:
        new.rename(old)
        raise


def _append_footer(fd: int, recipe: Recipe) -> int:
    body_bytes = os.fstat(fd).st_size
    if body_bytes != recipe.literal_bytes:
        raise Corrupted(say("The staged bytes are not those that the recipe names."))
    digest = blake3.blake3()
    for piece in _read_ranges(fd, [Range(0, body_bytes)]):
        digest.update(piece)
    try:
        os.lseek(fd, 0, os.SEEK_END)
        return _finish(fd, recipe, digest.digest())
    except BaseException:
        os.ftruncate(fd, body_bytes)
        os.fchmod(fd, WRITABLE_FILE)
        raise


def reopen_body(staged: StagedExtents, path: Path) -> None:
    """Undo ``finish_extents``, for content that was not published: its bytes are at ``path`` again.

    Not for what was published, be it rolled back: the pool may have the same file.
    """
    os.truncate(staged.path, staged.recipe.literal_bytes)
    staged.path.chmod(WRITABLE_FILE)
    staged.path.rename(path)
