"""The error answers of the routes of accounts, in the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse

from accounts.api.schemas import ErrorOut

ERRORS = {
    400: "Bad input; `errors` names the field.",
    401: "Log in first (team mode).",
    403: "Not allowed.",
    404: "Not there, or not yours to see.",
    409: "The state of the portal is against it.",
}


def answers(good: Any, *errors: int, status: int = 200) -> dict[int, Any]:
    """The ``responses`` of a route: the good one, then 401, 403 and the errors named."""
    refusals = {
        code: OpenApiResponse(ErrorOut, description=ERRORS[code])
        for code in sorted({401, 403, *errors})
    }
    return {status: good, **refusals}
