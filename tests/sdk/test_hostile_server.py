"""A server that lies about names: nothing beside the cache and the target is touched."""

import json
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

import runicorn as rn
from runicorn import errors, rules
from runicorn.cache import Cache
from runicorn.exporting import RemoteSource
from runicorn.home import cache_path
from runicorn.legacy.exporting import Export
from runicorn.legacy.writing import NoExport
from runicorn.models import ArtifactManifest, ArtifactMetadata
from runicorn.records import Records
from runicorn.specs import parse_spec
from tests.sdk.conftest import digest_of
from tests.sdk.peers import Peer, Seen, bytes_answer, json_answer

REFUSED = (errors.IntegrityError, errors.ServerError)
Json = dict[str, Any]
DETAIL: Json = {
    "name": "m", "type": "model", "version": 1, "created_at": 1.0, "updated_at": 1.0,
    "created_by_run": None, "created_by_user": None, "size_bytes": 7, "num_files": 1,
    "num_references": 0, "status": "ready", "metadata": {}, "description": "", "tags": [],
    "aliases": ["latest"], "manifest_digest": digest_of(b""), "team": None,
}  # fmt: skip
FILE: Json = {"path": "a", "size": 7, "digest": digest_of(b"content"), "modified_at": 1.0}
COUNTS: Json = {"num_versions": 1, "latest_version": 1, "aliases": {}}
RUN: Json = {
    "id": "r", "project": "p", "name": "n", "status": "running", "created_at": 1.0,
    "updated_at": 1.0, "finished_at": 2.0, "created_by_user": None,
}  # fmt: skip


