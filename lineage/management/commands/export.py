"""``manage.py export DIR``: versions with their bytes, as plain folders that Runicorn 0.5 opens."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from artifacts.errors import DomainError
from artifacts.management.names import find_artifact, require_team
from artifacts.models import Artifact
from artifacts.services.locks import only_one
from artifacts.services.store import verified_store
from lineage.handing_out import PortalSource
from runicorn.legacy.exporting import Export
from runicorn.legacy.writing import NoExport


class Command(BaseCommand):
    """Exit code 1 where something could not be written as it is in the portal."""

    help = (
        "Write artifacts as a storage folder of Runicorn 0.5, content and all. (export_database"
        " writes what rebuild_database needs, and no content.)"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, and what."""
        parser.add_argument("folder", type=Path, metavar="DIR", help="empty, or an export of this")
        parser.add_argument("names", nargs="*", metavar="[[TEAM/]TYPE/]NAME", help="only these")
        parser.add_argument("--team", help="only what is this team's, or `everyone`'s")
        parser.add_argument(
            "--link", action="store_true", help="hard links into the store, where it can"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Export, and say what was written; leaves politely when another one is at it."""
        folder = options["folder"].absolute()
        with only_one("export") as is_ours:
            if not is_ours:
                self.stdout.write("Another export is running; nothing to do.")
                return
            source = PortalSource(
                _choose(options["names"], options["team"]), may_link=options["link"]
            )
            is_all = not options["names"] and not options["team"]
            self._export(Export(source, folder, is_all=is_all), folder)

    def _export(self, work: Export, folder: Path) -> None:
        try:
            store = verified_store()
            if store.root.resolve() in [folder.resolve(), *folder.resolve().parents]:
                raise CommandError(f"{folder} lies in the store of this portal.")
            work.run()
        except (NoExport, DomainError) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            self.stdout.write(work.report.to_text())
            raise CommandError(f"{error.filename or folder}: {error.strerror}") from None
        self.stdout.write(work.report.to_text())
        if work.report.has_losses:
            sys.exit(1)


def _choose(names: list[str], team: str | None) -> Iterable[Artifact]:
    if names:
        return [find_artifact(name) for name in names]
    rows = Artifact.objects.all().with_remaining().select_related("team")
    if team:
        require_team(team)
        rows = rows.owned_by(team)
    chosen: Iterable[Artifact] = rows.order_by("type", "name", "pk")
    return chosen
