"""The two sides of a comparison on a page: what they are, what else there is, links."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Max, Min, Q

from artifacts.models import Artifact, Version
from artifacts.services.aliases import aliases_by_version
from artifacts.web.links import artifact_path

MAX_CHOICES = 200


@dataclass(frozen=True)
class Choice:
    """A version that may be compared; ``label`` has its aliases."""

    value: str
    label: str


@dataclass(frozen=True)
class Picker:
    """The field ``name`` with what is ``chosen``; ``is_free``: there are more than are listed."""

    name: str
    chosen: str
    choices: tuple[Choice, ...]
    is_free: bool


@dataclass(frozen=True)
class Side:
    """One version of a comparison; the links put its neighbours in its place, empty: none."""

    version: Version
    aliases: tuple[str, ...]
    previous: str
    next: str


def whole_name(artifact: Artifact) -> str:
    """``TEAM/TYPE/NAME``, which means no other."""
    return f"{artifact.owner}/{artifact.type}/{artifact.name}"


def pair_path(before: Version, after: Version, view: str = "compare", **query: object) -> str:
    """The path of the page ``view`` of two versions, with ``query``."""
    is_one = before.artifact.pk == after.artifact.pk
    asked = {"with": "" if is_one else whole_name(after.artifact), **query}
    return compare_path(before.artifact, f"v{before.number}...v{after.number}", view, **asked)


def compare_path(artifact: Artifact, pair: str, view: str = "compare", **query: object) -> str:
    """The path of the page ``view`` of ``pair``; what is empty of ``query`` is left out."""
    text = urlencode({key: value for key, value in query.items() if value not in {"", None}})
    return artifact_path(artifact, view, pair=pair) + (f"?{text}" if text else "")


def find_choices(artifact: Artifact) -> list[Choice]:
    """The newest versions whose content is there, one more than MAX_CHOICES; three queries."""
    aliases = aliases_by_version(artifact)
    rows = artifact.versions.live().order_by("-number").values_list("pk", "number")
    return [_choice(number, aliases.get(pk, [])) for pk, number in rows[: MAX_CHOICES + 1]]


def _choice(number: int, aliases: list[str]) -> Choice:
    text = ", ".join(aliases[:3]) + ("…" if len(aliases) > 3 else "")
    return Choice(f"v{number}", f"v{number} · {text}" if text else f"v{number}")


def make_picker(name: str, chosen: str, choices: list[Choice]) -> Picker:
    """The field for one side; a text with suggestions where there are too many for a list."""
    listed = tuple(choices[:MAX_CHOICES])
    is_listed = any(one.value == chosen for one in listed)
    return Picker(name, chosen, listed, is_free=len(choices) > MAX_CHOICES or not is_listed)


def make_sides(before: Version, after: Version, aliases: tuple[list[str], list[str]]) -> list[Side]:
    """Both, with the way to their neighbours; two queries."""
    left, right = _neighbours(before), _neighbours(after)
    return [
        Side(before, tuple(aliases[0]), *(pair_path(one, after) if one else "" for one in left)),
        Side(after, tuple(aliases[1]), *(pair_path(before, one) if one else "" for one in right)),
    ]


def _neighbours(version: Version) -> tuple[Version | None, Version | None]:
    """The versions before and after ``version`` whose content is there; only their numbers."""
    found = version.artifact.versions.live().aggregate(
        before=Max("number", filter=Q(number__lt=version.number)),
        after=Min("number", filter=Q(number__gt=version.number)),
    )
    numbers = found["before"], found["after"]
    old, new = (Version(artifact=version.artifact, number=one) if one else None for one in numbers)
    return old, new
