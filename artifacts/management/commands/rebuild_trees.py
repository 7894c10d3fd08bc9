"""``manage.py rebuild_trees``: make the version folders anew where they are missing or wrong."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize

from artifacts.errors import DomainError, StoreUnavailable
from artifacts.models import Version
from artifacts.services.misplaced import remove_misplaced
from artifacts.services.store import verified_store
from artifacts.services.trees import build_version_tree, remove_purged_trees


class Command(BaseCommand):
    """Version folders are derived data: everything in them comes from the rows and the pool."""

    help = (
        "Build the folders of versions where they are missing or wrong; remove those of "
        "purged ones, and what was left where an artifact was before it went to others."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through every version; those of purged ones are removed."""
        try:
            verified_store()
        except StoreUnavailable as error:
            raise CommandError(error.detail) from None
        remove_purged_trees()
        failed = 0
        versions = Version.objects.filter(purged_at=None).order_by("pk")
        for pk in versions.values_list("pk", flat=True).iterator():
            try:
                build_version_tree(pk)
            except DomainError as error:
                failed += 1
                self.stderr.write(f"version {pk}: {error.detail}")
        if failed:
            raise CommandError(f"{failed} folder{pluralize(failed)} could not be built.")
        remove_misplaced()
        count = versions.count()
        self.stdout.write(f"{count} version folder{pluralize(count)} in place.")
