"""The artifacts app."""

from django.apps import AppConfig

from artifacts.converters import register_converters


class ArtifactsConfig(AppConfig):
    """The heart."""

    name = "artifacts"

    def ready(self) -> None:
        """Before the routes are read."""
        register_converters()
