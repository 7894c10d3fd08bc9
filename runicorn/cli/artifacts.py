"""``runicorn artifacts``: look at artifacts, delete and restore versions."""

import sys
from typing import Annotated

import typer

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.cli import aliases, options, transfers
from runicorn.cli.lookup import find_version, parse_numbered
from runicorn.cli.output import print_fields, print_line, print_table, say, show
from runicorn.cli.text import human_size, human_time
from runicorn.specs import Spec

app = typer.Typer(no_args_is_help=True, help="Models, datasets and other artifacts.")
app.command("get")(transfers.get)
app.command("put")(transfers.put)
app.add_typer(aliases.app, name="alias")

Search = Annotated[str | None, typer.Option("--search", "-q", help="Words to look for.")]
Tag = Annotated[str | None, typer.Option("--tag", help="Only with this tag.")]
Alias = Annotated[str | None, typer.Option("--alias", help="Only with this alias.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")]
Depth = Annotated[int, typer.Option("--depth", min=1, max=10, help="How many versions far.")]
Permanent = Annotated[bool, typer.Option("--permanent", help="Remove the content for good.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command("list")
def list_artifacts(
    *,
    type_: options.Type = None,
    search: Search = None,
    tag: Tag = None,
    alias: Alias = None,
    limit: Limit = None,
    as_json: options.Json = False,
) -> None:
    """List artifacts, the newest first."""
    kind = rules.check_optional_type(type_)
    found = Client().list_artifacts(type=kind, q=search, tag=tag, alias=alias, limit=limit)
    show(found, _print_artifacts, as_json=as_json)


def _print_artifacts(found: list[payloads.ArtifactItem]) -> None:
    headers = ("Name", "Type", "Versions", "Latest", "Size", "Updated", "Aliases")
    print_table(headers, map(_artifact_row, found))


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
    name: options.Name, *, type_: options.Type = None, as_json: options.Json = False
) -> None:
    """List the versions of an artifact, the oldest first."""
    kind = rules.check_optional_type(type_)
    found = Client().list_versions(rules.check_name(name), artifact_type=kind)
    show(found, _print_versions, as_json=as_json)


def _print_versions(found: list[payloads.VersionItem]) -> None:
    headers = ("Version", "Created", "Size", "Files", "Status", "Aliases", "Run")
    print_table(headers, map(_version_row, found))


def _version_row(item: payloads.VersionItem) -> tuple[object, ...]:
    return (
        f"v{item['version']}",
        human_time(item["created_at"]),
        human_size(item["size_bytes"]),
        item["num_files"],
        item["status"],
        ", ".join(item["aliases"]),
        item["created_by_run"] or "-",
    )


@app.command()
def info(
    artifact: options.NameAndRef, *, type_: options.Type = None, as_json: options.Json = False
) -> None:
    """Show everything about one version."""
    show(find_version(Client(), artifact, type_), _print_detail, as_json=as_json)


def _print_detail(detail: payloads.VersionDetail) -> None:
    print_fields(_detail_fields(detail))
    if detail["metadata"]:
        print_line("")
        print_fields((f"  {key}", value) for key, value in sorted(detail["metadata"].items()))


def _detail_fields(detail: payloads.VersionDetail) -> list[tuple[str, object]]:
    return [
        ("Artifact", f"{detail['name']}:v{detail['version']}"),
        ("Type", detail["type"]),
        ("Status", detail["status"]),
        ("Created", human_time(detail["created_at"])),
        ("By run", detail["created_by_run"] or "-"),
        ("By user", detail["created_by_user"] or "-"),
        ("Size", human_size(detail["size_bytes"])),
        ("Files", detail["num_files"]),
        ("References", detail["num_references"]),
        ("Aliases", ", ".join(detail["aliases"]) or "-"),
        ("Tags", ", ".join(detail["tags"]) or "-"),
        ("Description", detail["description"] or "-"),
        ("Manifest", detail["manifest_digest"] or "-"),
    ]


@app.command()
def files(
    artifact: options.NameAndRef, *, type_: options.Type = None, as_json: options.Json = False
) -> None:
    """List the files and references of one version."""
    client = Client()
    found = find_version(client, artifact, type_)
    listing = client.get_files(found["name"], found["version"], artifact_type=found["type"])
    show(listing, _print_files, as_json=as_json)


def _print_files(listing: payloads.FilesListing) -> None:
    rows = [(one["path"], human_size(one["size"]), one["digest"]) for one in listing["files"]]
    rows += [
        (one["uri"], human_size(one.get("size")), one.get("checksum") or "reference")
        for one in listing["references"]
    ]
    print_table(("Path", "Size", "Digest"), rows)


@app.command()
def delete(
    artifact: options.NameAndVersion,
    *,
    permanent: Permanent = False,
    yes: Yes = False,
    type_: options.Type = None,
    as_json: options.Json = False,
) -> None:
    """Delete a version; restore brings it back, unless it was deleted with --permanent."""
    spec, version = parse_numbered(artifact, type_)
    if permanent and not yes:
        _confirm_permanent(spec)
    found = Client().delete_version(
        spec.name, version, permanent=permanent, artifact_type=spec.artifact_type
    )
    show(found, lambda one: print_line(one["message"]), as_json=as_json)


def _confirm_permanent(spec: Spec) -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("--permanent asks first; without a terminal add --yes")
    say(f"The content of {spec} will be removed for good.")
    typer.confirm("Delete it?", abort=True, err=True)


@app.command()
def restore(
    artifact: options.NameAndVersion, *, type_: options.Type = None, as_json: options.Json = False
) -> None:
    """Bring a deleted version back."""
    spec, version = parse_numbered(artifact, type_)
    found = Client().restore_version(spec.name, version, artifact_type=spec.artifact_type)
    show(found, lambda _: print_line(f"Restored {spec}"), as_json=as_json)


@app.command()
def lineage(
    artifact: options.NameAndRef,
    *,
    depth: Depth = 3,
    type_: options.Type = None,
    as_json: options.Json = False,
) -> None:
    """Show what a version was made from, and what was made from it."""
    client = Client()
    found = find_version(client, artifact, type_)
    graph = client.get_lineage(
        found["name"], found["version"], max_depth=depth, artifact_type=found["type"]
    )
    show(graph, _print_lineage, as_json=as_json)


def _print_lineage(graph: payloads.Lineage) -> None:
    labels = {node["node_id"]: _node_label(node) for node in graph["nodes"]}
    rows = [
        (labels[edge["source"]], f"─{edge['edge_type']}→", labels[edge["target"]])
        for edge in graph["edges"]
    ]
    print_table(("From", "", "To"), rows)
    if graph.get("truncated"):
        say("The graph is larger; this is only a part of it.")


def _node_label(node: payloads.LineageNode) -> str:
    if node["node_type"] == "artifact":
        return node["node_id"]
    name = node["metadata"].get("name")
    return f"run {node['node_id']} ({name})" if name else f"run {node['node_id']}"


@app.command()
def stats(*, as_json: options.Json = False) -> None:
    """Show how much is stored, and how much space sharing saves."""
    show(Client().get_stats(), _print_stats, as_json=as_json)


def _print_stats(stats: payloads.Stats) -> None:
    print_fields(_stats_fields(stats))
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
    ]
