"""``POST …/v{n}/materialize``: every file of a version as a file on the server's disk."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import access_of
from artifacts.api import openapi
from artifacts.api.params import find_artifact, find_version
from artifacts.api.versions import is_local
from artifacts.services.entries import content_of
from artifacts.services.materialize import materialize_version, materialized_bytes


class FilePathOut(serializers.Serializer[Any]):
    """A file of the version and where it lies."""

    path = serializers.CharField()
    absolute_path = serializers.CharField(
        allow_null=True, help_text="To clients on the server's machine, else null."
    )


class MaterializedOut(serializers.Serializer[Any]):
    """Where the files lie, and what all that was made whole takes on the server's disk."""

    artifact = serializers.CharField(help_text="`name:v3`")
    files = FilePathOut(many=True)
    materialized_bytes = serializers.IntegerField()


class Materialize(APIView):
    """Paths for programs that want files."""

    @extend_schema(
        operation_id="materialize_version",
        parameters=[openapi.TYPE, openapi.TEAM],
        request=None,
        responses=openapi.answers(MaterializedOut, 400, 404, 410, 413, 422, 503, 507),
    )
    def post(self, request: Request, name: str, version: str) -> Response:
        """Make the files whole that share bytes with others; answers where each file lies.

        The paths are for clients on the server's machine, others get null. What is made stays
        until it was not used for longest and its room is needed.
        """
        found = content_of(find_version(request, find_artifact(request, name), version))
        files = materialize_version(version=found, asked_by=request.user)
        may_know = is_local(request)
        sees_all = access_of(request.user).sees_all  # else it would tell what others work on
        return Response(
            {
                "artifact": str(found),
                "files": [
                    {"path": one.path, "absolute_path": str(one.on_disk) if may_know else None}
                    for one in files
                ],
                "materialized_bytes": materialized_bytes() if sees_all else 0,
            }
        )
