"""Commands of Runicorn 0.5 that a portal has no use for: what to say in their place."""

from typing import Any

import typer
from typer.core import TyperGroup

_RUNS = "metrics of runs stay with Runicorn; this is the home of its artifacts, see `artifacts`"
FORMER = {
    "config": "there is no folder to set; RUNICORN_TRACKING_URI says where the server is",
    "export-data": _RUNS,
    "generate-manifest": "nothing is synchronised; every client asks the server",
    "manage": _RUNS,
    "rate-limit": "the server's limits are settings of its own, see docs/settings.md",
    "viewer": "the server has its pages at its own address; `make run` in its folder starts one",
}


class Commands(TyperGroup):
    """The commands; one that is gone is refused with what there is instead."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # a context is typer's own
        """Find the command, as usual."""
        if args[0] in FORMER:
            raise typer.BadParameter(f"Runicorn 0.5 had `{args[0]}`: {FORMER[args[0]]}.", ctx=ctx)
        return super().resolve_command(ctx, args)
