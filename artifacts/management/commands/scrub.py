"""``manage.py scrub``: is every byte what its name says?"""

import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize

from accounts.sizes import human_size
from artifacts.errors import StoreUnavailable
from artifacts.management.numbers import parse_seconds
from artifacts.services.integrity import ScrubReport, scrub
from artifacts.services.locks import only_one


class Command(BaseCommand):
    """Exit code 1 on any finding."""

    help = "Compare the rows with the files both ways; with --read-data hash the bytes too."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How thorough, and for how long."""
        parser.add_argument("--read-data", action="store_true", help="hash every byte")
        parser.add_argument(
            "--max-duration",
            type=parse_seconds,
            metavar="SECONDS",
            help="stop reading data after this time; the next run goes on with the oldest",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Scrub, print, exit; leaves politely when another one is at it."""
        seconds = options["max_duration"]
        limit = timedelta(seconds=seconds) if seconds is not None else None
        with only_one("scrub") as is_ours:
            if not is_ours:
                self.stdout.write("Another scrub is running; nothing to do.")
                return
            try:
                report = scrub(read_data=options["read_data"], max_duration=limit)
            except StoreUnavailable as error:
                raise CommandError(error.detail) from None
        self._print(report)
        if not report.is_clean:
            sys.exit(1)

    def _print(self, report: ScrubReport) -> None:
        read = human_size(report.read_bytes)
        blobs = f"{report.checked} blob{pluralize(report.checked)}"
        self.stdout.write(f"{blobs} checked, {read} read.")
        for digest in report.healed:
            self.stdout.write(f"healed: {digest}")
        for digest in report.damaged:
            self.stdout.write(f"damaged: {digest} (upload the same content again to heal it)")
        for stray in report.strays:
            self.stdout.write(f"stray: {stray} (harmless; collect frees it)")
