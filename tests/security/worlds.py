"""Two worlds that a stranger cannot tell apart: in one a team has something, in one it has not."""

import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import time_machine
from blake3 import blake3
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Team, User
from accounts.roles import Role
from artifacts.services.blobs import store_blob
from artifacts.services.store import prepare_store
from artifacts.services.versions import VersionDraft
from artifacts.storage.manifest import Manifest, ManifestEntry
from lineage.services import create_run, log_version, use_version
from tests.api.conftest import body_of
from tests.conftest import digest_of, sha256_of
from tests.people import client_of, make_user

START = 1_800_000_000
CONTENTS = {
    "hidden": b"only the team has this",
    "shared": b"the team has this, and everyone's artifact too",
    "own": b"nobody has this before the stranger",
}
OF_A_VERSION = ("", "/files", "/lineage", "/impact", "/archive")
NAMES = ["line", "open", "own"]  # the team's is "line"
PAIR = "?from={}&to={}"
PAIRS = (("v1", "v2"), ("stable", "latest"), ("v1", "v1"))
ITSELF = PAIR.format("v1", "v1")
UNTOLD = {"x-request-id", "date"}
TOLD = "restricted"  # how many hidden versions were made from one: docs/security.md


@dataclass(frozen=True)
class Call:
    """A request of the stranger's."""

    method: str
    path: str
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, client: APIClient) -> "Answer":
        return ask(client, self)

    def __repr__(self) -> str:
        return f"{self.method} {self.path} {dict(self.headers) or ''} {self.body[:60]!r}"


