"""``runicorn artifacts --action …``: how Runicorn 0.5 spelled it, with the words it answered.

Its scripts go on working: same options, same tables. What is new: the answers come from the server,
failures go to standard error and have the exit codes of the other commands.
"""

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer
from rich.cells import cell_len

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.cli.output import print_line, say, show
from runicorn.cli.text import human_time, printable

FIRST_FILES = 10
RUN_CHARACTERS = 20


class Action(StrEnum):
    """What ``--action`` may be."""

    LIST = "list"
    VERSIONS = "versions"
    INFO = "info"
    DELETE = "delete"
    STATS = "stats"


@dataclass(frozen=True)
class _Asked:
    """What was asked for; ``name`` and ``version`` may be missing."""

    action: Action
    name: str | None
    version: int | None
    artifact_type: str | None
    is_permanent: bool
    as_json: bool

    def named(self) -> str:
        """The name, where the action needs one."""
        if self.name is None:
            raise typer.BadParameter(f"--name is required for '{self.action}' action")
        return rules.check_name(self.name)

    def numbered(self) -> tuple[str, int]:
        """The name and the version, where the action needs both."""
        if self.name is None or self.version is None:
            text = f"--name and --version are required for '{self.action}' action"
            raise typer.BadParameter(text)
        return self.named(), self.version


def artifacts(
    context: typer.Context,
    *,
    action: Annotated[Action | None, typer.Option("--action", hidden=True)] = None,
    name: Annotated[str | None, typer.Option("--name", hidden=True)] = None,
    type_: Annotated[str | None, typer.Option("--type", hidden=True)] = None,
    version: Annotated[int | None, typer.Option("--version", min=1, hidden=True)] = None,
    permanent: Annotated[bool, typer.Option("--permanent", hidden=True)] = False,
    storage: Annotated[str | None, typer.Option("--storage", hidden=True)] = None,
    as_json: Annotated[bool, typer.Option("--json", hidden=True)] = False,
) -> None:
    """Models, datasets and other artifacts.

    The spelling of Runicorn 0.5, `runicorn artifacts --action list|versions|info|delete|stats
    [--name NAME] [--version N] [--type TYPE] [--permanent]`, works too.
    """
    if context.invoked_subcommand is not None:
        _refuse_before(context)
        return
    if action is None:
        raise typer.BadParameter("say what to do: a command, or --action", param_hint="--action")
    if storage is not None:
        raise typer.BadParameter(_away(storage), param_hint="--storage")
    kind = rules.check_optional_type(type_)
    _answer(_Asked(action, name, version, kind, is_permanent=permanent, as_json=as_json))


def _refuse_before(context: typer.Context) -> None:
    """Before a command these options would be without effect, which nobody would notice."""
    if any(value not in {None, False} for value in context.params.values()):
        raise typer.BadParameter(f"options stand after `{context.invoked_subcommand}`")


def _away(storage: str) -> str:
    return (
        f"artifacts are not in a folder such as {storage} any more but on the server, which "
        "RUNICORN_TRACKING_URI names. Leave it out; `runicorn import --help` says how to bring "
        "over what a folder holds."
    )


def _answer(asked: _Asked) -> None:
    match asked.action:
        case Action.LIST:
            found = Client().list_artifacts(type=asked.artifact_type)
            show(found, _print_list, as_json=asked.as_json)
        case Action.VERSIONS:
            _show_versions(asked)
        case Action.INFO:
            _show_info(asked)
        case Action.DELETE:
            _delete(asked)
        case Action.STATS:
            show(Client().get_stats(), _print_stats, as_json=asked.as_json)


def _print_list(found: list[payloads.ArtifactItem]) -> None:
    if not found:
        print_line("No artifacts found.")
        return
    print_line(f"Found {len(found)} artifact(s):")
    print_line("")
    _print_row(("Name", 30), ("Type", 10), ("Versions", 10), ("Size", 15), ("Latest", 10))
    print_line("-" * 85)
    for one in found:
        _print_row(
            (one["name"], 30),
            (one["type"], 10),
            (one["num_versions"], 10),
            (f"{_mega(one['size_bytes']):>10.2f} MB  ", 0),
            (f"v{one['latest_version']}", 0),
        )


def _show_versions(asked: _Asked) -> None:
    name = asked.named()
    found = Client().list_versions(name, artifact_type=asked.artifact_type)
    show(found, lambda rows: _print_versions(name, rows), as_json=asked.as_json)


