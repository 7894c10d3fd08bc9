"""``runicorn artifacts``: look at artifacts, delete and restore versions."""

from typing import Annotated

import typer

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.cli import aliases, comparing, deletion, options, spelling_0_5, transfers
from runicorn.cli.lookup import (
    find_artifact,
    find_version,
    full_name,
    parse_numbered,
    suggesting_names,
)
from runicorn.cli.output import print_fields, print_line, print_table, say, show
from runicorn.cli.text import human_size, human_time
from runicorn.tagging import whose

app = typer.Typer(no_args_is_help=True)
app.callback(invoke_without_command=True)(spelling_0_5.artifacts)
app.command("get")(transfers.get)
app.command("put")(transfers.put)
app.command("delete")(deletion.delete)
app.command("diff")(comparing.diff)
app.add_typer(aliases.app, name="alias", hidden=True)  # as `runicorn alias`, for older scripts

Search = Annotated[str | None, typer.Option("--search", "-q", help="Words to look for.")]
Tag = Annotated[str | None, typer.Option("--tag", help="Only with this tag.")]
Alias = Annotated[str | None, typer.Option("--alias", help="Only with this alias.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")]
Depth = Annotated[int, typer.Option("--depth", min=1, max=10, help="How many versions far.")]


@app.command("list")
def list_artifacts(
    *,
    type_: options.Type = None,
    team: options.Team = None,
    search: Search = None,
    tag: Tag = None,
    alias: Alias = None,
    limit: Limit = None,
    as_json: options.Json = False,
) -> None:
    """List artifacts, the newest first."""
    kind, owner = rules.check_optional_type(type_), rules.check_optional_team(team)
    found = Client().list_artifacts(
        type=kind, team=owner, q=search, tag=tag, alias=alias, limit=limit
    )
    is_filtered = any((kind, owner, search, tag, alias))
    if_none = "No artifact matches." if is_filtered else "There are no artifacts yet."
    show(found, lambda items: _print_artifacts(items, if_none), as_json=as_json)


def _print_artifacts(found: list[payloads.ArtifactItem], if_none: str) -> None:
    headers = ["Name", "Type", "Versions", "Latest", "Size", "Updated", "Aliases"]
    rows = [[*_artifact_row(item)] for item in found]
    if any(item.get("team") for item in found):
        headers = ["Team", *headers]
        rows = [[item.get("team") or "-", *row] for item, row in zip(found, rows, strict=True)]
    print_table(headers, rows, if_none=if_none)


def _artifact_row(item: payloads.ArtifactItem) -> tuple[object, ...]:
    named = [f"{alias}=v{version}" for alias, version in sorted(item["aliases"].items())]
    return (
        item["name"],
        item["type"],
        item["num_versions"],
        f"v{item['latest_version']}",
        human_size(item["size_bytes"]),
        human_time(item["updated_at"]),
        ", ".join(named),
    )