@pytest.fixture
def serve(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have a server with one version, of which it says what the test wants."""

    def script(*, detail: Json | None = None, file: Json | None = None, run: str = "r") -> None:
        said, item = DETAIL | (detail or {}), FILE | (file or {})

        def answer(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
            path, _, query = seen.path.partition("?")
            runs = [] if "offset=1" in query else [RUN | {"id": run}]
            found = runs if seen.method == "GET" else RUN
            _answer_for(path, said, item, found)(handler, seen)

        peer.script(answer)

    monkeypatch.setenv("RUNICORN_TRACKING_URI", peer.url)
    script()
    return script


def _answer_for(path: str, detail: Json, item: Json, runs: object) -> Callable[..., None]:
    listing = {"files": [item], "references": [], "total_size": 7, "total_files": 1}
    answers: dict[str, object] = {
        "uses": {key: detail[key] for key in ("name", "type", "version", "team")}
        | {"run": "r", "artifact": "m:v1"},
        "files": {"artifact": "m:v1", "total_references": 0, "is_remote": False} | listing,
        "artifacts": [detail | COUNTS] if path.count("/") == 2 else {"created": [], "used": []},
        "versions": [detail],
        "aliases": [],
        "runs": runs,
    }
    if path == "/api/runs/r":
        return json_answer(200, RUN)
    if "/files/" in path:
        return bytes_answer(200, b"content")
    return json_answer(201, answers.get(path.rpartition("/")[2], detail))


def use() -> rn.Artifact:
    return rn.Api().artifact("m:v1")


@pytest.mark.usefixtures("serve")
def test_an_honest_answer_passes(tmp_path: Path) -> None:
    assert (use().download(tmp_path / "out") / "a").read_bytes() == b"content"


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("digest", ["sha256:{}", "sha256:../../{.name}", "{}", "", None, 7])
def test_a_digest_leads_to_no_file_beside_the_cache(
    serve: Callable[..., None], tmp_path: Path, digest: object, *, link: bool
) -> None:
    cache = cache_path()
    assert cache is not None
    (cache / "blobs").mkdir(parents=True)
    victim = cache.parent / "precious"
    victim.write_bytes(b"of somebody")
    said = digest.format(victim) if isinstance(digest, str) else digest
    serve(file={"digest": said})
    with pytest.raises(REFUSED, match=r"no possible file|does not answer as"):
        use().download(tmp_path / "out", link=link)
    assert victim.read_bytes() == b"of somebody"


@pytest.mark.parametrize(
    "said",
    [{"size": -1}, {"size": "7"}, {"size": True}, {"modified_at": 1e300}, {"modified_at": "x"},
     {"modified_at": float("nan")}],
)  # fmt: skip
def test_what_no_file_can_have_is_refused(
    serve: Callable[..., None], tmp_path: Path, said: Json
) -> None:
    serve(file=said)
    with pytest.raises(REFUSED, match=r"no possible file|does not answer as"):
        use().download(tmp_path / "out")


@pytest.mark.parametrize(
    "said",
    [{"type": "../../../../evil"}, {"version": "1/../../../../evil"}, {"team": "../../evil"},
     {"name": "../evil"}, {"version": -1}, {"version": None}],
)  # fmt: skip
def test_a_version_leads_to_no_file_beside_the_cache(
    serve: Callable[..., None], tmp_path: Path, said: Json
) -> None:
    serve(detail=said)
    with rn.init() as run, pytest.raises(REFUSED, match=r"no possible version|does not answer as"):
        run.use_artifact("m")
    with pytest.raises(errors.IntegrityError, match="no possible version"):
        Records(tmp_path / "cache", "http://x").note(DETAIL | said)  # type: ignore[arg-type]
    with pytest.raises(errors.IntegrityError):
        ArtifactMetadata.from_payload(DETAIL | said)  # type: ignore[arg-type]
    assert list(tmp_path.rglob("*evil*")) == []


@pytest.mark.parametrize("said", [{"type": "../evil"}, {"detail": 1}, {"version": "../evil"}])
def test_a_damaged_record_is_as_good_as_none(
    serve: Callable[..., None], tmp_path: Path, said: Json
) -> None:
    records = Records(tmp_path, "http://x")
    records.note(DETAIL)  # type: ignore[arg-type]
    path = next(tmp_path.rglob("*.json"))
    known = json.loads(path.read_bytes())
    known = known | said if "detail" in said else known | {"detail": DETAIL | said}
    path.write_text(json.dumps(known))
    with pytest.raises(errors.NotCached):
        records.find(parse_spec("m:v1"))


@pytest.mark.parametrize(
    "said",
    [{"detail": {"type": "../../evil"}}, {"detail": {"version": "1/../../evil"}},
     {"file": {"digest": "sha256:../../../evil"}}, {"file": {"path": "../../../../../evil"}}],
)  # fmt: skip
def test_an_export_stays_in_its_folder(
    serve: Callable[..., None], tmp_path: Path, said: Json
) -> None:
    serve(**said)
    work = Export(RemoteSource(rn.Client(), []), tmp_path / "a" / "export", is_all=False)
    with suppress(*REFUSED, NoExport):  # refused, or left out
        work.run()
    assert [path for path in tmp_path.rglob("*") if "evil" in path.name] == []


def test_a_run_whose_id_no_folder_can_have_is_left_out(
    serve: Callable[..., None], tmp_path: Path
) -> None:
    serve(run="../../../evil")
    work = Export(RemoteSource(rn.Client(), []), tmp_path / "a" / "b" / "export", is_all=True)
    found = work.run().findings
    assert [(one.kind, one.about) for one in found] == [("skipped", "run ../../../evil")]
    assert [path for path in tmp_path.rglob("*") if "evil" in path.name] == []


def test_a_server_that_repeats_its_pages_ends_the_export(
    peer: Peer, serve: Callable[..., None], tmp_path: Path
) -> None:
    repeating = json_answer(200, [RUN])

    def answer(handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        path = seen.path.partition("?")[0]
        chosen = repeating if path.endswith("/runs") else _answer_for(path, DETAIL, FILE, [])
        chosen(handler, seen)

    peer.script(answer)
    work = Export(RemoteSource(rn.Client(), []), tmp_path / "export", is_all=True)
    with pytest.raises(errors.IntegrityError, match="repeats its runs from the 1th on"):
        work.run()


def test_a_server_that_has_every_run_id_is_not_asked_for_ever(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNICORN_TRACKING_URI", peer.url)
    peer.script(json_answer(200, RUN))
    with pytest.raises(errors.IntegrityError, match="each is taken"):
        rn.init(project="p")
    assert len(peer.calls) == 5


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:" + "A" * 64, "a" * 64, None, "x\n"])
def test_what_is_no_digest_has_no_place_in_a_cache(tmp_path: Path, text: Any) -> None:
    cache = Cache(tmp_path, 1000)
    for find in (cache.blob_path, cache.partial_path, rules.check_digest):
        with pytest.raises(ValueError, match="Invalid digest"):
            find(text)


def test_a_manifest_is_checked_entry_by_entry() -> None:
    listing = {"files": [FILE, FILE | {"digest": "sha256:x"}], "references": []}
    with pytest.raises(errors.IntegrityError, match="sha256:x"):
        ArtifactManifest.from_payload(listing)  # type: ignore[arg-type]
