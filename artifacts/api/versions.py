"""Artifacts and their versions over HTTP: list, read, describe, delete, restore, stats."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import is_open
from artifacts.api import openapi, rendering
from artifacts.api.params import (
    artifact_to_write,
    find_artifact,
    find_version,
    flag,
    team_hint,
    type_hint,
)
from artifacts.api.schemas import (
    ArtifactOut,
    DeletedOut,
    DescriptionIn,
    FilesOut,
    StatsOut,
    VersionDetailOut,
    VersionOut,
)
from artifacts.errors import ArtifactNotFound
from artifacts.filters import filter_artifacts, filter_versions
from artifacts.models import Artifact, Version
from artifacts.services.entries import content_of
from artifacts.services.purge import purge_version
from artifacts.services.trees import built_folder
from artifacts.services.versions import describe_version, restore_version, soft_delete_version

LOOPBACK = frozenset({"127.0.0.1", "::1"})


class ArtifactList(GenericAPIView[Any]):
    """Every artifact."""

    serializer_class = ArtifactOut

    @extend_schema(
        operation_id="list_artifacts",
        parameters=[
            openapi.TYPE,
            openapi.TEAM,
            *openapi.ARTIFACT_FILTERS,
            *openapi.VERSION_FILTERS,
        ],
        responses=openapi.answers(ArtifactOut(many=True), 400),
    )
    def get(self, request: Request) -> Response:
        """Every artifact with a ready version, newest `updated_at` first."""
        artifacts = Artifact.objects.visible_to(request.user)
        if type_ := type_hint(request):
            artifacts = artifacts.filter(type=type_)
        if team := team_hint(request):
            artifacts = artifacts.owned_by(team)
        found = filter_artifacts(request.query_params, artifacts, request.user)
        rows = self.paginate_queryset(found.summaries())
        return self.get_paginated_response([rendering.artifact_summary(row) for row in rows or []])


class Stats(APIView):
    """Storage statistics."""

    @extend_schema(operation_id="get_stats", responses=openapi.answers(StatsOut))
    def get(self, request: Request) -> Response:
        """Logical and physical size, and what dedup saved."""
        return Response(rendering.storage_stats(request.user))


class VersionHistory(GenericAPIView[Any]):
    """The versions of an artifact."""

    serializer_class = VersionOut

    @extend_schema(
        operation_id="list_versions",
        parameters=[openapi.TYPE, openapi.TEAM, *openapi.VERSION_FILTERS],
        responses=openapi.answers(VersionOut(many=True), 400, 404),
    )
    def get(self, request: Request, name: str) -> Response:
        """The version history, oldest first; soft-deleted ones too."""
        artifact = find_artifact(request, name)
        versions = Version.objects.visible_to(request.user).remaining().filter(artifact=artifact)
        if not versions.exists():
            raise ArtifactNotFound(name)  # only tombstones are left
        rows = self.paginate_queryset(
            filter_versions(request.query_params, versions).order_by("number")
        )
        return self.get_paginated_response(
            rendering.version_history(rows or [], artifact, request.user)
        )


class VersionDetail(APIView):
    """One version."""

    @extend_schema(
        operation_id="get_version",
        parameters=[openapi.TYPE, openapi.TEAM],
        responses=openapi.answers(VersionDetailOut, 400, 404),
    )
    def get(self, request: Request, name: str, version: str) -> Response:
        """One version in full."""
        found = find_version(request, find_artifact(request, name), version)
        return Response(rendering.version_detail(found, request.user))

    @extend_schema(
        operation_id="describe_version",
        parameters=[openapi.TYPE, openapi.TEAM],
        request=DescriptionIn,
        responses=openapi.answers(VersionDetailOut, 400, 404, 409),
    )
    def patch(self, request: Request, name: str, version: str) -> Response:
        """Replace the description, tags or metadata; content never changes."""
        found = find_version(request, artifact_to_write(request, name), version)
        body = DescriptionIn(data=request.data)
        body.is_valid(raise_exception=True)
        changes = dict(body.validated_data)
        seen_at = changes.pop("seen_at", None)
        changed = describe_version(
            version=found, changes=changes, changed_by=request.user, seen_at=seen_at
        )
        return Response(rendering.version_detail(changed, request.user))

    @extend_schema(
        operation_id="delete_version",
        parameters=[openapi.TYPE, openapi.TEAM, openapi.PERMANENT],
        responses=openapi.answers(DeletedOut, 400, 404, 409),
    )
    def delete(self, request: Request, name: str, version: str) -> Response:
        """Soft-delete (restorable), or with `permanent=true` remove for ever."""
        permanent = flag(request, "permanent")
        found = find_version(request, artifact_to_write(request, name), version)
        told = f"{rendering.told_name(found.artifact)}:v{found.number}"
        if permanent:
            freed = purge_version(version=found, purged_by=request.user)
            return _deleted(f"Permanently deleted {told} locally", freed)
        soft_delete_version(version=found, deleted_by=request.user)
        return _deleted(f"Soft deleted {told} locally", 0)


def _deleted(message: str, freed_bytes: int) -> Response:
    return Response({"success": True, "message": message, "freed_bytes": freed_bytes})


class VersionRestore(APIView):
    """The way back."""

    @extend_schema(
        operation_id="restore_version",
        parameters=[openapi.TYPE, openapi.TEAM],
        request=None,
        responses=openapi.answers(VersionDetailOut, 400, 404, 409),
    )
    def post(self, request: Request, name: str, version: str) -> Response:
        """Undo a soft delete; its aliases come back unless they have moved on."""
        found = find_version(request, artifact_to_write(request, name), version)
        restored = restore_version(version=found, restored_by=request.user)
        return Response(rendering.version_detail(restored, request.user))


class VersionFiles(APIView):
    """What a version holds."""

    @extend_schema(
        operation_id="list_files",
        parameters=[openapi.TYPE, openapi.TEAM],
        responses=openapi.answers(FilesOut, 400, 404, 410),
    )
    def get(self, request: Request, name: str, version: str) -> Response:
        """The files and external references of a version."""
        found = content_of(find_version(request, find_artifact(request, name), version))
        folder = built_folder(found) if is_local(request) else None
        return Response(rendering.version_files(found, folder))


def is_local(request: Request) -> bool:
    """Whether the client is on this machine, in open mode, and not behind a proxy on it."""
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return is_open() and not forwarded and request.META.get("REMOTE_ADDR") in LOOPBACK
