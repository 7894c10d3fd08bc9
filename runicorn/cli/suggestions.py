"""What a shell offers for an argument: the types, and what the server has by name.

The server is asked once and briefly, as somebody waits at a prompt; where it does not answer,
nothing is offered.
"""

from collections.abc import Iterator

from runicorn import rules
from runicorn.api import Client
from runicorn.errors import RunicornError
from runicorn.specs import parse_name

MOST = 1000


def types(incomplete: str) -> list[str]:
    """The types that begin like this."""
    return [kind for kind in rules.TYPES if kind.startswith(incomplete)]


def artifact_names(incomplete: str) -> list[str]:
    """Names of artifacts that begin like this, the newest first."""
    return _asked(_names(), incomplete)


def references(incomplete: str) -> list[str]:
    """Names of artifacts; after a colon aliases, then versions, the newest first."""
    name, colon, _ = incomplete.partition(":")
    return _asked(_references(name) if colon else _names(), incomplete)


def versions(incomplete: str) -> list[str]:
    """Names of artifacts; after a colon versions, the newest first."""
    name, colon, _ = incomplete.partition(":")
    return _asked(_versions(name) if colon else _names(), incomplete)


def _asked(found: Iterator[str], incomplete: str) -> list[str]:
    try:
        return [one for one in dict.fromkeys(found) if one.startswith(incomplete)]
    except (RunicornError, OSError, ValueError):
        return []


def _client() -> Client:
    client = Client()
    client.hurry()
    return client


def _names() -> Iterator[str]:
    for item in _client().list_artifacts(limit=MOST):
        yield item["name"]


def _references(name: str) -> Iterator[str]:
    named = parse_name(name, None, None)
    for item in _client().list_aliases(named.name, **named.whose):
        yield f"{name}:{item['alias']}"
    yield from _versions(name)


def _versions(name: str) -> Iterator[str]:
    named = parse_name(name, None, None)
    for item in reversed(_client().list_versions(named.name, **named.whose)):
        yield f"{name}:v{item['version']}"
