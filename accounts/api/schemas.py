"""The shapes of requests and answers about accounts, for checking input and for OpenAPI."""

import unicodedata
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.moments import MomentIn
from accounts.roles import Role, Scope

MAX_TOKEN_NAME_CHARACTERS = 128
LINE_PATTERN = r"^\S([^\x00-\x1f\x7f-\x9f]*\S)?$"
ROLES = [role.label for role in Role]


class ErrorOut(serializers.Serializer[Any]):
    """Every error."""

    detail = serializers.CharField(help_text="What is wrong and what is allowed, for people.")
    code = serializers.CharField(help_text="The kind of error, for programs.")
    errors = serializers.DictField(  # type: ignore[assignment] # the contract's word
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Which field is wrong, and why.",
    )
    missing = serializers.ListField(child=serializers.CharField(), required=False)
    types = serializers.ListField(child=serializers.CharField(), required=False)
    aliases = serializers.ListField(child=serializers.CharField(), required=False)
    version = serializers.IntegerField(required=False, allow_null=True)
    received = serializers.IntegerField(
        required=False, help_text="How many bytes of an upload in parts have come so far."
    )


class WhoAmITeamOut(serializers.Serializer[Any]):
    """A team one is in."""

    name = serializers.CharField()
    role = serializers.ChoiceField(choices=ROLES)


class WhoAmITokenOut(serializers.Serializer[Any]):
    """The token one came with."""

    name = serializers.CharField()
    scope = serializers.ChoiceField(choices=Scope.values)
    expires_at = serializers.FloatField(allow_null=True)


class WhoAmIOut(serializers.Serializer[Any]):
    """Who one is, and what one may do here: no more than the token, if one came with it."""

    username = serializers.CharField(allow_null=True, help_text="Null: nobody is logged in.")
    role = serializers.ChoiceField(
        choices=ROLES, allow_null=True, help_text="On what is everyone's; null: none."
    )
    teams = WhoAmITeamOut(many=True)
    token = WhoAmITokenOut(allow_null=True)
    access = serializers.ChoiceField(choices=["open", "team"])


class TokenOut(serializers.Serializer[Any]):
    """A token, but not its text."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    user = serializers.CharField()
    hint = serializers.CharField(help_text="How its text begins.")
    scope = serializers.ChoiceField(choices=Scope.values)
    created_at = serializers.FloatField()
    expires_at = serializers.FloatField(allow_null=True)
    last_used_at = serializers.FloatField(allow_null=True, help_text="To the minute.")


class NewTokenOut(TokenOut):
    """A token that was just made."""

    token = serializers.CharField(help_text="The text, shown this once.")


class RevokedOut(serializers.Serializer[Any]):
    """It is revoked."""

    success = serializers.BooleanField()
    message = serializers.CharField()


class LineField(serializers.CharField):
    """A JSON string of one line; no number is taken for one."""

    def to_internal_value(self, data: Any) -> str:
        """Refuse what is no string, and control characters."""
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
            raise serializers.ValidationError("must hold no control characters")
        return text


@extend_schema_field(
    {
        "type": "string",
        "pattern": LINE_PATTERN,
        "maxLength": MAX_TOKEN_NAME_CHARACTERS,
    }
)
class TokenNameField(LineField):
    """What somebody calls a token."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_TOKEN_NAME_CHARACTERS, **options)


class TokenIn(serializers.Serializer[Any]):
    """A token to make."""

    name = TokenNameField()
    scope = serializers.ChoiceField(choices=Scope.values, required=False, default=Scope.WRITE)
    expires_at = MomentIn(
        required=False,
        allow_null=True,
        help_text="In the future; null: never, or with the token that asks.",
    )
    user = LineField(
        required=False,
        allow_null=True,
        max_length=150,
        help_text="The service account it is for (admins only); null: oneself.",
    )
