"""What the OpenAPI document says of every route alike."""

from typing import Any

NOBODY: dict[str, list[str]] = {}


def may_be_anonymous(result: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Say that a login is not always needed: in open mode nobody has one."""
    for operations in result["paths"].values():
        for operation in operations.values():
            if "security" in operation:
                operation["security"].append(NOBODY)
    return result
