"""The entry point: the commands, and what their failures mean to a shell.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found (or deleted), 4 not allowed, 5 bytes that
are not what they should be, 130 interrupted.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from runicorn.cli import accounts, artifacts, cache, syncing, tokens, verifying
from runicorn.cli.output import print_line, say
from runicorn.errors import (
    AccessDenied,
    AuthenticationRequired,
    ContentDeleted,
    IntegrityError,
    InvalidInput,
    NotFoundError,
    RunicornError,
)
from runicorn.version import __version__

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.command("login")(accounts.login)
app.command("logout")(accounts.logout)
app.command("whoami")(accounts.whoami)
app.add_typer(artifacts.app, name="artifacts")
app.add_typer(tokens.app, name="token")
artifacts.app.command("verify")(verifying.verify)
app.command("sync")(syncing.sync)
app.add_typer(cache.app, name="cache")

_EXIT_CODES: tuple[tuple[type[RunicornError], int], ...] = (
    (InvalidInput, 2),
    (NotFoundError, 3),
    (ContentDeleted, 3),
    (AuthenticationRequired, 4),
    (AccessDenied, 4),
    (IntegrityError, 5),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line ``arguments`` (default: those of the process) and exit."""
    try:
        app(args=arguments, prog_name="runicorn")
    except RunicornError as error:
        say(error)
        sys.exit(exit_code_of(error))
    except ValueError as error:
        say(error)
        sys.exit(2)
    except OSError as error:
        say(error)
        sys.exit(1)


def exit_code_of(error: RunicornError) -> int:
    """Return the exit code for ``error``."""
    return next((code for cls, code in _EXIT_CODES if isinstance(error, cls)), 1)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 typer calls it with the option's value
    if wanted:
        print_line(f"runicorn {__version__}")
        raise typer.Exit


@app.callback()
def runicorn(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Work with the artifacts of a Runicorn server.

    Its address is taken from RUNICORN_TRACKING_URI, a token from RUNICORN_API_KEY, else the one
    that `runicorn login` keeps.
    """
