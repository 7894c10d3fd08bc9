"""Aliases over HTTP: resolve, move, remove, roll back, and how they came to be where they are."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.api import openapi, rendering
from artifacts.api.params import (
    artifact_to_write,
    comment,
    find_artifact,
    find_version,
    past_time,
)
from artifacts.api.schemas import (
    AliasDetailOut,
    AliasEventOut,
    AliasMoveIn,
    AliasOut,
    AliasRemoveIn,
    AliasRollbackIn,
    DoneOut,
)
from artifacts.errors import AliasNotFound, Invalid
from artifacts.models import Alias, AliasEvent, Artifact
from artifacts.names import check_alias
from artifacts.services.aliases import (
    ANYWHERE,
    alias_names,
    move_alias,
    remove_alias,
    resolve_alias,
    roll_back_alias,
)
from artifacts.services.past import resolve_alias_at
from artifacts.services.protection import Patterns


class AliasList(GenericAPIView[Any]):
    """The aliases of an artifact."""

    serializer_class = AliasOut

    @extend_schema(
        operation_id="list_aliases",
        parameters=[openapi.TYPE, openapi.TEAM],
        responses=openapi.answers(AliasOut(many=True), 400, 404),
    )
    def get(self, request: Request, name: str) -> Response:
        """Every alias that resolves now, by name; `latest` among them."""
        artifact = find_artifact(request, name)
        rows = artifact.aliases.resolving().select_related("version", "updated_by")
        patterns = Patterns()
        items = [rendering.alias_item(row, patterns) for row in rows]
        latest = artifact.versions.ready().select_related("created_by").order_by("-number").first()
        if latest is not None:
            items.append(rendering.latest_item(latest))
        items.sort(key=lambda item: str(item["alias"]))
        return self.get_paginated_response(self.paginate_queryset(items))


class AliasDetail(APIView):
    """One alias."""

    @extend_schema(
        operation_id="get_alias",
        parameters=[openapi.TYPE, openapi.TEAM, openapi.AT],
        responses=openapi.answers(AliasDetailOut, 400, 404),
    )
    def get(self, request: Request, name: str, alias: str) -> Response:
        """Where the alias points, or `at` some time pointed."""
        artifact = find_artifact(request, name)
        checked = _alias_to_read(artifact, alias)
        at = past_time(request, "at")
        found = _resolved_at(artifact, checked, at) if at else _resolved(artifact, checked)
        return Response(rendering.alias_detail(found, artifact))

    @extend_schema(
        operation_id="move_alias",
        parameters=[openapi.TYPE, openapi.TEAM, openapi.ALIAS],
        request=AliasMoveIn,
        responses={**openapi.answers(AliasDetailOut, 400, 404, 409), 201: AliasDetailOut},
    )
    def put(self, request: Request, name: str, alias: str) -> Response:
        """Point the alias at a version; the move is kept with who, when and why."""
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
            comment=body.validated_data.get("comment", ""),
        )
        return Response(_detail(moved, artifact), status=201 if created else 200)

    @extend_schema(
        operation_id="remove_alias",
        parameters=[openapi.TYPE, openapi.TEAM, openapi.ALIAS, openapi.COMMENT],
        responses=openapi.answers(DoneOut, 400, 404, 409, 415),
    )
    def delete(self, request: Request, name: str, alias: str) -> Response:
        """Remove the alias; its history stays.

        The comment may come in a JSON body instead, `{"comment": "…"}`: servers write what is in
        the query into their logs.
        """
        artifact = artifact_to_write(request, name)
        checked = _alias_to_write(alias)
        body = AliasRemoveIn(data=request.data)
        body.is_valid(raise_exception=True)
        why = body.validated_data.get("comment") or comment(request)
        remove_alias(artifact=artifact, name=checked, removed_by=request.user, comment=why)
        message = f"Removed alias {checked} of {rendering.told_name(artifact)}"
        return Response({"success": True, "message": message})


class AliasRollback(APIView):
    """The way back."""

    @extend_schema(
        operation_id="roll_back_alias",
        parameters=[openapi.TYPE, openapi.TEAM, openapi.ALIAS],
        request=AliasRollbackIn,
        responses=openapi.answers(AliasDetailOut, 400, 404, 409, 415),
    )
    def post(self, request: Request, name: str, alias: str) -> Response:
        """Point the alias at where it was before its last move; one that was removed comes back.

        A second roll-back undoes the first: say `expected_version` to be sure.
        """
        artifact = artifact_to_write(request, name)
        checked = _alias_to_write(alias)
        body = AliasRollbackIn(data=request.data)
        body.is_valid(raise_exception=True)
        moved = roll_back_alias(
            artifact=artifact,
            name=checked,
            rolled_back_by=request.user,
            expected=body.validated_data.get("expected_version", ANYWHERE),
            comment=body.validated_data.get("comment", ""),
        )
        return Response(_detail(moved, artifact))


class AliasHistory(GenericAPIView[Any]):
    """How an alias moved."""

    serializer_class = AliasEventOut

    @extend_schema(
        operation_id="list_alias_history",
        parameters=[openapi.TYPE, openapi.TEAM],
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
        return rendering.latest_item(version)
    rows = artifact.aliases.select_related("version", "updated_by")
    return rendering.alias_item(rows.get(name=alias), Patterns())


def _resolved_at(artifact: Artifact, alias: str, at: datetime) -> rendering.Json:
    """``protected`` is as it is now: that is no matter of history."""
    target = resolve_alias_at(artifact=artifact, name=alias, at=at)
    flagged = artifact.aliases.filter(name=alias, is_protected=True).exists()
    protected = flagged or (alias != "latest" and Patterns().protect(alias))
    return rendering.past_item(alias, target, protected=protected)


def _detail(alias: Alias, artifact: Artifact) -> rendering.Json:
    return rendering.alias_detail(rendering.alias_item(alias, Patterns()), artifact)


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
