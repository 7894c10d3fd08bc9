"""Artifacts and their versions over HTTP."""

import json
from collections.abc import Sequence
from urllib.parse import quote

import urllib3

from runicorn import payloads
from runicorn.client.base import Routes
from runicorn.routes import artifact_path, version_path, whose
from runicorn.transport import Call


class ArtifactRoutes(Routes):
    """Artifacts, versions, files."""

    def list_artifacts(self, **filters: str | int | None) -> list[payloads.ArtifactItem]:
        """``GET /api/artifacts``; ``filters`` are its query, None leaves one out."""
        return self._get(list[payloads.ArtifactItem], "/api/artifacts", **filters)

    def list_versions(
        self, name: str, *, artifact_type: str | None = None, team: str | None = None
    ) -> list[payloads.VersionItem]:
        """``GET …/versions``: the history, oldest first."""
        path = f"{artifact_path(name)}/versions"
        return self._get(list[payloads.VersionItem], path, **whose(artifact_type, team))

    def get_version(
        self, name: str, version: int, *, artifact_type: str | None = None, team: str | None = None
    ) -> payloads.VersionDetail:
        """``GET …/v{version}``: one version in full."""
        path = version_path(name, version)
        return self._get(payloads.VersionDetail, path, **whose(artifact_type, team))

    def get_files(
        self, name: str, version: int, *, artifact_type: str | None = None, team: str | None = None
    ) -> payloads.FilesListing:
        """``GET …/v{version}/files``: its files and references."""
        path = f"{version_path(name, version)}/files"
        return self._get(payloads.FilesListing, path, **whose(artifact_type, team))

    def get_lineage(
        self,
        name: str,
        version: int,
        *,
        max_depth: int = 3,
        artifact_type: str | None = None,
        team: str | None = None,
    ) -> payloads.Lineage:
        """``GET …/v{version}/lineage``: the graph, ``max_depth`` versions far."""
        path = f"{version_path(name, version)}/lineage"
        return self._get(payloads.Lineage, path, **whose(artifact_type, team), max_depth=max_depth)

    def get_impact(
        self, name: str, version: int, *, artifact_type: str | None = None, team: str | None = None
    ) -> payloads.Impact:
        """``GET …/v{version}/impact``: everything that was made from it."""
        path = f"{version_path(name, version)}/impact"
        return self._get(payloads.Impact, path, **whose(artifact_type, team))

    def get_stats(self) -> payloads.Stats:
        """``GET /api/artifacts/stats``."""
        return self._get(payloads.Stats, "/api/artifacts/stats")

    def delete_version(
        self,
        name: str,
        version: int,
        *,
        permanent: bool = False,
        artifact_type: str | None = None,
        team: str | None = None,
    ) -> payloads.Deleted:
        """``DELETE …/v{version}``; not repeated: a second permanent delete finds nothing."""
        query = {**whose(artifact_type, team), "permanent": str(permanent).lower()}
        call = Call("DELETE", version_path(name, version), query, is_safe=False)
        return self._ask(payloads.Deleted, call)

    def delete_versions(
        self,
        name: str,
        request: payloads.DeleteRequest,
        *,
        artifact_type: str | None = None,
        team: str | None = None,
    ) -> payloads.VersionsDeleted:
        """``POST …/delete``: delete several versions, or learn what that would free."""
        path, query = f"{artifact_path(name)}/delete", whose(artifact_type, team)
        is_safe = request.get("dry_run", False)
        return self._send(
            payloads.VersionsDeleted, "POST", path, request, query=query, is_safe=is_safe
        )

    def describe_version(
        self,
        name: str,
        version: int,
        changes: payloads.DescribeRequest,
        *,
        artifact_type: str | None = None,
        team: str | None = None,
    ) -> payloads.VersionDetail:
        """``PATCH …/v{version}``: say its description, tags or metadata anew."""
        path, query = version_path(name, version), whose(artifact_type, team)
        is_safe = "seen_at" not in changes  # what a lost answer changed would count as another's
        return self._send(
            payloads.VersionDetail, "PATCH", path, changes, query=query, is_safe=is_safe
        )

    def restore_version(
        self, name: str, version: int, *, artifact_type: str | None = None, team: str | None = None
    ) -> payloads.VersionDetail:
        """``POST …/v{version}/restore``: undo a soft delete."""
        path, query = f"{version_path(name, version)}/restore", whose(artifact_type, team)
        return self._send(payloads.VersionDetail, "POST", path, {}, query=query, is_safe=False)

    def materialize_version(
        self, name: str, version: int, *, artifact_type: str | None = None, team: str | None = None
    ) -> payloads.Materialized:
        """``POST …/v{version}/materialize``: have every file of it lie on the server's disk."""
        path, query = f"{version_path(name, version)}/materialize", whose(artifact_type, team)
        return self._send(payloads.Materialized, "POST", path, {}, query=query)

    def commit_version(self, name: str, body: payloads.CommitRequest) -> payloads.VersionDetail:
        """``POST …/versions``; its ``commit_id`` makes repeating it harmless."""
        return self._send(payloads.VersionDetail, "POST", f"{artifact_path(name)}/versions", body)

    def open_file(
        self,
        name: str,
        version: int,
        path: str,
        *,
        artifact_type: str | None = None,
        team: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """``GET …/files/{path}``: the bytes, still to be read; ``headers`` may ask for a range."""
        target = f"{version_path(name, version)}/files/{quote(path, safe='/')}"
        return self._transport.open(Call("GET", target, whose(artifact_type, team), headers or {}))

    def open_bundle(
        self,
        name: str,
        version: int,
        digests: Sequence[str],
        *,
        artifact_type: str | None = None,
        team: str | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """``POST …/bundle``: contents of the version as records, still to be read."""
        data = json.dumps({"digests": list(digests)}).encode()
        path, query = f"{version_path(name, version)}/bundle", whose(artifact_type, team)
        headers = {"Content-Type": "application/json"}
        return self._transport.open(Call("POST", path, query, headers, body=lambda: data))
