"""What the path of a page means: one artifact of one owner, one of its versions."""

import re
from unicodedata import normalize

from accounts.access import Caller
from artifacts.errors import ArtifactNotFound, VersionNotFound
from artifacts.models import Artifact, Version
from artifacts.names import check_version

VERSION = re.compile(r"v[0-9]+")


def find_artifact(*, asked_by: Caller, type_: str, name: str, team: str | None = None) -> Artifact:
    """The artifact of exactly this team, type and name; no team: everyone's.

    Raises ArtifactNotFound (404), also where there is nothing left of it but tombstones.
    """
    rows = Artifact.objects.visible_to(asked_by).select_related("team")
    rows = rows.filter(team=None) if team is None else rows.filter(team__name=team)
    named = rows.filter(type=type_, name=normalize("NFC", name.replace("\0", "")))
    found: Artifact | None = named.with_remaining().first()
    if found is None:
        raise ArtifactNotFound(name)
    return found


def find_version(artifact: Artifact, text: str, *, without: tuple[str, ...] = ()) -> Version:
    """The version ``v7`` of ``artifact``, in any state but purged. Raises VersionNotFound (404).

    ``without`` names columns that are read only where somebody asks for them.
    """
    rows = artifact.versions.remaining().select_related("created_by", "deleted_by").defer(*without)
    try:
        found: Version | None = rows.numbered(check_version(text)).first()
    except ValueError:
        found = None
    if found is None:
        raise VersionNotFound(artifact.name, text)
    found.artifact = artifact
    return found
