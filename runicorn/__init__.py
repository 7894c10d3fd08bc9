"""Runicorn's Python SDK: log models and datasets as versions, use them, trace where they came from.

>>> import runicorn as rn
>>> with rn.init(project="vision", name="resnet50") as run:
...     model = rn.Artifact("resnet50-model", type="model").add_file("model.pth")
...     version = run.log_artifact(model, aliases=["production"])

The server's address is taken from ``RUNICORN_TRACKING_URI``, a token from ``RUNICORN_API_KEY``, or
else the one that ``runicorn login`` keeps; ``RUNICORN_TEAM`` is whose what is logged becomes.
"""

from runicorn import errors
from runicorn.api import Client
from runicorn.artifact import Artifact
from runicorn.errors import RunicornError
from runicorn.models import (
    ArtifactManifest,
    ArtifactMetadata,
    ArtifactType,
    FileEntry,
    ReferenceEntry,
)
from runicorn.run import Run, finish, get_active_run, init
from runicorn.version import __version__

__all__ = [
    "Artifact",
    "ArtifactManifest",
    "ArtifactMetadata",
    "ArtifactType",
    "Client",
    "FileEntry",
    "ReferenceEntry",
    "Run",
    "RunicornError",
    "__version__",
    "errors",
    "finish",
    "get_active_run",
    "init",
]
