"""The entry point: the commands, and the way out of each. What failures mean: ``failures``."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from runicorn.cli import (
    accounts,
    aliases,
    artifacts,
    cache,
    completion,
    doctor,
    exporting,
    importing,
    syncing,
    tags,
    tokens,
    verifying,
)
from runicorn.cli.failures import FAILURES, INTERRUPTED, tell
from runicorn.cli.former import Commands
from runicorn.cli.output import print_line, stand_any_encoding
from runicorn.version import __version__

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",  # flows the lines of a paragraph
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("login")(accounts.login)
app.command("logout")(accounts.logout)
app.command("whoami")(accounts.whoami)
app.command("doctor")(doctor.doctor)
app.add_typer(artifacts.app, name="artifacts")
app.add_typer(aliases.app, name="alias")
app.add_typer(tags.app, name="tag")
app.add_typer(tokens.app, name="token")
app.add_typer(importing.app, name="import")
app.command("export")(exporting.export)
artifacts.app.command("verify")(verifying.verify)
app.command("sync")(syncing.sync)
app.add_typer(cache.app, name="cache")
app.command("completion")(completion.completion)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line ``arguments`` (default: those of the process) and exit."""
    _replace_closed_streams()
    stand_any_encoding()
    sys.exit(_run(list(sys.argv[1:] if arguments is None else arguments)))


def _replace_closed_streams() -> None:
    """Have something to read and write where whoever started this closed it, as services do."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115


def _run(arguments: list[str]) -> int:
    """Run a command; return the exit code.

    Whether JSON was asked for is read off the words themselves: it counts where they are wrong too.
    """
    as_json = "--json" in arguments
    try:
        code = _call(arguments, as_json=as_json)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # who reads it went away, which is no news to anybody
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or exiting tries again
        return 1
    except FAILURES as error:
        return tell(error, as_json=as_json)
    return tell(KeyboardInterrupt(), as_json=as_json) if code == INTERRUPTED else code


def _call(arguments: list[str], *, as_json: bool) -> int:
    completion.prepare()
    try:  # at a terminal typer says itself what is wrong with the words, with the usage
        code = app(args=arguments, prog_name="runicorn", standalone_mode=not as_json)
    except SystemExit as ended:
        code = ended.code
    return code if isinstance(code, int) else 0


def _show_version(wanted: bool) -> None:  # noqa: FBT001 typer calls it with the option's value
    if wanted:
        print_line(f"runicorn {__version__}")
        raise typer.Exit


EPILOG = """Data goes to standard output, talk to standard error; questions are for terminals.

Exit codes: 0 done, 1 failed (or the reader of a pipe went away), 2 wrong usage, 3 not found or
deleted, 4 not allowed, 5 content that is not what it should be, 130 interrupted.

With --json, data is JSON, and a failure is the last line of standard error, as JSON: `detail` for
people, `code` for programs (docs/errors.md; `usage`, `os_error`, `unreachable` and `aborted` are of
this side), `exit_code`, and further keys of the server's. Standard output is then empty. What a
command found and reports is no failure of its own: import, export, sync, verify and doctor then
write their data alone, and the exit code says that something is not as it should be.

Colours are for terminals only; NO_COLOR turns them off."""


@app.callback(epilog=EPILOG)
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
