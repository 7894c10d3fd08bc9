"""``runicorn export``: artifacts as plain folders that Runicorn 0.5 opens too."""

from pathlib import Path
from typing import Annotated

import typer

from runicorn import rules
from runicorn.api import Client
from runicorn.cli import options
from runicorn.cli.output import print_json, print_line
from runicorn.errors import RunicornError
from runicorn.exporting import RemoteSource
from runicorn.legacy.exporting import Export
from runicorn.progress import reporting

Target = Annotated[
    Path, typer.Argument(metavar="DIR", help="Empty, or an export that is to be gone on with.")
]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Only these: [[TEAM/]TYPE/]NAME."),
]


def export(
    folder: Target,
    names: Names = None,
    *,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Write artifacts as a storage folder of Runicorn 0.5: versions, content, aliases, runs.

    Run it again after a stop: it goes on. Content of deleted versions cannot be had this way, so
    they are left out, but for what DIR holds of them already; on the server `manage.py export`
    has it all. The exit code is 1 where anything else is not in DIR as it is in the portal.
    """
    owner = rules.check_optional_team(team)
    with reporting(None, str(folder)) as bar:
        source = RemoteSource(Client(), names or [], team=owner, reporter=bar)
        source.require_names()
        work = Export(source, folder.absolute(), is_all=not names and not team)
        stopped = _run(work)
    if as_json:
        print_json(work.report.to_json())
    else:
        for line in work.report.to_text().splitlines():
            print_line(line)
    if stopped is not None:
        raise stopped
    if work.report.has_losses:
        raise typer.Exit(1)


def _run(work: Export) -> RunicornError | OSError | None:
    """What stopped it: the report is shown before that is said."""
    try:
        work.run()
    except (RunicornError, OSError) as error:
        return error
    return None
