"""How people name a version: ``name:v3``, ``name:production``, ``model/name:v3``, ``name``.

``name:production@2026-05-01`` is where the alias pointed then. And an artifact: ``name``,
``model/name``. Before the type may stand whose it is: ``vision/model/name:v3``,
``everyone/model/name``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypedDict

from runicorn import rules


class Whose(TypedDict):
    """Which of several artifacts of one name: the keywords that the methods of a client take."""

    artifact_type: str | None
    team: str | None


class ArtifactName(NamedTuple):
    """An artifact as somebody wrote it; None: not said. The team ``everyone`` means no team."""

    name: str
    artifact_type: str | None = None
    team: str | None = None

    @property
    def whose(self) -> Whose:
        """What a client is told besides the name."""
        return {"artifact_type": self.artifact_type, "team": self.team}


@dataclass(frozen=True)
class Spec:
    """A version as somebody wrote it.

    ``ref`` is ``v3`` or an alias; ``artifact_type`` and ``team`` are None where not said; ``at``
    None is where the alias points now.
    """

    name: str
    ref: str = "latest"
    artifact_type: str | None = None
    team: str | None = None
    at: datetime | None = None

    @property
    def version(self) -> int | None:
        """The number, where ``ref`` is one; None where it is an alias."""
        return rules.check_version(self.ref) if rules.is_version(self.ref) else None

    @property
    def whose(self) -> Whose:
        """What a client is told besides the name."""
        return {"artifact_type": self.artifact_type, "team": self.team}

    @property
    def reference(self) -> str:
        """Write it with its team, where that is said, and then with its type: as ``uses`` takes it.

        Raises ``ValueError`` for a team without a type: nobody writes that.
        """
        if self.team is None:
            return str(self)
        if self.artifact_type is None:
            raise ValueError(f"Say the type too: {self.team}/TYPE/{self}")
        return f"{self.team}/{self.artifact_type}/{self}"

    def __str__(self) -> str:
        """Write it as ``name:ref`` or ``name:ref@time``, the form the API takes."""
        return f"{self.name}:{self.ref}" + (f"@{self.at.isoformat()}" if self.at else "")


def parse_spec(text: str, artifact_type: str | None = None, team: str | None = None) -> Spec:
    """Read ``[[team/]type/]name[:ref[@time]]``; a name alone means its ``latest``.

    Raises ``ValueError`` where a part is outside the rules, or where ``artifact_type`` or ``team``
    and what is written in ``text`` differ.
    """
    named, colon, ref = text.partition(":")
    artifact = parse_name(named, artifact_type, team)
    ref, at_sign, time = ref.partition("@") if colon else ("latest", "", "")
    if at_sign and rules.is_version(ref):
        raise ValueError(f"Invalid version {text!r}: versions never change, so they take no time")
    at = rules.check_time(time) if at_sign else None
    return Spec(artifact.name, _check_ref(ref), *artifact[1:], at=at)


def parse_name(
    text: str, artifact_type: str | None = None, team: str | None = None
) -> ArtifactName:
    """Read ``[[team/]type/]name``, with the type and the team where they were said here or there.

    Raises ``ValueError`` as :func:`parse_spec` does.
    """
    owner_and_type, has_type, name = text.rpartition("/")
    owner, has_team, kind = owner_and_type.rpartition("/")
    return ArtifactName(
        rules.check_name(name),
        _agreed("types", rules.check_type(kind) if has_type else None, artifact_type),
        _agreed("teams", rules.check_team(owner) if has_team else None, team),
    )


def _agreed(what: str, written: str | None, given: str | None) -> str | None:
    """What was said in the text or apart; ValueError where both were, and differ."""
    if given is not None:
        given = rules.check_type(given) if what == "types" else rules.check_team(given)
    if None not in {written, given} and written != given:
        raise ValueError(f"Two {what} are given: {written} and {given}")
    return written or given


def _check_ref(ref: str) -> str:
    if rules.is_version(ref):
        return f"v{rules.check_version(ref)}"
    return rules.check_alias(ref)
