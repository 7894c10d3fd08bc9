"""Fields of requests that need more than their JSON type: texts, tags, metadata, versions."""

from typing import Any, NoReturn

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.names import TEAM_NAME
from artifacts.descriptions import (
    MAX_DESCRIPTION_CHARACTERS,
    MAX_TAG_CHARACTERS,
    MAX_TAGS,
    check_metadata,
)
from artifacts.names import (
    MAX_COMMENT_CHARACTERS,
    TYPES,
    check_comment,
    check_team,
    check_version,
)

MAX_SIZE_BYTES = (1 << 63) - 1


class StringField(serializers.CharField):
    """A JSON string; no number is taken for one."""

    def to_internal_value(self, data: Any) -> str:
        """Refuse what is no string."""
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class FlagField(serializers.BooleanField):
    """A JSON boolean; no text and no number is taken for one."""

    def to_internal_value(self, data: Any) -> bool:
        """Refuse what is no boolean."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class TextField(StringField):
    """Text for people, kept as given."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", MAX_DESCRIPTION_CHARACTERS)
        super().__init__(trim_whitespace=False, **options)


class CommentField(StringField):
    """Why somebody did something, in plain text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_COMMENT_CHARACTERS, allow_blank=True, **options)

    def to_internal_value(self, data: Any) -> str:
        """Check it."""
        try:
            return check_comment(super().to_internal_value(data))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


@extend_schema_field({"type": "object", "additionalProperties": {}})
class MetadataField(serializers.Field[dict[str, Any], Any, Any, Any]):
    """Any JSON object up to 1 MiB."""

    def to_internal_value(self, data: object) -> dict[str, Any]:
        """Check it; the error names the limit."""
        try:
            return check_metadata(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        """As it is."""
        return value


class TagsField(serializers.ListField):
    """Up to 100 tags, each once, in the order given."""

    child = StringField(max_length=MAX_TAG_CHARACTERS)

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_TAGS, **options)

    def to_internal_value(self, data: Any) -> list[str]:
        """Check each and drop repeats."""
        return list(dict.fromkeys(super().to_internal_value(data)))


@extend_schema_field(
    {"oneOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^v[1-9][0-9]*$"}]}
)
class VersionField(serializers.Field[int, Any, Any, Any]):
    """A version as ``3`` or ``"v3"``."""

    def to_internal_value(self, data: object) -> int:
        """The number."""
        if isinstance(data, int) and not isinstance(data, bool) and data > 0:
            return data
        if not isinstance(data, str):
            raise serializers.ValidationError('must be a version, as 3 or "v3"')
        try:
            return check_version(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None

    def to_representation(self, value: int) -> int:
        """The number."""
        return value


@extend_schema_field({"type": "string", "pattern": TEAM_NAME})
class TeamField(StringField):
    """The name of a team, or ``everyone``."""

    def to_internal_value(self, data: Any) -> str:
        """Check it."""
        try:
            return check_team(super().to_internal_value(data))
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class TypeField(serializers.ChoiceField):
    """One of the five types; the error lists them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=TYPES, **options)

    def fail(self, key: str, **values: Any) -> NoReturn:
        """Say what is allowed."""
        if key == "invalid_choice":
            raise serializers.ValidationError(
                f"{values['input']!r} is not a type; one of {', '.join(TYPES)}"
            )
        super().fail(key, **values)
