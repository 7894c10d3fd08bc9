"""``runicorn token``: tokens for other machines and for programs."""

import re
import time
from datetime import datetime
from typing import Annotated

import typer

from runicorn import payloads
from runicorn.api import Client
from runicorn.cli import options
from runicorn.cli.output import print_line, print_secret, print_table, say, show
from runicorn.cli.text import human_time

app = typer.Typer(no_args_is_help=True, help="Tokens, for other machines and for programs.")

SCOPES = ("read", "write", "admin")
SECONDS = {"h": 3600, "d": 86_400, "w": 7 * 86_400}
_SPAN = re.compile(r"([1-9][0-9]{0,4})([hdw])")

Name = Annotated[str, typer.Argument(metavar="NAME", help="What to call it, e.g. ci.")]
TokenId = Annotated[int, typer.Argument(metavar="ID", min=1, help="As `token list` shows it.")]
Scope = Annotated[
    str, typer.Option("--scope", metavar="SCOPE", help="read, write or admin: what it may do.")
]
Expires = Annotated[
    str | None,
    typer.Option("--expires", metavar="WHEN", help="30d, 12h, 2w, or a date; else never."),
]
For = Annotated[
    str | None, typer.Option("--user", metavar="NAME", help="A service account (admins only).")
]
Whose = Annotated[
    str | None, typer.Option("--user", metavar="NAME", help="Whose (admins only); else one's own.")
]


@app.command()
def create(
    name: Name,
    *,
    scope: Scope = "write",
    expires: Expires = None,
    user: For = None,
    as_json: options.Json = False,
) -> None:
    """Make a token and print it, this once."""
    if scope not in SCOPES:
        raise typer.BadParameter(f"{scope!r} is none of {', '.join(SCOPES)}", param_hint="--scope")
    request: payloads.TokenRequest = {"name": name, "scope": scope}
    if expires is not None:
        request["expires_at"] = parse_expiry(expires)
    if user is not None:
        request["user"] = user
    show(Client().create_token(request), _print_new, as_json=as_json)


def _print_new(made: payloads.NewToken) -> None:
    say(f"Token {made['id']} of {made['user']}: {_ends(made)}. It is shown this once:")
    print_secret(made["token"])


def parse_expiry(text: str) -> float:
    """Epoch seconds of a moment from now (``30d``, ``12h``, ``2w``) or of a date."""
    span = _SPAN.fullmatch(text)
    if span:
        return time.time() + int(span[1]) * SECONDS[span[2]]
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError):
        why = f"{text!r} is neither 30d, 12h, 2w nor a date such as 2027-01-31"
        raise typer.BadParameter(why, param_hint="--expires") from None


@app.command("list")
def list_tokens(*, user: Whose = None, as_json: options.Json = False) -> None:
    """List the tokens that are not revoked, the newest first."""
    show(Client().list_tokens(user=user), _print_tokens, as_json=as_json)


def _print_tokens(found: list[payloads.TokenInfo]) -> None:
    headers = ("ID", "Name", "Begins", "Scope", "Made", "Last used", "Ends")
    print_table(headers, map(_row, found), if_none="There are no tokens.")


def _row(token: payloads.TokenInfo) -> tuple[object, ...]:
    return (
        token["id"],
        token["name"],
        f"{token['hint']}…",
        token["scope"],
        human_time(token["created_at"]),
        human_time(token["last_used_at"]),
        _ends(token),
    )


def _ends(token: payloads.TokenInfo) -> str:
    ends = token["expires_at"]
    if ends is None:
        return "never ends"
    return f"{'ended' if ends <= time.time() else 'ends'} {human_time(ends)}"


@app.command()
def revoke(token_id: TokenId, *, as_json: options.Json = False) -> None:
    """Make a token worthless for good."""
    found = Client().revoke_token(token_id)
    show(found, lambda one: print_line(one["message"]), as_json=as_json)
