"""The shapes of a comparison's answers; ``comparisons.py`` renders what they say."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from artifacts.api.previews import TensorOut
from artifacts.api.schemas import STATUSES, ReferenceOut
from artifacts.names import TYPES
from artifacts.services.file_changes import KINDS

TENSOR_CHANGES = ("added", "removed", "reshaped", "changed", "unchanged", "uncompared")


@extend_schema_field(OpenApiTypes.ANY)
class AnyField(serializers.JSONField):
    """Any JSON value."""


class SideOut(serializers.Serializer[Any]):
    """One of the two versions."""

    artifact = serializers.CharField(help_text="`name:v3`")
    name = serializers.CharField()
    type = serializers.ChoiceField(choices=TYPES)
    team = serializers.CharField(allow_null=True, help_text="Whose it is; null: everyone's.")
    version = serializers.IntegerField()
    created_at = serializers.FloatField()
    created_by_run = serializers.CharField(allow_null=True)
    size_bytes = serializers.IntegerField()
    num_files = serializers.IntegerField()
    status = serializers.ChoiceField(choices=STATUSES)
    manifest_digest = serializers.CharField()


class TotalOut(serializers.Serializer[Any]):
    """How many files, and their bytes in both versions."""

    num_files = serializers.IntegerField()
    old_bytes = serializers.IntegerField()
    new_bytes = serializers.IntegerField()


class TotalsOut(serializers.Serializer[Any]):
    """How many files of each kind."""

    added = TotalOut()
    removed = TotalOut()
    changed = TotalOut()
    renamed = TotalOut()
    unchanged = TotalOut()


class FileChangeOut(serializers.Serializer[Any]):
    """A file, as it was and is; null: it is not in that version."""

    change = serializers.ChoiceField(choices=KINDS)
    path = serializers.CharField(
        help_text="In the second version; of a removed file, in the first."
    )
    old_path = serializers.CharField(allow_null=True)
    old_size = serializers.IntegerField(allow_null=True)
    new_size = serializers.IntegerField(allow_null=True)
    old_digest = serializers.CharField(allow_null=True)
    new_digest = serializers.CharField(allow_null=True)


class FileChangesOut(serializers.Serializer[Any]):
    """The files that were asked for, by kind and path: `total`, here those from `offset` on."""

    totals = TotalsOut()
    rows = FileChangeOut(many=True)
    total = serializers.IntegerField()
    offset = serializers.IntegerField()
    limit = serializers.IntegerField()


class MetadataChangeOut(serializers.Serializer[Any]):
    """A value of the metadata; null where `change` says that a version has it not."""

    path = serializers.CharField(
        allow_blank=True, help_text='As `train.lr`, `layers[0].units`, `["a key"]`.'
    )
    change = serializers.ChoiceField(choices=["added", "removed", "changed", "unchanged"])
    before = AnyField(allow_null=True)
    after = AnyField(allow_null=True)


class MetadataChangesOut(serializers.Serializer[Any]):
    """The first thousand values, of `total`."""

    rows = MetadataChangeOut(many=True)
    total = serializers.IntegerField()
    num_changes = serializers.IntegerField()


class ReferenceChangeOut(serializers.Serializer[Any]):
    """A reference that is not as it was; null: it is not in that version."""

    uri = serializers.CharField()
    change = serializers.ChoiceField(choices=["added", "removed", "changed"])
    before = ReferenceOut(allow_null=True)
    after = ReferenceOut(allow_null=True)


class ReferenceChangesOut(serializers.Serializer[Any]):
    """The first thousand references that differ, of `total`."""

    rows = ReferenceChangeOut(many=True)
    total = serializers.IntegerField()


class WordChangesOut(serializers.Serializer[Any]):
    """Tags, or aliases."""

    added = serializers.ListField(child=serializers.CharField())
    removed = serializers.ListField(child=serializers.CharField())
    kept = serializers.ListField(child=serializers.CharField())


class DescriptionChangeOut(serializers.Serializer[Any]):
    """Both descriptions."""

    changed = serializers.BooleanField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class ComparisonOut(serializers.Serializer[Any]):
    """Two versions side by side; added is what only `after` has."""

    before = SideOut()
    after = SideOut()
    same_content = serializers.BooleanField(help_text="Files and references are the same.")
    files = FileChangesOut()
    metadata = MetadataChangesOut()
    references = ReferenceChangesOut()
    tags = WordChangesOut()
    aliases = WordChangesOut()
    description = DescriptionChangeOut()


class DiffLineOut(serializers.Serializer[Any]):
    """A line; a `hunk` says where those that follow it stand. Numbers count from 1."""

    kind = serializers.ChoiceField(choices=["hunk", "context", "removed", "added"])
    old_number = serializers.IntegerField(allow_null=True)
    new_number = serializers.IntegerField(allow_null=True)
    text = serializers.CharField(allow_blank=True, trim_whitespace=False)
    is_unterminated = serializers.BooleanField(help_text="No line break follows.")


class PairOut(serializers.Serializer[Any]):
    """A file in both versions; null: it is not in that one."""

    old_path = serializers.CharField(allow_null=True)
    new_path = serializers.CharField(allow_null=True)
    same_content = serializers.BooleanField()


class TextDiffOut(PairOut):
    """What changed in a text: the first 2000 lines, of `total`."""

    num_added = serializers.IntegerField()
    num_removed = serializers.IntegerField()
    lines = DiffLineOut(many=True)
    total = serializers.IntegerField()


class TensorCountsOut(serializers.Serializer[Any]):
    """How many tensors of each kind."""

    added = serializers.IntegerField()
    removed = serializers.IntegerField()
    reshaped = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    uncompared = serializers.IntegerField()


class TensorChangeOut(serializers.Serializer[Any]):
    """A tensor that is not as it was, or is not known to be; null: it is not in that file."""

    name = serializers.CharField(allow_blank=True)
    change = serializers.ChoiceField(
        choices=TENSOR_CHANGES, help_text="`reshaped`: of another type or shape."
    )
    compared = serializers.BooleanField(
        help_text="False: its bytes were too many to be read, so it may be the same or not."
    )
    before = TensorOut(allow_null=True)
    after = TensorOut(allow_null=True)


class TensorComparisonOut(PairOut):
    """Which tensors changed: the first thousand, of `total`."""

    counts = TensorCountsOut()
    tensors = TensorChangeOut(many=True)
    total = serializers.IntegerField()
