"""Aliases over HTTP: resolve, move, remove, and how they came to be where they are."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.api import openapi, rendering
from artifacts.api.params import artifact_to_write, find_artifact, find_version
from artifacts.api.schemas import AliasDetailOut, AliasEventOut, AliasMoveIn, AliasOut, DoneOut
from artifacts.errors import AliasNotFound, Invalid
from artifacts.models import AliasEvent, Artifact
from artifacts.names import check_alias
from artifacts.services.aliases import (
    ANYWHERE,
    alias_names,
    move_alias,
    remove_alias,
    resolve_alias,
)


class AliasList(GenericAPIView[Any]):
    """The aliases of an artifact."""

    serializer_class = AliasOut

    @extend_schema(
        operation_id="list_aliases",
        parameters=[openapi.TYPE],
        responses=openapi.answers(AliasOut(many=True), 400, 404),
    )
    def get(self, request: Request, name: str) -> Response:
        """Every alias that resolves now, by name; `latest` among them."""
        artifact = find_artifact(request, name)
        rows = artifact.aliases.resolving().select_related("version", "updated_by")
        items = [rendering.alias_item(row) for row in rows]
        latest = artifact.versions.ready().select_related("created_by").order_by("-number").first()
        if latest is not None:
            items.append(rendering.latest_item(latest))
        items.sort(key=lambda item: str(item["alias"]))
        return self.get_paginated_response(self.paginate_queryset(items))


class AliasDetail(APIView):
    """One alias."""

    @extend_schema(
        operation_id="get_alias",
        parameters=[openapi.TYPE],
        responses=openapi.answers(AliasDetailOut, 400, 404),
    )
    def get(self, request: Request, name: str, alias: str) -> Response:
        """Where the alias points."""
        artifact = find_artifact(request, name)
        return Response(_resolved(artifact, _alias_to_read(artifact, alias)))

    @extend_schema(
        operation_id="move_alias",
        parameters=[openapi.TYPE, openapi.ALIAS],
        request=AliasMoveIn,
        responses={**openapi.answers(AliasDetailOut, 400, 404, 409), 201: AliasDetailOut},
    )
    def put(self, request: Request, name: str, alias: str) -> Response:
        """Point the alias at a version; the move is kept with who and when."""
        artifact = artifact_to_write(request, name)
        checked = _alias_to_write(alias)
        body = AliasMoveIn(data=request.data)
        body.is_valid(raise_exception=True)
        version = find_version(request, artifact, str(body.validated_data["version"]))
        moved, created = move_alias(
            artifact=artifact,
            name=checked,
            version=version,
            moved_by=request.user,
            expected=body.validated_data.get("expected_version", ANYWHERE),
            is_protected=body.validated_data.get("protected"),
        )
        item = rendering.alias_detail(rendering.alias_item(moved), artifact)
        return Response(item, status=201 if created else 200)

    @extend_schema(
        operation_id="remove_alias",
        parameters=[openapi.TYPE, openapi.ALIAS],
        responses=openapi.answers(DoneOut, 400, 404, 409),
    )
    def delete(self, request: Request, name: str, alias: str) -> Response:
        """Remove the alias; its history stays."""
        artifact = artifact_to_write(request, name)
        checked = _alias_to_write(alias)
        remove_alias(artifact=artifact, name=checked, removed_by=request.user)
        message = f"Removed alias {checked} of {artifact.name}"
        return Response({"success": True, "message": message})


class AliasHistory(GenericAPIView[Any]):
    """How an alias moved."""

    serializer_class = AliasEventOut

    @extend_schema(
        operation_id="list_alias_history",
        parameters=[openapi.TYPE],
        responses=openapi.answers(AliasEventOut(many=True), 400, 404),
    )
    def get(self, request: Request, name: str, alias: str) -> Response:
        """Every move, newest first; also of an alias that is gone."""
        artifact = find_artifact(request, name)
        events = AliasEvent.objects.filter(artifact=artifact, name=_alias_to_read(artifact, alias))
        rows = self.paginate_queryset(events.select_related("by").order_by("-id"))
        return self.get_paginated_response([rendering.alias_event(row) for row in rows or []])


def _resolved(artifact: Artifact, alias: str) -> rendering.Json:
    version = resolve_alias(artifact=artifact, name=alias)
    if alias == "latest":
        return rendering.alias_detail(rendering.latest_item(version), artifact)
    rows = artifact.aliases.select_related("version", "updated_by")
    return rendering.alias_detail(rendering.alias_item(rows.get(name=alias)), artifact)


def _alias_to_read(artifact: Artifact, text: str) -> str:
    """``text`` as an alias; one outside the rules cannot be there (404)."""
    try:
        return text if text == "latest" else check_alias(text)
    except ValueError:
        raise AliasNotFound(artifact.name, text, existing=alias_names(artifact)) from None


def _alias_to_write(text: str) -> str:
    try:
        return check_alias(text)
    except ValueError as error:
        raise Invalid({"alias": [str(error)]}) from None
