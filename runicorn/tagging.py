"""Change the tags of a version, so that whoever changes them meanwhile loses nothing."""

from collections.abc import Callable

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.errors import Conflict
from runicorn.specs import Whose

ATTEMPTS = 5


def whose(detail: payloads.VersionDetail) -> Whose:
    """Return the arguments that mean the artifact of ``detail`` and no other of its name."""
    return {"artifact_type": detail["type"], "team": detail.get("team") or rules.EVERYONE}


def retag(
    client: Client, found: payloads.VersionDetail, change: Callable[[list[str]], list[str]]
) -> payloads.VersionDetail:
    """Replace the tags of ``found`` by what ``change`` makes of them.

    The server replaces the whole list, but only where it is still the one that was seen; else
    ``change`` is asked again. Raises :class:`~runicorn.errors.Conflict` when that goes on.
    """
    for attempts_left in reversed(range(ATTEMPTS)):
        changes: payloads.DescribeRequest = {
            "tags": change(found["tags"]),
            "seen_at": found["updated_at"],
        }
        try:
            return client.describe_version(found["name"], found["version"], changes, **whose(found))
        except Conflict as error:
            if not attempts_left or error.code != Conflict.code:
                raise
        found = client.get_version(found["name"], found["version"], **whose(found))
    raise AssertionError("the last attempt returns or raises")
