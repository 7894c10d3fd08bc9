"""What was made from a version, over HTTP: as JSON, and as CSV for those it concerns."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.csv_file import csv_lines
from artifacts.api import openapi
from artifacts.api.params import find_artifact, find_version
from artifacts.errors import Invalid
from artifacts.models import Version
from lineage.api import rendering
from lineage.api.schemas import ImpactOut
from lineage.impact import Impact, find_impact

FORMATS = ("json", "csv")
COLUMNS = (
    "depth", "type", "name", "version", "team", "status", "aliases", "size_bytes", "created_at",
    "created_by_user", "project", "run",
)  # fmt: skip
FORMAT = openapi.query("format", "`csv`: one file to save.", enum=FORMATS)


class VersionImpact(APIView):
    """What was made from a version."""

    @extend_schema(
        operation_id="get_impact",
        parameters=[openapi.TYPE, openapi.TEAM, FORMAT],
        responses={
            (200, "application/json"): ImpactOut,
            (200, "text/csv"): str,
            **openapi.refusals(400, 404),
        },
    )
    def get(self, request: Request, name: str, version: str) -> HttpResponseBase:
        """Every version made from this one, directly or not, the nearest first, deleted ones too.

        `depth` counts the runs between. What you may not see is counted in `restricted`, and said
        in the last line of the CSV; so is `truncated`, where 20000 versions and runs were not all.
        """
        form = request.query_params.get("format", FORMATS[0])
        if form not in FORMATS:
            raise Invalid({"format": [f"{form!r} is none of {', '.join(FORMATS)}"]})
        root = find_version(request, find_artifact(request, name), version)
        impact = find_impact(version=root, asked_by=request.user)
        return as_file(root, impact) if form == "csv" else Response(rendering.impact(root, impact))


def as_file(root: Version, impact: Impact) -> StreamingHttpResponse:
    """The impact as a file to save."""
    name = f"impact-{root.artifact.name}-v{root.number}.csv"
    disposition = content_disposition_header(as_attachment=True, filename=name)
    return StreamingHttpResponse(
        csv_lines(file_rows(impact)),
        "text/csv; charset=utf-8",
        headers={"Content-Disposition": disposition},
    )


def file_rows(impact: Impact) -> Iterator[tuple[Any, ...]]:
    """The rows: what is left out is said, where somebody who reads the table sees it."""
    yield COLUMNS
    for one in impact.items:
        yield (
            one.depth, one.type, one.name, one.number, one.team, one.status,
            " ".join(one.aliases), one.size_bytes, one.created_at, one.created_by, one.project,
            one.run_id,
        )  # fmt: skip
    if impact.num_restricted:
        yield ("", "", f"({impact.num_restricted} more that you may not see)")
    if impact.is_truncated:
        yield ("", "", "(there is more)")
