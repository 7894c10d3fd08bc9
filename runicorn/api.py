"""The server's routes as methods, one each, with types. The SDK and the CLI both stand on it.

Nothing is decided here: names are quoted into paths, answers get their type, and it is said of
every route whether it may be repeated after a broken connection.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, cast
from urllib.parse import quote

import urllib3

from runicorn import payloads
from runicorn.config import Config
from runicorn.transport import READ_SECONDS, Body, Call, Reply, Transport

# The server hashes while it receives, but its last fsync may take a while for a large file.
_SLOWEST_DISK_BYTES_PER_SECOND = 20e6


class Client:
    """A server's API. Threads may share one."""

    def __init__(self, config: Config | None = None) -> None:
        self._transport = Transport(config or Config.from_environment())

    @property
    def url(self) -> str:
        """The server's address."""
        return self._transport.url

    def hurry(self) -> None:
        """Stop repeating calls: the program is about to end."""
        self._transport.hurry()

    # Artifacts ------------------------------------------------------------------------------------

    def list_artifacts(self, **filters: str | int | None) -> list[payloads.ArtifactItem]:
        """``GET /api/artifacts``; ``filters`` are its query, None leaves one out."""
        return cast("list[payloads.ArtifactItem]", self._get("/api/artifacts", **filters))

    def list_versions(
        self, name: str, *, artifact_type: str | None = None
    ) -> list[payloads.VersionItem]:
        """``GET …/versions``: the history, oldest first."""
        path = f"{_artifact(name)}/versions"
        return cast("list[payloads.VersionItem]", self._get(path, type=artifact_type))

    def get_version(
        self, name: str, version: int, *, artifact_type: str | None = None
    ) -> payloads.VersionDetail:
        """``GET …/v{version}``: one version in full."""
        path = _version(name, version)
        return cast("payloads.VersionDetail", self._get(path, type=artifact_type))

    def get_files(
        self, name: str, version: int, *, artifact_type: str | None = None
    ) -> payloads.FilesListing:
        """``GET …/v{version}/files``: its files and references."""
        path = f"{_version(name, version)}/files"
        return cast("payloads.FilesListing", self._get(path, type=artifact_type))

    def get_lineage(
        self, name: str, version: int, *, max_depth: int = 3, artifact_type: str | None = None
    ) -> payloads.Lineage:
        """``GET …/v{version}/lineage``: the graph, ``max_depth`` versions far."""
        path = f"{_version(name, version)}/lineage"
        return cast("payloads.Lineage", self._get(path, type=artifact_type, max_depth=max_depth))

    def get_stats(self) -> payloads.Stats:
        """``GET /api/artifacts/stats``."""
        return cast("payloads.Stats", self._get("/api/artifacts/stats"))

    def delete_version(
        self, name: str, version: int, *, permanent: bool = False, artifact_type: str | None = None
    ) -> payloads.Deleted:
        """``DELETE …/v{version}``; not repeated: a second permanent delete finds nothing."""
        query = {"type": artifact_type, "permanent": str(permanent).lower()}
        call = Call("DELETE", _version(name, version), query, is_safe=False)
        return cast("payloads.Deleted", self._transport.request(call).data)

    def restore_version(
        self, name: str, version: int, *, artifact_type: str | None = None
    ) -> payloads.VersionDetail:
        """``POST …/v{version}/restore``: undo a soft delete."""
        path, query = f"{_version(name, version)}/restore", {"type": artifact_type}
        reply = self._send("POST", path, {}, query=query, is_safe=False)
        return cast("payloads.VersionDetail", reply.data)

    def commit_version(self, name: str, body: payloads.CommitRequest) -> payloads.VersionDetail:
        """``POST …/versions``; its ``commit_id`` makes repeating it harmless."""
        reply = self._send("POST", f"{_artifact(name)}/versions", body)
        return cast("payloads.VersionDetail", reply.data)

    def open_file(
        self,
        name: str,
        version: int,
        path: str,
        *,
        artifact_type: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """``GET …/files/{path}``: the bytes, still to be read; ``headers`` may ask for a range."""
        target = f"{_version(name, version)}/files/{quote(path, safe='/')}"
        return self._transport.open(Call("GET", target, {"type": artifact_type}, headers or {}))

    def open_archive(
        self, name: str, version: int, *, artifact_type: str | None = None
    ) -> urllib3.BaseHTTPResponse:
        """``GET …/archive``: the whole version as a tar, still to be read."""
        query = {"type": artifact_type, "format": "tar"}
        return self._transport.open(Call("GET", f"{_version(name, version)}/archive", query))

    # Aliases --------------------------------------------------------------------------------------

    def list_aliases(
        self, name: str, *, artifact_type: str | None = None
    ) -> list[payloads.AliasInfo]:
        """``GET …/aliases``, ``latest`` included."""
        path = f"{_artifact(name)}/aliases"
        return cast("list[payloads.AliasInfo]", self._get(path, type=artifact_type))

    def get_alias(
        self, name: str, alias: str, *, artifact_type: str | None = None
    ) -> payloads.AliasInfo:
        """``GET …/aliases/{alias}``: where it points."""
        return cast("payloads.AliasInfo", self._get(_alias(name, alias), type=artifact_type))

    def set_alias(
        self, name: str, alias: str, version: int, *, artifact_type: str | None = None
    ) -> payloads.AliasInfo:
        """``PUT …/aliases/{alias}``: make it or move it."""
        body, query = {"version": version}, {"type": artifact_type}
        return cast(
            "payloads.AliasInfo", self._send("PUT", _alias(name, alias), body, query=query).data
        )

    def delete_alias(
        self, name: str, alias: str, *, artifact_type: str | None = None
    ) -> payloads.Deleted:
        """``DELETE …/aliases/{alias}``; not repeated: a second one finds nothing."""
        call = Call("DELETE", _alias(name, alias), {"type": artifact_type}, is_safe=False)
        return cast("payloads.Deleted", self._transport.request(call).data)

    # Blobs ----------------------------------------------------------------------------------------

    def find_missing(self, digests: Sequence[str]) -> list[str]:
        """``POST /api/blobs/missing``: which of ``digests`` (at most 100 000) are to be sent."""
        reply = self._send("POST", "/api/blobs/missing", {"digests": list(digests)})
        return cast("list[str]", reply.data["missing"])

    def put_blob(self, digest: str, size_bytes: int, body: Callable[[], Body]) -> None:
        """``PUT /api/blobs/{digest}``: one blob, streamed with its length."""
        headers = {"Content-Length": str(size_bytes), "Content-Type": "application/octet-stream"}
        patience = READ_SECONDS + size_bytes / _SLOWEST_DISK_BYTES_PER_SECOND
        call = Call(
            "PUT",
            f"/api/blobs/{quote(digest)}",
            headers=headers,
            body=body,
            read_seconds=patience,
        )
        self._transport.request(call)

    def post_blobs(self, body: bytes) -> payloads.StoredBlobs:
        """``POST /api/blobs``: many small blobs in one body."""
        headers = {"Content-Type": "application/octet-stream"}
        call = Call("POST", "/api/blobs", headers=headers, body=lambda: body)
        return cast("payloads.StoredBlobs", self._transport.request(call).data)

    # Runs -----------------------------------------------------------------------------------------

    def create_run(self, *, run_id: str, project: str, name: str) -> Reply:
        """``POST /api/runs``; 200 instead of 201 where that run was there already."""
        return self._send("POST", "/api/runs", {"id": run_id, "project": project, "name": name})

    def get_run(self, run_id: str) -> payloads.RunInfo:
        """``GET /api/runs/{run_id}``."""
        return cast("payloads.RunInfo", self._get(_run(run_id)))

    def set_run_status(self, run_id: str, status: str) -> payloads.RunInfo:
        """``PATCH /api/runs/{run_id}``: ``running``, ``finished`` or ``failed``."""
        reply = self._send("PATCH", _run(run_id), {"status": status})
        return cast("payloads.RunInfo", reply.data)

    def use_version(
        self, run_id: str, artifact: str, *, artifact_type: str | None = None
    ) -> payloads.RunUse:
        """``POST /api/runs/{run_id}/uses``: note the use, learn the version."""
        body = {"artifact": artifact} | ({"type": artifact_type} if artifact_type else {})
        reply = self._send("POST", f"{_run(run_id)}/uses", body)
        return cast("payloads.RunUse", reply.data)

    def get_run_artifacts(self, run_id: str) -> payloads.RunArtifacts:
        """``GET /api/runs/{run_id}/artifacts``: what it made and used."""
        return cast("payloads.RunArtifacts", self._get(f"{_run(run_id)}/artifacts"))

    # ----------------------------------------------------------------------------------------------

    def _get(self, path: str, **query: object) -> Any:  # callers cast to the route's type
        return self._transport.request(Call("GET", path, query)).data

    def _send(
        self,
        method: str,
        path: str,
        body: object,
        *,
        query: dict[str, Any] | None = None,
        is_safe: bool = True,
    ) -> Reply:
        data = json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        call = Call(method, path, query or {}, headers, body=lambda: data, is_safe=is_safe)
        return self._transport.request(call)


def _artifact(name: str) -> str:
    return f"/api/artifacts/{quote(name, safe='')}"


def _version(name: str, version: int) -> str:
    return f"{_artifact(name)}/v{version}"


def _alias(name: str, alias: str) -> str:
    return f"{_artifact(name)}/aliases/{quote(alias, safe='')}"


def _run(run_id: str) -> str:
    return f"/api/runs/{quote(run_id, safe='')}"
