"""Where the pages of artifacts are, and where their content is downloaded.

Everyone's are below ``/artifacts/TYPE/NAME``, a team's below ``/teams/TEAM/artifacts/TYPE/NAME``.
"""

from urllib.parse import urlencode

from django.urls import reverse

from artifacts.models import Artifact, Version


def place_of(artifact: Artifact) -> dict[str, str]:
    """What the URL of every page of ``artifact`` needs to name it; asks for no row but its team."""
    place = {"type_": artifact.type, "name": artifact.name}
    return {**place, "team": artifact.team.name} if artifact.team else place


def artifact_path(artifact: Artifact, view: str = "artifact", **more: object) -> str:
    """The path of the page ``view`` of ``artifact``."""
    return reverse(view, kwargs={**place_of(artifact), **more})


def version_path(version: Version, view: str = "version", **more: object) -> str:
    """The path of the page ``view`` of ``version``."""
    return artifact_path(version.artifact, view, version=f"v{version.number}", **more)


def archive_path(version: Version, folder: str = "") -> str:
    """Where the whole version, or one folder of it, is downloaded as a zip."""
    return api_path(version, "download_archive", {"path": folder} if folder else {})


def download_path(version: Version, path: str) -> str:
    """Where the file ``path`` of the version is downloaded."""
    return api_path(version, "download_file", {}, path=path)


def json_path(version: Version) -> str:
    """Where the API tells of the version."""
    return api_path(version, "version_as_json", {})


def api_path(version: Version, view: str, query: dict[str, str], **more: object) -> str:
    """Where the API has the ``view`` of ``version``.

    Names are the API's to resolve: so it is told type and owner, and cannot mean another's.
    """
    artifact = version.artifact
    url = reverse(view, kwargs={"name": artifact.name, "version": str(version.number), **more})
    return f"{url}?{urlencode({'type': artifact.type, 'team': artifact.owner, **query})}"
