"""``runicorn artifacts verify``: whether a folder holds a version."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from runicorn.api import Client
from runicorn.artifact import Artifact
from runicorn.cli import options
from runicorn.cli.lookup import find_version, full_name
from runicorn.cli.output import print_line, say, show
from runicorn.cli.text import counted
from runicorn.errors import IntegrityError
from runicorn.progress import reporting
from runicorn.verifying import Verification

Folder = Annotated[
    Path | None,
    typer.Argument(metavar="[DIR]", help="Where it is (default: artifacts/NAME-vN)."),
]


def verify(
    artifact: options.NameAndRef,
    folder: Folder = None,
    *,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Hash a downloaded version; the exit code is 5 where files are missing or changed."""
    client = Client()
    detail = find_version(client, artifact, type_, team)
    found = Artifact.from_detail(client, detail)
    where = folder or Path("artifacts") / f"{found.name}-v{found.version}"
    if not where.is_dir():
        raise FileNotFoundError(f"There is no folder {where}: download it with `artifacts get`")
    with reporting(None, full_name(detail)) as bar:
        result = found.verify(where, progress=bar)
    answer = {"artifact": full_name(detail), "path": str(where), **asdict(result)}
    show(answer, lambda _: _print(result), as_json=as_json)
    if not result.is_whole:
        wrong = _files_are(len(result.missing) + len(result.changed), where)
        raise IntegrityError(f"{full_name(detail)}: {wrong} not the version's")
    say(f"{full_name(detail)}: {_files_are(len(result.intact), where)} intact")


def _files_are(count: int, where: Path) -> str:
    return f"{counted(count, 'file')} in {where} {'is' if count == 1 else 'are'}"


def _print(result: Verification) -> None:
    for kind in ("missing", "changed", "extra"):
        for path in getattr(result, kind):
            print_line(f"{kind}  {path}")
