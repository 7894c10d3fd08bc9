"""``manage.py check_store``: do the rows and the disk tell the same story?"""

import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize

from artifacts.errors import StoreUnavailable
from artifacts.management.numbers import parse_hours
from artifacts.services.check_store import check_store


class Command(BaseCommand):
    """Exit code 1 on any finding; changes nothing."""

    help = "Compare the rows with the disk both ways, without reading content; change nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How old what is being written may be."""
        parser.add_argument(
            "--min-age-hours",
            type=parse_hours,
            default=24.0,
            help="take younger files in the staging folder for uploads that go on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each finding as it is found, then how many."""
        count = 0
        try:
            older_than = timedelta(hours=options["min_age_hours"])
            for finding in check_store(leftovers_older_than=older_than):
                count += 1
                self.stdout.write(finding)
        except StoreUnavailable as error:
            raise CommandError(error.detail) from None
        self.stdout.write(f"{count or 'No'} finding{pluralize(count)}.")
        if count:
            sys.exit(1)
