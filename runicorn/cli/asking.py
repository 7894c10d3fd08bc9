"""Asking before something goes: at a terminal only, on standard error, so that data stays data."""

import sys

import typer

from runicorn.cli.output import say


def require_terminal(why: str) -> None:
    """Refuse (exit code 2) where nobody could answer; ``why`` says what asks."""
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"{why}; without a terminal add --yes")


def confirm(question: str) -> None:
    """Go on after ``y`` or ``yes``; anything else, or nothing, aborts (exit code 1)."""
    say(f"{question} [y/N]:", end=" ")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise typer.Abort
