"""``runicorn completion``: what a shell needs to complete commands, options, types and names."""

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import completion_init, get_completion_script  # type: ignore[attr-defined]

from runicorn.cli.output import print_secret

PROGRAM = "runicorn"
VARIABLE = f"_{PROGRAM.upper()}_COMPLETE"

# Ours, as bash takes a colon for the end of a word, and typer's script then completes what follows
# it as a word of its own: here the pieces are put together, and the answer loses what is typed.
BASH = f"""\
_runicorn_completion() {{
    local IFS=$'\\n' words=() last=-1 typed i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        if ((i > 0)) && [[ ${{COMP_WORDS[i]}} == :* || ${{COMP_WORDS[i - 1]}} == *: ]]; then
            words[last]+=${{COMP_WORDS[i]}}
        else
            words[++last]=${{COMP_WORDS[i]}}
        fi
    done
    typed=${{words[last]%"${{words[last]##*:}}"}}
    COMPREPLY=($(env COMP_WORDS="${{words[*]}}" COMP_CWORD="$last" {VARIABLE}=complete_bash "$1"))
    COMPREPLY=("${{COMPREPLY[@]#"$typed"}}")
}}
complete -o default -F _runicorn_completion {PROGRAM}
"""


class Shell(StrEnum):
    """The shells there is a script for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


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
    print_secret(BASH if shell is Shell.BASH else _typers_script(shell))


def _typers_script(shell: Shell) -> str:
    script: str = get_completion_script(prog_name=PROGRAM, complete_var=VARIABLE, shell=shell.value)
    return script
