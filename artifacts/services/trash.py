"""What is left in the trash or lies in the pool beside a row's file: put back, or gone for good."""

import logging
from collections.abc import Iterable
from operator import attrgetter

from django.db import transaction

from artifacts.models import Blob
from artifacts.storage import pool
from artifacts.storage.content import has_bytes
from artifacts.storage.layout import PoolFile, Store, pool_file_path

logger = logging.getLogger(__name__)


def recover_trash(store: Store) -> None:
    """Finish what killed collections left in the trash.

    A row that still names the file means that the deletion never committed: its bytes go back. The
    row's lock makes this wait for a collection that is still running. What an upload has published
    meanwhile is read before the lock is taken: commits would wait for it.
    """
    for path, file in list(pool.trashed(store)):
        sound_inode = pool.find_sound(store, file)
        with transaction.atomic():
            row = Blob.objects.select_for_update().filter(sha256=file.sha256).first()
            if row is not None and row.place.pool_file == file:
                pool.put_back(store, path, sound_inode=sound_inode)
            else:
                path.unlink(missing_ok=True)


def remove_superseded(store: Store, files: Iterable[PoolFile]) -> int:
    """Unlink those of ``files`` that their blob's row does not name any more; the bytes freed.

    Call it when the transaction that gave the row another file has committed. Before the commit
    would be too early: a crash between the two would take bytes away that others need. Each is
    judged under its row's lock, since new content is published under that lock: without it, this
    could take what an upload has just put under the old name. What has no row is a stray, which a
    collection adopts; and while the row's own file is not sound, everything stays.
    """
    return sum(_remove_superseded(store, file) for file in sorted(files, key=attrgetter("name")))


def _remove_superseded(store: Store, file: PoolFile) -> int:
    with transaction.atomic():
        row = Blob.objects.select_for_update().filter(sha256=file.sha256).first()
        if row is None or not is_superseded(store, row, file):
            return 0
        size_bytes = pool.size_of_file(store, file)
        if size_bytes is None:
            return 0
        pool_file_path(store, file).unlink()
    logger.info("file superseded file=%s bytes=%d", file.name, size_bytes)
    return size_bytes


def is_superseded(store: Store, row: Blob, file: PoolFile) -> bool:
    """Whether ``row`` has its bytes in another file than ``file``, and has them for sure."""
    return row.place.pool_file != file and row.damaged_at is None and has_bytes(store, row.place)
