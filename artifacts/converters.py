"""What stands for a version and for a file in the routes, of the API and of the pages."""

from django.urls import register_converter


class VersionText:
    """What follows the ``v``: a number; the view says what is wrong with it, if anything."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """As it is."""
        return value

    def to_url(self, value: str) -> str:
        """As it is."""
        return value


class FilePath(VersionText):
    """The rest of the URL: any path the rules allow, also one with a line break."""

    regex = "(?s:.+)"


def register_converters() -> None:
    """Let routes say ``<version:…>`` and ``<file:…>``; once, before any of them is read."""
    register_converter(VersionText, "version")
    register_converter(FilePath, "file")
