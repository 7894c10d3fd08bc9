"""The words that recur in the OpenAPI document: parameters, headers and error answers."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from accounts.api import moments
from accounts.api.schemas import ErrorOut
from artifacts.api.schemas import ALIAS_PATTERN, DIGEST_PATTERN, NAME_PATTERN
from artifacts.names import MAX_COMMENT_CHARACTERS, TYPES

BINARY = OpenApiTypes.BINARY
MOMENT = {"oneOf": [*moments.SCHEMA["oneOf"], {"type": "string", "maxLength": 0}]}
ERRORS = {
    400: "Bad input; `errors` names the field.",
    401: "Log in first (team mode).",
    403: "Not allowed.",
    404: "Not there, or not yours to see.",
    409: "The state of the portal is against it.",
    410: "The content of a deleted version.",
    411: "Send a length or a chunked body.",
    413: "The body, or what it announces, is too large.",
    415: "Not a media type this route reads.",
    416: "The range lies outside the content.",
    422: "The content does not match its digest or size, or what is stored is damaged.",
    503: "The database or the storage is away.",
    507: "The disk, or the quota of the team, is full; nothing was kept.",
}


def answers(good: Any, *errors: int, status: int = 200) -> dict[Any, Any]:
    """The ``responses`` of a route: the good one, then 401, 403 and the errors named."""
    return {status: good, **refusals(*errors)}


def refusals(*errors: int) -> dict[Any, Any]:
    """401, 403 and the errors named."""
    return {
        code: OpenApiResponse(ErrorOut, description=ERRORS[code])
        for code in sorted({401, 403, *errors})
    }


def content(description: str, *media_types: str, status: int = 200) -> dict[Any, Any]:
    """An answer of raw bytes; of no type in particular where none is named."""
    answer = OpenApiResponse(BINARY, description=description)
    return {(status, name): answer for name in media_types or ("application/octet-stream",)}


def query(name: str, description: str, type_: Any = str, **more: Any) -> OpenApiParameter:
    """A parameter of the query."""
    return OpenApiParameter(name, type_, OpenApiParameter.QUERY, description=description, **more)


def path_part(name: str, pattern: str) -> OpenApiParameter:
    """A parameter of the path."""
    schema = {"type": "string", "pattern": pattern}
    return OpenApiParameter(name, schema, OpenApiParameter.PATH)


def header(name: str, description: str, **more: Any) -> OpenApiParameter:
    """A header of the request."""
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, **more)


NAME = path_part("name", NAME_PATTERN)
ALIAS = path_part("alias", ALIAS_PATTERN)
DIGEST = path_part("digest", DIGEST_PATTERN)
TYPE = query(
    "type",
    "The artifact's type, where the name alone is not enough; empty: not said.",
    enum=[*TYPES, ""],
)
TEAM = query(
    "team",
    "Whose artifact, a team's or `everyone`'s, where several of one name are yours to see.",
    {"type": "string", "pattern": "^([a-z0-9][a-z0-9_-]{0,62})?$"},
)
AT = query(
    "at",
    "Where it pointed at this time: an ISO 8601 date (its midnight, UTC), or a time with a zone.",
    {
        "oneOf": [
            {"type": "string", "format": "date"},
            {"type": "string", "format": "date-time"},
            {"type": "string", "maxLength": 0},
        ]
    },
)
COMMENT = query(
    "comment", "Why; kept in the history.", {"type": "string", "maxLength": MAX_COMMENT_CHARACTERS}
)
PERMANENT = query(
    "permanent", "Purge: the content goes too, for ever: true/false/1/0/yes/no/on/off.", bool
)
RANGE = header("Range", "`bytes=0-1023`: one range.")
CONTENT_RANGE = header(
    "Content-Range",
    "`bytes FIRST-LAST/TOTAL`: the body is this part. `bytes */TOTAL`: how much came so far?",
)
CHUNKS_RANGE = header(
    "Content-Range",
    "`bytes FIRST-LAST/NEEDED_BYTES`: the body is this part of the needed chunks, or, as "
    "`bytes */NEEDED_BYTES`, the question how much came so far.",
    required=True,
)
FOR_ARTIFACT = query(
    "artifact", "`[TEAM/]TYPE/NAME` that the content is for: its versions may share bytes. A hint."
)
FOR_ARTIFACT_HEADER = header("Runicorn-Artifact", "The same, percent-encoded.")
IF_NONE_MATCH = header("If-None-Match", "The ETag (the quoted digest) you have.")
ARTIFACT_FILTERS = [
    query("name", "Exactly this name."),
    query("q", "Words the name's words begin with."),
    query("updated_after", "Changed since: epoch seconds or ISO 8601.", MOMENT),
]
VERSION_FILTERS = [
    query("tag", "With this tag."),
    query("alias", "That this alias points at."),
    query("run", "Made by this run."),
    query("user", "Made by this user."),
    query("created_after", "Epoch seconds or ISO 8601.", MOMENT),
    query("created_before", "Epoch seconds or ISO 8601.", MOMENT),
]
