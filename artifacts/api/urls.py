"""The routes of the heart, below ``/api/``. None ends in a slash."""

from django.urls import path

from artifacts.api import (
    aliases,
    blobs,
    bundles,
    comparisons,
    content,
    deletion,
    imports,
    materialize,
    previews,
    versions,
)

ONE = "artifacts/<str:name>/v<version:version>"
TWO = "artifacts/<str:name>/compare"

urlpatterns = [
    path("artifacts", versions.ArtifactList.as_view()),
    path("artifacts/stats", versions.Stats.as_view()),
    path("artifacts/<str:name>/aliases", aliases.AliasList.as_view()),
    path("artifacts/<str:name>/aliases/<str:alias>", aliases.AliasDetail.as_view()),
    path("artifacts/<str:name>/aliases/<str:alias>/history", aliases.AliasHistory.as_view()),
    path("artifacts/<str:name>/aliases/<str:alias>/rollback", aliases.AliasRollback.as_view()),
    path("artifacts/<str:name>/delete", deletion.VersionDeletion.as_view()),
    path("artifacts/<str:name>/import", imports.VersionImport.as_view()),
    path(f"{TWO}/files/<file:path>", comparisons.FileComparison.as_view()),
    path(f"{TWO}/tensors/<file:path>", comparisons.TensorComparison.as_view()),
    path(ONE, versions.VersionDetail.as_view(), name="version_as_json"),
    path(f"{ONE}/files", versions.VersionFiles.as_view()),
    path(f"{ONE}/files/<file:path>", content.FileContent.as_view(), name="download_file"),
    path(f"{ONE}/preview/<file:path>", previews.FilePreview.as_view()),
    path(f"{ONE}/archive", content.Archive.as_view(), name="download_archive"),
    path(f"{ONE}/bundle", bundles.FileBundle.as_view()),
    path(f"{ONE}/materialize", materialize.Materialize.as_view()),
    path(f"{ONE}/restore", versions.VersionRestore.as_view()),
    path("blobs", blobs.BlobCollection.as_view()),
    path("blobs/missing", blobs.MissingBlobList.as_view()),
    path("blobs/<str:digest>", blobs.BlobContent.as_view()),
    path("blobs/<str:digest>/chunks", blobs.BlobChunks.as_view()),
]
