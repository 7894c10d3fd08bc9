"""What somebody may have meant whose artifact, version or alias is not there.

Only names that he may see are looked at, and a private one is answered like one that is absent: the
same queries, the same page.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from heapq import nlargest
from operator import itemgetter
from typing import Any

from django.db.models import Q
from django.urls import reverse

from accounts.access import Caller
from artifacts.errors import ArtifactNotFound
from artifacts.models import Artifact
from artifacts.names import is_version_like
from artifacts.services.aliases import aliases_by_version
from artifacts.web.finding import find_artifact
from artifacts.web.links import artifact_path

MAX_SUGGESTIONS = 6
MAX_NAMES = 500
"""How many visible names each of the two queries looks at: a portal may have 100 000."""
MAX_COMPARED = 60
"""How many of them are compared letter by letter."""

SAME_START = 3
MAX_CHARACTERS = 128
LIKE_ENOUGH = 0.6


@dataclass(frozen=True)
class Suggestion:
    """A link to something near."""

    label: str
    path: str


def near_artifacts(*, asked_by: Caller, name: str) -> list[Suggestion]:
    """Artifacts that ``asked_by`` sees whose name is like ``name``, the likest first.

    Among those of the same beginning and those that changed last.
    """
    typed = name.replace("\0", "")[:MAX_CHARACTERS]
    rows = Artifact.objects.visible_to(asked_by).with_remaining()
    place = ("name", "type", "team__name", "pk")
    same_start = rows.filter(Q(name__istartswith=typed[:SAME_START])).order_by("name", "pk")
    newest = rows.order_by("-updated_at", "-pk")
    found = {row[-1]: row for row in same_start.values_list(*place)[:MAX_NAMES]}
    found |= {row[-1]: row for row in newest.values_list(*place)[:MAX_NAMES]}
    return [_suggestion(*row[:3]) for row in _likest(typed, found.values())]


def _likest(typed: str, rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    rated = [(rating, row) for rating, row in _rate(typed, rows) if rating >= LIKE_ENOUGH]
    rated.sort(key=lambda pair: (-pair[0], pair[1][0], pair[1][1], pair[1][-1]))
    return [row for _, row in rated[:MAX_SUGGESTIONS]]


def _rate(typed: str, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[float, tuple[Any, ...]]]:
    """How like ``typed`` the names are that have most of its letters, in whatever order.

    To compare long names letter by letter takes milliseconds each, to count letters a hundredth.
    """
    matcher = SequenceMatcher(b=typed.lower(), autojunk=False)
    alike = ((_letters_alike(matcher, row[0]), row) for row in rows)
    near = [pair for pair in alike if pair[0] >= LIKE_ENOUGH]
    for _, row in nlargest(MAX_COMPARED, near, key=itemgetter(0)):
        matcher.set_seq1(row[0].lower())
        yield matcher.ratio(), row


def _letters_alike(matcher: "SequenceMatcher[str]", name: str) -> float:
    matcher.set_seq1(name.lower())
    return matcher.quick_ratio()


def _suggestion(name: str, type_: str, team: str | None) -> Suggestion:
    place = {"type_": type_, "name": name} | ({"team": team} if team else {})
    label = f"{team}/{type_}/{name}" if team else f"{type_}/{name}"
    return Suggestion(label, reverse("artifact", kwargs=place))


def near_versions(*, asked_by: Caller, place: dict[str, str], text: str) -> list[Suggestion]:
    """Versions and aliases of the artifact at ``place`` that are near ``text``.

    The nearest number below and above, the latest version, and the aliases that are spelled alike
    (all of them where ``text`` is no number). Nothing where the artifact is not there for him.
    """
    try:
        artifact = find_artifact(asked_by=asked_by, **place)
    except ArtifactNotFound:
        return []
    names = [name for group in aliases_by_version(artifact).values() for name in group]
    likest = _likest(text.replace("\0", "")[:MAX_CHARACTERS], [(name, "") for name in names])
    aliases = [name for name, _ in likest]
    if not is_version_like(text):
        aliases = list(dict.fromkeys([*aliases, *sorted(names)]))
    found = [f"v{number}" for number in _near_numbers(artifact, text)]
    labels = [*found, *aliases][:MAX_SUGGESTIONS] if is_version_like(text) else [*aliases, *found]
    return [_version_suggestion(artifact, label) for label in labels[:MAX_SUGGESTIONS]]


def _near_numbers(artifact: Artifact, text: str) -> list[int]:
    live = artifact.versions.live().order_by("-number").values_list("number", flat=True)
    numbers: list[int | None] = [live.first()]
    digits = text.removeprefix("v")
    if digits.isdecimal() and len(digits) < 10:
        asked = int(digits)
        numbers += [live.filter(number__lt=asked).first(), live.filter(number__gt=asked).last()]
    return sorted({number for number in numbers if number is not None})


def _version_suggestion(artifact: Artifact, label: str) -> Suggestion:
    path = artifact_path(artifact, "version", version=label)
    return Suggestion(f"{artifact.name}:{label}", path)
