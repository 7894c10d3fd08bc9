"""The shapes of requests and answers (contract), for checking input and for the OpenAPI document.

Answers are rendered by ``rendering.py`` from plain rows; the classes ending in ``Out`` say what
they look like.
"""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.moments import MomentIn
from artifacts.api.values import (
    MAX_SIZE_BYTES,
    CommentField,
    MetadataField,
    StringField,
    TagsField,
    TeamField,
    TextField,
    TypeField,
    VersionField,
)
from artifacts.names import MAX_PATH_BYTES, TYPES, check_alias
from artifacts.services.space import MAX_FILES
from artifacts.services.versions import NEW, REUSE

MAX_DIGESTS = 100_000
MAX_BUNDLED = 10_000

# What names.py checks, as far as a pattern can say it.
DIGEST_PATTERN = "^sha256:[0-9a-f]{64}$"
ALIAS_PATTERN = r"^(?!latest$)(?!v[0-9]+$)[\w.-]{1,128}$"
_IN_NAME = r'/\\:*?"<>|\x00-\x1f\x7f-\x9f'
NAME_PATTERN = rf"^[^.\s{_IN_NAME}]([^{_IN_NAME}]{{0,126}}[^.\s{_IN_NAME}])?$"
PATH_PATTERN = r"^(?!(.*/)?\.\.?(/|$))[^/\\\x00]+(/[^/\\\x00]+)*$"
MAX_ALIASES = 100
STATUSES = ("ready", "deleted", "corrupted")


@extend_schema_field({"type": "string", "pattern": DIGEST_PATTERN})
class DigestField(StringField):
    """``sha256:`` and 64 hex digits."""


@extend_schema_field({"type": "string", "pattern": PATH_PATTERN, "maxLength": MAX_PATH_BYTES})
class PathField(StringField):
    """The path of a file in a version."""


@extend_schema_field({"type": "string", "pattern": ALIAS_PATTERN})
class AliasField(StringField):
    """An alias that may be moved by hand."""


class ArtifactOut(serializers.Serializer[Any]):
    """An artifact in the list."""

    name = serializers.CharField()
    type = serializers.ChoiceField(choices=TYPES)
    team = serializers.CharField(allow_null=True, help_text="Whose it is; null: everyone's.")
    num_versions = serializers.IntegerField()
    latest_version = serializers.IntegerField()
    size_bytes = serializers.IntegerField(help_text="Of the latest version.")
    created_at = serializers.FloatField()
    updated_at = serializers.FloatField()
    aliases = serializers.DictField(child=serializers.IntegerField())


class VersionOut(serializers.Serializer[Any]):
    """A version in the history."""

    version = serializers.IntegerField()
    created_at = serializers.FloatField()
    created_by_run = serializers.CharField(allow_null=True)
    size_bytes = serializers.IntegerField()
    physical_bytes = serializers.IntegerField(
        allow_null=True,
        help_text="What the files of its contents take on the server's disk, each once; null where "
        f"the versions listed have more than {MAX_FILES} files together: ask for fewer (`limit`).",
    )
    num_files = serializers.IntegerField()
    status = serializers.ChoiceField(choices=STATUSES)
    aliases = serializers.ListField(child=serializers.CharField())


class VersionDetailOut(serializers.Serializer[Any]):
    """One version in full."""

    name = serializers.CharField()
    type = serializers.ChoiceField(choices=TYPES)
    team = serializers.CharField(allow_null=True, help_text="Whose it is; null: everyone's.")
    version = serializers.IntegerField()
    created_at = serializers.FloatField()
    updated_at = serializers.FloatField()
    created_by_run = serializers.CharField(allow_null=True)
    created_by_user = serializers.CharField(allow_null=True)
    size_bytes = serializers.IntegerField()
    physical_bytes = serializers.IntegerField(
        help_text="What the files of its contents take on the server's disk, each once."
    )
    shared_bytes = serializers.IntegerField(
        help_text="Of `size_bytes`, what lies in other contents or is held by another version too."
    )
    num_files = serializers.IntegerField()
    num_references = serializers.IntegerField()
    status = serializers.ChoiceField(choices=STATUSES)
    metadata = serializers.DictField()
    description = serializers.CharField(allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField())
    aliases = serializers.ListField(child=serializers.CharField())
    manifest_digest = serializers.CharField()
    deleted_at = serializers.FloatField(allow_null=True)


