"""``runicorn artifacts get`` and ``put``: bytes to here, bytes to there."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from runicorn.api import Client
from runicorn.artifact import Artifact
from runicorn.cli import options
from runicorn.cli.lookup import find_version, full_name
from runicorn.cli.output import print_line, say, show
from runicorn.cli.text import human_size
from runicorn.config import read_mode
from runicorn.models import ArtifactManifest
from runicorn.session import init_apart
from runicorn.specs import parse_name

Folder = Annotated[
    Path | None,
    typer.Argument(metavar="[DIR]", help="Where to (default: artifacts/NAME-vN)."),
]
Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH...", exists=True, help="Files and folders.")
]
Aliases = Annotated[
    list[str],
    typer.Option(
        "--alias",
        "-a",
        default_factory=list,
        show_default=False,
        help="An alias for it; repeatable.",
    ),
]
Comment = Annotated[
    str, typer.Option("--comment", help="Why the aliases move to it; kept in their history.")
]
Tags = Annotated[
    list[str],
    typer.Option("--tag", default_factory=list, show_default=False, help="A tag; repeatable."),
]
Metadata = Annotated[
    list[str],
    typer.Option(
        "--metadata",
        "-m",
        default_factory=list,
        show_default=False,
        metavar="KEY=VALUE",
        help="VALUE is JSON, or else text.",
    ),
]
Excludes = Annotated[
    list[str],
    typer.Option(
        "--exclude",
        default_factory=list,
        show_default=False,
        metavar="GLOB",
        help="Leave out of folders; repeatable.",
    ),
]
Description = Annotated[str, typer.Option("--description", "-d", help="A sentence about it.")]
Project = Annotated[str, typer.Option("--project", help="The project of the run that logs it.")]
RunName = Annotated[str, typer.Option("--run-name", help="The name of the run that logs it.")]


def get(
    artifact: options.NameAndRef,
    folder: Folder = None,
    *,
    type_: options.Type = None,
    team: options.Team = None,
    as_json: options.Json = False,
) -> None:
    """Download a version; files that are there already with the right content are kept."""
    client = Client()
    detail = find_version(client, artifact, type_, team)
    found = Artifact.from_detail(client, detail)
    target = folder or Path("artifacts") / f"{found.name}-v{found.version}"
    found.download(target)
    manifest = found.get_manifest() or ArtifactManifest()
    say(f"{full_name(detail)}: {_counted(manifest.total_files)}, {human_size(manifest.total_size)}")
    described = _describe(found, manifest, target)
    show(described, lambda _: print_line(target), as_json=as_json)


def put(  # noqa: PLR0913 one parameter for each option
    name: options.Name,
    paths: Paths,
    *,
    type_: options.Type = None,
    team: options.Team = None,
    aliases: Aliases,
    comment: Comment = "",
    tags: Tags,
    metadata: Metadata,
    exclude: Excludes,
    description: Description = "",
    project: Project = "default",
    run_name: RunName = "put",
    as_json: options.Json = False,
) -> None:
    """Log files and folders as a new version, in a run of its own.

    The content of a single folder goes to the top of the version; of several paths each stands
    under its own name.
    """
    named = parse_name(name, type_, team)
    artifact = Artifact(
        named.name, named.artifact_type or "model", description, parse_metadata(metadata),
        team=named.team,
    )  # fmt: skip
    _add_paths(artifact.add_tags(*tags), paths, exclude)
    artifact.draft(aliases, None, comment=comment)
    with init_apart(project, run_name) as run:
        number = run.log_artifact(artifact, aliases, comment=comment)
    if number:
        detail = find_version(run.client, artifact.full_name, artifact.type, artifact.team)
        show(detail, lambda one: print_line(full_name(one)), as_json=as_json)
    else:
        _show_unsent(artifact, as_json=as_json)


def _show_unsent(artifact: Artifact, *, as_json: bool) -> None:
    """Offline, and in disabled mode, there is no version yet."""
    is_queued = read_mode(None) == "offline"
    name = artifact.full_name if is_queued else artifact.name
    show({"artifact": name, "queued": is_queued}, lambda _: print_line(name), as_json=as_json)
    say("`runicorn sync` sends it" if is_queued else "RUNICORN_MODE=disabled: nothing is logged")


def _counted(num_files: int) -> str:
    return "1 file" if num_files == 1 else f"{num_files} files"


def _describe(artifact: Artifact, manifest: ArtifactManifest, target: Path) -> dict[str, object]:
    return {
        "artifact": artifact.full_name,
        "type": artifact.type,
        "path": str(target),
        "files": manifest.total_files,
        "size_bytes": manifest.total_size,
    }


def _add_paths(artifact: Artifact, paths: list[Path], exclude: list[str]) -> None:
    for path in paths:
        if not path.is_dir():
            artifact.add_file(path)
        elif len(paths) == 1:
            artifact.add_dir(path, exclude_patterns=exclude)
        else:
            artifact.add_dir(path, name=path.resolve().name, exclude_patterns=exclude)


def parse_metadata(pairs: list[str]) -> dict[str, Any]:  # the user's own
    """Read ``KEY=VALUE`` pairs; a value that is no JSON is text."""
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not key or not equals:
            raise typer.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint="--metadata")
        found[key] = _parse_value(text)
    return found


def _parse_value(text: str) -> object:
    try:
        return json.loads(text, parse_constant=str)
    except ValueError:
        return text
