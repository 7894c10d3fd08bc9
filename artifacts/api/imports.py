"""A version comes in with its past: number, times, tombstones. Only admins may say such things."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.moments import MomentIn
from accounts.names import EVERYONE
from artifacts.api import openapi
from artifacts.api.manifests import parse_manifest
from artifacts.api.schemas import (
    MAX_ALIASES,
    MAX_DIGESTS,
    STATUSES,
    AliasField,
    DigestField,
    FileIn,
    ReferenceIn,
)
from artifacts.api.values import (
    FlagField,
    MetadataField,
    StringField,
    TagsField,
    TeamField,
    TextField,
    TypeField,
)
from artifacts.errors import Invalid
from artifacts.names import check_alias, check_digest, check_name, check_word
from artifacts.querysets import MAX_NUMBER
from artifacts.services.importing import (
    IMPORTED,
    OUTCOMES,
    SAID,
    ImportedAlias,
    PastTombstone,
    PastVersion,
    Standing,
    alias_names_at,
    import_tombstone,
    import_version,
    look_at_number,
    look_for_tombstone,
)
from artifacts.storage.manifest import Manifest

MAX_USERNAME_CHARACTERS = 150


class UserField(StringField):
    """The name of an account; one that there is none of says nothing."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        super().__init__(
            allow_null=True, allow_blank=True, max_length=MAX_USERNAME_CHARACTERS, **options
        )


class ImportedAliasIn(serializers.Serializer[Any]):
    """An alias that points at the version."""

    alias = AliasField()
    protected = FlagField(required=False, default=False)
    updated_at = MomentIn(required=False, allow_null=True)

    def validate_alias(self, value: str) -> str:
        """By the rules."""
        try:
            return check_alias(value)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class ImportFieldsIn(serializers.Serializer[Any]):
    """A version as it was elsewhere, without its manifest."""

    type = TypeField()
    team = TeamField(required=False, allow_null=True, help_text="`everyone` where none is said.")
    version = serializers.IntegerField(min_value=1, max_value=MAX_NUMBER)
    dry_run = FlagField(required=False, default=False, help_text="Only say what stands there.")
    created_at = MomentIn()
    updated_at = MomentIn(required=False, allow_null=True)
    run = StringField(required=False, allow_null=True, allow_blank=True, max_length=128)
    user = UserField(help_text="Who made it.")
    description = TextField(required=False, allow_blank=True)
    tags = TagsField(required=False)
    metadata = MetadataField(required=False)
    aliases = ImportedAliasIn(many=True, required=False)
    deleted_at = MomentIn(required=False, allow_null=True, help_text="It is soft-deleted.")
    deleted_by = UserField(help_text="Who soft-deleted it.")
    purged_at = MomentIn(
        required=False, allow_null=True,
        help_text="It was deleted for ever: only a tombstone is made, without files.",
    )  # fmt: skip
    lost = serializers.ListField(
        child=DigestField(), required=False, max_length=MAX_DIGESTS,
        help_text="Contents that are damaged or gone: the version will be corrupted.",
    )  # fmt: skip
    artifact_created_at = MomentIn(required=False, allow_null=True)
    artifact_updated_at = MomentIn(required=False, allow_null=True)
    last_number = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=MAX_NUMBER,
        help_text="The highest number that the artifact ever gave: it gives none up to it again.",
    )  # fmt: skip

    def validate_aliases(self, value: list[Any]) -> list[Any]:
        """As many as in a commit."""
        if len(value) > MAX_ALIASES:
            raise serializers.ValidationError(f"must be at most {MAX_ALIASES}")
        return value

    def validate_lost(self, value: list[str]) -> list[str]:
        """Digests, as sha256 in hex."""
        try:
            return [check_digest(digest) for digest in value]
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None

    def validate_run(self, value: str | None) -> str:
        """By the rules for run ids; the run need not be here."""
        try:
            return check_word(value) if value else ""
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class ImportIn(ImportFieldsIn):
    """A version as it was elsewhere."""

    files = FileIn(many=True, required=False)
    references = ReferenceIn(many=True, required=False)


