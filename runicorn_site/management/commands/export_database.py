"""``manage.py export_database FILE``: what the store on disk cannot know of itself."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from accounts.records import export_accounts
from artifacts.errors import StoreUnavailable
from artifacts.services.export import export_artifacts
from artifacts.services.store import verified_store
from lineage.records import export_runs
from runicorn_site.export_file import Record, write_export


class Command(BaseCommand):
    """Safe beside everything: it reads one snapshot."""

    help = "Write what the store on disk cannot know (people, aliases, runs …) as JSON lines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to."""
        parser.add_argument("file", type=Path, help="the file to write; one that exists goes")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        """Export, and say how much it was."""
        try:
            store = verified_store()
            with _one_snapshot():
                count = write_export(file.absolute(), _records(), store_id=store.id)
        except (OSError, StoreUnavailable) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{count} records written to {file}.")


def _records() -> Iterator[Record]:
    yield from export_accounts()
    yield from export_artifacts()
    yield from export_runs()


@contextmanager
def _one_snapshot() -> Iterator[None]:
    """A transaction in which every query sees the same moment."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
