"""Two versions side by side, with what they were made from: here, where both can be asked."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from artifacts.api import openapi
from artifacts.api.comparison_schemas import ComparisonOut
from artifacts.api.comparisons import PARAMETERS, comparison, find_versions, version_name
from artifacts.api.params import flag, whole_number
from artifacts.api.rendering import Json
from artifacts.errors import Invalid
from artifacts.names import TYPES
from artifacts.services.compare import MAX_ROWS, compare_versions
from artifacts.services.file_changes import KINDS, FileChangeKind
from lineage.comparison import InputComparison, compare_inputs

MAX_OFFSET = (1 << 31) - 1


class InputOut(serializers.Serializer[Any]):
    """A version that was used."""

    artifact = serializers.CharField(help_text="`name:v3`")
    name = serializers.CharField()
    type = serializers.ChoiceField(choices=TYPES)
    team = serializers.CharField(allow_null=True, help_text="Whose it is; null: everyone's.")
    version = serializers.IntegerField()


class InputChangeOut(serializers.Serializer[Any]):
    """An input that is not the same; null: not used."""

    change = serializers.ChoiceField(
        choices=["added", "removed", "moved"], help_text="`moved`: in another version."
    )
    before = InputOut(allow_null=True)
    after = InputOut(allow_null=True)


class InputChangesOut(serializers.Serializer[Any]):
    """What the runs used that made the versions: the first thousand that differ, of `total`."""

    before_run = serializers.CharField(allow_null=True)
    after_run = serializers.CharField(allow_null=True)
    rows = InputChangeOut(many=True)
    total = serializers.IntegerField()
    num_kept = serializers.IntegerField()


class WholeComparisonOut(ComparisonOut):
    """Two versions side by side; added is what only `after` has."""

    inputs = InputChangesOut()


class VersionComparison(APIView):
    """What differs between two versions."""

    @extend_schema(
        operation_id="compare_versions",
        parameters=[
            *PARAMETERS,
            openapi.query("change", "Only files of this kind.", enum=[*KINDS, ""]),
            openapi.query(
                "limit",
                "At most so many files; more than 1000 means 1000.",
                {"type": "integer", "minimum": 1, "default": MAX_ROWS},
            ),
            openapi.query(
                "offset",
                "Leave out so many files first.",
                {"type": "integer", "minimum": 0, "default": 0},
            ),
            openapi.query("all", "Also files and metadata that are the same: true/false/…", bool),
        ],
        responses=openapi.answers(WholeComparisonOut, 400, 404, 410),
    )
    def get(self, request: Request, name: str) -> Response:
        """What differs between two versions, of one artifact or `with` another.

        A file is `renamed` where the same content has another path. The numbers in `files.totals`
        are of all files, whatever part is listed.
        """
        before, after = find_versions(request, name)
        found = compare_versions(
            before=before,
            after=after,
            kind=_kind(request),
            limit=whole_number(request, "limit", default=MAX_ROWS, minimum=1, maximum=MAX_ROWS),
            offset=whole_number(request, "offset", default=0, minimum=0, maximum=MAX_OFFSET),
            with_unchanged=flag(request, "all"),
        )
        inputs = compare_inputs(before=before, after=after, asked_by=request.user)
        return Response({**comparison(found), "inputs": _inputs(inputs)})


def _kind(request: Request) -> FileChangeKind | None:
    text = request.query_params.get("change", "")
    kind = next((one for one in KINDS if one == text), None)
    if text and kind is None:
        raise Invalid({"change": [f"{text!r} is none of {', '.join(KINDS)}"]})
    return kind


def _inputs(found: InputComparison) -> Json:
    return {
        "before_run": found.before_run or None,
        "after_run": found.after_run or None,
        "rows": [
            {
                "change": one.kind,
                "before": version_name(one.before) if one.before else None,
                "after": version_name(one.after) if one.after else None,
            }
            for one in found.rows
        ],
        "total": found.num_changes,
        "num_kept": found.num_kept,
    }
