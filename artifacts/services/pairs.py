"""The two sides of a comparison, found as people write them: for the API and for the pages."""

from accounts.access import Caller
from artifacts.errors import ArtifactNotFound, Invalid, VersionNotFound
from artifacts.models import Artifact, Version
from artifacts.names import check_version, is_version_like, parse_artifact
from artifacts.services.aliases import resolve_alias


def find_by_name(text: str, *, asked_by: Caller) -> Artifact:
    """The artifact ``[[TEAM/]TYPE/]NAME``, the nearest to ``asked_by`` where that is not all.

    Raises Invalid (400) for what is no name, ArtifactNotFound (404).
    """
    try:
        type_, name, team = parse_artifact(text)
    except ValueError as error:
        raise Invalid({"with": [str(error)]}) from None
    rows = Artifact.objects.all().named(name, type_, asked_by=asked_by, team=team)
    if not rows:
        raise ArtifactNotFound(name)
    found: Artifact = rows[0]
    return found


def find_ref(artifact: Artifact, ref: str, *, field: str = "version") -> Version:
    """The version ``v3``, or the one that the alias ``ref`` means, of an artifact one may see.

    In any state but purged. Raises VersionNotFound, AliasNotFound (404), and Invalid (400), which
    names ``field``, for what is no version.
    """
    if not is_version_like(ref):
        return resolve_alias(artifact=artifact, name=ref)
    try:
        number = check_version(ref)
    except ValueError as error:
        raise Invalid({field: [str(error)]}) from None
    rows = artifact.versions.remaining().select_related("created_by")
    found: Version | None = rows.numbered(number).first()
    if found is None:
        raise VersionNotFound(artifact.name, ref)
    found.artifact = artifact
    return found
