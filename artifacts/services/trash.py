"""What a killed collection left in the trash: put back, or gone for good."""

from django.db import transaction

from artifacts.models import Blob
from artifacts.storage import pool
from artifacts.storage.layout import Store


def recover_trash(store: Store) -> None:
    """Finish what killed collections left in the trash.

    A row that is still there means that the deletion never committed: its bytes go back. The
    row's lock makes this wait for a collection that is still running.
    """
    for path, sha256 in list(pool.trashed(store)):
        with transaction.atomic():
            if Blob.objects.select_for_update().filter(sha256=sha256).exists():
                pool.put_back(store, path)
            else:
                path.unlink(missing_ok=True)
