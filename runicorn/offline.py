"""A run without a portal: what it logs waits in the queue, what it uses is from this machine."""

import logging
from datetime import UTC, datetime
from typing import Any

from runicorn import payloads, rules
from runicorn.artifact import Artifact
from runicorn.cache import Cache, open_cache
from runicorn.commit import make_request
from runicorn.drafts import Draft
from runicorn.errors import NotCached
from runicorn.events import Event, identity, list_files
from runicorn.home import queue_path
from runicorn.models import ArtifactManifest, ArtifactMetadata
from runicorn.queued import Queue
from runicorn.records import Known, Records
from runicorn.run import Run, make_run_id, new_run_info
from runicorn.specs import Spec
from runicorn.stored import Origin, StoredVersion
from runicorn.transfer import Transfer

logger = logging.getLogger(__name__)


class OfflineRun(Run):
    """A run that is queued on this disk (``RUNICORN_MODE=offline``) until ``runicorn sync``.

    ``log_artifact`` copies the files and returns 0, as only the portal gives numbers; ``full_name``
    ends in ``:queued``. ``use_artifact`` finds what was queued before, else what the cache knows.
    """

    def _begin(self, project: str, name: str, run_id: str | None) -> payloads.RunInfo:
        self._queue = Queue(queue_path())
        checked = rules.check_run_id(run_id) if run_id else make_run_id()
        says_how_it_ends = not self._is_shared or self.is_main
        self._queue.append("run", checked, project=project, name=name, is_main=says_how_it_ends)
        return new_run_info(checked, project, name)

    def _log(self, artifact: Artifact, draft: Draft, transfer: Transfer) -> None:
        metadata = rules.check_metadata(draft.metadata)
        paths = list(dict.fromkeys(path for path, _ in draft.files))
        transfer.start("Queueing", sum(path.stat().st_size for path in paths))
        with self._queue.adding():
            sources = {path: self._queue.add_file(path, transfer) for path in paths}
            request = make_request(draft, sources, metadata)
            self._queue.append("log", self.id, name=draft.name, commit=request)
        body = {"name": draft.name, "commit": request, "at": datetime.now(UTC).timestamp()}
        artifact.become(_queued_version(body, self._queue.contents))

    def _use(self, spec: Spec) -> Artifact:
        with self._queue.adding():  # or what became of the queued version is forgotten meanwhile
            queued = self._find_queued(spec)
            if queued is not None:
                commit, name = queued.body["commit"], queued.body["name"]
                self._queue.append("use", self.id, queued=commit["commit_id"], name=name)
                stored = _queued_version(queued.body, self._queue.contents)
                return Artifact.from_stored(stored, commit.get("team"))
        return self._use_known(spec)

    def _use_known(self, spec: Spec) -> Artifact:
        known = self._find_known(spec)
        detail = known.detail
        self._queue.append("use", self.id, **identity(detail))
        if spec.version is None:
            when = f"{known.as_of.astimezone():%Y-%m-%d %H:%M}"
            logger.warning("Offline: %s is v%d, as of %s", spec, detail["version"], when)
        return Artifact.from_stored(_known_version(known, self._queue.contents), known.owner)

    def _find_queued(self, spec: Spec) -> Event | None:
        events = [one for one in self._queue.list_events() if one.kind == "log"]
        return next((one for one in reversed(events) if _is_meant(one.body, spec)), None)

    def _find_known(self, spec: Spec) -> Known:
        cache = open_cache()
        if cache is None:
            raise NotCached(f"{spec}: without a cache nothing can be used offline.")
        return Records(cache.root, self.client.url).find(spec)

    def _end(self, status: str) -> None:
        if not self._is_shared or self.is_main:
            self._queue.append("status", self.id, status=status)
        self.status = status


def known_types(name: str, team: str | None, url: str) -> set[str]:
    """Return the types in which the queue has the name, or the cache knows it of ``url``."""
    events = [one for one in Queue(queue_path()).list_events() if one.kind == "log"]
    wanted = Spec(name, team=team)
    queued = {one.body["commit"]["type"] for one in events if _is_of(one.body, wanted)}
    cache = open_cache()
    return queued | (Records(cache.root, url).types_of(name, team) if cache else set())


def _is_of(body: dict[str, Any], spec: Spec) -> bool:
    commit = body["commit"]
    return (
        body["name"] == spec.name
        and spec.artifact_type in {None, commit["type"]}
        and spec.team in {None, commit.get("team") or rules.EVERYONE}
    )


def _is_meant(body: dict[str, Any], spec: Spec) -> bool:
    """Whether a queued version is what ``spec`` names: numbers and the past it cannot have."""
    names = {"latest", *body["commit"]["aliases"]}
    return _is_of(body, spec) and spec.at is None and spec.ref in names


def _queued_version(body: dict[str, Any], contents: Cache) -> StoredVersion:
    commit: payloads.CommitRequest = body["commit"]
    listing = list_files(body["name"], commit)
    owner = commit.get("team")
    metadata = ArtifactMetadata(
        name=body["name"],
        type=commit["type"],
        version=0,
        created_at=body["at"],
        updated_at=body["at"],
        created_by_run=commit["run"],
        size_bytes=listing["total_size"],
        num_files=listing["total_files"],
        num_references=listing["total_references"],
        status="queued",
        metadata=commit["metadata"],
        description=commit["description"],
        tags=commit["tags"],
        aliases=commit["aliases"],
        team=None if owner == rules.EVERYONE else owner,
    )
    origin = Origin(pools=[contents], as_of=datetime.fromtimestamp(body["at"], tz=UTC))
    return StoredVersion(metadata, origin, ArtifactManifest.from_payload(listing))


def _known_version(known: Known, contents: Cache) -> StoredVersion:
    manifest = ArtifactManifest.from_payload(known.files) if known.files else None
    metadata = ArtifactMetadata.from_payload(known.detail)
    origin = Origin(pools=[contents], as_of=known.as_of)
    return StoredVersion(metadata, origin, manifest, known.detail)
