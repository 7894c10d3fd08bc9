"""``runicorn sync``: send what was logged offline."""

from dataclasses import asdict
from typing import Annotated

import typer

from runicorn.cli import options
from runicorn.cli.asking import confirm, require_terminal
from runicorn.cli.output import print_line, say, show
from runicorn.cli.text import counted
from runicorn.progress import reporting
from runicorn.syncing import Kept, SyncReport, discard, leave_aliases_out
from runicorn.syncing import sync as send_queue

GIVE_UP = (
    "or with --without-aliases NUMBER where only an alias is refused, "
    "or give one up by --discard NUMBER"
)
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only list what would be sent, or go.")]
Discard = Annotated[
    list[int] | None,
    typer.Option(
        "--discard",
        metavar="NUMBER",
        help="Send nothing: forget this event, and what is nothing without it. Repeatable.",
    ),
]
WithoutAliases = Annotated[
    list[int] | None,
    typer.Option(
        "--without-aliases",
        metavar="NUMBER",
        help="Send this version without its aliases, which are refused. Repeatable.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before something is forgotten.")]


def sync(
    *,
    dry_run: DryRun = False,
    numbers: Discard = None,
    without_aliases: WithoutAliases = None,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Send what was logged offline, in order; what fails is kept, and the exit code is 1.

    It may be stopped and run again at any time: nothing is sent twice. What can never be sent, as
    the portal refuses it, is forgotten by `--discard` and its number; where only an alias is
    refused, `--without-aliases` sends the version.
    """
    if numbers:
        _discard(numbers, dry_run=dry_run, yes=yes, as_json=as_json)
        return
    leave_aliases_out(without_aliases or [])
    with reporting(None, "the queue") as bar:
        report = send_queue(dry_run=dry_run, progress=bar)
    show(asdict(report), lambda _: _print(report, dry_run=dry_run), as_json=as_json)
    if not report.is_complete and not dry_run:
        raise typer.Exit(1)


def _discard(numbers: list[int], *, dry_run: bool, yes: bool, as_json: bool) -> None:
    if not (dry_run or yes):
        would_go = discard(numbers, dry_run=True)  # refuses what is no number of the queue
        require_terminal("--discard asks first")
        for one in would_go:
            say(_line(one))
        confirm("Forget them, with the files that only they have?")
    gone = discard(numbers, dry_run=dry_run)
    found = {"discarded": [asdict(one) for one in gone]}
    show(found, lambda _: _print_lines(gone), as_json=as_json)
    count = counted(len(gone), "event")
    say(f"{count} would be forgotten" if dry_run else f"Forgot {count}: nothing of it is sent")


def _print_lines(events: list[Kept]) -> None:
    for one in events:
        print_line(_line(one))


def _line(one: Kept) -> str:
    return f"{one.number}  {one.event}"


def _print(report: SyncReport, *, dry_run: bool) -> None:
    for name in report.versions:
        print_line(name)
    for one in report.failed:
        say(f"Failed: {_line(one)}: {one.reason}")
    for one in report.waiting:
        say(_line(one) if dry_run else f"Waiting: {_line(one)}: {one.reason}")
    say(_summary(report, dry_run=dry_run))


def _summary(report: SyncReport, *, dry_run: bool) -> str:
    if dry_run:
        return f"{counted(len(report.waiting), 'event')} would be sent"
    kept = len(report.failed) + len(report.waiting)
    rest = f"; {kept} {'is' if kept == 1 else 'are'} kept: run it again" if kept else ""
    hint = f", {GIVE_UP}" if report.failed else ""
    sent, versions = counted(len(report.sent), "event"), counted(len(report.versions), "version")
    return f"Sent {sent}, {versions} among them{rest}{hint}"
