"""The frame as a Django app: it brings the system checks and ``manage.py serve``."""

from importlib import import_module

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """Registers the checks once the models are loaded."""

    name = "runicorn_site"

    def ready(self) -> None:
        """Import the checks and the words of the schema; importing registers them."""
        import_module("runicorn_site.checks")
        import_module("runicorn_site.schema")