@dataclass(frozen=True)
class Answer:
    """All that he gets to see."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: object
    num_queries: int = field(default=0, compare=False)
    """What it took: told by the clock alone, so it is asked for by itself."""

    def __repr__(self) -> str:
        return f"{self.status} {dict(self.headers)} {str(self.body)[:600]}"


Step = Callable[[APIClient], Answer]
"""A request of his, or some of which each follows from the answer to the last."""
Filler = Callable[[bool], None]


def play(
    calls: Sequence[Step],
    *,
    role: Role,
    is_there: bool,
    store: Path,
    fill_world: Filler | None = None,
    quota_bytes: int = 60,
) -> list[Answer]:
    """What a stranger with ``role`` everywhere is answered, in a world of its own.

    ``quota_bytes`` are his team's: some of CONTENTS, not all.
    """
    with (
        world(fill_world or fill, is_there=is_there, store=store),
        time_machine.travel(START, tick=False) as clock,
    ):
        client = client_of(make_user("stranger", role, {"drawing": Role.CONTRIBUTOR}))
        Team.objects.filter(name="drawing").update(quota_bytes=quota_bytes)
        answers = []
        for call in calls:
            clock.shift(1)
            answers.append(call(client))
    return answers


def differences(
    calls: Sequence[Step], role: Role, folder: Path, **kind: Any
) -> list[tuple[Step, Answer, Answer]]:
    """The calls that are answered otherwise where the team has something; ``kind`` of world."""
    there, absent = (
        play(calls, role=role, is_there=is_there, store=folder / uuid4().hex, **kind)
        for is_there in (True, False)
    )
    rows = zip(calls, there, absent, strict=True)
    return [(call, one, other) for call, one, other in rows if one != other]


@contextmanager
def world(fill_world: Filler, *, is_there: bool, store: Path) -> Iterator[None]:
    """A portal with a team; with what the team has to itself or without; nothing stays of it."""
    was = settings.RUNICORN_STORAGE_ROOT
    settings.RUNICORN_STORAGE_ROOT = store
    block = transaction.atomic()
    block._from_testcase = True  # what insists on being outermost may be so in here
    try:
        with block, time_machine.travel(START - 1000, tick=False):
            prepare_store()
            fill_world(is_there)
            yield
            transaction.set_rollback(True)
    finally:
        settings.RUNICORN_STORAGE_ROOT = was


def fill(is_there: bool) -> None:
    """People, runs and an artifact of everyone's; and perhaps the team's own."""
    owner = make_user("owner", Role.MAINTAINER, {"vision": Role.MAINTAINER})
    for run_id in ("made-it", "used-it"):
        create_run(project="p", run_id=run_id, created_by=owner)
    opened = log(owner, "open", "everyone", {"s": CONTENTS["shared"]}, aliases=["stable"])
    run = create_run(project="p", run_id="made-it", created_by=owner)[0]
    use_version(run=run, version=opened, used_by=owner)
    if is_there:
        contents = {"h": CONTENTS["hidden"], "s": CONTENTS["shared"]}
        log(owner, "line", "vision", contents, aliases=["stable"], run_id="made-it")
        second = log(owner, "line", "vision", {"h": CONTENTS["hidden"]}, tags=["x"])
        log(owner, "open", "vision", {"h": CONTENTS["hidden"]})
        user = create_run(project="p", run_id="used-it", created_by=owner)[0]
        use_version(run=user, version=second, used_by=owner)
    Team.objects.update(quota_bytes=1 << 30)


def log(
    owner: User, name: str, team: str, files: dict[str, bytes], run_id: str = "", **draft: Any
) -> Any:
    """A version by ``owner``."""
    for content in files.values():
        store_blob(
            source=BytesIO(content), sha256=sha256_of(content), size_bytes=len(content),
            stored_by=owner,
        )  # fmt: skip
    entries = tuple(ManifestEntry(path, sha256_of(data), len(data)) for path, data in files.items())
    version, _ = log_version(
        type_="model", name=name, team=team, created_by=owner, run_id=run_id or None,
        draft=VersionDraft(manifest=Manifest(entries=entries), **draft),
    )  # fmt: skip
    return version


def ask(client: APIClient, call: Call) -> Answer:
    """Send it; the answer without what no two answers share."""
    with CaptureQueriesContext(connection) as captured:
        answer = client.generic(
            call.method, call.path, call.body, content_type=call.kind, headers=call.headers
        )
        raw = body_of(answer)
    is_json = answer.get("Content-Type") == "application/json" and raw
    body = told(json.loads(raw)) if is_json else raw
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if is_json and any(key in json.loads(raw) for key in ("edges", TOLD)):
        headers.pop("content-length", None)  # that there is something restricted is no secret
    kept = sorted((name, value) for name, value in headers.items() if name not in UNTOLD)
    return Answer(answer.status_code, tuple(kept), body, len(captured))


def told(body: Any) -> Any:
    """``body`` without what docs/security.md says is told."""
    if not isinstance(body, dict):
        return body
    if "edges" in body:
        return without_restricted(body)
    return {key: value for key, value in body.items() if key != TOLD}


def without_restricted(graph: dict[str, Any]) -> dict[str, Any]:
    """The part of a lineage that hangs together without what is restricted in it."""
    hidden = {one["node_id"] for one in graph["nodes"] if one["metadata"].get("restricted")}
    edges = [one for one in graph["edges"] if not {one["source"], one["target"]} & hidden]
    reached, size = {graph["root_artifact"]}, 0
    while size < len(reached):
        size = len(reached)
        for edge in edges:
            ends = {edge["source"], edge["target"]}
            reached |= ends if ends & reached else set()
    nodes = [one for one in graph["nodes"] if one["node_id"] in reached]
    edges = [one for one in edges if one["source"] in reached]
    return {**graph, "nodes": nodes, "edges": edges}


Maker = Callable[..., Call]


def json_call(method: str, path: str, body: object) -> Call:
    """A request with a JSON body."""
    return Call(method, path, json.dumps(body).encode())


def bytes_call(method: str, path: str, body: bytes, content_range: str = "") -> Call:
    """A request with raw bytes, perhaps a part."""
    headers = {"Content-Range": content_range} if content_range else {}
    return Call(method, path, body, "application/octet-stream", headers)


def reads(name: str) -> list[Call]:
    """Everything there is to read of an artifact."""
    base = f"/api/artifacts/{name}"
    paths = [
        *(f"{base}{query}" for query in ("/versions", "/versions?team=vision", "/versions?tag=x")),
        *(f"{base}/v{n}{rest}" for n in (1, 2) for rest in OF_A_VERSION),
        *(f"{base}/v1/files/{path}" for path in ("h", "s", "o", "none")),
        *(f"{base}/aliases{rest}" for rest in ("", "/stable", "/stable/history", "/latest")),
        *(f"{base}/v1/preview/{path}" for path in ("h", "none")),
        f"{base}/compare",
        *(f"{base}/compare{PAIR.format(*pair)}" for pair in PAIRS),
        *(f"{base}/compare/{kind}/h{PAIR.format('v1', 'v2')}" for kind in ("files", "tensors")),
        f"{base}/compare{PAIR.format('v1', 'v2')}&team=vision&limit=1",
        f"/api/artifacts/open/compare{PAIR.format('v1', 'v2')}&with={name}",
        f"/api/artifacts/open/compare{PAIR.format('v1', 'stable')}&with=vision/model/{name}",
        f"/api/artifacts/open/compare/files/h{ITSELF}&with=vision/model/{name}&old_path=s",
    ]
    return [Call("GET", path) for path in paths]


def lists() -> list[Call]:
    """What tells of everything."""
    filters = [
        "", "q=line", "name=line", "tag=x", "alias=stable", "run=made-it", "user=owner",
        "team=vision", "team=nowhere", "type=model", "limit=1", "limit=1&offset=1",
        "created_after=2020-01-01", "metadata.a=1",
    ]  # fmt: skip
    paths = [
        *(f"/api/artifacts?{one}" for one in filters),
        "/api/artifacts/stats",
        "/api/runs",
        *(
            f"/api/runs/{run}{rest}"
            for run in ("made-it", "used-it")
            for rest in ("", "/artifacts")
        ),
    ]
    return [Call("GET", path) for path in paths]


def about_content(key: str) -> list[Call]:
    """Every way to ask for, to send and to name a content."""
    content = CONTENTS[key]
    path, half, size = f"/api/blobs/{digest_of(content)}", len(content) // 2, len(content)
    listed = blake3(content).digest() + struct.pack(">I", size)
    record = bytes.fromhex(sha256_of(content)) + struct.pack(">Q", size) + content
    hint, mine = "?artifact=vision/model/line", "?artifact=drawing/model/line"
    return [
        Call("GET", path),
        Call("HEAD", path),
        json_call("POST", "/api/blobs/missing", {"digests": [digest_of(content)]}),
        *(about_room(team, content) for team in ("drawing", "vision", "nowhere")),
        bytes_call("PUT", path, content),
        bytes_call("PUT", path + hint, content),
        bytes_call("PUT", path + mine, content),
        bytes_call("PUT", path, content[:half], f"bytes 0-{half - 1}/{size}"),
        bytes_call("PUT", path, content[half:], f"bytes {half}-{size - 1}/{size}"),
        bytes_call("PUT", path, b"", f"bytes */{size}"),
        bytes_call("POST", f"{path}/chunks", listed),
        bytes_call("PUT", f"{path}/chunks", content, f"bytes 0-{size - 1}/{size}"),
        bytes_call("PUT", f"{path}/chunks", b"", f"bytes */{size}"),
        bytes_call("PUT", f"{path}/chunks", b"", "bytes */0"),
        bytes_call("POST", "/api/blobs", record),
        bytes_call("POST", "/api/blobs" + mine, record),
    ]


def about_room(team: str, content: bytes) -> Call:
    """What is to be sent for a version of ``team``'s, which the content is a part of."""
    body = {
        "digests": [digest_of(content)],
        "artifact": f"{team}/model/line",
        "num_files": 2,
        "size_bytes": len(content) + 20,
    }
    return json_call("POST", "/api/blobs/missing", body)


