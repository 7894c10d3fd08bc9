"""How to use an artifact from Python, from the shell and with curl: lines that work as they are."""

import shlex
from dataclasses import dataclass

from accounts.access import Caller, is_open
from accounts.names import EVERYONE
from artifacts.models import Artifact, Version
from artifacts.web.links import archive_path

PYTHON = """import os
os.environ["RUNICORN_TRACKING_URI"] = {url}

import runicorn as rn

with rn.init(project="demo") as run:
    folder = run.use_artifact({reference}).download()
"""
SHELL = """export RUNICORN_TRACKING_URI={url}
runicorn artifacts get {reference}
"""
CURL = """curl --fail --location --output {file} {header}\\
  {url}
"""
AUTHORIZATION = '--header "Authorization: Bearer $RUNICORN_API_KEY" '


@dataclass(frozen=True)
class Snippet:
    """``text`` in the language ``label``; ``key`` is an id."""

    key: str
    label: str
    text: str


def reference_of(artifact: Artifact, asked_by: Caller) -> str:
    """``type/name``, or ``team/type/name`` where that is needed to mean just this one."""
    if artifact.team is None:
        same = Artifact.objects.visible_to(asked_by).filter(name=artifact.name, type=artifact.type)
        if not same.exclude(pk=artifact.pk).exists():
            return str(artifact)
        return f"{EVERYONE}/{artifact}"
    return str(artifact)


def snippets(version: Version, *, ref: str, portal_url: str, asked_by: Caller) -> list[Snippet]:
    """Lines that fetch ``ref``, which is ``version`` now, from the server ``portal_url``."""
    reference = f"{reference_of(version.artifact, asked_by)}:{ref}"
    shell = SHELL.format(url=shlex.quote(portal_url), reference=shlex.quote(reference))
    return [
        Snippet(
            "python", "Python", PYTHON.format(url=_quoted(portal_url), reference=_quoted(reference))
        ),
        Snippet("shell", "CLI", shell),
        Snippet("curl", "curl", _curl(version, portal_url)),
    ]


def _curl(version: Version, portal_url: str) -> str:
    return CURL.format(
        file=shlex.quote(f"{version.artifact.name}-v{version.number}.zip"),
        header="" if is_open() else AUTHORIZATION,
        url=shlex.quote(portal_url + archive_path(version)),
    )


def _quoted(text: str) -> str:
    """A Python string literal in double quotes; a name holds neither these nor backslashes."""
    return f'"{text}"'
