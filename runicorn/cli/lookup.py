"""From what somebody typed to a version."""

import typer

from runicorn import payloads
from runicorn.api import Client
from runicorn.specs import Spec, parse_spec


def find_version(client: Client, text: str, artifact_type: str | None) -> payloads.VersionDetail:
    """Return the version that ``NAME:REF`` means."""
    spec = parse_spec(text, artifact_type)
    if spec.version is not None:
        return client.get_version(spec.name, spec.version, artifact_type=spec.artifact_type)
    alias = client.get_alias(spec.name, spec.ref, artifact_type=spec.artifact_type)
    kind = alias.get("type", spec.artifact_type)
    return client.get_version(spec.name, alias["version"], artifact_type=kind)


def parse_numbered(text: str, artifact_type: str | None) -> tuple[Spec, int]:
    """Read ``NAME:vN``; what changes a version wants it by number, as an alias may move."""
    spec = parse_spec(text, artifact_type)
    if spec.version is None:
        raise typer.BadParameter(f"{text} names no version by number; say {spec.name}:v3")
    return spec, spec.version
