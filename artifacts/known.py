"""What a caller may know of, for queries that are written in SQL; elsewhere ``visible_to`` says it.

The conditions go with the parameters of :func:`sql_values`, and with fixed names of tables.
"""

from collections.abc import Mapping

from accounts.access import Caller, access_of, is_open
from accounts.models import Team

# Whether the caller may know of the artifact ``artifact``.
ARTIFACT_IS_KNOWN = """(
    %(sees_all)s OR artifact.team_id = ANY(%(teams)s)
    OR %(sees_everyones)s AND artifact.team_id IS NULL
)"""


def version_is_known(column: str) -> str:
    """Whether he may know of the version with the id ``column``; no table is asked who sees all."""
    return f"""(%(sees_all)s OR EXISTS (
    SELECT FROM artifacts_version version
    JOIN artifacts_artifact artifact ON artifact.id = version.artifact_id
    WHERE version.id = {column} AND {ARTIFACT_IS_KNOWN}
))"""


def content_is_known(column: str) -> str:
    """Whether he may know of the content with the id ``column``: he reads it or has sent it."""
    return f"""(%(sees_all)s OR EXISTS (
    SELECT FROM artifacts_manifestentry one
    JOIN artifacts_version version ON version.id = one.version_id
    JOIN artifacts_artifact artifact ON artifact.id = version.artifact_id
    WHERE one.blob_id = {column} AND {ARTIFACT_IS_KNOWN}
) OR EXISTS (
    SELECT FROM artifacts_blobupload upload
    WHERE upload.blob_id = {column} AND upload.user_id = %(user)s
))"""  # noqa: S608 - constants only


BASE_IS_KNOWN = content_is_known("lean.base_id")

Values = Mapping[str, int | bool | list[int] | None]


def sql_values(caller: Caller) -> Values:
    """The parameters that the conditions of this module need."""
    return {"user": caller.pk, **access_of(caller).sql_values()}


def sql_values_in(team: Team, caller: Caller) -> Values:
    """The same for all that is known in ``team``: what its members may read, or the caller sent.

    In open mode everything.
    """
    return {
        "user": caller.pk, "sees_all": is_open(), "sees_everyones": True, "teams": [team.pk],
    }  # fmt: skip
