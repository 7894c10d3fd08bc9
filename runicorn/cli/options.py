"""The arguments and options that several commands share."""

from typing import Annotated

import typer

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The artifact's name, TYPE/NAME or TEAM/TYPE/NAME.")
]
NameAndRef = Annotated[
    str,
    typer.Argument(
        metavar="NAME[:REF]",
        help="[[TEAM/]TYPE/]NAME:v3, :production, :production@2026-05-01 (where it was then); "
        "NAME is its latest.",
    ),
]
NameAndVersion = Annotated[str, typer.Argument(metavar="NAME:vN", help="The version, by number.")]
Type = Annotated[
    str | None,
    typer.Option("--type", "-t", metavar="TYPE", help="model, dataset, config, code or custom."),
]
Team = Annotated[
    str | None, typer.Option("--team", metavar="TEAM", help="Whose: a team's, or everyone's.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
