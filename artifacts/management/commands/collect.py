"""``manage.py collect``: free the bytes that nothing refers to."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize

from accounts.sizes import human_size
from artifacts.errors import StorageFull, StoreUnavailable
from artifacts.management.numbers import parse_hours
from artifacts.services.collect import CollectionPlan, collect, plan_collection, sweep_leftovers
from artifacts.services.compact import Compaction
from artifacts.services.locks import only_one


class Command(BaseCommand):
    """Prints the plan, then carries it out; safe beside uploads and commits.

    Exit code 1 when it could not carry it out as a whole.
    """

    help = "Free the space of content that no version holds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--dry-run`` and the courtesy age."""
        parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
        parser.add_argument(
            "--min-age-hours",
            type=parse_hours,
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
            except (StorageFull, StoreUnavailable) as error:
                raise CommandError(error.detail) from None

    def _collect(self, min_age: timedelta, dry_run: bool) -> None:  # noqa: FBT001 - the flag's value
        plan = plan_collection(min_age=min_age)
        self._print(plan)
        if not dry_run:
            failures: list[str] = []
            freed = collect(plan=plan, failures=failures)
            swept = sweep_leftovers(older_than=max(min_age, timedelta(hours=1)))
            leftovers = _count(swept, "leftover")
            self.stdout.write(f"Freed {human_size(freed)}; {leftovers} removed.")
            if failures:
                raise CommandError("\n".join(failures))

    def _print(self, plan: CollectionPlan) -> None:
        going = plan.forecast
        blobs, strays = _count(len(going.orphans), "blob"), _count(len(plan.strays), "stray")
        self.stdout.write(f"{blobs} to free, {human_size(going.orphan_bytes)}; {strays}.")
        if going.staying:
            bases, compactions = _count(len(going.staying), "base"), len(going.compactions)
            gain = human_size(sum(one.freed_bytes for one in going.compactions))
            self.stdout.write(
                f"{bases} of other content to keep, {len(going.stripped)} of them to strip, "
                f"{compactions} to compact, {gain}."
            )
        for one in going.compactions:
            self.stdout.write(_describe(one))


def _describe(one: Compaction) -> str:
    before, after = human_size(one.place.physical_bytes), human_size(one.physical_bytes)
    return f"compact: sha256:{one.place.sha256}, {before} to {after}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{pluralize(number)}"