class FileOut(serializers.Serializer[Any]):
    """A file of a version."""

    path = serializers.CharField()
    size = serializers.IntegerField()
    digest = serializers.CharField()
    modified_at = serializers.FloatField()
    absolute_path = serializers.CharField(
        allow_null=True,
        help_text="To clients on the server's machine; null where the content is no one file.",
    )
    is_remote = serializers.BooleanField()


class ReferenceOut(serializers.Serializer[Any]):
    """Something a version points at that is kept elsewhere."""

    uri = serializers.CharField()
    checksum = serializers.CharField(allow_null=True, allow_blank=True)
    size = serializers.IntegerField(allow_null=True)
    metadata = serializers.DictField()
    name = serializers.CharField(allow_null=True, allow_blank=True)


class FilesOut(serializers.Serializer[Any]):
    """The files and references of a version."""

    artifact = serializers.CharField()
    files = FileOut(many=True)
    references = ReferenceOut(many=True)
    total_size = serializers.IntegerField()
    total_files = serializers.IntegerField()
    total_references = serializers.IntegerField()
    is_remote = serializers.BooleanField()


class TypeStatsOut(serializers.Serializer[Any]):
    """Logical figures of one type."""

    count = serializers.IntegerField()
    versions = serializers.IntegerField()
    size_bytes = serializers.IntegerField()


class StatsOut(serializers.Serializer[Any]):
    """Storage statistics; ``total_size_bytes`` is logical, the pool physical."""

    total_artifacts = serializers.IntegerField()
    total_versions = serializers.IntegerField()
    total_size_bytes = serializers.IntegerField()
    total_files = serializers.IntegerField()
    dedup_enabled = serializers.BooleanField()
    dedup_pool_size_bytes = serializers.IntegerField()
    materialized_bytes = serializers.IntegerField(
        help_text="Besides the pool: what was made whole by `materialize`, a bounded cache."
    )
    space_saved_bytes = serializers.IntegerField()
    dedup_ratio = serializers.FloatField()
    by_type = serializers.DictField(child=TypeStatsOut())


class DoneOut(serializers.Serializer[Any]):
    """It is done."""

    success = serializers.BooleanField()
    message = serializers.CharField()


class DeletedOut(DoneOut):
    """It is deleted."""

    freed_bytes = serializers.IntegerField(
        help_text="0 for a soft delete. For who does not see everything: as far as he sees."
    )


class AliasOut(serializers.Serializer[Any]):
    """An alias and where it points."""

    alias = serializers.CharField()
    version = serializers.IntegerField()
    protected = serializers.BooleanField(
        help_text="By itself or by its name: only maintainers move it."
    )
    updated_at = serializers.FloatField()
    updated_by_user = serializers.CharField(allow_null=True)


class AliasDetailOut(AliasOut):
    """An alias, where it points, and of which artifact."""

    artifact = serializers.CharField(help_text="`name:v3`")
    name = serializers.CharField()
    type = serializers.ChoiceField(choices=TYPES)


class AliasEventOut(serializers.Serializer[Any]):
    """One move of an alias."""

    from_version = serializers.IntegerField(allow_null=True)
    to_version = serializers.IntegerField(allow_null=True)
    at = serializers.FloatField()
    by_user = serializers.CharField(allow_null=True)
    comment = serializers.CharField(allow_blank=True)


class AliasMoveIn(serializers.Serializer[Any]):
    """Where an alias shall point."""

    version = VersionField()
    expected_version = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        help_text="Move only if it points there now; null: only if it does not exist.",
    )
    protected = serializers.BooleanField(
        required=False, help_text="Whether only maintainers may move it; they alone may say so."
    )
    comment = CommentField(required=False, help_text="Why; kept in the history.")


class AliasRemoveIn(serializers.Serializer[Any]):
    """Why an alias goes."""

    comment = CommentField(required=False, help_text="Why; kept in the history.")


class AliasRollbackIn(serializers.Serializer[Any]):
    """Back to where an alias pointed before."""

    expected_version = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        help_text="Only if it points there now; null: only if it does not exist now.",
    )
    comment = CommentField(required=False, help_text="Why; kept in the history.")


class BlobOut(serializers.Serializer[Any]):
    """Stored content."""

    digest = serializers.CharField()
    size = serializers.IntegerField()


