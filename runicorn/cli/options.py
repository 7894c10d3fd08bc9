"""The arguments and options that several commands share."""

from typing import Annotated

import typer

from runicorn.cli import suggestions

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="The artifact's name, TYPE/NAME or TEAM/TYPE/NAME.",
        autocompletion=suggestions.artifact_names,
    ),
]
NameAndRef = Annotated[
    str,
    typer.Argument(
        metavar="NAME[:REF]",
        help="[[TEAM/]TYPE/]NAME:v3, :production, :production@2026-05-01 (where it was then); "
        "NAME is its latest.",
        autocompletion=suggestions.references,
    ),
]
NameAndVersion = Annotated[
    str,
    typer.Argument(
        metavar="NAME:vN",
        help="The version, by number.",
        autocompletion=suggestions.versions,
    ),
]
Type = Annotated[
    str | None,
    typer.Option(
        "--type",
        "-t",
        metavar="TYPE",
        help="model, dataset, config, code or custom.",
        autocompletion=suggestions.types,
    ),
]
Team = Annotated[
    str | None, typer.Option("--team", metavar="TEAM", help="Whose: a team's, or everyone's.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
