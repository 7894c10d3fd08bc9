"""Which store on disk belongs to these rows.

The database remembers the id of its store. Nothing that deletes may run, and the portal does not
start, while the disk shows another store or none: an absent disk must not look like free work to
a collector nor like "all lost" to a scrub (docs/storage.md).
"""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from artifacts.errors import StoreUnavailable
from artifacts.models import StoreIdentity
from artifacts.storage import pool
from artifacts.storage.layout import Store
from artifacts.storage.store import init_store, open_store


def current_store() -> Store:
    """The store at ``RUNICORN_STORAGE_ROOT``; raises StoreUnavailable (503) without it."""
    return _open_once(settings.RUNICORN_STORAGE_ROOT)


@lru_cache(maxsize=8)
def _open_once(root: Path) -> Store:
    return open_store(root)


def prepare_store() -> Store:
    """Make the store if neither the disk nor the database knows one; check that they agree.

    Idempotent. A disk without a store, where the database knows one, is refused: it is more
    likely an absent mount than a wish to lose everything. So is a new database on a store
    that has content: to its collector all of it would be free to go.

    Raises StoreUnavailable (503).
    """
    if StoreIdentity.objects.exists():
        return verified_store()
    store = init_store(settings.RUNICORN_STORAGE_ROOT)
    if any(pool.iter_pool(store)):
        raise StoreUnavailable(
            f"The store at {store.root} has content that this database knows nothing of. Set "
            "DATABASE_URL to its own database, or RUNICORN_STORAGE_ROOT to another folder. If its "
            "database is lost: manage.py rebuild_database."
        )
    StoreIdentity.objects.get_or_create(is_only=True, defaults={"store_id": store.id})
    return verified_store()


def verified_store() -> Store:
    """The store, freshly read from disk and proved to be this database's.

    Raises StoreUnavailable (503).
    """
    store = open_store(settings.RUNICORN_STORAGE_ROOT)
    known = StoreIdentity.objects.filter(is_only=True).values_list("store_id", flat=True).first()
    if known != store.id:
        raise StoreUnavailable(
            f"The store at {store.root} has the id {store.id}; this database belongs to "
            f"{known or 'none yet'}. "
            "Mount the right disk or set RUNICORN_STORAGE_ROOT or DATABASE_URL to match."
        )
    return store


def check_store_identity() -> list[str]:
    """What is wrong with the store, as sentences; empty when disk and database agree.

    A database that knows no store yet is not a problem: ``prepare_store`` makes one.
    """
    if not StoreIdentity.objects.exists():
        return []
    try:
        verified_store()
    except StoreUnavailable as error:
        return [error.detail]
    return []
