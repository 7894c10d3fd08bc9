"""A run comes in with its past: times, status, what it used. Only admins may say such things."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.moments import MomentIn
from artifacts.api import openapi
from artifacts.api.imports import UserField
from artifacts.api.schemas import NAME_PATTERN
from artifacts.api.values import StringField, TeamField, TypeField
from artifacts.names import ArtifactName, check_name
from artifacts.querysets import MAX_NUMBER
from lineage.api import rendering
from lineage.api.schemas import RUN_ID_PATTERN, OneLineField, RunOut
from lineage.importing import PastRun, PastUse, import_run
from lineage.models import Run

MAX_USES = 10_000
RUN_ID = openapi.path_part("run_id", RUN_ID_PATTERN)


@extend_schema_field({"type": "string", "pattern": NAME_PATTERN})
class NameField(StringField):
    """The name of an artifact."""


class PastUseIn(serializers.Serializer[Any]):
    """A version that the run used."""

    type = TypeField()
    name = NameField()
    team = TeamField(required=False, allow_null=True, help_text="`everyone` where none is said.")
    version = serializers.IntegerField(min_value=1, max_value=MAX_NUMBER)
    used_at = MomentIn(required=False, allow_null=True)

    def validate_name(self, value: str) -> str:
        """By the rules."""
        try:
            return check_name(value)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class RunImportIn(serializers.Serializer[Any]):
    """A run as it was elsewhere."""

    project = OneLineField()
    name = OneLineField(required=False, allow_blank=True, default="")
    status = serializers.ChoiceField(choices=Run.Status.values)
    created_at = MomentIn()
    updated_at = MomentIn(required=False, allow_null=True)
    finished_at = MomentIn(
        required=False, allow_null=True, help_text="Given exactly where it is not running."
    )
    user = UserField(help_text="Who began it.")
    used = PastUseIn(many=True, required=False)

    def validate_used(self, value: list[Any]) -> list[Any]:
        """Not without end."""
        if len(value) > MAX_USES:
            raise serializers.ValidationError(f"must be at most {MAX_USES}")
        return value


class RunImportOut(serializers.Serializer[Any]):
    """The run, and what of it is not here."""

    run = RunOut()
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="What it used that the portal does not have."
    )


class RunImport(APIView):
    """Runs of the past."""

    @extend_schema(
        operation_id="import_run",
        parameters=[RUN_ID],
        request=RunImportIn,
        responses={**openapi.answers(RunImportOut, 400, 409), 201: RunImportOut},
    )
    def post(self, request: Request, run_id: str) -> Response:
        """Take over a run with its times and what it used. For admins only.

        One that is there already keeps what it says, and gets the links that it lacks.
        """
        body = RunImportIn(data=request.data)
        body.is_valid(raise_exception=True)
        done = import_run(past=_past(run_id, body.validated_data), imported_by=request.user)
        answer = {
            "run": rendering.run_item(done.run),
            "missing": [str(one) for one in done.missing],
        }
        return Response(answer, status=201 if done.is_new else 200)


def _past(run_id: str, fields: dict[str, Any]) -> PastRun:
    return PastRun(
        id=run_id, project=fields["project"], name=fields["name"], status=fields["status"],
        created_at=fields["created_at"], updated_at=fields.get("updated_at"),
        finished_at=fields.get("finished_at"), user=fields.get("user") or "",
        used=[
            PastUse(
                ArtifactName(one["type"], one["name"], one.get("team")), one["version"],
                one.get("used_at"),
            )
            for one in fields.get("used", ())
        ],
    )  # fmt: skip
