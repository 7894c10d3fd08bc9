"""``runicorn sync``: send what was logged offline."""

from dataclasses import asdict
from typing import Annotated

import typer

from runicorn.cli import options
from runicorn.cli.output import print_line, say, show
from runicorn.progress import reporting
from runicorn.syncing import SyncReport
from runicorn.syncing import sync as send_queue

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only list what would be sent.")]


def sync(*, dry_run: DryRun = False, as_json: options.Json = False) -> None:
    """Send what was logged offline, in order; what fails is kept, and the exit code is 1.

    It may be stopped and run again at any time: nothing is sent twice.
    """
    with reporting(None, "the queue") as bar:
        report = send_queue(dry_run=dry_run, progress=bar)
    show(asdict(report), lambda _: _print(report, dry_run=dry_run), as_json=as_json)
    if not report.is_complete and not dry_run:
        raise typer.Exit(1)


def _print(report: SyncReport, *, dry_run: bool) -> None:
    for name in report.versions:
        print_line(name)
    for one in report.failed:
        say(f"Failed: {one.event}: {one.reason}")
    for one in report.waiting:
        say(one.event if dry_run else f"Waiting: {one.event}: {one.reason}")
    say(_summary(report, dry_run=dry_run))


def _summary(report: SyncReport, *, dry_run: bool) -> str:
    if dry_run:
        return f"{len(report.waiting)} events would be sent"
    kept = len(report.failed) + len(report.waiting)
    rest = f"; {kept} are kept: run it again" if kept else ""
    return f"Sent {len(report.sent)} events, {len(report.versions)} of them versions{rest}"
