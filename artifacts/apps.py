"""The artifacts app."""

from django.apps import AppConfig


class ArtifactsConfig(AppConfig):
    """The heart."""

    name = "artifacts"
