"""``manage.py rededup``: content that was stored whole, looked at again."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize
from django.utils import timezone

from accounts.sizes import human_size
from artifacts.errors import StorageFull, StoreUnavailable
from artifacts.management.names import find_artifact
from artifacts.management.numbers import parse_seconds
from artifacts.services.locks import only_one
from artifacts.services.rededup import RededupReport, rededup


class Command(BaseCommand):
    """Safe beside uploads, commits and collections; what is done is done after a stop."""

    help = "Store anew, with shared bytes kept once, what was stored as whole files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which artifact, for how long."""
        parser.add_argument(
            "name", nargs="?", metavar="[[TEAM/]TYPE/]NAME", help="only this artifact"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what it would save")
        parser.add_argument(
            "--max-duration",
            type=parse_seconds,
            metavar="SECONDS",
            help="begin with no other file after this time",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through the files; leaves politely when another one is at it."""
        artifact = find_artifact(options["name"]) if options["name"] else None
        seconds = options["max_duration"]
        until = None if seconds is None else timezone.now() + timedelta(seconds=seconds)
        with only_one("rededup") as is_ours:
            if not is_ours:
                self.stdout.write("Another rededup is running; nothing to do.")
                return
            try:
                report = rededup(artifact=artifact, dry_run=options["dry_run"], until=until)
            except (StorageFull, StoreUnavailable) as error:
                raise CommandError(error.detail) from None
        self._print(report, dry_run=options["dry_run"])

    def _print(self, report: RededupReport, *, dry_run: bool) -> None:
        for digest in report.damaged:
            self.stdout.write(f"damaged: {digest} (upload the same content again to heal it)")
        files = f"{report.looked_at} whole file{pluralize(report.looked_at)}"
        count = len(report.changed)
        saved = human_size(report.saved_bytes)
        if dry_run:
            self.stdout.write(f"{files} looked at; {count} would save about {saved}.")
        else:
            self.stdout.write(
                f"{files} looked at; {report.indexed} indexed, {count} stored anew, {saved} saved."
            )
        if not report.is_complete:
            self.stdout.write("The time is over; run it again for the rest.")
