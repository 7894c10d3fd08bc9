"""``runicorn doctor``: whether work can begin, and what to do where it cannot."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import typer

from runicorn.api import Client
from runicorn.cli import local_checks, options, server_checks
from runicorn.cli.finding import Finding, Status
from runicorn.cli.output import print_json, print_report
from runicorn.config import DEFAULT_URL, Config
from runicorn.errors import RunicornError

OF_THE_SERVER = ("reach", "version", "tls", "login", "token", "clock", "upload")
MARKS = {
    Status.OK: ("OK", "green"),
    Status.WARNING: ("warning", "yellow"),
    Status.FAILURE: ("FAILURE", "bold red"),
    Status.SKIPPED: ("skipped", "dim"),
}


def doctor(*, as_json: options.Json = False) -> None:
    """Check the server, the login and this machine; say what to do where something is wrong.

    Exit code 1 where something failed; warnings leave it 0. A small upload is tried where the login
    may write; nothing of it is kept.
    """
    if as_json:
        found = list(examine())
        print_json({"healthy": _is_healthy(found), "checks": [asdict(one) for one in found]})
    else:
        found = list(_printed(examine()))
    if not _is_healthy(found):
        raise typer.Exit(1)


def _is_healthy(found: Iterable[Finding]) -> bool:
    return all(one.status is not Status.FAILURE for one in found)


def _printed(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Each as soon as it is known."""
    for one in findings:
        word, style = MARKS[one.status]
        print_report(word, style, f"{one.check:9}{one.summary}", one.advice)
        yield one


def examine() -> Iterator[Finding]:
    """Every check, in order; what depends on one that failed is skipped."""
    try:
        config = Config.from_environment()
    except (ValueError, OSError) as error:
        yield Finding("address", Status.FAILURE, str(error), "Set it anew, or `unset` it.")
        yield from _skipped(OF_THE_SERVER)
        yield from _local(DEFAULT_URL)
        return
    yield Finding("address", Status.OK, config.url)
    yield from _of_the_server(config)
    yield from _local(config.url)


def _of_the_server(config: Config) -> Iterator[Finding]:
    try:
        found = server_checks.visit(config)
    except RunicornError as error:
        yield Finding("reach", Status.FAILURE, error.message)
        yield from _skipped(("version",))
        yield server_checks.check_tls(config.url)
        yield from _skipped(("login", "token", "clock", "upload"))
        return
    yield Finding("reach", Status.OK, f"answers in {found.seconds * 1000:.0f} ms")
    yield server_checks.check_version(found)
    yield server_checks.check_tls(config.url)
    yield from _of_the_login(config, found)


def _of_the_login(config: Config, found: server_checks.Visit) -> Iterator[Finding]:
    client = Client(config)
    client.hurry()
    login, who = server_checks.check_login(client)
    yield login
    if who is None:
        yield from _skipped(("token",))
    else:
        yield server_checks.check_token(who["token"])
    yield server_checks.check_clock(found)
    if who is None:
        yield from _skipped(("upload",))
    else:
        yield server_checks.check_upload(client, who)


def _local(url: str) -> Iterator[Finding]:
    yield local_checks.check_disk(Path.cwd())
    yield local_checks.check_cache()
    yield local_checks.check_wheels()
    yield local_checks.check_proxies(url)


def _skipped(checks: Iterable[str]) -> Iterator[Finding]:
    return (Finding(check, Status.SKIPPED, "needs what failed above") for check in checks)
