"""The paths of the portal, and what of a query recurs."""

from typing import Any
from urllib.parse import quote


def whose(artifact_type: str | None, team: str | None) -> dict[str, str | None]:
    """The query that says which of several artifacts of one name is meant."""
    return {"type": artifact_type, "team": team}


def comment_field(comment: str) -> dict[str, Any]:
    """The part of a body or query that says why, if anything does."""
    return {"comment": comment} if comment else {}


def artifact_path(name: str) -> str:
    """``/api/artifacts/{name}``."""
    return f"/api/artifacts/{quote(name, safe='')}"


def version_path(name: str, version: int) -> str:
    """``…/v{version}``."""
    return f"{artifact_path(name)}/v{version}"


def alias_path(name: str, alias: str) -> str:
    """``…/aliases/{alias}``."""
    return f"{artifact_path(name)}/aliases/{quote(alias, safe='')}"


def blob_path(digest: str) -> str:
    """``/api/blobs/{digest}``."""
    return f"/api/blobs/{quote(digest)}"


def run_path(run_id: str) -> str:
    """``/api/runs/{run_id}``."""
    return f"/api/runs/{quote(run_id, safe='')}"
