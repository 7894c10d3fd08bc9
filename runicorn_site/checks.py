"""Settings that contradict each other or the world: each refused at start, with what to do.

``manage.py check`` runs those about settings, ``manage.py check --database default`` all of them;
``manage.py serve`` runs all and does not start on an error.
"""

import ipaddress
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import ProgrammingError, connection

from artifacts.services.store import check_store_identity

SECRET_MIN_LENGTH = 32
SECRET_MIN_DIFFERENT = 8
POSTGRES_MIN = 15

Apps = Sequence[AppConfig] | None


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine can reach ``host`` (an address or a name)."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@register(Tags.security)
def check_open_access(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Open mode is for this machine only."""
    if settings.RUNICORN_ACCESS != "open":
        return []
    found: list[CheckMessage] = []
    if not is_loopback(settings.RUNICORN_HOST):
        found.append(
            Error(
                f"RUNICORN_HOST={settings.RUNICORN_HOST} with RUNICORN_ACCESS=open would let "
                "everybody on the network in.",
                hint="Set RUNICORN_ACCESS=team to ask for a login, or RUNICORN_HOST=127.0.0.1.",
                id="runicorn.E001",
            )
        )
    if any(host.startswith(("*", ".")) for host in settings.ALLOWED_HOSTS):
        found.append(
            Error(
                "RUNICORN_ALLOWED_HOSTS has a wildcard with RUNICORN_ACCESS=open: a web page of "
                "another site could write here (DNS rebinding).",
                hint="Name the hosts, e.g. RUNICORN_ALLOWED_HOSTS=localhost,127.0.0.1",
                id="runicorn.E002",
            )
        )
    return found


@register(Tags.security)
def check_team_secret(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Team mode signs logins, so it needs a key of its own."""
    key = settings.RUNICORN_SECRET_KEY
    if settings.RUNICORN_ACCESS != "team":
        return []
    if len(key) >= SECRET_MIN_LENGTH and len(set(key)) >= SECRET_MIN_DIFFERENT:
        return []
    what = "is too weak" if key else "is missing"
    return [
        Error(
            f"RUNICORN_SECRET_KEY {what} and RUNICORN_ACCESS=team signs logins with it.",
            hint=f"Set it, or RUNICORN_SECRET_KEY_FILE, to at least {SECRET_MIN_LENGTH} random "
            'characters: python3 -c "import secrets; print(secrets.token_urlsafe(48))"',
            id="runicorn.E003",
        )
    ]


@register(Tags.security)
def check_https(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """HTTPS is a proxy's: without one nobody could tell a request that came by it."""
    if settings.RUNICORN_HTTPS == "off" or settings.RUNICORN_TRUSTED_PROXIES:
        return []
    return [
        Error(
            "RUNICORN_HTTPS=on without RUNICORN_TRUSTED_PROXIES: the portal speaks HTTP, and only "
            "a proxy that is trusted may say that its clients speak HTTPS.",
            hint="Set RUNICORN_TRUSTED_PROXIES to how many proxies there are, and have the first "
            "set X-Forwarded-Proto.",
            id="runicorn.E008",
        )
    ]


@register(Tags.database)
def check_postgres(
    app_configs: Apps,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """PostgreSQL, and one that is new enough."""
    if not databases:
        return []
    hint = f"Point DATABASE_URL at PostgreSQL {POSTGRES_MIN} or later, or unset it."
    if connection.vendor != "postgresql":
        text = f"The portal runs on PostgreSQL, not on {connection.vendor}."
        return [Error(text, hint=hint, id="runicorn.E005")]
    major, _ = connection.get_database_version()
    if major < POSTGRES_MIN:
        return [Error(f"PostgreSQL {major} is too old.", hint=hint, id="runicorn.E006")]
    return []


@register(Tags.database)
def check_store(
    app_configs: Apps,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """The store on disk is the one the database knows."""
    if not databases or connection.vendor != "postgresql":
        return []
    hint = f"RUNICORN_STORAGE_ROOT is {settings.RUNICORN_STORAGE_ROOT}: mount it, or correct it."
    try:
        return [Error(text, hint=hint, id="runicorn.E007") for text in check_store_identity()]
    except ProgrammingError:
        return []  # before the first migration there is no table, so no store is known
