"""From what somebody typed to an artifact, or to a version.

A name may stand in several types. The server reads the first of them and refuses to write; the
command refuses to read too, so that nobody looks at one thing and changes another.
"""

import difflib
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

import typer

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.errors import AmbiguousType, ArtifactNotFound, RunicornError
from runicorn.lookup import find_detail
from runicorn.specs import ArtifactName, Spec, parse_name, parse_spec

MOST_NAMES = 1000
LIKENESS = 0.7


def find_version(
    client: Client, text: str, artifact_type: str | None, team: str | None
) -> payloads.VersionDetail:
    """Return the version that ``NAME:REF`` means; raises :class:`AmbiguousType`."""
    return find_version_of(client, parse_spec(text, artifact_type, team))


def find_version_of(client: Client, spec: Spec) -> payloads.VersionDetail:
    """Return the version that ``spec`` means; raises :class:`AmbiguousType`."""
    with suggesting_names(client, spec.name):
        found = find_type(client, spec.name, **spec.whose)
        return find_detail(client, replace(spec, artifact_type=found))


def find_artifact(
    client: Client, text: str, artifact_type: str | None, team: str | None
) -> ArtifactName:
    """Return the artifact that ``NAME`` means for reading; raises :class:`AmbiguousType`."""
    named = parse_artifact(text, artifact_type, team)
    found = find_type(client, named.name, **named.whose)
    return named._replace(artifact_type=found)


def find_type(
    client: Client, name: str, *, artifact_type: str | None, team: str | None
) -> str | None:
    """Return ``artifact_type``, else the one type that has the name; None where none has it.

    Raises :class:`AmbiguousType`. Of nothing but deleted versions the server's list has none.
    """
    if artifact_type is not None:
        return artifact_type
    found = client.list_artifacts(name=name, team=team)
    return only_type(name, [one["type"] for one in found if one["name"] == name])


def only_type(name: str, types: Collection[str]) -> str | None:
    """Return the one of ``types``, None where there is none; raises :class:`AmbiguousType`."""
    distinct = [kind for kind in rules.TYPES if kind in types]
    if len(distinct) > 1:
        listed = ", ".join(distinct)
        text = f"{name} exists in several types ({listed}): say which type."
        raise AmbiguousType(text, details={"types": distinct})
    return distinct[0] if distinct else None


@contextmanager
def suggesting_names(client: Client, text: str) -> Iterator[None]:
    """Where there is no artifact as ``text`` names it, tell a person which names are like it."""
    try:
        yield
    except ArtifactNotFound as error:
        name = text.rpartition("/")[2].partition(":")[0]
        if sys.stderr.isatty() and (near := _near(client, name)):
            error.message += f"; did you mean {' or '.join(near)}?"
        raise


def _near(client: Client, name: str) -> list[str]:
    client.hurry()
    try:
        names = {one["name"] for one in client.list_artifacts(limit=MOST_NAMES)}
    except RunicornError:
        return []
    return difflib.get_close_matches(name, names, n=3, cutoff=LIKENESS)


def full_name(detail: payloads.VersionDetail) -> str:
    """How people call a version that was found: with its team and type where it has a team."""
    owner = f"{detail['team']}/{detail['type']}/" if detail.get("team") else ""
    return f"{owner}{detail['name']}:v{detail['version']}"


def parse_artifact(text: str, artifact_type: str | None, team: str | None) -> ArtifactName:
    """Read ``NAME``; a version is told to stay out."""
    _, colon, ref = text.partition(":")
    if colon:
        raise typer.BadParameter(f"{text} is one version, an artifact is meant: leave :{ref} out")
    return parse_name(text, artifact_type, team)


def parse_numbered(text: str, artifact_type: str | None, team: str | None) -> tuple[Spec, int]:
    """Read ``NAME:vN``; what changes a version wants it by number, as an alias may move."""
    spec = parse_spec(text, artifact_type, team)
    if spec.version is None:
        raise typer.BadParameter(f"{text} names no version by number; say {spec.name}:v3")
    return spec, spec.version
