"""Artifacts, versions, aliases and blobs in Django's admin. Writes go through the services."""

from artifacts.admin import aliases, artifacts, blobs, versions

__all__ = ["aliases", "artifacts", "blobs", "versions"]
