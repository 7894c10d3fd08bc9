"""What the OpenAPI document says of every route alike."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

NOBODY: dict[str, list[str]] = {}


def may_be_anonymous(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Say that a login is not always needed: in open mode nobody has one."""
    for operations in result["paths"].values():
        for operation in operations.values():
            if "security" in operation:
                operation["security"].append(NOBODY)
    return result


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How a token is sent, in the words of OpenAPI."""

    target_class = "accounts.authentication.TokenAuthentication"
    name = "tokenAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """``Authorization: Bearer rn_…``."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "rn_…"}
