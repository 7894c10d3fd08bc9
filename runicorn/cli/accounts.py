"""``runicorn login``, ``logout`` and ``whoami``: who one is to a server."""

import os
import sys
from getpass import getpass
from typing import Annotated

import typer

from runicorn import payloads
from runicorn.api import Client
from runicorn.cli import options
from runicorn.cli.output import print_fields, print_line, say, show
from runicorn.cli.text import human_time
from runicorn.config import Config
from runicorn.credentials import forget_token, store_token

Url = Annotated[
    str | None,
    typer.Argument(metavar="[URL]", help="The server; else RUNICORN_TRACKING_URI."),
]
Token = Annotated[
    str | None,
    typer.Option("--token", metavar="-", help="Read the token from standard input, do not ask."),
]
NOBODY = "nobody (open mode: the server asks for no login)"


def login(url: Url = None, *, token: Token = None, as_json: options.Json = False) -> None:
    """Keep a token for a server, after asking the server whose it is."""
    address = _address(url)
    text = _read_token(token, address)
    found = Client(Config(url=address, api_key=text)).whoami()
    path = store_token(address, text)
    say(f"The token is kept in {path}.")
    _say_what_else(address)
    line = f"Logged in to {address} as {_name(found)}"
    show(found, lambda _: print_line(line), as_json=as_json)


def _address(url: str | None) -> str:
    """The address that was given, or else the one in use, without credentials."""
    return Config.from_environment({}, url=url).url if url else Config.from_environment().url


def _read_token(token: str | None, url: str) -> str:
    """The token, from where nobody else sees it: no list of processes and no history."""
    if token not in {None, "-"}:
        raise typer.BadParameter("give the token on standard input: --token -")
    if token is None and not sys.stdin.isatty():
        raise typer.BadParameter("without a terminal, give the token on standard input: --token -")
    text = (sys.stdin.readline() if token else getpass(f"Token for {url}: ")).strip()
    if not text:
        raise typer.BadParameter("no token was given")
    return text


def _say_what_else(url: str) -> None:
    """What would keep the token from being used."""
    asked = Config.from_environment()
    if asked.url != url:
        say(f"To use this server: export RUNICORN_TRACKING_URI={url}")
    elif os.environ.get("RUNICORN_API_KEY", "").strip():
        say("RUNICORN_API_KEY is set, and comes before it.")
    elif asked.basic_auth:
        say("The password in RUNICORN_TRACKING_URI comes before it.")


def logout(url: Url = None, *, as_json: options.Json = False) -> None:
    """Forget the token kept for a server; `runicorn token revoke` makes one worthless."""
    address = _address(url)
    was_kept = forget_token(address)
    text = f"Logged out of {address}" if was_kept else f"No token is kept for {address}"
    show({"url": address, "was_kept": was_kept}, lambda _: print_line(text), as_json=as_json)


def whoami(*, as_json: options.Json = False) -> None:
    """Show who one is to the server, and what one may do there."""
    client = Client()
    show(client.whoami(), lambda found: _print_whoami(found, client.url), as_json=as_json)


def _print_whoami(found: payloads.WhoAmI, url: str) -> None:
    teams = [f"{team['name']} ({team['role']})" for team in found["teams"]]
    print_fields(
        [
            ("Server", url),
            ("User", _name(found)),
            ("Role", found["role"] or "none but in teams"),
            ("Teams", ", ".join(teams) or "-"),
            ("Token", _describe_token(found["token"])),
        ]
    )


def _name(found: payloads.WhoAmI) -> str:
    return NOBODY if found["username"] is None else found["username"]


def _describe_token(token: payloads.WhoAmIToken | None) -> str:
    if token is None:
        return "-"
    ends = token["expires_at"]
    until = f", until {human_time(ends)}" if ends is not None else ""
    return f"{token['name']} (scope {token['scope']}{until})"
