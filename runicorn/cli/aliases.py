"""``runicorn alias``: names that move from version to version."""

from typing import Annotated

import typer

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.cli import options
from runicorn.cli.lookup import (
    find_artifact,
    find_version_of,
    parse_artifact,
    suggesting_names,
)
from runicorn.cli.output import print_line, print_table, show
from runicorn.cli.text import human_time
from runicorn.specs import ArtifactName, Spec, parse_spec

app = typer.Typer(no_args_is_help=True, help="Names for versions, such as production.")

Alias = Annotated[str, typer.Argument(metavar="ALIAS", help="The alias, e.g. production.")]
Ref = Annotated[
    str, typer.Argument(metavar="REF", help="The version: v2, or another alias, e.g. staging.")
]
Comment = Annotated[str, typer.Option("--comment", "-m", help="Why; kept in the history.")]
Protect = Annotated[
    bool | None,
    typer.Option("--protect/--no-protect", help="Whether only maintainers may move it."),
]


@app.command("set")
def set_alias(
    name: options.Name,
    ref: Ref,
    alias: Alias,
    *,
    comment: Comment = "",
    protect: Protect = None,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Point ALIAS at the version REF; it is made, or moved if it exists."""
    named = parse_artifact(name, type_, team)
    alias, spec = rules.check_movable_alias(alias), _spec_of(named, ref)
    client = Client()
    with suggesting_names(client, named.name):
        number = spec.version or find_version_of(client, spec)["version"]
        found = client.set_alias(
            named.name, alias, number, **named.whose, comment=comment, protected=protect
        )
    show(found, lambda one: print_line(f"{one['alias']} is v{one['version']}"), as_json=as_json)


def _spec_of(named: ArtifactName, ref: str) -> Spec:
    """Read ``v2``, ``staging`` or ``NAME:staging`` as a version of this artifact."""
    if ref.isdecimal():
        raise typer.BadParameter(f"{ref} is no version: say v{ref}", param_hint="REF")
    spec = parse_spec(ref if ":" in ref else f"{named.name}:{ref}", **named.whose)
    if spec.name != named.name:
        raise typer.BadParameter(f"{ref} is no version of {named.name}", param_hint="REF")
    return spec


@app.command("rm")
def remove_alias(
    name: options.Name,
    alias: Alias,
    *,
    comment: Comment = "",
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Remove ALIAS; the version stays."""
    named = parse_artifact(name, type_, team)
    alias = rules.check_movable_alias(alias)
    found = Client().delete_alias(named.name, alias, **named.whose, comment=comment)
    show(found, lambda one: print_line(one["message"]), as_json=as_json)


@app.command("rollback")
def roll_back_alias(
    name: options.Name,
    alias: Alias,
    *,
    comment: Comment = "",
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Point ALIAS at where it was before its last move; twice undoes it."""
    named = parse_artifact(name, type_, team)
    alias = rules.check_movable_alias(alias)
    found = Client().roll_back_alias(named.name, alias, **named.whose, comment=comment)
    show(found, lambda one: print_line(f"{one['alias']} is v{one['version']}"), as_json=as_json)


@app.command("history")
def show_history(
    name: options.Name,
    alias: Alias,
    *,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """List how ALIAS moved, the newest move first."""
    alias = rules.check_movable_alias(alias)
    client = Client()
    with suggesting_names(client, name):
        named = find_artifact(client, name, type_, team)
        found = client.get_alias_history(named.name, alias, **named.whose)
        if not found:  # it never was, unless its history was lost: then it is there
            client.get_alias(named.name, alias, **named.whose)
    show(found, _print_history, as_json=as_json)


def _print_history(found: list[payloads.AliasEventInfo]) -> None:
    print_table(("Moved", "From", "To", "By", "Comment"), map(_event_row, found))


def _event_row(event: payloads.AliasEventInfo) -> tuple[str, ...]:
    before, after = (
        "-" if number is None else f"v{number}"
        for number in (event["from_version"], event["to_version"])
    )
    by, comment = event["by_user"] or "-", event.get("comment", "")
    return human_time(event["at"]), before, after, by, comment


@app.command("list")
def list_aliases(
    name: options.Name,
    *,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """List the aliases of an artifact."""
    client = Client()
    with suggesting_names(client, name):
        named = find_artifact(client, name, type_, team)
        found = client.list_aliases(named.name, **named.whose)
    show(found, _print_aliases, as_json=as_json)


def _print_aliases(found: list[payloads.AliasInfo]) -> None:
    headers = ("Alias", "Version", "Protected", "Moved")
    print_table(headers, map(_alias_row, found), if_none="No alias points at a version of it.")


def _alias_row(item: payloads.AliasInfo) -> tuple[str, ...]:
    protected = "yes" if item["protected"] else ""
    return item["alias"], f"v{item['version']}", protected, human_time(item["updated_at"])
