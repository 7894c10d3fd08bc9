"""What comes in a path or a query, checked: types, versions, booleans, whole numbers, times."""

from datetime import datetime

from rest_framework.request import Request

from artifacts.errors import ArtifactNotFound, Invalid, VersionNotFound
from artifacts.models import Artifact, Version
from artifacts.names import (
    check_comment,
    check_name,
    check_team,
    check_time,
    check_type,
    check_version,
)
from artifacts.services.past import require_past
from artifacts.services.teams import only_one

TRUE = frozenset({"true", "1", "yes", "on"})
FALSE = frozenset({"false", "0", "no", "off"})


def type_hint(request: Request) -> str | None:
    """The ``type`` of the query, None where there is none; Invalid (400) lists the five."""
    text = request.query_params.get("type", "")
    if not text:  # clients of Runicorn 0.5 may send it empty
        return None
    try:
        return check_type(text)
    except ValueError as error:
        raise Invalid({"type": [str(error)]}) from None


def team_hint(request: Request) -> str | None:
    """The ``team`` of the query, None where there is none; Invalid (400) for no team's name."""
    text = request.query_params.get("team", "")
    if not text:
        return None
    try:
        return check_team(text)
    except ValueError as error:
        raise Invalid({"team": [str(error)]}) from None


def flag(request: Request, name: str) -> bool:
    """A boolean of the query, False where there is none.

    Raises Invalid (400) for any other text, and where it is given more than once:
    ``permanent=False`` must never mean true.
    """
    if len(request.query_params.getlist(name)) > 1:
        raise Invalid({name: ["is given more than once"]})
    text = request.query_params.get(name, "false")
    if text.lower() not in TRUE | FALSE:
        raise Invalid({name: [f"{text!r} is none of true, false, 1, 0, yes, no, on, off"]})
    return text.lower() in TRUE


def comment(request: Request) -> str:
    """The ``comment`` of the query; Invalid (400) for one outside the rules."""
    try:
        return check_comment(request.query_params.get("comment", ""))
    except ValueError as error:
        raise Invalid({"comment": [str(error)]}) from None


def past_time(request: Request, name: str) -> datetime | None:
    """A time of the query that is over; None where there is none. Raises Invalid (400)."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    try:
        moment = check_time(text.replace(" ", "+"))  # a + that nobody quoted
    except ValueError as error:
        raise Invalid({name: [str(error)]}) from None
    require_past(moment, field=name)
    return moment


def whole_number(request: Request, name: str, *, default: int, minimum: int, maximum: int) -> int:
    """A whole number of the query; more than ``maximum`` is clamped, less is Invalid (400)."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or int(text[:20]) < minimum:
        raise Invalid({name: [f"{text!r} is not a whole number from {minimum} to {maximum}"]})
    return min(int(text[:20]), maximum)


def find_artifact(request: Request, name: str) -> Artifact:
    """The artifact ``name`` for reading: of the type asked for, or of the first that has it.

    Raises ArtifactNotFound (404), Invalid (400) for an unknown type.
    """
    return find_artifacts(request, name)[0]


def find_artifacts(request: Request, name: str) -> list[Artifact]:
    """Every artifact ``name`` may mean, in the order of the types; never empty.

    Raises as :func:`find_artifact`. A name outside the rules can be nobody's, hence 404.
    """
    type_, team = type_hint(request), team_hint(request)
    try:
        canonical = check_name(name)
    except ValueError:
        raise ArtifactNotFound(name) from None
    found: list[Artifact] = Artifact.objects.all().named(
        canonical, type_, asked_by=request.user, team=team
    )
    if not found:
        raise ArtifactNotFound(name)
    return found


def find_version(request: Request, artifact: Artifact, text: str) -> Version:
    """The version ``7`` of ``artifact`` (the path has the ``v``), in any state but purged.

    Raises VersionNotFound (404), Invalid (400) where ``text`` is not digits.
    """
    try:
        number = check_version(f"v{text}")
    except ValueError as error:
        raise Invalid({"version": [str(error)]}) from None
    visible = Version.objects.visible_to(request.user).select_related("created_by")
    found: Version | None = visible.remaining().filter(artifact=artifact).numbered(number).first()
    if found is None:
        raise VersionNotFound(artifact.name, f"v{text}")
    found.artifact = artifact
    return found


def artifact_to_write(request: Request, name: str) -> Artifact:
    """The one artifact ``name`` means for a write.

    Raises as :func:`find_artifact`, and AmbiguousType or AmbiguousTeam (409).
    """
    return only_one(find_artifacts(request, name))
