"""Files of the pool that no row names: harmless, left by crashes, and judged before they go."""

from collections.abc import Iterator, Sequence

from django.db import transaction

from artifacts.models import Blob
from artifacts.services.trash import is_superseded
from artifacts.storage import pool
from artifacts.storage.layout import PoolFile, Store, parse_pool_name

BATCH = 1000
PREFIX = "sha256:"


def find_strays(store: Store) -> Iterator[str]:
    """The strays, each as ``sha256:`` and the name of its file: a digest, or a digest and ``.d``.

    A stray is left by a crash between a file and the row that was to name it. What takes the place
    of a file that is damaged or gone is none.

    Raises StoreUnavailable (503) when the pool cannot be read as a whole.
    """
    files: list[PoolFile] = []
    for file, _size in pool.iter_pool(store):
        files.append(file)
        if len(files) == BATCH:
            yield from _strays_among(store, files)
            files = []
    yield from _strays_among(store, files)


def parse_stray(stray: str) -> PoolFile:
    """The file of a stray that :func:`find_strays` gave."""
    file = parse_pool_name(stray.removeprefix(PREFIX))
    if file is None:
        raise ValueError(f"not a stray: {stray!r}")
    return file


def _strays_among(store: Store, files: Sequence[PoolFile]) -> list[str]:
    suspects = _unnamed(store, files)
    if not suspects:
        return []
    _await_writers(sorted({file.sha256 for file in suspects}))
    # A collection takes the file before the row: where the file is gone too, it was no stray.
    return [
        f"{PREFIX}{file.name}"
        for file in _unnamed(store, suspects)
        if pool.size_of_file(store, file) is not None
    ]


def _unnamed(store: Store, files: Sequence[PoolFile]) -> list[PoolFile]:
    rows = {row.sha256: row for row in Blob.objects.filter(sha256__in={f.sha256 for f in files})}
    return [
        file
        for file in files
        if file.sha256 not in rows or is_superseded(store, rows[file.sha256], file)
    ]


def _await_writers(sha256s: Sequence[str]) -> None:
    """Return when nobody is between making a file of these and committing the row that names it.

    Rows of the same digests wait for those that are not committed yet; they are taken back. The
    lock waits for those who give a row that there is another file. One after the other: an upload
    that has locked its bases waits for our row of its own digest, so we must not, while there is
    that row, wait for a base (deadlock otherwise).
    """
    rows = [Blob(sha256=sha256, size_bytes=0, physical_bytes=0) for sha256 in sha256s]
    with transaction.atomic():
        Blob.objects.bulk_create(rows, ignore_conflicts=True)
        transaction.set_rollback(True)
    with transaction.atomic():
        locked = Blob.objects.select_for_update(no_key=True).filter(sha256__in=sha256s)
        list(locked.order_by("sha256").values_list("pk"))
