"""``runicorn import``: what lies elsewhere becomes artifacts of the portal."""

from pathlib import Path
from typing import Annotated

import typer

from runicorn import rules
from runicorn.api import Client
from runicorn.cli import options
from runicorn.cli.output import print_json, print_line, print_table
from runicorn.errors import RunicornError
from runicorn.folders import FolderImport, FolderResult, find_versions
from runicorn.importing import RemotePortal
from runicorn.legacy.importing import Import
from runicorn.legacy.reading import Renames, Settings, is_store
from runicorn.legacy.report import Report, write_json
from runicorn.progress import reporting

app = typer.Typer(no_args_is_help=True, help="Take over what lies elsewhere.")

Root = Annotated[
    Path, typer.Argument(metavar="ROOT", exists=True, file_okay=False, help="Never written to.")
]
Folder = Annotated[
    Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="With plain files.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
Rename = Annotated[
    list[str],
    typer.Option(
        "--rename",
        default_factory=list,
        show_default=False,
        metavar="TYPE/OLD=TYPE/NEW",
        help="Another name for an artifact; repeatable.",
    ),
]
Retype = Annotated[
    list[str],
    typer.Option(
        "--retype",
        default_factory=list,
        show_default=False,
        metavar="OLD=NEW",
        help="Another type for all of a type; repeatable.",
    ),
]
ReportFile = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Also write the report as JSON.")
]
FolderType = Annotated[
    str, typer.Option("--type", "-t", metavar="TYPE", help="What they are: model, dataset …")
]
FolderName = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="NAME",
        help="DIR is this one artifact; else each of its sub-folders is one.",
    ),
]


@app.command("runicorn")
def import_runicorn(
    root: Root,
    *,
    dry_run: DryRun = False,
    team: options.Team = None,
    rename: Rename,
    retype: Retype,
    report_file: ReportFile = None,
    as_json: options.Json = False,
) -> None:
    """Take over a storage folder of Runicorn 0.4 or 0.5, or an export of a portal.

    Numbers, times, aliases, tags, references, runs and soft deletes are kept; it needs the role
    admin. Run it again after a stop: it goes on. On the server's own machine `manage.py
    import_runicorn` does the same without sending a byte.
    """
    root = root.absolute()
    if not is_store(root):
        raise typer.BadParameter(f"{root} is no storage folder of Runicorn.", param_hint="ROOT")
    owner, client = rules.check_optional_team(team), Client()
    settings = Settings(Renames.parse(rename, retype), owner, client.team)
    with reporting(None, str(root)) as bar:
        work = Import(root, RemotePortal(client, root, bar), settings, dry_run)
        stopped = _run(work)
    _show(work.report, report_file, as_json=as_json)
    if stopped is not None:
        raise stopped
    if any(one.kind != "note" for one in work.report.findings) or work.report.unchecked:
        raise typer.Exit(1)


def _run(work: Import) -> RunicornError | None:
    """What stopped it: the report is shown before that is said."""
    try:
        work.run()
    except RunicornError as error:
        return error
    return None


def _show(report: Report, file: Path | None, *, as_json: bool) -> None:
    if file is not None:
        file.write_text(write_json(report), encoding="utf-8", errors="backslashreplace")
    if as_json:
        print_json(report.to_json())
    else:
        for line in report.to_text().splitlines():
            print_line(line)


@app.command("folder")
def import_folder(
    folder: Folder,
    *,
    type_: FolderType,
    name: FolderName = None,
    team: options.Team = None,
    dry_run: DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Log plain folders: each sub-folder of DIR as an artifact, or DIR as the artifact NAME.

    One whose sub-folders are all called v1, v2 … has these versions, in that order; the portal
    numbers them. What a version has already is not logged again.
    """
    with reporting(None, str(folder)) as bar:
        client = Client()
        owner = rules.check_optional_team(team) or client.team
        work = FolderImport(client, rules.check_type(type_), owner, bar, dry_run)
        found = list(work.run(list(find_versions(folder.absolute(), name))))
    if as_json:
        print_json([one.to_json() for one in found])
    else:
        headers = ("Folder", "Artifact", "Outcome", "Note")
        why = f"{folder} has no sub-folders; say --name for the files in it."
        print_table(headers, map(_row, found), if_none=why)


def _row(one: FolderResult) -> tuple[object, ...]:
    number = f":v{one.version}" if one.version else ""
    return one.folder, f"{one.artifact}{number}", one.outcome, one.text
