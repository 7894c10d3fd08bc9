"""The lineage app."""

from django.apps import AppConfig


class LineageConfig(AppConfig):
    """How things came to be."""

    name = "lineage"
