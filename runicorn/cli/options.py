"""The arguments and options that several commands share."""

from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(metavar="NAME", help="The artifact's name.")]
NameAndRef = Annotated[
    str,
    typer.Argument(
        metavar="NAME[:REF]", help="NAME:v3, NAME:production or TYPE/NAME:v3; NAME is its latest."
    ),
]
NameAndVersion = Annotated[str, typer.Argument(metavar="NAME:vN", help="The version, by number.")]
Type = Annotated[
    str | None,
    typer.Option("--type", "-t", metavar="TYPE", help="model, dataset, config, code or custom."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
