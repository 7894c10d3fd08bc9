"""The server's routes as methods, one each, with types. The SDK and the CLI both stand on it.

Nothing is decided here: names are quoted into paths, answers get their type, and it is said of
every route whether it may be repeated after a broken connection.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote

import urllib3

from runicorn import payloads
from runicorn.comparisons import Comparisons
from runicorn.config import Config
from runicorn.imports import Imports
from runicorn.routes import (
    alias_path,
    artifact_path,
    blob_path,
    comment_field,
    run_path,
    version_path,
    whose,
)
from runicorn.transport import READ_SECONDS, Body, Call, Reply, Transport

# The server hashes while it receives, but its last fsync may take a while for a large file.
_SLOWEST_DISK_BYTES_PER_SECOND = 20e6


@dataclass(frozen=True)
class Part:
    """The bytes from ``start`` to before ``end`` of ``total``; none of them finishes an upload."""

    start: int
    end: int
    total: int

    @property
    def headers(self) -> dict[str, str]:
        """What tells the server which part it gets."""
        span = f"{self.start}-{self.end - 1}" if self.end > self.start else "*"
        return {
            "Content-Range": f"bytes {span}/{self.total}",
            "Content-Length": str(self.end - self.start),
        }


class Client:
    """A server's API. Threads may share one.

    ``team`` is whose what is logged becomes where nothing else says so (``RUNICORN_TEAM``);
    ``comparisons`` are the routes that compare two versions, ``imports`` those for what was
    elsewhere.
    """

    def __init__(self, config: Config | None = None) -> None:
        config = config or Config.from_environment()
        self.team = config.team
        self._transport = Transport(config)
        self.comparisons = Comparisons(self._transport)
        self.imports = Imports(self._transport)

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
        self, name: str, *, artifact_type: str | None = None, team: str | None = None
    ) -> list[payloads.VersionItem]:
        """``GET …/versions``: the history, oldest first."""
        path = f"{artifact_path(name)}/versions"
        return cast("list[payloads.VersionItem]", self._get(path, **whose(artifact_type, team)))

    def get_version(
        self, name: str, version: int, *, artifact_type: str | None = None, team: str | None = None
    ) -> payloads.VersionDetail:
        """``GET …/v{version}``: one version in full."""
        path = version_path(name, version)
        return cast("payloads.VersionDetail", self._get(path, **whose(artifact_type, team)))

    def get_files(
        self, name: str, version: int, *, artifact_type: str | None = None, team: str | None = None
    ) -> payloads.FilesListing:
        """``GET …/v{version}/files``: its files and references."""
        path = f"{version_path(name, version)}/files"
        return cast("payloads.FilesListing", self._get(path, **whose(artifact_type, team)))

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
        return cast(
            "payloads.Lineage",
            self._get(path, **whose(artifact_type, team), max_depth=max_depth),
        )

    def get_impact(
        self, name: str, version: int, *, artifact_type: str | None = None, team: str | None = None
    ) -> payloads.Impact:
        """``GET …/v{version}/impact``: everything that was made from it."""
        path = f"{version_path(name, version)}/impact"
        return cast("payloads.Impact", self._get(path, **whose(artifact_type, team)))

    def get_stats(self) -> payloads.Stats:
        """``GET /api/artifacts/stats``."""
        return cast("payloads.Stats", self._get("/api/artifacts/stats"))

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
        return cast("payloads.Deleted", self._transport.request(call).data)

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
        reply = self._send("POST", path, request, query=query, is_safe=is_safe)
        return cast("payloads.VersionsDeleted", reply.data)

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
        reply = self._send("PATCH", path, changes, query=query, is_safe=is_safe)
        return cast("payloads.VersionDetail", reply.data)

    def restore_version(
        self, name: str, version: int, *, artifact_type: str | None = None, team: str | None = None
    ) -> payloads.VersionDetail:
        """``POST …/v{version}/restore``: undo a soft delete."""
        path, query = f"{version_path(name, version)}/restore", whose(artifact_type, team)
        reply = self._send("POST", path, {}, query=query, is_safe=False)
        return cast("payloads.VersionDetail", reply.data)

    def materialize_version(
        self, name: str, version: int, *, artifact_type: str | None = None, team: str | None = None
    ) -> payloads.Materialized:
        """``POST …/v{version}/materialize``: have every file of it lie on the server's disk."""
        path, query = f"{version_path(name, version)}/materialize", whose(artifact_type, team)
        reply = self._send("POST", path, {}, query=query)
        return cast("payloads.Materialized", reply.data)

    def commit_version(self, name: str, body: payloads.CommitRequest) -> payloads.VersionDetail:
        """``POST …/versions``; its ``commit_id`` makes repeating it harmless."""
        reply = self._send("POST", f"{artifact_path(name)}/versions", body)
        return cast("payloads.VersionDetail", reply.data)

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

    def open_archive(
        self, name: str, version: int, *, artifact_type: str | None = None, team: str | None = None
    ) -> urllib3.BaseHTTPResponse:
        """``GET …/archive``: the whole version as a tar, still to be read."""
        query = {**whose(artifact_type, team), "format": "tar"}
        return self._transport.open(Call("GET", f"{version_path(name, version)}/archive", query))

    # Aliases --------------------------------------------------------------------------------------

    def list_aliases(
        self, name: str, *, artifact_type: str | None = None, team: str | None = None
    ) -> list[payloads.AliasInfo]:
        """``GET …/aliases``, ``latest`` included."""
        path = f"{artifact_path(name)}/aliases"
        return cast("list[payloads.AliasInfo]", self._get(path, **whose(artifact_type, team)))

    def get_alias(
        self,
        name: str,
        alias: str,
        *,
        artifact_type: str | None = None,
        team: str | None = None,
        at: datetime | None = None,
    ) -> payloads.AliasInfo:
        """``GET …/aliases/{alias}``: where it points, or pointed at the time ``at``."""
        query = {**whose(artifact_type, team), "at": at and at.isoformat()}
        return cast("payloads.AliasInfo", self._get(alias_path(name, alias), **query))

    def set_alias(
        self,
        name: str,
        alias: str,
        version: int,
        *,
        artifact_type: str | None = None,
        team: str | None = None,
        comment: str = "",
        protected: bool | None = None,
    ) -> payloads.AliasInfo:
        """``PUT …/aliases/{alias}``: make it or move it; ``comment`` says why.

        ``protected`` is whether only maintainers may move it from now on; None: as it was.
        """
        flag = {} if protected is None else {"protected": protected}
        body = {"version": version} | comment_field(comment) | flag
        path, query = alias_path(name, alias), whose(artifact_type, team)
        return cast("payloads.AliasInfo", self._send("PUT", path, body, query=query).data)

    def delete_alias(
        self,
        name: str,
        alias: str,
        *,
        artifact_type: str | None = None,
        team: str | None = None,
        comment: str = "",
    ) -> payloads.Deleted:
        """``DELETE …/aliases/{alias}``; not repeated: a second one finds nothing.

        The comment is in the body: what is in the query, servers on the way write into their logs.
        """
        path, query = alias_path(name, alias), whose(artifact_type, team)
        reply = self._send("DELETE", path, comment_field(comment), query=query, is_safe=False)
        return cast("payloads.Deleted", reply.data)

    def get_alias_history(
        self, name: str, alias: str, *, artifact_type: str | None = None, team: str | None = None
    ) -> list[payloads.AliasEventInfo]:
        """``GET …/aliases/{alias}/history``: its moves, newest first."""
        path = f"{alias_path(name, alias)}/history"
        found = self._get(path, **whose(artifact_type, team))
        return cast("list[payloads.AliasEventInfo]", found)

    def roll_back_alias(
        self,
        name: str,
        alias: str,
        *,
        artifact_type: str | None = None,
        team: str | None = None,
        comment: str = "",
    ) -> payloads.AliasInfo:
        """``POST …/aliases/{alias}/rollback``; not repeated: a second one would undo it."""
        path, query = f"{alias_path(name, alias)}/rollback", whose(artifact_type, team)
        reply = self._send("POST", path, comment_field(comment), query=query, is_safe=False)
        return cast("payloads.AliasInfo", reply.data)

    # Blobs ----------------------------------------------------------------------------------------

    def find_missing(
        self, digests: Sequence[str], announced: payloads.Announced | None = None
    ) -> list[str]:
        """``POST /api/blobs/missing``: which of ``digests`` (at most 100 000) are to be sent.

        A version that is ``announced`` is refused here where it would be later.
        """
        body = {"digests": list(digests), **(announced or {})}
        reply = self._send("POST", "/api/blobs/missing", body)
        return cast("list[str]", reply.data["missing"])

    def put_blob(
        self,
        digest: str,
        size_bytes: int,
        body: Callable[[], Body],
        *,
        artifact: str | None = None,
    ) -> None:
        """``PUT /api/blobs/{digest}``: one blob, streamed with its length.

        ``artifact`` (``[team/]type/name``) is what it is for: the server compares it with that
        one's.
        """
        headers = {"Content-Length": str(size_bytes)}
        self._put(blob_path(digest), headers, body, size_bytes, artifact=artifact)

    def find_received(
        self, digest: str, size_bytes: int, *, artifact: str | None = None
    ) -> payloads.Upload:
        """``PUT /api/blobs/{digest}`` of nothing: how much of a blob arrived so far."""
        headers = {"Content-Range": f"bytes */{size_bytes}", "Content-Length": "0"}
        return self._put(blob_path(digest), headers, lambda: b"", size_bytes, artifact=artifact)

    def put_part(
        self, digest: str, part: Part, body: Callable[[], Body], *, artifact: str | None = None
    ) -> payloads.Upload:
        """``PUT /api/blobs/{digest}`` of a part, once: after a failure ask what arrived of it."""
        path = blob_path(digest)
        return self._put(path, part.headers, body, part.total, artifact=artifact, is_safe=False)

    def negotiate_blob(
        self, digest: str, chunks: bytes, *, artifact: str | None = None
    ) -> payloads.Negotiation:
        """``POST /api/blobs/{digest}/chunks``: which of its chunks the server needs."""
        headers = {"Content-Type": "application/octet-stream"}
        query = {"artifact": artifact}
        call = Call("POST", f"{blob_path(digest)}/chunks", query, headers, body=lambda: chunks)
        return cast("payloads.Negotiation", self._transport.request(call).data)

    def put_needed_part(
        self,
        digest: str,
        part: Part,
        body: Callable[[], Body],
        *,
        size_bytes: int,
        artifact: str | None = None,
    ) -> payloads.Upload:
        """``PUT /api/blobs/{digest}/chunks``: a part of the chunks the server needs, once.

        ``size_bytes`` is that of the whole blob, which the server reads before it answers.
        """
        path = f"{blob_path(digest)}/chunks"
        return self._put(path, part.headers, body, size_bytes, artifact=artifact, is_safe=False)

    def post_blobs(self, body: bytes, *, artifact: str | None = None) -> payloads.StoredBlobs:
        """``POST /api/blobs``: many small blobs in one body, for ``artifact``."""
        headers = {"Content-Type": "application/octet-stream"}
        call = Call("POST", "/api/blobs", {"artifact": artifact}, headers, body=lambda: body)
        return cast("payloads.StoredBlobs", self._transport.request(call).data)

    # Runs -----------------------------------------------------------------------------------------

    def create_run(self, *, run_id: str, project: str, name: str) -> Reply:
        """``POST /api/runs``; 200 instead of 201 where that run was there already."""
        return self._send("POST", "/api/runs", {"id": run_id, "project": project, "name": name})

    def get_run(self, run_id: str) -> payloads.RunInfo:
        """``GET /api/runs/{run_id}``."""
        return cast("payloads.RunInfo", self._get(run_path(run_id)))

    def set_run_status(self, run_id: str, status: str) -> payloads.RunInfo:
        """``PATCH /api/runs/{run_id}``: ``running``, ``finished`` or ``failed``."""
        reply = self._send("PATCH", run_path(run_id), {"status": status})
        return cast("payloads.RunInfo", reply.data)

    def use_version(
        self, run_id: str, artifact: str, *, artifact_type: str | None = None
    ) -> payloads.RunUse:
        """``POST /api/runs/{run_id}/uses``: note the use, learn the version."""
        body = {"artifact": artifact} | ({"type": artifact_type} if artifact_type else {})
        reply = self._send("POST", f"{run_path(run_id)}/uses", body)
        return cast("payloads.RunUse", reply.data)

    def get_run_artifacts(self, run_id: str) -> payloads.RunArtifacts:
        """``GET /api/runs/{run_id}/artifacts``: what it made and used."""
        return cast("payloads.RunArtifacts", self._get(f"{run_path(run_id)}/artifacts"))

    # Accounts -------------------------------------------------------------------------------------

    def whoami(self) -> payloads.WhoAmI:
        """``GET /api/whoami``: the account, its role and teams, and the token."""
        return cast("payloads.WhoAmI", self._get("/api/whoami"))

    def list_tokens(self, *, user: str | None = None) -> list[payloads.TokenInfo]:
        """``GET /api/tokens``: one's own; admins may ask for those of ``user``."""
        return cast("list[payloads.TokenInfo]", self._get("/api/tokens", user=user))

    def create_token(self, request: payloads.TokenRequest) -> payloads.NewToken:
        """``POST /api/tokens``; not repeated: nobody would get to see the first one."""
        reply = self._send("POST", "/api/tokens", request, is_safe=False)
        return cast("payloads.NewToken", reply.data)

    def revoke_token(self, token_id: int) -> payloads.Deleted:
        """``DELETE /api/tokens/{token_id}``; repeating it is harmless."""
        call = Call("DELETE", f"/api/tokens/{token_id}")
        return cast("payloads.Deleted", self._transport.request(call).data)

    # ----------------------------------------------------------------------------------------------

    def _put(
        self,
        path: str,
        headers: dict[str, str],
        body: Callable[[], Body],
        size_bytes: int,
        *,
        artifact: str | None = None,
        is_safe: bool = True,
    ) -> payloads.Upload:
        call = Call(
            "PUT",
            path,
            {"artifact": artifact},
            {"Content-Type": "application/octet-stream"} | headers,
            body=body,
            is_safe=is_safe,
            read_seconds=patience_seconds(size_bytes),
        )
        return cast("payloads.Upload", self._transport.request(call).data)

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


def patience_seconds(size_bytes: int) -> float:
    """How long the server may take to store so many bytes."""
    return READ_SECONDS + size_bytes / _SLOWEST_DISK_BYTES_PER_SECOND
