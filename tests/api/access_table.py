"""What every route answers to whom: one row a method and path, as the URL conf has them.

A new route needs a row here (``test_access_table.py`` says so). ``needs`` is the role from which
on the answer is ``ok``; below it is 403. ``stranger`` is what somebody with the role *maintainer*
everywhere hears who is not in the team that owns the artifact of the path. Each caller has a
``model-a`` and a ``run-1`` of his own, made by somebody else; ``{digest}`` and ``{content}`` in a
body are those of its one file, of seven bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accounts.roles import Role
from tests.api.conftest import SAMPLES

NOBODY = None
"""Needs no login at all."""
VERSIONED = "/api/artifacts/model-a/v1"
BLOB = f"/api/blobs/{SAMPLES['digest']}"
LATEST = "/api/artifacts/model-a"
COMPARE = f"{LATEST}/compare"
PAIR = "?from=v1&to=production"
RUN = "/api/runs/run-1"


@dataclass(frozen=True)
class Row:
    """One method of one route."""

    method: str
    path: str
    needs: Role | None = Role.VIEWER
    ok: int = 200
    stranger: int | None = None
    body: Mapping[str, Any] | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    nobody: int | None = None
    """What somebody without a login gets in open mode; None: as everybody."""
    reader: int | None = None
    """What a token that only reads gets, in either mode; None: as a viewer."""
    query: str = ""
    is_everyones: bool = False
    """Whether it is about what belongs to no team: a role in one gives nothing there."""

    @property
    def for_stranger(self) -> int:
        """404 where the path names an artifact, else what his role everywhere gives."""
        if self.stranger is not None:
            return self.stranger
        return 404 if "model-a" in self.path else self.ok

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


COMMIT = {
    "type": "model",
    "team": "vision",
    "files": [{"path": "b.bin", "digest": "{digest}", "size": 7}],
}
USE = {"artifact": "model-a"}
PAST = {"type": "custom", "version": 7, "created_at": 1.5, "files": COMMIT["files"]}
PAST_RUN = {"project": "p", "status": "running", "created_at": 1.5}
TOKEN = {"name": "for model-a", "scope": "read"}
DELETION = {"versions": [1], "dry_run": True}
CHUNKS = bytes(32) + (7).to_bytes(4, "big")
MANY = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") + bytes(8)

TABLE = [
    Row("get", "/api/health", NOBODY),
    Row("get", "/api/schema"),
    Row("get", "/api/docs"),
    # Artifacts
    Row("get", "/api/artifacts"),
    Row("get", "/api/artifacts/stats"),
    Row("get", f"{LATEST}/versions"),
    Row("post", f"{LATEST}/versions", Role.CONTRIBUTOR, 201, stranger=400, body=COMMIT),
    Row("post", f"{LATEST}/import", Role.ADMIN, 201, stranger=403, body=PAST),
    Row("post", f"{LATEST}/delete", Role.MAINTAINER, body=DELETION),
    Row("get", VERSIONED),
    Row("patch", VERSIONED, Role.CONTRIBUTOR, body={"tags": ["t"]}),
    Row("delete", VERSIONED, Role.MAINTAINER),
    Row("get", f"{VERSIONED}/files"),
    Row("get", f"{VERSIONED}/files/a.bin"),
    Row("get", f"{VERSIONED}/preview/a.bin"),
    Row("get", f"{VERSIONED}/archive"),
    Row("post", f"{VERSIONED}/bundle", body={"digests": []}),
    Row("get", COMPARE, query=PAIR),
    Row("get", f"{COMPARE}/files/a.bin", query=PAIR),
    Row("get", f"{COMPARE}/tensors/a.bin", ok=422, query=PAIR),
    Row("get", f"{VERSIONED}/impact"),
    Row("get", f"{VERSIONED}/lineage"),
    Row("post", f"{VERSIONED}/materialize", Role.CONTRIBUTOR),
    Row("post", f"{VERSIONED}/restore", Role.MAINTAINER),
    # Aliases
    Row("get", f"{LATEST}/aliases"),
    Row("get", f"{LATEST}/aliases/production"),
    Row("put", f"{LATEST}/aliases/production", Role.CONTRIBUTOR, body={"version": 1}),
    Row("delete", f"{LATEST}/aliases/production", Role.CONTRIBUTOR),
    Row("get", f"{LATEST}/aliases/production/history"),
    Row("post", f"{LATEST}/aliases/production/rollback", Role.CONTRIBUTOR, 409),
    # Content
    Row("post", "/api/blobs", Role.CONTRIBUTOR, body=MANY),
    Row("post", "/api/blobs/missing", body={"digests": []}),
    Row("get", BLOB, stranger=404),
    Row("put", BLOB, Role.CONTRIBUTOR, stranger=201, body=b"{content}"),
    Row("post", f"{BLOB}/chunks", Role.CONTRIBUTOR, body=CHUNKS),
    Row("put", f"{BLOB}/chunks", Role.CONTRIBUTOR, 409, headers={"Content-Range": "bytes */7"}),
    # Runs
    Row("get", "/api/runs"),
    Row("post", "/api/runs", Role.CONTRIBUTOR, 201, body={"project": "p"}),
    Row("get", RUN),
    Row("patch", RUN, Role.MAINTAINER, body={"status": "finished"}, is_everyones=True),
    Row("post", f"{RUN}/uses", Role.MAINTAINER, 201, stranger=404, body=USE, is_everyones=True),
    Row("get", f"{RUN}/artifacts"),
    Row("post", f"{RUN}/import", Role.ADMIN, stranger=403, body=PAST_RUN),
    # People
    Row("get", "/api/whoami"),
    Row("get", "/api/tokens"),
    Row("post", "/api/tokens", ok=201, body=TOKEN, nobody=409, reader=403),
    Row("delete", "/api/tokens/999999999", ok=404),
    Row("get", "/api/audit", Role.ADMIN, stranger=403),
]
