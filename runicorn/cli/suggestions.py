"""What a shell offers for an argument: the types, and what the server has by name."""

from runicorn import rules
from runicorn.api import Client
from runicorn.errors import RunicornError

MOST = 1000


def types(incomplete: str) -> list[str]:
    """The types that begin like this."""
    return [kind for kind in rules.TYPES if kind.startswith(incomplete)]


def artifact_names(incomplete: str) -> list[str]:
    """Names of artifacts that begin like this, the newest first; none where no server answers.

    It is asked once and briefly: somebody waits at a prompt.
    """
    try:
        client = Client()
        client.hurry()
        found = client.list_artifacts(limit=MOST)
    except (RunicornError, OSError, ValueError):
        return []
    names = dict.fromkeys(item["name"] for item in found)
    return [name for name in names if name.startswith(incomplete)]
