"""``runicorn artifacts delete``: one version by its number, or many by rules, with a preview."""

import shlex
from datetime import datetime
from typing import Annotated

import typer

from runicorn import payloads
from runicorn.api import Client
from runicorn.cli import options, suggestions
from runicorn.cli.asking import confirm, require_terminal
from runicorn.cli.lookup import parse_numbered, suggesting_names
from runicorn.cli.output import print_line, say, show
from runicorn.cli.text import counted, human_size
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
    client = Client()
    with suggesting_names(client, artifact):
        if _has_rules(rules):
            spec = _parse_without_version(artifact, type_, team)
            _delete_many(client, spec, rules, dry_run=dry_run, yes=yes, as_json=as_json)
            return
        spec, version = parse_numbered(artifact, type_, team)
        if dry_run:
            rules["versions"] = [version]
            _delete_many(client, spec, rules, dry_run=True, yes=True, as_json=as_json)
        elif permanent:
            _purge_one(client, spec, version, yes=yes, as_json=as_json)
        else:
            _delete_one(client, spec, version, as_json=as_json)


def _rules(
    keep_last: int | None, created_before: str | None, *, without_aliases: bool
) -> payloads.DeleteRequest:
    rules: payloads.DeleteRequest = {}
    if keep_last is not None:
        rules["keep_last"] = keep_last
    if created_before is not None:
        rules["created_before"] = _check_date(created_before)
    if without_aliases:
        rules["without_aliases"] = True
    return rules


def _check_date(text: str) -> str:
    """Return ``text`` if it is a date or a time as the server takes it."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        why = f"{text!r} is no date such as 2026-01-31 or 2026-01-31T12:30:00Z"
        raise typer.BadParameter(why, param_hint="--created-before") from None
    return text


def _has_rules(rules: payloads.DeleteRequest) -> bool:
    return bool(rules.keys() & {"keep_last", "created_before", "without_aliases"})


def _parse_without_version(text: str, artifact_type: str | None, team: str | None) -> Spec:
    if ":" in text:
        raise typer.BadParameter(f"Rules choose versions of an artifact; {text} is one version")
    named = parse_name(text, artifact_type, team)
    return Spec(named.name, **named.whose)


def _delete_one(client: Client, spec: Spec, version: int, *, as_json: bool) -> None:
    """Soft-delete one, and say what that took from the aliases that pointed at it."""
    aliases = [] if as_json else client.get_version(spec.name, version, **spec.whose)["aliases"]
    found = client.delete_version(spec.name, version, **spec.whose)
    said = f"Deleted {_name(spec)}:v{version}; {_way_back(spec, f'v{version}')} brings it back"
    show(found, lambda _: print_line(said), as_json=as_json)
    if gone := [alias for alias in aliases if alias != "latest"]:
        say(f"Until then these aliases resolve to nothing: {', '.join(gone)}")


def _purge_one(client: Client, spec: Spec, version: int, *, yes: bool, as_json: bool) -> None:
    if not yes:
        require_terminal("--permanent asks first")
        rules: payloads.DeleteRequest = {"versions": [version], "permanent": True}
        _say_preview(_request(client, spec, rules, dry_run=True), permanent=True)
        confirm("Purge it?")
    found = client.delete_version(spec.name, version, permanent=True, **spec.whose)
    show(found, lambda one: _print_purged(f"{_name(spec)}:v{version}", one), as_json=as_json)


def _print_purged(what: str, found: payloads.Deleted) -> None:
    print_line(f"Purged {what}")
    if found.get("freed_bytes"):
        print_line(f"{human_size(found['freed_bytes'])} came free")


def _name(spec: Spec) -> str:
    """The artifact, with its type and team where they were said."""
    owner = [spec.team, spec.artifact_type] if spec.artifact_type else []
    return "/".join(filter(None, [*owner, spec.name]))


def _way_back(spec: Spec, ref: str) -> str:
    """The command that restores, ready to be typed."""
    team = f" --team {spec.team}" if spec.team and not spec.artifact_type else ""
    return f"`runicorn artifacts restore {shlex.quote(f'{_name(spec)}:{ref}')}{team}`"


def _delete_many(
    client: Client,
    spec: Spec,
    rules: payloads.DeleteRequest,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    if not (dry_run or yes):
        require_terminal("Deleting by rules asks first")
    is_permanent = rules["permanent"]
    found = _request(client, spec, rules, dry_run=True)
    if found["versions"] and not dry_run:
        if not yes:
            _say_preview(found, permanent=is_permanent)
            confirm("Purge them?" if is_permanent else "Delete them?")
        # Those that were shown, where they still meet the rules.
        chosen: payloads.DeleteRequest = {**rules, "versions": found["versions"]}
        found = _request(client, spec, chosen, dry_run=False)
    printed = _print_preview if dry_run or not found["versions"] else _print_deleted
    show(found, lambda one: printed(spec, one, permanent=is_permanent), as_json=as_json)


def _request(
    client: Client, spec: Spec, rules: payloads.DeleteRequest, *, dry_run: bool
) -> payloads.VersionsDeleted:
    request: payloads.DeleteRequest = {**rules, "dry_run": dry_run}
    return client.delete_versions(spec.name, request, **spec.whose)


def _say_preview(found: payloads.VersionsDeleted, *, permanent: bool) -> None:
    for line in _preview(found, permanent=permanent):
        say(line)
    if permanent:
        which = "It" if len(found["versions"]) == 1 else "They"
        say(f"{which} will be purged: the content goes for ever.")


def _print_preview(spec: Spec, found: payloads.VersionsDeleted, *, permanent: bool) -> None:
    count = counted(len(found["versions"]), "version")
    print_line(f"Would {'purge' if permanent else 'delete'} {count} of {_name(spec)}")
    if found["versions"]:
        for line in _preview(found, permanent=permanent):
            print_line(line)


def _print_deleted(spec: Spec, found: payloads.VersionsDeleted, *, permanent: bool) -> None:
    what = f"{_listed(found['versions'])} of {_name(spec)}"
    if permanent:
        _print_purged(what, found)
    else:
        first = f"v{found['versions'][0]}"
        print_line(f"Deleted {what}; {_way_back(spec, first)} brings one back")
    if aliases := _aliases_in(found):
        say(f"{'Gone with them' if permanent else 'Resolving to nothing until then'}: {aliases}")


def _preview(found: payloads.VersionsDeleted, *, permanent: bool) -> list[str]:
    lines = [_listed(found["versions"])]
    if aliases := _aliases_in(found):
        effect = "Aliases that go too" if permanent else "Aliases that would resolve to nothing"
        lines.append(f"{effect}: {aliases}")
    if found["exclusive_bytes"] is not None:  # told only to those who may purge them
        lines.append(f"Purged, this would free {human_size(found['exclusive_bytes'])}")
    return lines


def _listed(numbers: list[int]) -> str:
    return ", ".join(f"v{number}" for number in numbers)


def _aliases_in(found: payloads.VersionsDeleted) -> str:
    pairs = found.get("aliases", [])  # an older portal does not tell
    return ", ".join(f"{one['alias']} (v{one['version']})" for one in pairs)
