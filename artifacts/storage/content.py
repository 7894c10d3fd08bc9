"""Opening and checking contents, whatever their layout: one file, or bytes of several.

Every file that a content needs is opened at once, so what is unlinked meanwhile stays readable. No
lock is taken and no database asked: when a file is not where the caller's rows said, that is
``Gone``, and the caller looks at the rows again (docs/storage.md).
"""

import hashlib
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from accounts.sentences import say
from artifacts.errors import Corrupted, Gone
from artifacts.storage.closing import Closing
from artifacts.storage.durable import UNREADABLE
from artifacts.storage.footer import (
    HOLE,
    OWN,
    Footer,
    LiteralRuns,
    Numbers,
    is_sound,
    read_footer,
    whole_run,
)
from artifacts.storage.layout import FILE, REMAINS, Place, Store, physical_path
from artifacts.storage.pool import has_content, require_folder, size_of_file
from artifacts.storage.reader import ContentReader, Pieces

HASH_BYTES = 1 << 20


class OwnBytes(Closing):
    """The bytes of a content that lie in its own file, open for reading; a context manager.

    ``runs`` are their ranges; ``footer`` is None when the file is the whole content.
    """

    def __init__(self, fd: int, runs: LiteralRuns, footer: Footer | None = None) -> None:
        self.fd = fd
        self.runs = runs
        self.footer = footer

    def read_at(self, offset: int, length: int) -> bytes | None:
        """These bytes of the content; None when the file does not hold them or is unreadable."""
        physical = self.runs.locate_one(offset, length)
        if physical is None:
            return None
        try:
            found = os.pread(self.fd, length, physical)
        except OSError as error:
            if error.errno in UNREADABLE:
                return None
            raise
        return found if len(found) == length else None

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill ``buffer`` with the bytes of the content from ``offset`` on; returns how many.

        Fewer than fit where the next ones are not in this file, none where it is unreadable.
        """
        physical, available = self.runs.locate_from(offset)
        if available <= 0:
            return 0
        try:
            return os.preadv(self.fd, [buffer[:available]], physical)
        except OSError as error:
            if error.errno in UNREADABLE:
                return 0
            raise

    def close(self) -> None:
        """Close the file; may be repeated."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def open_own(store: Store, place: Place) -> OwnBytes:
    """Open the content's own file, of any layout.

    Raises Gone (422) when it is not there, Corrupted (422) when it has another size, its footer is
    damaged or it is another content's; StoreUnavailable (503).
    """
    return _open_own_at(physical_path(store, place), place)


def _open_own_at(path: Path, place: Place) -> OwnBytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        require_folder(path.parent)
        raise _gone(place) from None
    try:
        return _checked(fd, place)
    except BaseException as error:
        os.close(fd)
        if isinstance(error, OSError) and error.errno in UNREADABLE:
            raise Corrupted(
                say("The disk cannot read the content sha256:{sha256}.", sha256=place.sha256)
            ) from error
        raise


def _checked(fd: int, place: Place) -> OwnBytes:
    if os.fstat(fd).st_size != place.physical_bytes:
        raise Corrupted(
            say("The content sha256:{sha256} is torn in the store.", sha256=place.sha256)
        )
    if place.layout == FILE:
        return OwnBytes(fd, whole_run(place.physical_bytes))
    footer = read_footer(fd)
    columns = footer.columns
    if (columns.sha256, columns.size_bytes) != (place.sha256, place.size_bytes):
        raise Corrupted(
            say(
                "The file of sha256:{sha256} in the store is another content's.",
                sha256=place.sha256,
            )
        )
    return OwnBytes(fd, columns.literals, footer)


def _gone(place: Place) -> Gone:
    return Gone(say("The content sha256:{sha256} is gone from the store.", sha256=place.sha256))


def open_content(
    store: Store, place: Place, bases: Mapping[str, Place], *, path: Path | None = None
) -> ContentReader:
    """Open a whole content; ``bases`` gives the place of every content that it leans on.

    ``path`` is where its own file lies while it has no address yet.

    Raises Gone (422) when a file is not there, a base is not among ``bases``, or only remains are
    left of the content; Corrupted (422) when a file is torn or lacks bytes that are needed of it;
    StoreUnavailable (503).
    """
    if place.layout == REMAINS:
        raise _gone(place)
    with ExitStack() as stack:
        files = [stack.enter_context(_open_own_at(path or physical_path(store, place), place))]
        for owner in files[0].footer.columns.owners if files[0].footer else ():
            base = bases.get(owner)
            if base is None:
                raise _gone(place)
            files.append(stack.enter_context(open_own(store, base)))
        fds = [file.fd for file in files]
        return ContentReader(fds, _pieces(files), place.size_bytes, stack.pop_all())


def _pieces(files: list[OwnBytes]) -> Pieces:
    """Where each byte lies: in which of the files, the content's own and those of its owners."""
    own = files[0]
    if own.footer is None:
        return Pieces(starts=own.runs.starts, files=own.runs.physical, physical=own.runs.physical)
    columns = own.footer.columns
    if (columns.owner == HOLE).any():
        raise Corrupted(
            say("The content sha256:{sha256} is not whole in the store.", sha256=columns.sha256)
        )
    physical = np.empty_like(columns.offset)
    for number, file in enumerate(files, start=OWN):
        of_file = columns.owner == number
        physical[of_file] = _locate(file, columns.offset[of_file], columns.length[of_file])
    return _merged(columns.starts, columns.length, columns.owner, physical)


def _locate(file: OwnBytes, offset: Numbers, length: Numbers) -> Numbers:
    try:
        return file.runs.locate(offset, length)
    except ValueError as error:
        raise Corrupted(say("A content of the store lacks bytes: {error}.", error=error)) from error


def _merged(starts: Numbers, length: Numbers, files: Numbers, physical: Numbers) -> Pieces:
    """One piece for what lies side by side in one file."""
    is_first = np.ones(len(starts), dtype=np.bool_)
    is_first[1:] = (files[1:] != files[:-1]) | (physical[1:] != physical[:-1] + length[:-1])
    return Pieces(starts[is_first], files[is_first], physical[is_first])


def has_bytes(store: Store, place: Place) -> bool:
    """Whether the content's own file is there with its size; its bytes are not read.

    Raises StoreUnavailable (503).
    """
    return size_of_file(store, place.pool_file) == place.physical_bytes


def verify_own(store: Store, place: Place) -> bool:
    """Read the content's own file and say whether it is what its name says; False when absent.

    Of bytes that lie in other files nothing is said: see :func:`verify_content`.

    Raises StoreUnavailable (503).
    """
    if not has_bytes(store, place):
        return False
    path = physical_path(store, place)
    if place.layout == FILE:
        return has_content(path, place.sha256, place.physical_bytes)
    return is_sound(path, place.sha256, place.size_bytes)


def verify_content(
    store: Store, place: Place, bases: Mapping[str, Place], *, path: Path | None = None
) -> bool:
    """Read the whole content and say whether it has its digest; False when bytes are missing.

    The arguments are those of :func:`open_content`. Raises StoreUnavailable (503).
    """
    digest = hashlib.sha256()
    try:
        with open_content(store, place, bases, path=path) as reader:
            while piece := reader.read(HASH_BYTES):
                digest.update(piece)
    except Corrupted:
        return False
    return digest.hexdigest() == place.sha256
