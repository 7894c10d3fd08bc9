"""Runicorn's Python SDK: log models and datasets as versions, use them, trace where they came from.

>>> import runicorn as rn
>>> with rn.init(project="vision", name="resnet50") as run:
...     model = rn.Artifact("resnet50", type="model").add_file("model.pth")
...     version = run.log_artifact(model, aliases=["production"])
>>> rn.Api().artifact("resnet50:production").full_name
'resnet50:v1'

The server's address is taken from ``RUNICORN_TRACKING_URI``, a token from ``RUNICORN_API_KEY``, or
else the one that ``runicorn login`` keeps; ``RUNICORN_TEAM`` is whose what is logged becomes. With
``RUNICORN_MODE=offline`` nothing is sent until ``runicorn sync``; ``RUNICORN_HOME`` is where all
lies that this package writes.
"""

from typing import TYPE_CHECKING, NoReturn

from runicorn import errors, former
from runicorn.api import Client
from runicorn.artifact import Artifact
from runicorn.catalogue import Api
from runicorn.errors import RunicornError
from runicorn.models import (
    ArtifactManifest,
    ArtifactMetadata,
    ArtifactType,
    FileEntry,
    ReferenceEntry,
    RunRef,
)
from runicorn.run import Run
from runicorn.session import finish, get_active_run, init
from runicorn.syncing import SyncReport, sync
from runicorn.verifying import Verification
from runicorn.version import __version__

__all__ = [
    "Api",
    "Artifact",
    "ArtifactManifest",
    "ArtifactMetadata",
    "ArtifactType",
    "Client",
    "FileEntry",
    "ReferenceEntry",
    "Run",
    "RunRef",
    "RunicornError",
    "SyncReport",
    "Verification",
    "__version__",
    "errors",
    "finish",
    "get_active_run",
    "init",
    "sync",
]

if not TYPE_CHECKING:  # for a type checker they are unknown names

    def __getattr__(name: str) -> NoReturn:
        """Say of what Runicorn 0.5 had what to do instead."""
        raise former.missing_of_module(__name__, name)
