"""Artifacts as people name them to a command: ``NAME``, ``TYPE/NAME`` or ``TEAM/TYPE/NAME``."""

from django.core.management.base import CommandError

from accounts.access import SYSTEM
from accounts.models import Team
from accounts.names import EVERYONE
from artifacts.models import Artifact
from artifacts.names import parse_artifact


class ArtifactUnknown(CommandError):  # noqa: N818 - no bug of anybody's
    """There is no artifact of that name, or none can have it."""


def require_team(name: str | None) -> None:
    """Raise CommandError for a team that there is not; None and ``everyone`` are no team."""
    if name not in {None, EVERYONE} and not Team.objects.filter(name=name).exists():
        raise CommandError(f"There is no team {name!r}.")


def find_artifact(text: str) -> Artifact:
    """The one artifact that ``text``, ``[[TEAM/]TYPE/]NAME``, means.

    Raises ArtifactUnknown when there is none, CommandError when the name alone is not enough.
    """
    try:
        type_, name, team = parse_artifact(text)
    except ValueError as error:
        raise ArtifactUnknown(f"{text!r}: {error}") from None
    found = Artifact.objects.all().named(name, type_, asked_by=SYSTEM, team=team)
    if not found:
        raise ArtifactUnknown(f"Artifact not found: {text}")
    if len(found) > 1:
        choices = " or ".join(str(one) for one in found)
        several = "types" if len({one.type for one in found}) > 1 else "teams"
        raise CommandError(f"{text} exists in several {several}: say {choices}.")
    artifact: Artifact = found[0]
    return artifact
