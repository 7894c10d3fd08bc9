"""Many versions go at once, over HTTP: ``POST …/delete``, with a preview of what that frees."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.moments import MomentIn
from artifacts.api import openapi
from artifacts.api.params import artifact_to_write
from artifacts.api.rendering import told_name
from artifacts.api.schemas import DeletedOut
from artifacts.api.values import FlagField, VersionField
from artifacts.models import Artifact
from artifacts.querysets import MAX_NUMBER
from artifacts.services.deletion import Deletion, Selection, delete_versions

MAX_VERSIONS = 10_000


class DeletionIn(serializers.Serializer[Any]):
    """Which versions; those that meet all that is given."""

    versions = serializers.ListField(
        child=VersionField(), required=False, min_length=1, max_length=MAX_VERSIONS
    )
    keep_last = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_NUMBER,
        help_text="Only what is older than the newest so many that are not deleted.",
    )
    created_before = MomentIn(required=False)
    without_aliases = FlagField(
        default=False, help_text="Only what no alias points at, `latest` among them."
    )
    deleted_only = FlagField(default=False, help_text="Only what is soft-deleted; for `permanent`.")
    permanent = FlagField(default=False, help_text="Purge them: the content goes too, for ever.")
    dry_run = FlagField(default=False, help_text="Only say what would go.")

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown keys: a filter with a slip of the pen must not delete more."""
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            allowed = ", ".join(self.fields)
            raise serializers.ValidationError({key: [f"is none of {allowed}"] for key in unknown})
        return super().to_internal_value(data)


class GoneAliasOut(serializers.Serializer[Any]):
    """An alias of a version that goes."""

    alias = serializers.CharField()
    version = serializers.IntegerField()


class BulkDeletedOut(DeletedOut):
    """They are deleted, or would be."""

    versions = serializers.ListField(child=serializers.IntegerField())
    aliases = GoneAliasOut(
        many=True,
        help_text="Those that point at one of these: purged, they go too; soft-deleted, they "
        "resolve to nothing until a restore.",
    )
    exclusive_bytes = serializers.IntegerField(
        allow_null=True,
        help_text="What a purge of exactly these frees, as far as one sees; null for "
        "who may not do that.",
    )


class VersionDeletion(APIView):
    """Many versions at once."""

    @extend_schema(
        operation_id="delete_versions",
        parameters=[openapi.NAME, openapi.TYPE, openapi.TEAM],
        request=DeletionIn,
        responses=openapi.answers(BulkDeletedOut, 400, 404, 409, 415),
    )
    def post(self, request: Request, name: str) -> Response:
        """Soft-delete the versions that meet all filters, or purge them.

        All of them go or none. With `dry_run` nothing does: the answer says which would, and how
        many bytes it would free to purge them.
        """
        artifact = artifact_to_write(request, name)
        body = DeletionIn(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data
        done = delete_versions(
            artifact=artifact,
            selection=_selection(wanted),
            deleted_by=request.user,
            permanent=wanted["permanent"],
            dry_run=wanted["dry_run"],
        )
        return Response(
            {
                "success": True,
                "message": _message(artifact, done, wanted),
                "versions": [version.number for version in done.versions],
                "aliases": [{"alias": alias, "version": number} for alias, number in done.aliases],
                "exclusive_bytes": done.exclusive_bytes,
                "freed_bytes": done.freed_bytes,
            }
        )


def _selection(wanted: dict[str, Any]) -> Selection:
    numbers = wanted.get("versions")
    return Selection(
        numbers=None if numbers is None else tuple(numbers),
        keep_last=wanted.get("keep_last"),
        created_before=wanted.get("created_before"),
        is_without_aliases=wanted["without_aliases"],
        is_deleted_only=wanted["deleted_only"],
    )


def _message(artifact: Artifact, done: Deletion, wanted: dict[str, Any]) -> str:
    count = len(done.versions)
    versions = f"{count} version{'' if count == 1 else 's'} of {told_name(artifact)} locally"
    how = "permanently delete" if wanted["permanent"] else "soft delete"
    text = f"would {how} {versions}" if wanted["dry_run"] else f"{how}d {versions}"
    return text[0].upper() + text[1:]