class PartOut(BlobOut):
    """An upload that is not complete."""

    received = serializers.IntegerField(help_text="How many bytes came so far.")


class NegotiatedOut(PartOut):
    """Which chunks to send, one after the other as one body."""

    num_chunks = serializers.IntegerField()
    needed = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="Runs of the chunks listed: the number of the first, from 0, and how many.",
    )
    needed_bytes = serializers.IntegerField()
    stored = serializers.BooleanField(help_text="The content is stored: nothing is to be done.")


class BlobsOut(serializers.Serializer[Any]):
    """What a body of many blobs brought."""

    stored = serializers.IntegerField()
    size_bytes = serializers.IntegerField()


class DigestsIn(serializers.Serializer[Any]):
    """Digests to ask about, at most 100 000, and what version they are for."""

    digests = serializers.ListField(child=DigestField(), max_length=MAX_DIGESTS)
    artifact = serializers.CharField(
        required=False, allow_null=True, allow_blank=True,
        help_text="`[TEAM/]TYPE/NAME` of the version.",
    )  # fmt: skip
    num_files = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=MAX_SIZE_BYTES,
        help_text="How many files the version has.",
    )  # fmt: skip
    size_bytes = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=MAX_SIZE_BYTES,
        help_text="How many bytes the contents below 8 MiB have together: those asked about here,"
        " and those that earlier questions about the same version found missing.",
    )  # fmt: skip


class BundleIn(serializers.Serializer[Any]):
    """Which contents of a version."""

    digests = serializers.ListField(child=DigestField(), max_length=MAX_BUNDLED)


class MissingOut(serializers.Serializer[Any]):
    """What is still needed."""

    missing = serializers.ListField(child=serializers.CharField())


class DescriptionIn(serializers.Serializer[Any]):
    """What may be said anew of a version; each key replaces the whole of its value."""

    description = TextField(required=False, allow_blank=True)
    tags = TagsField(required=False)
    metadata = MetadataField(required=False)
    seen_at = MomentIn(
        required=False,
        help_text="The `updated_at` you saw: 409 where something was said of it since.",
    )


class CommitFieldsIn(serializers.Serializer[Any]):
    """A commit, without its manifest."""

    type = TypeField()
    team = TeamField(required=False, allow_null=True)
    metadata = MetadataField(required=False)
    tags = TagsField(required=False)
    description = TextField(required=False, allow_blank=True)
    aliases = serializers.ListField(child=AliasField(), required=False, max_length=MAX_ALIASES)
    comment = CommentField(
        required=False,
        help_text="Why `aliases` move to this version; kept in their history.",
    )
    run = StringField(required=False, allow_null=True, max_length=128)
    commit_id = serializers.UUIDField(
        required=False, help_text="The client's own id of this commit: makes a repeat harmless."
    )

    if_unchanged = serializers.ChoiceField(
        choices=[NEW, REUSE],
        required=False,
        help_text="Where the latest version has the same files and references: `new` makes a "
        "version all the same, `reuse` answers 200 with that one, and only the aliases move.",
    )

    def validate_aliases(self, value: list[str]) -> list[str]:
        """Each by the rules; ``latest`` is not an error here, it comes by itself."""
        try:
            return [check_alias(alias) for alias in dict.fromkeys(value) if alias != "latest"]
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A comment without an alias would be kept nowhere."""
        if attrs.get("comment") and not attrs.get("aliases"):
            raise serializers.ValidationError({"comment": ["says why aliases move; none do"]})
        return attrs


class FileIn(serializers.Serializer[Any]):
    """A file of a commit."""

    path = PathField()
    digest = DigestField()
    size = serializers.IntegerField(min_value=0, max_value=MAX_SIZE_BYTES)
    modified_at = serializers.FloatField(required=False, allow_null=True)


class ReferenceIn(serializers.Serializer[Any]):
    """A reference of a commit."""

    uri = serializers.CharField()
    checksum = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    size = serializers.IntegerField(required=False, allow_null=True, min_value=0)
    name = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    metadata = serializers.DictField(required=False)


class CommitIn(CommitFieldsIn):
    """A commit: the files by digest, the references, and what is said of them."""

    files = FileIn(many=True, required=False)
    references = ReferenceIn(many=True, required=False)
