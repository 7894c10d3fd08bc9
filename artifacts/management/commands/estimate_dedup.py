"""``manage.py estimate_dedup``: what sharing bytes between versions saves, before it is done."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize

from accounts.sizes import human_size
from artifacts.errors import DomainError
from artifacts.management.names import ArtifactUnknown, find_artifact
from artifacts.services.estimate import Estimate, estimate_artifact, estimate_paths

OPAQUE = (
    "Compressed files and media (.gz, .zst, .7z, .jpg, .mp4 …) share bytes only when they are "
    "equal, since one changed byte changes all that follows: store them unpacked, or as zip "
    "without compression."
)
HEADINGS = ("version", "logical", "shared", "physical", "saved")


class Command(BaseCommand):
    """Reads all of the content once; writes nothing."""

    help = "Say what dedup saves for an artifact, or for files as if logged one after the other."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One artifact, or paths."""
        parser.add_argument(
            "names",
            nargs="+",
            metavar="[[TEAM/]TYPE/]NAME | PATH",
            help="an artifact; or files and folders, each a version, in this order",
        )

    def handle(self, *args: Any, names: list[str], **options: Any) -> None:
        """Print a line for each version as soon as it is known, then the sum."""
        total = Estimate("all")
        try:
            estimates = _estimates(names)
            self._row(*HEADINGS)
            for estimate in estimates:
                self._print(estimate)
                _add(total, estimate)
        except DomainError as error:
            raise CommandError(error.detail) from None
        except OSError as error:
            raise CommandError(str(error)) from None
        self._print(total)
        if total.num_opaque:
            files = f"{total.num_opaque} file{pluralize(total.num_opaque)}"
            self.stdout.write(f"{files} cannot be cut. {OPAQUE}")

    def _print(self, estimate: Estimate) -> None:
        sizes = (estimate.logical_bytes, estimate.shared_bytes, estimate.physical_bytes)
        share = estimate.shared_bytes / estimate.logical_bytes if estimate.logical_bytes else 0
        self._row(estimate.name, *map(human_size, sizes), f"{share:.1%}")

    def _row(self, name: str, *columns: str) -> None:
        cells = "".join(f"{column:>12}" for column in columns)
        self.stdout.write(f"{name:<24}{cells}")


def _estimates(names: list[str]) -> Iterator[Estimate]:
    """An artifact where none of ``names`` is a path; ``TYPE/NAME`` is never one by accident."""
    paths = [Path(name) for name in names]
    if all(path.exists() for path in paths):
        return estimate_paths(paths)
    if len(names) > 1:
        missing = next(path for path in paths if not path.exists())
        raise CommandError(f"There is no file {missing}. Name one artifact, or paths that exist.")
    try:
        artifact = find_artifact(names[0])
    except ArtifactUnknown as error:
        raise CommandError(f"{error}; nor is there a file or folder {paths[0]}.") from None
    return estimate_artifact(artifact)


def _add(total: Estimate, estimate: Estimate) -> None:
    total.logical_bytes += estimate.logical_bytes
    total.shared_bytes += estimate.shared_bytes
    total.num_files += estimate.num_files
    total.num_opaque += estimate.num_opaque
