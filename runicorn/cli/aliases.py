"""``runicorn artifacts alias``: names that move from version to version."""

from typing import Annotated

import typer

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.cli import options
from runicorn.cli.output import print_line, print_table, show
from runicorn.cli.text import human_time

app = typer.Typer(no_args_is_help=True, help="Names for versions, such as production.")

Alias = Annotated[str, typer.Argument(metavar="ALIAS", help="The alias, e.g. production.")]
Version = Annotated[str, typer.Argument(metavar="vN", help="The version, e.g. v2.")]


@app.command("set")
def set_alias(
    name: options.Name,
    version: Version,
    alias: Alias,
    *,
    type_: options.Type = None,
    as_json: options.Json = False,
) -> None:
    """Point ALIAS at a version; it is made, or moved if it exists."""
    name, number = rules.check_name(name), rules.check_version(version)
    kind = rules.check_optional_type(type_)
    found = Client().set_alias(name, rules.check_movable_alias(alias), number, artifact_type=kind)
    show(found, lambda one: print_line(f"{one['alias']} is v{one['version']}"), as_json=as_json)


@app.command("rm")
def remove_alias(
    name: options.Name,
    alias: Alias,
    *,
    type_: options.Type = None,
    as_json: options.Json = False,
) -> None:
    """Remove ALIAS; the version stays."""
    kind = rules.check_optional_type(type_)
    found = Client().delete_alias(
        rules.check_name(name), rules.check_movable_alias(alias), artifact_type=kind
    )
    show(found, lambda one: print_line(one["message"]), as_json=as_json)


@app.command("list")
def list_aliases(
    name: options.Name, *, type_: options.Type = None, as_json: options.Json = False
) -> None:
    """List the aliases of an artifact."""
    kind = rules.check_optional_type(type_)
    found = Client().list_aliases(rules.check_name(name), artifact_type=kind)
    show(found, _print_aliases, as_json=as_json)


def _print_aliases(found: list[payloads.AliasInfo]) -> None:
    print_table(("Alias", "Version", "Protected", "Moved"), map(_alias_row, found))


def _alias_row(item: payloads.AliasInfo) -> tuple[str, ...]:
    protected = "yes" if item["protected"] else ""
    return item["alias"], f"v{item['version']}", protected, human_time(item["updated_at"])
