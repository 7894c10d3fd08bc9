"""The pages of artifacts. Those of one artifact are there twice: everyone's, and below a team."""

from django.urls import URLPattern, URLResolver, include, path

from artifacts.web import (
    alias_forms,
    artifact,
    deletion,
    patterns,
    preview,
    storage,
    suggestions,
    trash,
    upload,
    version,
)

ONE = "<str:type_>/<str:name>"
VERSION = f"{ONE}/<str:version>"

of_one_version: list[URLPattern | URLResolver] = [
    path(VERSION, version.VersionOverview.as_view(), name="version"),
    path(f"{VERSION}/delete", version.VersionDelete.as_view(), name="version_delete"),
    path(f"{VERSION}/files", version.VersionFiles.as_view(), name="version_files"),
    path(f"{VERSION}/files/<file:path>", preview.VersionFile.as_view(), name="version_file"),
    path(f"{VERSION}/metadata", version.VersionMetadata.as_view(), name="version_metadata"),
    path(f"{VERSION}/restore", version.VersionRestore.as_view(), name="version_restore"),
]

of_one_artifact: list[URLPattern | URLResolver] = [
    path(ONE, artifact.ArtifactDetail.as_view(), name="artifact"),
    path(f"{ONE}/aliases/move", alias_forms.MoveAlias.as_view(), name="move_alias"),
    path(f"{ONE}/aliases/remove", alias_forms.RemoveAlias.as_view(), name="remove_alias"),
    path(f"{ONE}/aliases/roll-back", alias_forms.RollBackAlias.as_view(), name="roll_back_alias"),
    path(f"{ONE}/versions/compare", deletion.CompareVersions.as_view(), name="compare_versions"),
    path(f"{ONE}/versions/delete", deletion.DeleteVersions.as_view(), name="delete_versions"),
    *of_one_version,
]
"""Below ``/artifacts/`` and ``/teams/{team}/artifacts/``; see ``web/links.py``."""

urlpatterns = [
    path(
        "artifacts/suggestions/<str:field>", suggestions.Suggestions.as_view(), name="suggestions"
    ),
    path("artifacts/", include(of_one_artifact)),
    path("teams/<str:team>/artifacts/", include(of_one_artifact)),
    path("settings/aliases", patterns.ProtectedAliases.as_view(), name="protected_aliases"),
    path(
        "settings/aliases/<int:pattern_id>", patterns.ChangePattern.as_view(), name="pattern_change"
    ),
    path(
        "settings/aliases/<int:pattern_id>/remove",
        patterns.RemovePattern.as_view(),
        name="pattern_remove",
    ),
    path("upload", upload.Upload.as_view(), name="upload"),
    path("upload/check", upload.UploadCheck.as_view(), name="upload_check"),
    path("storage", storage.StorageOverview.as_view(), name="storage"),
    path("trash", trash.TrashList.as_view(), name="trash"),
    path("trash/restore", trash.RestoreVersions.as_view(), name="trash_restore"),
    path("trash/purge", trash.PurgeVersions.as_view(), name="trash_purge"),
]
