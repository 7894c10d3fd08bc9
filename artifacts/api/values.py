"""Fields of requests that need more than their JSON type: texts, tags, metadata, versions."""

import json
from typing import Any, NoReturn

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from artifacts.names import TYPES, check_version

MAX_METADATA_BYTES = 1 << 20
MAX_METADATA_DEPTH = 64
MAX_DESCRIPTION_CHARACTERS = 100_000
MAX_TAGS = 100
MAX_TAG_CHARACTERS = 128
MAX_SIZE_BYTES = (1 << 63) - 1


def check_metadata(value: object) -> dict[str, Any]:
    """Return ``value`` if PostgreSQL's jsonb can hold it; ``ValueError`` says why not.

    jsonb has no NUL in strings, no NaN and no Infinity.
    """
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")  # noqa: TRY004 - one kind for the caller
    if _depth(value) > MAX_METADATA_DEPTH:
        raise ValueError(f"is nested deeper than {MAX_METADATA_DEPTH} levels")
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if not is_storable(text) or "\\u0000" in text.replace("\\\\", ""):
        raise ValueError("must hold no NUL character and no lone surrogate")
    if len(text.encode()) > MAX_METADATA_BYTES:
        raise ValueError(f"is larger than {MAX_METADATA_BYTES} bytes as JSON")
    return value


def _depth(value: object) -> int:
    """How many containers lie inside each other, counted without recursion."""
    deepest, pending = 0, [(value, 1)]
    while pending:
        current, depth = pending.pop()
        deepest = max(deepest, depth)
        if isinstance(current, dict):
            pending += [(child, depth + 1) for child in current.values()]
        elif isinstance(current, list):
            pending += [(child, depth + 1) for child in current]
    return deepest


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold ``text``: no NUL, no lone surrogate."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


class StringField(serializers.CharField):
    """A JSON string; no number is taken for one."""

    def to_internal_value(self, data: Any) -> str:
        """Refuse what is no string."""
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class TextField(StringField):
    """Text for people, kept as given."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", MAX_DESCRIPTION_CHARACTERS)
        super().__init__(trim_whitespace=False, **options)


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
