"""The shape of the heart. The database refuses bad data; Python explains it."""

from artifacts.models.aliases import Alias, AliasEvent, ProtectedAlias
from artifacts.models.blobs import Blob, BlobBase, BlobChunks, BlobUpload, Hook, StoreIdentity
from artifacts.models.versions import Artifact, ManifestEntry, Reference, Version

__all__ = [
    "Alias",
    "AliasEvent",
    "Artifact",
    "Blob",
    "BlobBase",
    "BlobChunks",
    "BlobUpload",
    "Hook",
    "ManifestEntry",
    "ProtectedAlias",
    "Reference",
    "StoreIdentity",
    "Version",
]