class StandingOut(serializers.Serializer[Any]):
    """What stands at the number."""

    artifact = serializers.CharField(help_text="`name:v3`")
    version = serializers.IntegerField()
    outcome = serializers.ChoiceField(
        choices=OUTCOMES,
        help_text="`new`: nothing yet (dry run); `imported`: now; `there`: the same was there; "
        "`purged`: a tombstone; `conflict`: something else.",
    )
    status = serializers.ChoiceField(choices=[*STATUSES, "purged"], allow_null=True)
    manifest_digest = serializers.CharField(
        allow_null=True, help_text="Of what stands there; `new`: that it would have."
    )
    aliases = serializers.ListField(child=serializers.CharField())
    differs = serializers.ListField(
        child=serializers.ChoiceField(choices=SAID),
        help_text="`there`: what is said of it in other words; that stays as it is here.",
    )


class VersionImport(APIView):
    """Versions of the past."""

    @extend_schema(
        operation_id="import_version",
        parameters=[openapi.NAME],
        request=ImportIn,
        responses={
            **openapi.answers(StandingOut, 400, 404, 409, 413, 415, 422, 503, 507),
            201: StandingOut,
        },
    )
    def post(self, request: Request, name: str) -> Response:
        """Take over a version with its number and its times. For admins only.

        As a commit, its content is sent before. The same content at the same number is there
        already (200), other content is a conflict (409). Aliases that exist are not moved.
        """
        checked = _check_name(name)
        body = request.data
        if not isinstance(body, dict):
            raise Invalid({"body": ["must be an object"]})
        fields = ImportFieldsIn(data=body)
        fields.is_valid(raise_exception=True)
        standing = _import(request, checked, fields.validated_data, body)
        status = 201 if standing.outcome == IMPORTED else 200
        return Response(_rendered(checked, fields.validated_data["version"], standing), status)


def _check_name(name: str) -> str:
    try:
        return check_name(name)
    except ValueError as error:
        raise Invalid({"name": [str(error)]}) from None


def _import(request: Request, name: str, fields: dict[str, Any], body: dict[str, Any]) -> Standing:
    line = {"type_": fields["type"], "name": name, "team": fields.get("team") or EVERYONE}
    if fields.get("purged_at"):
        tombstone = _tombstone(fields)
        if fields["dry_run"]:
            return look_for_tombstone(**line, past=tombstone, asked_by=request.user)
        return import_tombstone(**line, past=tombstone, imported_by=request.user)
    past = _past(fields, parse_manifest(body))
    if fields["dry_run"]:
        return look_at_number(**line, past=past, asked_by=request.user)
    return import_version(**line, past=past, imported_by=request.user)


def _past(fields: dict[str, Any], manifest: Manifest) -> PastVersion:
    return PastVersion(
        number=fields["version"], manifest=manifest, created_at=fields["created_at"],
        updated_at=fields.get("updated_at") or fields["created_at"],
        run_id=fields.get("run", ""), user=fields.get("user") or "",
        description=fields.get("description", ""), tags=fields.get("tags", ()),
        metadata=fields.get("metadata", {}), deleted_at=fields.get("deleted_at"),
        deleted_by=fields.get("deleted_by") or "", aliases=_aliases(fields),
        lost=frozenset(fields.get("lost", ())),
        artifact_created_at=fields.get("artifact_created_at"),
        artifact_updated_at=fields.get("artifact_updated_at"),
        last_number=fields["last_number"],
    )  # fmt: skip


def _tombstone(fields: dict[str, Any]) -> PastTombstone:
    return PastTombstone(
        fields["version"], fields.get("run", ""), fields["created_at"], fields["purged_at"]
    )


def _aliases(fields: dict[str, Any]) -> list[ImportedAlias]:
    return [
        ImportedAlias(one["alias"], one["protected"], one.get("updated_at"))
        for one in fields.get("aliases", ())
    ]


def _rendered(name: str, number: int, standing: Standing) -> dict[str, Any]:
    version = standing.version
    return {
        "artifact": f"{name}:v{number}",
        "version": number,
        "outcome": standing.outcome,
        "status": version.status if version else None,
        "manifest_digest": _manifest_digest(standing),
        "aliases": alias_names_at(version) if version else [],
        "differs": list(standing.differs),
    }


def _manifest_digest(standing: Standing) -> str | None:
    """A tombstone has none."""
    version = standing.version
    sha256 = standing.manifest_sha256 if version is None else version.manifest_sha256
    return f"sha256:{sha256}" if sha256 else None
