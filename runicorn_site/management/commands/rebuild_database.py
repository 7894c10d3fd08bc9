"""``manage.py rebuild_database``: the rows anew from the store and an export."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.template.defaultfilters import pluralize

from accounts import records as accounts
from artifacts.errors import Conflict, DomainError
from artifacts.services import restore
from artifacts.services.rebuild import (
    mark_corrupted,
    put_trash_back,
    rebuild_rows,
    require_empty,
)
from artifacts.services.report import RebuildReport
from lineage.models import Run
from lineage.records import restore_inputs, restore_runs
from runicorn_site.embedded import EmbeddedPostgres, EmbeddedPostgresError
from runicorn_site.export_file import (
    ExportContents,
    ExportFileError,
    Record,
    check_export,
    read_export,
)
from runicorn_site.management.commands.serve import plain_connection
from runicorn_site.server.data_dir import DataDirError, hold_data_dir

REFUSALS = (DataDirError, DomainError, EmbeddedPostgresError, ExportFileError)
WITHOUT_EXPORT = (
    "without an export: users, aliases, runs, descriptions, tags, metadata, who and when, and who "
    "is in which team, are lost"
)
NEXT = (
    "Next: `manage.py scrub --read-data` hashes every byte, `manage.py rebuild_trees` checks the "
    "version folders, `manage.py rededup` makes the index for dedup anew."
)

Restore = Callable[[Iterable[Record], RebuildReport], None]

RESTORES: dict[str, Restore] = {
    "group": lambda records, _: accounts.restore_groups(records),
    "user": lambda records, _: accounts.restore_users(records),
    "team": lambda records, _: accounts.restore_teams(records),
    "membership": lambda records, _: accounts.restore_memberships(records),
    "artifact": restore.restore_artifacts,
    "version": restore.restore_versions,
    "file": restore.restore_files,
    "damaged_blob": restore.restore_damage,
    "alias": restore.restore_aliases,
    "alias_event": restore.restore_alias_events,
    "protected_alias": restore.restore_protected_aliases,
    "run": restore_runs,
    "run_input": restore_inputs,
}


class Command(BaseCommand):
    """Exit code 1 when something is lost. All or nothing: one transaction."""

    help = "Make the rows anew from the store on disk, for a database that is lost."
    requires_system_checks = []  # they ask the database, which may have no tables yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the disk cannot know, and whether to keep the result."""
        parser.add_argument("--export", type=Path, metavar="FILE", help="of `export_database`")
        parser.add_argument("--dry-run", action="store_true", help="report and keep nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild, print what was found and what is lost."""
        try:
            with _database():
                report = self._rebuild(options["export"], dry_run=options["dry_run"])
        except REFUSALS as error:
            raise CommandError(str(error)) from None
        self._print(report, dry_run=options["dry_run"])
        if report.losses:
            sys.exit(1)

    def _rebuild(self, export: Path | None, *, dry_run: bool) -> RebuildReport:
        call_command("migrate", interactive=False, verbosity=0)
        contents = check_export(export) if export else None
        _refuse(contents)
        if not dry_run:
            put_trash_back()
        with transaction.atomic():
            report = rebuild_rows(names=contents.names if contents else {})
            _restore(export, report)
            mark_corrupted(report=report)
            transaction.set_rollback(dry_run)
        return report

    def _print(self, report: RebuildReport, *, dry_run: bool) -> None:
        for note in report.notes:
            self.stdout.write(f"note: {note}")
        for loss in report.losses:
            self.stdout.write(f"lost: {loss}")
        blobs = f"{report.blobs} blob{pluralize(report.blobs)}"
        versions = f"{report.versions} version{pluralize(report.versions)}"
        self.stdout.write(f"{blobs} and {versions} {'found' if dry_run else 'rebuilt'}.")
        if not dry_run:
            self.stdout.write(NEXT)


@contextmanager
def _database() -> Iterator[None]:
    """The embedded PostgreSQL for the ``with`` block; nothing where DATABASE_URL is set.

    ``serve`` cannot bring it up here: it refuses a new database on a store that has content.
    """
    if not settings.IS_EMBEDDED:
        yield
        return
    with hold_data_dir(settings.RUNICORN_DATA_DIR, url="manage.py rebuild_database"):
        postgres = EmbeddedPostgres(settings.EMBEDDED_HOME)
        try:
            postgres.start()
            with plain_connection():
                yield
        finally:
            postgres.stop()


def _refuse(contents: ExportContents | None) -> None:
    """Raise before anything is touched, unless the database is empty and the export is its own."""
    store = require_empty()
    if Run.objects.exists():
        raise Conflict("The database has runs; only an empty one is rebuilt.")
    if contents is not None and contents.store_id != str(store.id):
        raise Conflict(f"The export is of the store {contents.store_id}; this one is {store.id}.")


def _restore(export: Path | None, report: RebuildReport) -> None:
    if export is None:
        report.notes.append(WITHOUT_EXPORT)
        return
    for kind, records in groupby(read_export(export), key=_kind_of):
        if kind not in RESTORES:
            raise ExportFileError(f"{export}: this release knows no records of kind {kind!r}.")
        RESTORES[kind](records, report)


def _kind_of(record: Record) -> str:
    return str(record["kind"])
