"""Runs over HTTP: begin, list, read, change, and what they made and used."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.api import openapi
from artifacts.models import Version
from lineage.api import rendering
from lineage.api.schemas import (
    RunArtifactsOut,
    RunChangeIn,
    RunFiltersIn,
    RunIn,
    RunOut,
    UseIn,
    UseOut,
)
from lineage.models import Run
from lineage.services import create_run, find_run, resolve_reference, update_run, use_version


class RunList(GenericAPIView[Any]):
    """Every run."""

    serializer_class = RunOut

    @extend_schema(
        operation_id="list_runs",
        parameters=[RunFiltersIn],
        responses=openapi.answers(RunOut(many=True), 400),
    )
    def get(self, request: Request) -> Response:
        """The runs, newest first."""
        filters = RunFiltersIn(data=request.query_params.dict())
        filters.is_valid(raise_exception=True)
        visible = Run.objects.visible_to(request.user).filter(**filters.validated_data)
        rows = self.paginate_queryset(visible.newest_first())
        return self.get_paginated_response([rendering.run_item(row) for row in rows or []])

    @extend_schema(
        operation_id="create_run",
        request=RunIn,
        responses={**openapi.answers(RunOut, 400, 409), 201: RunOut},
    )
    def post(self, request: Request) -> Response:
        """Begin a run; 200 where that id, project and name are there already: a safe repeat."""
        body = RunIn(data=request.data)
        body.is_valid(raise_exception=True)
        fields = body.validated_data
        run, is_new = create_run(
            run_id=fields.get("id"),
            project=fields["project"],
            name=fields["name"],
            created_by=request.user,
        )
        return Response(rendering.run_item(run), status=201 if is_new else 200)


class RunDetail(APIView):
    """One run."""

    @extend_schema(operation_id="get_run", responses=openapi.answers(RunOut, 404))
    def get(self, request: Request, run_id: str) -> Response:
        """One run."""
        return Response(rendering.run_item(find_run(run_id=run_id, asked_by=request.user)))

    @extend_schema(
        operation_id="update_run",
        request=RunChangeIn,
        responses=openapi.answers(RunOut, 400, 404),
    )
    def patch(self, request: Request, run_id: str) -> Response:
        """Say how the run stands (it may run again), or name it anew."""
        run = find_run(run_id=run_id, asked_by=request.user)
        body = RunChangeIn(data=request.data)
        body.is_valid(raise_exception=True)
        changed = update_run(run=run, changed_by=request.user, **body.validated_data)
        return Response(rendering.run_item(changed))


class RunUses(APIView):
    """What a run uses."""

    @extend_schema(
        operation_id="use_version",
        request=UseIn,
        responses={**openapi.answers(UseOut, 400, 404, 409), 201: UseOut},
    )
    def post(self, request: Request, run_id: str) -> Response:
        """Note that the run uses a version, and learn which; 200 where it was noted already."""
        run = find_run(run_id=run_id, asked_by=request.user)
        body = UseIn(data=request.data)
        body.is_valid(raise_exception=True)
        version = resolve_reference(
            text=body.validated_data["artifact"],
            type_=body.validated_data.get("type"),
            asked_by=request.user,
        )
        _, is_new = use_version(run=run, version=version, used_by=request.user)
        return Response(rendering.used_version(run, version), status=201 if is_new else 200)


class RunArtifacts(APIView):
    """Both ends of a run."""

    @extend_schema(
        operation_id="list_run_artifacts", responses=openapi.answers(RunArtifactsOut, 404)
    )
    def get(self, request: Request, run_id: str) -> Response:
        """What the run made and what it used, each in order; also what was deleted since."""
        run = find_run(run_id=run_id, asked_by=request.user)
        visible = Version.objects.visible_to(request.user).select_related("artifact__team")
        made = visible.filter(created_by_run=run.id).order_by("id")
        used = visible.filter(uses__run=run).order_by("uses__id")
        return Response(
            {
                "created": [rendering.run_version(version) for version in made],
                "used": [rendering.run_version(version) for version in used],
            }
        )
