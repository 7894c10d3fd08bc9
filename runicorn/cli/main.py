"""The entry point: the commands, and the way out of each. What failures mean: ``failures``."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from runicorn.cli import accounts, aliases, artifacts, completion, doctor, tags, tokens
from runicorn.cli.failures import FAILURES, tell
from runicorn.cli.output import print_line
from runicorn.version import __version__

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.command("login")(accounts.login)
app.command("logout")(accounts.logout)
app.command("whoami")(accounts.whoami)
app.command("doctor")(doctor.doctor)
app.add_typer(artifacts.app, name="artifacts")
app.add_typer(aliases.app, name="alias")
app.add_typer(tags.app, name="tag")
app.add_typer(tokens.app, name="token")
app.command("completion")(completion.completion)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line ``arguments`` (default: those of the process) and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_flush(_run(given)))


def _run(arguments: list[str]) -> int:
    """Run a command; return the exit code.

    Whether JSON was asked for is read off the words themselves: it counts where they are wrong too.
    """
    as_json = "--json" in arguments
    completion.prepare()
    try:
        code = app(args=arguments, prog_name="runicorn", standalone_mode=not as_json)
    except SystemExit as ended:
        code = ended.code
    except FAILURES as error:
        return tell(error, as_json=as_json)
    return code if isinstance(code, int) else 0


def _flush(code: int) -> int:
    """Write what is left; who reads it may have gone away, which is no news to anybody."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or exiting tries again
        return 1
    return code


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
