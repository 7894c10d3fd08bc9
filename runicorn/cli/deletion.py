"""``runicorn artifacts delete``: one version by its number, or many by rules, with a preview."""

from typing import Annotated

import typer

from runicorn import payloads
from runicorn.api import Client
from runicorn.cli import options, suggestions
from runicorn.cli.asking import confirm, require_terminal
from runicorn.cli.lookup import parse_numbered
from runicorn.cli.output import print_line, say, show
from runicorn.cli.text import human_size
from runicorn.specs import Spec, parse_name

NameOrVersion = Annotated[
    str,
    typer.Argument(
        metavar="NAME[:vN]",
        help="The version, by number; or the name, with rules which.",
        autocompletion=suggestions.versions,
    ),
]
KeepLast = Annotated[
    int | None, typer.Option("--keep-last", min=0, metavar="N", help="All but the newest N.")
]
CreatedBefore = Annotated[
    str | None,
    typer.Option("--created-before", metavar="DATE", help="Those made before, e.g. 2026-01-31."),
]
WithoutAliases = Annotated[
    bool, typer.Option("--without-aliases", help="Those that no alias names, latest included.")
]
Permanent = Annotated[
    bool, typer.Option("--permanent", help="Purge: the content goes too, for ever.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def delete(  # noqa: PLR0913 one parameter for each option
    artifact: NameOrVersion,
    *,
    keep_last: KeepLast = None,
    created_before: CreatedBefore = None,
    without_aliases: WithoutAliases = False,
    permanent: Permanent = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Delete a version, or those that meet every rule given; restore brings them back.

    With --permanent they are purged: the content goes too, for ever.
    """
    rules = _rules(keep_last, created_before, without_aliases=without_aliases)
    rules["permanent"] = permanent
    if _has_rules(rules):
        spec = _parse_without_version(artifact, type_, team)
        _delete_many(spec, rules, dry_run=dry_run, yes=yes, as_json=as_json)
    elif dry_run:
        spec, version = parse_numbered(artifact, type_, team)
        rules["versions"] = [version]
        _delete_many(spec, rules, dry_run=True, yes=True, as_json=as_json)
    else:
        spec, version = parse_numbered(artifact, type_, team)
        _delete_one(spec, version, permanent=permanent, yes=yes, as_json=as_json)


def _rules(
    keep_last: int | None, created_before: str | None, *, without_aliases: bool
) -> payloads.DeleteRequest:
    rules: payloads.DeleteRequest = {}
    if keep_last is not None:
        rules["keep_last"] = keep_last
    if created_before is not None:
        rules["created_before"] = created_before
    if without_aliases:
        rules["without_aliases"] = True
    return rules


def _has_rules(rules: payloads.DeleteRequest) -> bool:
    return bool(rules.keys() & {"keep_last", "created_before", "without_aliases"})


def _parse_without_version(text: str, artifact_type: str | None, team: str | None) -> Spec:
    if ":" in text:
        raise typer.BadParameter(f"Rules choose versions of an artifact; {text} is one version")
    named = parse_name(text, artifact_type, team)
    return Spec(named.name, **named.whose)


def _delete_one(spec: Spec, version: int, *, permanent: bool, yes: bool, as_json: bool) -> None:
    if permanent and not yes:
        require_terminal("--permanent asks first")
        named = spec.reference if spec.artifact_type else spec
        say(f"{named} will be purged: its content goes for ever.")
        confirm("Purge it?")
    found = Client().delete_version(spec.name, version, permanent=permanent, **spec.whose)
    show(found, _print_one, as_json=as_json)


def _print_one(found: payloads.Deleted) -> None:
    print_line(found["message"])
    _print_freed(found.get("freed_bytes", 0))


def _print_freed(freed_bytes: int) -> None:
    if freed_bytes:
        print_line(f"{human_size(freed_bytes)} came free")


def _delete_many(
    spec: Spec, rules: payloads.DeleteRequest, *, dry_run: bool, yes: bool, as_json: bool
) -> None:
    if not (dry_run or yes):
        require_terminal("Deleting by rules asks first")
    client = Client()
    found = _request(client, spec, rules, dry_run=True)
    if found["versions"] and not dry_run:
        if not yes:
            _say_preview(found, permanent=rules["permanent"])
            confirm("Purge them?" if rules["permanent"] else "Delete them?")
        # Those that were shown, where they still meet the rules.
        chosen: payloads.DeleteRequest = {**rules, "versions": found["versions"]}
        found = _request(client, spec, chosen, dry_run=False)
    show(found, lambda one: _print_deleted(one, is_done=not dry_run), as_json=as_json)


def _request(
    client: Client, spec: Spec, rules: payloads.DeleteRequest, *, dry_run: bool
) -> payloads.VersionsDeleted:
    request: payloads.DeleteRequest = {**rules, "dry_run": dry_run}
    return client.delete_versions(spec.name, request, **spec.whose)


def _say_preview(found: payloads.VersionsDeleted, *, permanent: bool) -> None:
    for line in _preview(found):
        say(line)
    if permanent:
        say("They will be purged: their content goes for ever.")


def _print_deleted(found: payloads.VersionsDeleted, *, is_done: bool) -> None:
    print_line(found["message"])
    if is_done:
        _print_freed(found.get("freed_bytes", 0))
    elif found["versions"]:
        for line in _preview(found):
            print_line(line)


def _preview(found: payloads.VersionsDeleted) -> list[str]:
    versions = ", ".join(f"v{number}" for number in found["versions"])
    exclusive_bytes = found["exclusive_bytes"]
    if exclusive_bytes is None:  # told only to those who may purge them
        return [versions]
    return [versions, f"Purged, this would free {human_size(exclusive_bytes)}"]
