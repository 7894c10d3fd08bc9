"""From the name of a version to what the server says of it."""

from runicorn import payloads
from runicorn.api import Client
from runicorn.specs import Spec


def find_detail(client: Client, spec: Spec) -> payloads.VersionDetail:
    """Return the version that ``spec`` means, by its number or by an alias.

    Raises the :mod:`runicorn.errors` of what is not there.
    """
    if spec.version is not None:
        return client.get_version(spec.name, spec.version, **spec.whose)
    alias = client.get_alias(spec.name, spec.ref, **spec.whose, at=spec.at)
    kind = alias.get("type", spec.artifact_type)
    return client.get_version(spec.name, alias["version"], artifact_type=kind, team=spec.team)
