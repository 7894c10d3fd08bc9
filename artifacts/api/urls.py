"""The routes of the heart, below ``/api/``. None ends in a slash."""

from django.urls import path, register_converter

from artifacts.api import aliases, blobs, content, versions


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


register_converter(VersionText, "version")
register_converter(FilePath, "file")

ONE = "artifacts/<str:name>/v<version:version>"

urlpatterns = [
    path("artifacts", versions.ArtifactList.as_view()),
    path("artifacts/stats", versions.Stats.as_view()),
    path("artifacts/<str:name>/aliases", aliases.AliasList.as_view()),
    path("artifacts/<str:name>/aliases/<str:alias>", aliases.AliasDetail.as_view()),
    path("artifacts/<str:name>/aliases/<str:alias>/history", aliases.AliasHistory.as_view()),
    path(ONE, versions.VersionDetail.as_view()),
    path(f"{ONE}/files", versions.VersionFiles.as_view()),
    path(f"{ONE}/files/<file:path>", content.FileContent.as_view()),
    path(f"{ONE}/archive", content.Archive.as_view()),
    path(f"{ONE}/restore", versions.VersionRestore.as_view()),
    path("blobs", blobs.BlobCollection.as_view()),
    path("blobs/missing", blobs.MissingBlobList.as_view()),
    path("blobs/<str:digest>", blobs.BlobContent.as_view()),
]
