"""``runicorn completion``: what a shell needs to complete commands, options, types and names."""

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import completion_init, get_completion_script  # type: ignore[attr-defined]

from runicorn.cli.output import print_secret

PROGRAM = "runicorn"


class Shell(StrEnum):
    """The shells there is a script for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


Which = Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")]


def prepare() -> None:
    """Make the program answer the shell, which asks by ``_RUNICORN_COMPLETE``."""
    completion_init()


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """Print the script that lets a shell complete what is typed.

    bash: `source <(runicorn completion bash)` in ~/.bashrc; zsh the same with zsh in ~/.zshrc,
    after compinit; fish: `runicorn completion fish > ~/.config/fish/completions/runicorn.fish`.
    """
    variable = f"_{PROGRAM.upper()}_COMPLETE"
    print_secret(get_completion_script(prog_name=PROGRAM, complete_var=variable, shell=shell.value))
