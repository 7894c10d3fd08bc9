"""Contents of a foreign store become blobs: each hashed, and published in lots.

No row is locked while anything is read. What is published and never committed is collected later.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from artifacts.errors import TooLarge
from artifacts.models import Blob
from artifacts.services.contents import find_stored, locate
from artifacts.services.limits import max_file_bytes
from artifacts.services.publishing import publish
from artifacts.services.store import current_store
from artifacts.storage.adopt import Adopted, Wanted, adopt
from artifacts.storage.layout import REMAINS

LOT_FILES = 400
LOT_BYTES = 256 << 20


@dataclass(frozen=True)
class Source:
    """Content as it must be, and a file that may hold it."""

    path: Path
    sha256: str
    size_bytes: int


class Opener(Protocol):
    """Opens a file of the foreign store; raises OSError where it may not be read."""

    def __call__(self, path: Path, stack: ExitStack) -> BinaryIO:
        """The file, open until ``stack`` closes."""
        ...


def stored_among(sha256s: Iterable[str]) -> set[str]:
    """Those that are stored and sound; a hint, asked again at the commit."""
    rows = Blob.objects.healthy().exclude(layout=REMAINS).with_digests(list(sha256s))
    found = list(rows)
    stored = find_stored(map(locate, found))
    return {one.sha256 for one in found if one.pk in stored}


def adopt_files(
    sources: Sequence[Source],
    open_file: Opener,
    *,
    may_link: bool,
    may_clone: bool = True,
    must_link: bool = False,
) -> Iterator[tuple[Source, Adopted]]:
    """Store each of ``sources`` that is as it must be; says of each how, or why not.

    What is said to be stored is durable by then. Raises TooLarge (413), StorageFull (507),
    StoreUnavailable (503), and Conflict (409) for what cannot be linked but ``must_link``.
    """
    limit = max_file_bytes()
    for lot in _lots(sources):
        for one in lot:
            if limit is not None and one.size_bytes > limit:
                raise TooLarge(f"A file has at most {limit} bytes here, not {one.size_bytes}.")
        results = _adopt_lot(
            lot, open_file, may_link=may_link, may_clone=may_clone, must_link=must_link
        )
        yield from zip(lot, results, strict=True)


def _lots(sources: Iterable[Source]) -> Iterator[list[Source]]:
    lot: list[Source] = []
    size_bytes = 0
    for one in sources:
        if lot and (len(lot) == LOT_FILES or size_bytes + one.size_bytes > LOT_BYTES):
            yield lot
            lot, size_bytes = [], 0
        lot.append(one)
        size_bytes += one.size_bytes
    if lot:
        yield lot


def _adopt_lot(lot: Sequence[Source], open_file: Opener, **ways: bool) -> list[Adopted]:
    with ExitStack() as stack:
        opened: list[Wanted | str] = [_open(one, open_file, stack) for one in lot]
        wanted = [one for one in opened if isinstance(one, Wanted)]
        adopted = iter(adopt(current_store(), wanted, **ways))
        results = [
            next(adopted) if isinstance(one, Wanted) else Adopted(None, why=one) for one in opened
        ]
    publish([one.staged for one in results if one.staged is not None])
    return results


def _open(source: Source, open_file: Opener, stack: ExitStack) -> Wanted | str:
    """The file, or why it cannot be read."""
    try:
        file = open_file(source.path, stack)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return error.strerror or str(error)
    return Wanted(source.path, file, source.sha256, source.size_bytes)
