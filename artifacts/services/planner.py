"""What PostgreSQL's planner knows of large commits.

It counts tables again about a minute after they changed. Until then it takes the rows of a large
first commit for a handful, and plans loops over all pairs of them: half a minute for 10 000 files.
"""

from django.db import connection, transaction

from artifacts.models import Blob, ManifestEntry

LARGE_FILES = 1000
WORTH_SHARE = 10
"""A commit that adds at least one row to so many makes the old counts useless."""


def count_after_commit(num_files: int) -> None:
    """Have the tables counted when a large commit is done; a failure is logged, and no error."""
    if num_files >= LARGE_FILES:
        transaction.on_commit(lambda: count_rows(num_files), robust=True)


def count_rows(num_files: int) -> None:
    """Count the tables anew where ``num_files`` rows more make a difference: tenths of a second."""
    table = ManifestEntry._meta.db_table  # noqa: SLF001 Django's own name for it
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        if cursor.fetchone()[0] <= num_files * WORTH_SHARE:
            cursor.execute(f"ANALYZE {table}, {Blob._meta.db_table}")  # noqa: SLF001
