"""``manage.py collect``: free the bytes that nothing refers to."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat, pluralize

from artifacts.errors import StoreUnavailable
from artifacts.services.collect import collect, plan_collection, sweep_leftovers
from artifacts.services.locks import only_one


class Command(BaseCommand):
    """Prints the plan, then carries it out; safe beside uploads and commits."""

    help = "Free the space of content that no version holds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--dry-run`` and the courtesy age."""
        parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
        parser.add_argument(
            "--min-age-hours",
            type=float,
            default=24.0,
            help="leave content that was uploaded more recently: its commit may be on the way",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Plan, print, execute; leaves politely when another one is at it."""
        with only_one("collect") as is_ours:
            if not is_ours:
                self.stdout.write("Another collection is running; nothing to do.")
                return
            try:
                self._collect(timedelta(hours=options["min_age_hours"]), options["dry_run"])
            except StoreUnavailable as error:
                raise CommandError(error.detail) from None

    def _collect(self, min_age: timedelta, dry_run: bool) -> None:  # noqa: FBT001 - the flag's value
        plan = plan_collection(min_age=min_age)
        blobs, strays = _count(len(plan.blob_ids), "blob"), _count(len(plan.strays), "stray")
        self.stdout.write(f"{blobs} to free, {filesizeformat(plan.size_bytes)}; {strays}.")
        if not dry_run:
            freed = collect(plan=plan)
            swept = sweep_leftovers(older_than=max(min_age, timedelta(hours=1)))
            leftovers = _count(swept, "leftover")
            self.stdout.write(f"Freed {filesizeformat(freed)}; {leftovers} removed.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{pluralize(number)}"
