"""``runicorn artifacts get`` and ``put``: bytes to here, bytes to there."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from runicorn.api import Client
from runicorn.artifact import Artifact
from runicorn.cli import options
from runicorn.cli.lookup import (
    find_type,
    find_version,
    full_name,
    only_type,
    parse_artifact,
)
from runicorn.cli.output import print_line, say, show
from runicorn.cli.text import counted, human_size
from runicorn.config import read_mode
from runicorn.models import ArtifactManifest
from runicorn.offline import known_types
from runicorn.session import init_apart
from runicorn.specs import ArtifactName

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
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(f"{target} is a file: say a folder to download into")
    found.download(target)
    manifest = found.get_manifest() or ArtifactManifest()
    files, size = counted(manifest.total_files, "file"), human_size(manifest.total_size)
    say(f"{full_name(detail)}: {files}, {size}")
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

    Without --type it is a version of the artifact of this name, whatever its type; a name that is
    new becomes a model, and one that stands in several types is refused.

    The content of a single folder goes to the top of the version; of several paths each stands
    under its own name.
    """
    named, words = parse_artifact(name, type_, team), parse_metadata(metadata)
    _check_paths(paths)
    artifact = Artifact(named.name, _type_to_log(named), description, words, team=named.team)
    _add_paths(artifact.add_tags(*tags), paths, exclude)
    artifact.draft(aliases, None, comment=comment)
    with init_apart(project, run_name) as run:
        number = run.log_artifact(artifact, aliases, comment=comment)
    if number:
        detail = find_version(run.client, artifact.full_name, artifact.type, artifact.team)
        show(detail, lambda one: print_line(full_name(one)), as_json=as_json)
    else:
        _show_unsent(artifact, as_json=as_json)


def _type_to_log(named: ArtifactName) -> str:
    """Return the type that was said, else that of the artifact there is, else ``model``."""
    mode, kind = read_mode(None), named.artifact_type
    if kind is None and mode != "disabled":
        client = Client()
        team = named.team or client.team
        if mode == "online":
            kind = find_type(client, named.name, artifact_type=None, team=team)
        else:
            kind = only_type(named.name, known_types(named.name, team, client.url))
    return kind or "model"


def _show_unsent(artifact: Artifact, *, as_json: bool) -> None:
    """Offline, and in disabled mode, there is no version yet."""
    is_queued = read_mode(None) == "offline"
    name = artifact.full_name if is_queued else artifact.name
    show({"artifact": name, "queued": is_queued}, lambda _: print_line(name), as_json=as_json)
    sent = f"`runicorn sync` sends it; its type is {artifact.type}"
    say(sent if is_queued else "RUNICORN_MODE=disabled: nothing is logged")


def _describe(artifact: Artifact, manifest: ArtifactManifest, target: Path) -> dict[str, object]:
    return {
        "artifact": artifact.full_name,
        "type": artifact.type,
        "path": str(target),
        "files": manifest.total_files,
        "size_bytes": manifest.total_size,
    }


def _check_paths(paths: list[Path]) -> None:
    given = [path.resolve() for path in paths]
    if twice := [path for path in paths if given.count(path.resolve()) > 1]:
        raise typer.BadParameter(f"{twice[0]} is given twice", param_hint="PATH")


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
