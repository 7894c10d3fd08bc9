"""``runicorn import``: what lies elsewhere becomes artifacts of the portal."""

from pathlib import Path
from typing import Annotated

import typer

from runicorn import rules
from runicorn.api import Client
from runicorn.cli import options
from runicorn.cli.output import print_json, print_line, print_table, say
from runicorn.errors import RunicornError
from runicorn.folders import FolderImport, FolderResult, find_left_out, find_versions
from runicorn.importing import RemotePortal
from runicorn.legacy.importing import Import
from runicorn.legacy.reading import Renames, Settings, is_store
from runicorn.legacy.report import Report, write_json
from runicorn.progress import reporting

SHOWN = 5
"""How many names of what is left out are said."""

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
    _print(work.report, as_json=as_json)
    unwritten = _write(work.report, report_file)
    if failure := stopped or unwritten:
        raise failure
    if any(one.kind != "note" for one in work.report.findings) or work.report.unchecked:
        raise typer.Exit(1)


def _run(work: Import) -> BaseException | None:
    """What stopped it: the report is shown before that is said."""
    try:
        work.run()
    except (RunicornError, OSError, KeyboardInterrupt) as error:
        return error
    return None


def _write(report: Report, file: Path | None) -> OSError | None:
    """Write the report, or say why that cannot be: by then it was printed."""
    if file is None:
        return None
    try:
        file.write_text(write_json(report), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        return OSError(f"Cannot write {file}: {error.strerror}")
    return None


def _print(report: Report, *, as_json: bool) -> None:
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
    numbers them. What a version has already is not logged again. Files beside the sub-folders are
    left out, and named. The exit code is 1 where there was nothing to log.
    """
    root = folder.absolute()
    left_out = [] if name else find_left_out(root)
    with reporting(None, str(folder)) as bar:
        client = Client()
        owner = rules.check_optional_team(team) or client.team
        work = FolderImport(client, rules.check_type(type_), owner, bar, dry_run)
        found = list(work.run(list(find_versions(root, name))))
    rows = [*found, _left_out(root, left_out)] if left_out else found
    if as_json:
        print_json([one.to_json() for one in rows])
    elif rows:
        print_table(["Folder", "Artifact", "Outcome", "Note"], map(_row, rows))
    _advise(folder, found, left_out)
    is_refused = any(one.outcome == "refused" for one in found)
    if is_refused or all(one.outcome == "skipped" for one in found):
        raise typer.Exit(1)


def _left_out(root: Path, names: list[str]) -> FolderResult:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    text = f"left out: {', '.join(names[:SHOWN])}{more}"
    return FolderResult(str(root), "", "skipped", text=text)


def _advise(folder: Path, found: list[FolderResult], left_out: list[str]) -> None:
    """What to do about what was not logged."""
    if not found:
        say(f"Nothing to log: {folder} has no sub-folders, each of which would be an artifact.")
    elif left_out:
        say("What lies beside the sub-folders is left out: move it into one of them.")
    if left_out or not found:
        say("With --name NAME the whole folder is one artifact.")


def _row(one: FolderResult) -> tuple[object, ...]:
    number = f":v{one.version}" if one.version else ""
    return one.folder, f"{one.artifact}{number}", one.outcome, one.text
