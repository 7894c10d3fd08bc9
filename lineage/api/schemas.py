"""The shapes of requests and answers of runs and lineage (contract).

The classes ending in ``Out`` say what ``rendering.py`` makes.
"""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from artifacts.api.schemas import NAME_PATTERN
from artifacts.api.values import StringField, TypeField
from artifacts.names import TYPES, is_plain_text
from lineage.models import MAX_RUN_ID_CHARACTERS, MAX_RUN_NAME_CHARACTERS, Run
from lineage.references import check_run_id

MAX_REFERENCE_CHARACTERS = 512

# What the rules say, as far as a pattern can.
_NO_CONTROL = r"[^\x00-\x1f\x7f-\x9f]"
LINE_PATTERN = rf"^{_NO_CONTROL}*[^\s\x00-\x1f\x7f-\x9f]{_NO_CONTROL}*$"
RUN_ID_PATTERN = r"^(?!\.{1,2}$)[\w.-]{1,128}$"
REFERENCE_PATTERN = (
    rf"^(({'|'.join(TYPES)})/)?{NAME_PATTERN[1:-1]}(:[\w.-]{{1,128}}(@[0-9TZ:.+-]{{10,32}})?)?$"
)


@extend_schema_field(
    {"type": "string", "pattern": LINE_PATTERN, "maxLength": MAX_RUN_NAME_CHARACTERS}
)
class OneLineField(StringField):
    """Text of one line, without white space around it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_RUN_NAME_CHARACTERS, **options)

    def to_internal_value(self, data: Any) -> str:
        """Refuse control characters."""
        text: str = super().to_internal_value(data)
        if not is_plain_text(text):
            raise serializers.ValidationError("must hold no control characters")
        return text


@extend_schema_field({"type": "string", "pattern": RUN_ID_PATTERN})
class RunIdField(StringField):
    """The id of a run."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_RUN_ID_CHARACTERS, **options)


@extend_schema_field({"type": "string", "pattern": REFERENCE_PATTERN})
class ReferenceField(StringField):
    """A version as people write it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_REFERENCE_CHARACTERS, **options)


class RunIn(serializers.Serializer[Any]):
    """A run to begin."""

    id = RunIdField(
        required=False,
        help_text="Letters and digits of any script, `.`, `_`, `-`; the server makes one.",
    )
    project = OneLineField()
    name = OneLineField(required=False, allow_blank=True, default="")

    def validate_id(self, value: str) -> str:
        """By the rules."""
        try:
            return check_run_id(value)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class RunChangeIn(serializers.Serializer[Any]):
    """How a run stands now."""

    status = serializers.ChoiceField(choices=Run.Status.values, required=False)
    name = OneLineField(required=False, allow_blank=True)


class RunFiltersIn(serializers.Serializer[Any]):
    """What may be asked of runs in the query."""

    project = serializers.CharField(required=False, help_text="Exactly this project.")
    status = serializers.ChoiceField(choices=Run.Status.values, required=False)
    name = serializers.CharField(required=False, help_text="Exactly this name.")


class RunOut(serializers.Serializer[Any]):
    """A run."""

    id = serializers.CharField()
    project = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=Run.Status.values)
    created_at = serializers.FloatField()
    updated_at = serializers.FloatField()
    finished_at = serializers.FloatField(allow_null=True)
    created_by_user = serializers.CharField(allow_null=True)


class UseIn(serializers.Serializer[Any]):
    """A version that a run uses."""

    artifact = ReferenceField(
        help_text="`name:alias`, `name:alias@2026-05-01`, `name:v3` or `type/name:v3`; `name` "
        "alone means `name:latest`.",
    )
    type = TypeField(required=False, allow_null=True)


class UseOut(serializers.Serializer[Any]):
    """The version that the reference stood for."""

    run = serializers.CharField()
    name = serializers.CharField()
    type = serializers.ChoiceField(choices=TYPES)
    team = serializers.CharField(allow_null=True, help_text="Whose it is; null: everyone's.")
    version = serializers.IntegerField()
    artifact = serializers.CharField(help_text="`name:v3`")


class RunVersionOut(serializers.Serializer[Any]):
    """A version that a run made or used."""

    name = serializers.CharField()
    type = serializers.ChoiceField(choices=TYPES)
    team = serializers.CharField(allow_null=True, help_text="Whose it is; null: everyone's.")
    version = serializers.IntegerField()
    artifact = serializers.CharField(help_text="`name:v3`")
    size_bytes = serializers.IntegerField()
    status = serializers.CharField(
        help_text="`ready`, `deleted`, `corrupted`, or `purged`: gone for ever."
    )
    created_at = serializers.FloatField()


class RunArtifactsOut(serializers.Serializer[Any]):
    """What a run made and what it used."""

    created = RunVersionOut(many=True)
    used = RunVersionOut(many=True)


class LineageNodeOut(serializers.Serializer[Any]):
    """A version or a run."""

    node_type = serializers.ChoiceField(choices=["artifact", "run"])
    node_id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # the contract's word
    metadata = serializers.DictField(
        help_text="Of an artifact `type`, `size`, `status`; of a run `project`, `name`, `status`."
    )


class LineageEdgeOut(serializers.Serializer[Any]):
    """`uses` leads from an artifact to a run, `produces` from a run to an artifact."""

    source = serializers.CharField()  # type: ignore[assignment] # the contract's word
    target = serializers.CharField()
    edge_type = serializers.ChoiceField(choices=["uses", "produces"])


class LineageOut(serializers.Serializer[Any]):
    """The graph around a version."""

    root_artifact = serializers.CharField()
    nodes = LineageNodeOut(many=True)
    edges = LineageEdgeOut(many=True)
    truncated = serializers.BooleanField(
        required=False, help_text="True where there is more than the graph shows, else absent."
    )


class ImpactItemOut(serializers.Serializer[Any]):
    """A version that was made from another."""

    depth = serializers.IntegerField(help_text="How many runs away, by the shortest way.")
    artifact = serializers.CharField(help_text="`name:v3`")
    type = serializers.ChoiceField(choices=TYPES)
    name = serializers.CharField()
    version = serializers.IntegerField()
    team = serializers.CharField(allow_null=True, help_text="Whose it is; null: everyone's.")
    status = serializers.CharField(
        help_text="`ready`, `deleted`, `corrupted`, or `purged`: gone for ever."
    )
    aliases = serializers.ListField(child=serializers.CharField())
    size_bytes = serializers.IntegerField()
    created_at = serializers.FloatField()
    created_by_user = serializers.CharField(allow_null=True)
    project = serializers.CharField(allow_null=True, help_text="The run's.")
    run = serializers.CharField(help_text="The run that made it.")


class ImpactOut(serializers.Serializer[Any]):
    """What was made from a version."""

    artifact = serializers.CharField()
    items = ImpactItemOut(many=True)
    restricted = serializers.IntegerField(help_text="How many more there are that you may not see.")
    truncated = serializers.BooleanField(
        required=False, help_text="True where there is more than this shows, else absent."
    )