def _print_versions(name: str, found: list[payloads.VersionItem]) -> None:
    print_line(f"Versions for {name}:")
    print_line("")
    _print_row(("Version", 10), ("Created", 25), ("Size", 15), ("Files", 8), ("Run", 0))
    print_line("-" * 90)
    for one in found:
        run = one["created_by_run"] or ""
        short = f"{run[:RUN_CHARACTERS]}..." if len(run) > RUN_CHARACTERS else run
        _print_row(
            (f"v{one['version']}", 10),
            (human_time(one["created_at"]), 25),
            (f"{_mega(one['size_bytes']):>10.2f} MB  ", 0),
            (one["num_files"], 8),
            (short if one["status"] == "ready" else f"{short} ({one['status']})", 0),
        )


def _show_info(asked: _Asked) -> None:
    name, version = asked.numbered()
    client = Client()
    found = client.get_version(name, version, artifact_type=asked.artifact_type)
    files = client.get_files(name, version, artifact_type=found["type"])["files"]
    show(found, lambda one: _print_info(one, files), as_json=asked.as_json)


def _print_info(found: payloads.VersionDetail, files: list[payloads.FileItem]) -> None:
    print_line("")
    print_line(f"Artifact: {found['name']}:v{found['version']}")
    print_line("=" * 60)
    for label, value in _info_fields(found):
        print_line(f"{label + ':':<14}{value}")
    if found["metadata"]:
        print_line("")
        print_line("Metadata:")
        for key, value in found["metadata"].items():
            print_line(f"  {key}: {value}")
    if files:
        _print_files(files)


def _info_fields(found: payloads.VersionDetail) -> list[tuple[str, object]]:
    always = [
        ("Type", found["type"]),
        ("Status", found["status"]),
        ("Created", human_time(found["created_at"])),
        ("Created by", found["created_by_run"] or ""),
        ("Size", f"{_mega(found['size_bytes']):.2f} MB"),
        ("Files", found["num_files"]),
        ("References", found["num_references"]),
    ]
    words = [
        ("Description", found["description"]),
        ("Aliases", ", ".join(found["aliases"])),
        ("Tags", ", ".join(found["tags"])),
    ]
    return [*always, *((label, value) for label, value in words if value)]


def _print_files(files: list[payloads.FileItem]) -> None:
    print_line("")
    print_line(f"Files ({len(files)}):")
    for one in files[:FIRST_FILES]:
        print_line(f"  {one['path']} ({one['size'] / 1024:.1f} KB)")
    if len(files) > FIRST_FILES:
        print_line(f"  ... and {len(files) - FIRST_FILES} more files")


def _delete(asked: _Asked) -> None:
    """Ask as 0.5 did: its scripts answer `y` on standard input, and need no terminal for that."""
    name, version = asked.numbered()
    if sys.stdin.isatty():
        say(f"Delete {name}:v{version}? [y/N]", end=" ")
    answer = sys.stdin.readline()
    if not answer:
        raise typer.BadParameter(
            f"answer y on standard input, or say `runicorn artifacts delete {name}:v{version}"
            f"{' --permanent' if asked.is_permanent else ''} --yes`"
        )
    if answer.strip().lower() != "y":
        show({"success": False}, lambda _: print_line("Cancelled."), as_json=asked.as_json)
        return
    kind = asked.artifact_type
    found = Client().delete_version(name, version, permanent=asked.is_permanent, artifact_type=kind)
    done = f"{'Permanently' if asked.is_permanent else 'Soft'} deleted {name}:v{version}"
    show(found, lambda _: print_line(f"✅ {done}"), as_json=asked.as_json)


def _print_stats(stats: payloads.Stats) -> None:
    print_line("")
    print_line("Artifact Storage Statistics")
    print_line("=" * 60)
    print_line(f"Total Artifacts:  {stats['total_artifacts']}")
    print_line(f"Total Versions:   {stats['total_versions']}")
    print_line(f"Total Size:       {_giga(stats['total_size_bytes'])}")
    print_line(f"Dedup Enabled:    {stats['dedup_enabled']}")
    print_line("")
    print_line("Deduplication Stats:")
    print_line(f"  Pool Size:      {_giga(stats['dedup_pool_size_bytes'])}")
    print_line(f"  Space Saved:    {_giga(stats['space_saved_bytes'])}")
    print_line(f"  Dedup Ratio:    {stats['dedup_ratio'] * 100:.1f}%")
    if stats["by_type"]:
        print_line("")
        print_line("By Type:")
    for kind, one in stats["by_type"].items():
        print_line(
            f"  {kind.capitalize():<10} {one['count']} artifacts, {one['versions']} versions, "
            f"{_giga(one['size_bytes'])}"
        )


def _print_row(*cells: tuple[object, int]) -> None:
    """Cells to their widths on a screen: a Chinese character takes two."""
    texts = [printable(value) for value, _ in cells]
    widths = [width for _, width in cells]
    padded = (
        text + " " * (width - cell_len(text)) for text, width in zip(texts, widths, strict=True)
    )
    print_line(" ".join(padded))


def _mega(size_bytes: int) -> float:
    return size_bytes / 2**20


def _giga(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.2f} GB"