@app.command()
def versions(
    name: options.Name,
    *,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """List the versions of an artifact, the oldest first."""
    client = Client()
    with suggesting_names(client, name):
        named = find_artifact(client, name, type_, team)
        found = client.list_versions(named.name, **named.whose)
    show(found, _print_versions, as_json=as_json)


def _print_versions(found: list[payloads.VersionItem]) -> None:
    headers = ("Version", "Created", "Size", "On disk", "Files", "Status", "Aliases", "Run")
    print_table(headers, map(_version_row, found))


def _version_row(item: payloads.VersionItem) -> tuple[object, ...]:
    return (
        f"v{item['version']}",
        human_time(item["created_at"]),
        human_size(item["size_bytes"]),
        human_size(item.get("physical_bytes")),
        item["num_files"],
        item["status"],
        ", ".join(item["aliases"]),
        item["created_by_run"] or "-",
    )


@app.command()
def info(
    artifact: options.NameAndRef,
    *,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Show everything about one version."""
    show(find_version(Client(), artifact, type_, team), _print_detail, as_json=as_json)


def _print_detail(detail: payloads.VersionDetail) -> None:
    print_fields(_detail_fields(detail))
    if detail["metadata"]:
        print_line("")
        print_fields((f"  {key}", value) for key, value in sorted(detail["metadata"].items()))


def _detail_fields(detail: payloads.VersionDetail) -> list[tuple[str, object]]:
    return [
        ("Artifact", full_name(detail)),
        ("Type", detail["type"]),
        *([("Team", detail["team"])] if detail.get("team") else []),
        ("Status", detail["status"]),
        ("Created", human_time(detail["created_at"])),
        ("By run", detail["created_by_run"] or "-"),
        ("By user", detail["created_by_user"] or "-"),
        ("Size", human_size(detail["size_bytes"])),
        *_space_fields(detail),
        ("Files", detail["num_files"]),
        ("References", detail["num_references"]),
        ("Aliases", ", ".join(detail["aliases"]) or "-"),
        ("Tags", ", ".join(detail["tags"]) or "-"),
        ("Description", detail["description"] or "-"),
        ("Manifest", detail["manifest_digest"] or "-"),
    ]


def _space_fields(detail: payloads.VersionDetail) -> list[tuple[str, object]]:
    """What it takes on the server's disk, where the server tells."""
    if "physical_bytes" not in detail or "shared_bytes" not in detail:
        return []
    return [
        ("On disk", human_size(detail["physical_bytes"])),
        ("Shared", human_size(detail["shared_bytes"])),
    ]


@app.command()
def files(
    artifact: options.NameAndRef,
    *,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """List the files and references of one version."""
    client = Client()
    found = find_version(client, artifact, type_, team)
    listing = client.get_files(found["name"], found["version"], **whose(found))
    show(listing, _print_files, as_json=as_json)


def _print_files(listing: payloads.FilesListing) -> None:
    rows = [(one["path"], human_size(one["size"]), one["digest"]) for one in listing["files"]]
    rows += [
        (one["uri"], human_size(one.get("size")), one.get("checksum") or "reference")
        for one in listing["references"]
    ]
    print_table(("Path", "Size", "Digest"), rows)


@app.command()
def restore(
    artifact: options.NameAndVersion,
    *,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Bring a deleted version back."""
    spec, version = parse_numbered(artifact, type_, team)
    found = Client().restore_version(spec.name, version, **spec.whose)
    show(found, lambda one: print_line(f"Restored {full_name(one)}"), as_json=as_json)


@app.command()
def materialize(
    artifact: options.NameAndRef,
    *,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Print where the files of a version lie whole on the server's disk, made so if need be."""
    client = Client()
    found = find_version(client, artifact, type_, team)
    made = client.materialize_version(found["name"], found["version"], **whose(found))
    show(made, _print_paths, as_json=as_json)


def _print_paths(made: payloads.Materialized) -> None:
    for one in made["files"]:
        if one["absolute_path"] is not None:
            print_line(one["absolute_path"])
    if made["files"] and not any(one["absolute_path"] for one in made["files"]):
        say("The files lie on the server's machine; it tells their paths only there.")


@app.command()
def lineage(
    artifact: options.NameAndRef,
    *,
    depth: Depth = 3,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Show what a version was made from, and what was made from it."""
    client = Client()
    found = find_version(client, artifact, type_, team)
    graph = client.get_lineage(found["name"], found["version"], max_depth=depth, **whose(found))
    show(graph, _print_lineage, as_json=as_json)


def _print_lineage(graph: payloads.Lineage) -> None:
    labels = {node["node_id"]: _node_label(node) for node in graph["nodes"]}
    rows = [
        (labels[edge["source"]], f"─{edge['edge_type']}→", labels[edge["target"]])
        for edge in graph["edges"]
    ]
    if rows or not graph.get("truncated"):
        if_none = "Nothing was made from it, and no run made it."
        print_table(("From", "", "To"), rows, if_none=if_none)
    if graph.get("truncated"):
        say("The graph is larger; this is only a part of it.")


def _node_label(node: payloads.LineageNode) -> str:
    if node["node_type"] == "artifact":
        return node["node_id"]
    name = node["metadata"].get("name")
    return f"run {node['node_id']} ({name})" if name else f"run {node['node_id']}"


@app.command()
def impact(
    artifact: options.NameAndRef,
    *,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Show everything that was made from a version, directly or not, and whose it is."""
    client = Client()
    found = find_version(client, artifact, type_, team)
    made = client.get_impact(found["name"], found["version"], **whose(found))
    show(made, _print_impact, as_json=as_json)


def _print_impact(made: payloads.Impact) -> None:
    headers = ("Steps", "Type", "Artifact", "Aliases", "Status", "Team", "By", "Made", "Run")
    rows = [
        (
            one["depth"], one["type"], one["artifact"], " ".join(one["aliases"]), one["status"],
            one["team"] or "-", one["created_by_user"] or "-", human_time(one["created_at"]),
            one["run"],
        )
        for one in made["items"]
    ]  # fmt: skip
    print_table(headers, rows, if_none="Nothing was made from it.")
    if made["restricted"]:
        say(f"{made['restricted']} more were made that you may not see.")
    if made.get("truncated"):
        say("There is more; this is only a part of it.")


@app.command()
def stats(*, as_json: options.Json = False) -> None:
    """Show how much is stored, and how much space sharing saves."""
    show(Client().get_stats(), _print_stats, as_json=as_json)


def _print_stats(stats: payloads.Stats) -> None:
    print_fields(_stats_fields(stats))
    if not stats["by_type"]:
        return
    print_line("")
    rows = [
        (kind, one["count"], one["versions"], human_size(one["size_bytes"]))
        for kind, one in stats["by_type"].items()
    ]
    print_table(("Type", "Artifacts", "Versions", "Size"), rows)


def _stats_fields(stats: payloads.Stats) -> list[tuple[str, object]]:
    return [
        ("Artifacts", stats["total_artifacts"]),
        ("Versions", stats["total_versions"]),
        ("Files", stats["total_files"]),
        ("Size", human_size(stats["total_size_bytes"])),
        ("Stored", human_size(stats["dedup_pool_size_bytes"])),
        ("Saved", f"{human_size(stats['space_saved_bytes'])} ({stats['dedup_ratio']:.1%})"),
        *(
            [("Materialized", human_size(stats["materialized_bytes"]))]
            if "materialized_bytes" in stats
            else []
        ),
    ]
