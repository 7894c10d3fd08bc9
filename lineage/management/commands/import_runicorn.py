"""``manage.py import_runicorn ROOT``: a storage folder of Runicorn 0.4 or 0.5 is taken over."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from artifacts.errors import DomainError
from artifacts.management.logs import quiet_log
from artifacts.management.names import require_team
from artifacts.services.locks import only_one
from artifacts.services.store import verified_store
from artifacts.storage.adopt import may_be_linked
from artifacts.storage.layout import Store
from lineage.taking_over import Portal
from runicorn.legacy.importing import Import
from runicorn.legacy.reading import Renames, Settings, is_store
from runicorn.legacy.report import Report, write_json


class Command(BaseCommand):
    """Exit code 1 where something was not taken over as it stands in the store.

    The report stands alone: the log of each version and run is there with ``--verbosity 2``.
    """

    help = "Take over a storage folder of Runicorn 0.4 or 0.5, or an export of a portal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, whose, under which names, and how the bytes come."""
        parser.add_argument("root", type=Path, metavar="ROOT", help="never written to")
        parser.add_argument("--dry-run", action="store_true", help="read, hash and report all")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--link", action="store_true", help="only by hard link; refuse otherwise")
        how.add_argument("--copy", action="store_true", help="never share an inode with ROOT")
        parser.add_argument("--team", help="whose it becomes (default: everyone's)")
        parser.add_argument("--rename", action="append", default=[], metavar="TYPE/OLD=TYPE/NEW")
        parser.add_argument("--retype", action="append", default=[], metavar="OLD=NEW")
        parser.add_argument("--report", type=Path, metavar="FILE", help="also write it as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what was done; leaves politely when another one is at it."""
        root = options["root"].absolute()
        if not is_store(root):
            raise CommandError(f"{root} is no storage folder of Runicorn: it has no artifacts/.")
        require_team(options["team"])
        settings = Settings(parse_renames(options["rename"], options["retype"]), options["team"])
        store = _store()
        if store.root.resolve() in [root.resolve(), *root.resolve().parents]:
            raise CommandError(f"{root} is the store of this portal itself.")
        if options["link"]:
            _require_links(root, store)
        with only_one("import_runicorn") as is_ours:
            if not is_ours:
                self.stdout.write("Another import is running; nothing to do.")
                return
            portal = Portal(root, may_link=not options["copy"], must_link=options["link"])
            work = Import(root, portal, settings, options["dry_run"], self._tell)
            with quiet_log(options["verbosity"]):
                self._import(work, options["report"])

    def _tell(self, text: str) -> None:
        """A sign of life, where somebody looks."""
        if self.stderr.isatty():
            self.stderr.write(text, lambda line: line)

    def _import(self, work: Import, file: Path | None) -> None:
        stopped = ""
        try:
            work.run()
        except DomainError as error:
            stopped = error.detail
        except KeyboardInterrupt:
            stopped = "Interrupted."
        self.stdout.write(work.report.to_text())
        failures = [*filter(None, (stopped, _write(work.report, file)))]
        if failures:
            raise CommandError("\n".join(failures))
        if any(one.kind != "note" for one in work.report.findings) or work.report.unchecked:
            sys.exit(1)


def _write(report: Report, file: Path | None) -> str:
    """Write the report, or say why that cannot be: by then it was printed."""
    if file is None:
        return ""
    try:
        file.write_text(write_json(report), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        return f"Cannot write {file}: {error.strerror}"
    return ""


def _store() -> Store:
    try:
        return verified_store()
    except DomainError as error:
        raise CommandError(error.detail) from None


def parse_renames(lines: list[str], types: list[str]) -> Renames:
    """Read ``TYPE/OLD=TYPE/NEW`` (or ``TYPE/OLD=NEW``) and ``OLD=NEW``. Raises CommandError."""
    try:
        return Renames.parse(lines, types)
    except ValueError as error:
        raise CommandError(str(error)) from None


def _require_links(root: Path, store: Store) -> None:
    """Raise CommandError where a content of the pool of ``root`` cannot be linked."""
    pool = root / "artifacts" / ".dedup"
    device = store.staging.stat().st_dev
    other = writable = 0
    for folder, _, names in os.walk(pool):
        for name in names:
            found = os.lstat(os.path.join(folder, name))  # noqa: PTH118 - many
            other += found.st_dev != device
            writable += not may_be_linked(found)
    if other:
        raise CommandError(f"{root} is on another filesystem than the store: leave --link out.")
    if writable:
        raise CommandError(
            f"{writable} files of {pool} may be written to, or are another user's. A link would let"
            " such a write change this portal. Make them read-only and yours, as in"
            f" `chmod -R a-w {pool}`, or leave --link out: then they are cloned or copied."
        )
