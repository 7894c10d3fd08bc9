"""``runicorn tag``: words on a version."""

from collections.abc import Callable
from typing import Annotated

import typer

from runicorn import payloads
from runicorn.api import Client
from runicorn.cli import options
from runicorn.cli.lookup import find_version, full_name
from runicorn.cli.output import print_line, show
from runicorn.errors import NotFoundError
from runicorn.tagging import retag

app = typer.Typer(no_args_is_help=True, help="Words on a version, such as baseline.")

MAX_TAG_CHARACTERS = 128

Tags = Annotated[list[str], typer.Argument(metavar="TAG...", help="The tags.")]


@app.command()
def add(
    artifact: options.NameAndRef,
    tags: Tags,
    *,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Add tags to a version; one that it has already stays."""
    for tag in tags:
        _check_tag(tag)

    def extend(found: list[str]) -> list[str]:
        return list(dict.fromkeys([*found, *tags]))

    show(_retag(artifact, type_, team, extend), _print_tags, as_json=as_json)


@app.command("rm")
def remove(
    artifact: options.NameAndRef,
    tags: Tags,
    *,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Remove tags from a version."""

    def reduce(found: list[str]) -> list[str]:
        absent = [tag for tag in tags if tag not in found]
        if absent:
            raise NotFoundError(f"No such tag: {', '.join(absent)}; tags: {_listed(found)}")
        return [tag for tag in found if tag not in tags]

    show(_retag(artifact, type_, team, reduce), _print_tags, as_json=as_json)


def _check_tag(tag: str) -> None:
    if not 0 < len(tag) <= MAX_TAG_CHARACTERS or not tag.strip():
        why = f"a tag is 1 to {MAX_TAG_CHARACTERS} characters and not blank, unlike {tag!r}"
        raise typer.BadParameter(why, param_hint="TAG")


def _retag(
    text: str, type_: str | None, team: str | None, change: Callable[[list[str]], list[str]]
) -> payloads.VersionDetail:
    client = Client()
    return retag(client, find_version(client, text, type_, team), change)


def _print_tags(found: payloads.VersionDetail) -> None:
    print_line(f"{full_name(found)}: {_listed(found['tags'])}")


def _listed(tags: list[str]) -> str:
    return ", ".join(tags) or "none"
