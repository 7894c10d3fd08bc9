"""From what somebody typed to a version."""

import typer

from runicorn import payloads
from runicorn.api import Client
from runicorn.lookup import find_detail
from runicorn.specs import Spec, parse_spec


def find_version(
    client: Client, text: str, artifact_type: str | None, team: str | None
) -> payloads.VersionDetail:
    """Return the version that ``NAME:REF`` means."""
    return find_detail(client, parse_spec(text, artifact_type, team))


def full_name(detail: payloads.VersionDetail) -> str:
    """How people call a version that was found: with its team and type where it has a team."""
    owner = f"{detail['team']}/{detail['type']}/" if detail.get("team") else ""
    return f"{owner}{detail['name']}:v{detail['version']}"


def parse_numbered(text: str, artifact_type: str | None, team: str | None) -> tuple[Spec, int]:
    """Read ``NAME:vN``; what changes a version wants it by number, as an alias may move."""
    spec = parse_spec(text, artifact_type, team)
    if spec.version is None:
        raise typer.BadParameter(f"{text} names no version by number; say {spec.name}:v3")
    return spec, spec.version