def commits(name: str, key: str) -> list[Call]:
    """Commits of a content under a name."""
    content = CONTENTS[key]
    file = {"path": key[0], "digest": digest_of(content), "size": len(content)}
    body = {"type": "model", "files": [file]}
    path = f"/api/artifacts/{name}/versions"
    more: list[dict[str, object]] = [
        {}, {"aliases": ["stable"]}, {"team": "vision"}, {"team": "nowhere"}, {"team": "drawing"},
        {"run": "made-it"},
        {"run": "used-it", "team": "everyone"},
    ]  # fmt: skip
    return [json_call("POST", path, body | one) for one in more]


def writes(name: str) -> list[Call]:
    """Everything else that changes an artifact, or wants to."""
    base = f"/api/artifacts/{name}"
    return [
        json_call("PUT", f"{base}/aliases/stable", {"version": 1}),
        json_call("PUT", f"{base}/aliases/fresh", {"version": 2, "expected_version": None}),
        Call("DELETE", f"{base}/aliases/stable"),
        json_call("PATCH", f"{base}/v1", {"tags": ["x"]}),
        Call("DELETE", f"{base}/v1"),
        Call("DELETE", f"{base}/v1?permanent=true"),
        json_call("POST", f"{base}/v1/restore", {}),
        json_call("POST", f"{base}/v1/materialize", {}),
        json_call("POST", f"{base}/delete", {"versions": [1], "dry_run": True}),
        json_call("POST", f"{base}/delete", {"keep_last": 0, "permanent": True}),
        json_call("POST", "/api/runs/used-it/uses", {"artifact": name}),
        json_call("POST", "/api/runs/made-it/uses", {"artifact": f"vision/model/{name}:v1"}),
    ]


CALLS = [
    *lists(),
    *(call for name in NAMES for call in [*reads(name), *writes(name)]),
    *(call for key in CONTENTS for call in about_content(key)),
    *(call for name in NAMES for key in CONTENTS for call in commits(name, key)),
]
