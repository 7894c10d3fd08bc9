"""The commit of a version: here, above artifacts, because a version may be the output of a run."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from artifacts.api import openapi, rendering
from artifacts.api.manifests import parse_manifest
from artifacts.api.params import team_hint, type_hint
from artifacts.api.schemas import CommitFieldsIn, CommitIn, VersionDetailOut
from artifacts.api.versions import VersionHistory
from artifacts.errors import Invalid
from artifacts.names import check_name
from artifacts.services.versions import VersionDraft
from artifacts.storage.manifest import Manifest
from lineage.services import log_version


class VersionCommits(VersionHistory):
    """The versions of an artifact: their history, and the next one."""

    @extend_schema(
        operation_id="commit_version",
        parameters=[openapi.TYPE, openapi.TEAM, openapi.NAME],
        request=CommitIn,
        responses={
            **openapi.answers(VersionDetailOut, 400, 404, 409, 413, 415, 422, 503, 507),
            201: VersionDetailOut,
        },
    )
    def post(self, request: Request, name: str) -> Response:
        """Commit a version from a manifest, all or nothing; makes the artifact if needed.

        409 `missing_blobs` lists the content to upload first. A repeated `commit_id` answers 200
        with the version that its first use made; so does `if_unchanged: reuse`, with the latest
        version of the same content.
        """
        checked = _check_name(name)
        fields, manifest = _parse(request)
        version, is_new = log_version(
            type_=fields.pop("type"),
            name=checked,
            team=fields.pop("team", None),
            run_id=fields.pop("run", None),
            draft=VersionDraft(manifest=manifest, **fields),
            created_by=request.user,
        )
        return Response(
            rendering.version_detail(version, request.user), status=201 if is_new else 200
        )


def _check_name(name: str) -> str:
    try:
        return check_name(name)
    except ValueError as error:
        raise Invalid({"name": [str(error)]}) from None


def _parse(request: Request) -> tuple[dict[str, Any], Manifest]:
    """The body in its two parts; ``type`` and ``team`` of the query stand in for the body's."""
    body = request.data
    if not isinstance(body, dict):
        raise Invalid({"body": ["must be an object"]})
    hints = {"type": type_hint(request), "team": team_hint(request)}
    for field, hint in hints.items():
        if hint and body.get(field, hint) != hint:
            raise Invalid({field: [f"the body's differs from {hint!r} in the query"]})
    said = {field: hint for field, hint in hints.items() if hint}
    fields = CommitFieldsIn(data={**body, **said})
    fields.is_valid(raise_exception=True)
    return fields.validated_data, parse_manifest(body)
