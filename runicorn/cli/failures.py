"""What a failure means to a shell, and how it is told to people and to programs.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found (or deleted), 4 not allowed, 5 bytes that
are not what they should be, 130 interrupted.

With ``--json`` a failure is the last line of standard error, as JSON: the server's own error with
``exit_code`` added.
"""

import json
import sys

from typer import Abort, TyperException

from runicorn.cli.output import say
from runicorn.errors import (
    AccessDenied,
    AuthenticationRequired,
    ContentDeleted,
    IntegrityError,
    InvalidInput,
    NotFoundError,
    RunicornError,
)

Failure = RunicornError | TyperException | Abort | ValueError | OSError | KeyboardInterrupt
FAILURES = (RunicornError, TyperException, Abort, ValueError, OSError)
INTERRUPTED = 130
"""What a shell calls the end by Ctrl-C; typer makes of it an exit with this code."""

_EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (InvalidInput, 2),
    (NotFoundError, 3),
    (ContentDeleted, 3),
    (AuthenticationRequired, 4),
    (AccessDenied, 4),
    (IntegrityError, 5),
    (RunicornError, 1),
    (OSError, 1),
    (ValueError, 2),
    (KeyboardInterrupt, INTERRUPTED),
)


def exit_code_of(error: Failure) -> int:
    """Return the exit code for ``error``."""
    if isinstance(error, TyperException):
        return error.exit_code
    return next((code for cls, code in _EXIT_CODES if isinstance(error, cls)), 1)


def tell(error: Failure, *, as_json: bool) -> int:
    """Say on standard error what went wrong; return the exit code."""
    code = exit_code_of(error)
    if as_json:
        sys.stderr.write(json.dumps({**_describe(error), "exit_code": code}) + "\n")
    else:
        say(_text(error))
    return code


def _describe(error: Failure) -> dict[str, object]:
    if isinstance(error, RunicornError):
        status = {} if error.status is None else {"status": error.status}
        return {"detail": error.message, "code": error.code, **status, **error.details}
    return {"detail": _text(error), "code": _code(error)}


def _text(error: Failure) -> str:
    if isinstance(error, TyperException):
        return error.format_message()
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted"
    return "Aborted." if isinstance(error, Abort) else str(error)


def _code(error: Failure) -> str:
    """The word for a failure of this side, beside those of the server."""
    if isinstance(error, Abort | KeyboardInterrupt):
        return "aborted"
    return "os_error" if isinstance(error, OSError) else "usage"
