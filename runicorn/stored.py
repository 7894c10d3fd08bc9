"""A version that is stored: on a server, in the cache, in the queue, or (disabled) nowhere."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from runicorn import payloads
from runicorn.api import Client
from runicorn.cache import Cache, open_cache
from runicorn.comparisons import Comparison, Pair
from runicorn.download import Sources, download_files
from runicorn.errors import NeedsPortal, NotCached
from runicorn.forking import ForkSafeLock
from runicorn.models import ArtifactManifest, ArtifactMetadata, FileEntry, RunRef
from runicorn.placing import is_intact, safe_target
from runicorn.records import remember
from runicorn.scratch import make_download_dir
from runicorn.selection import choose_files
from runicorn.specs import parse_spec
from runicorn.transfer import Transfer
from runicorn.verifying import Verification, verify_folder

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Origin:
    """Where a version comes from.

    ``client`` None: from this machine alone, as of ``as_of``, its content from ``pools`` and the
    cache. ``is_hollow``: of a disabled run, with nothing in it.
    """

    client: Client | None = None
    pools: Sequence[Cache] = ()
    as_of: datetime | None = None
    is_hollow: bool = False


@dataclass
class StoredVersion:
    """A version as it was at ``seen_at``, and where this process has put its files."""

    metadata: ArtifactMetadata
    origin: Origin
    known_manifest: ArtifactManifest | None = None
    detail: payloads.VersionDetail | None = None
    seen_at: float = field(default_factory=time.time)
    _downloaded_to: Path | None = None
    _own_dir: Path | None = None
    _lock: ForkSafeLock = field(default_factory=ForkSafeLock)

    @property
    def label(self) -> str:
        """``name:v3``, or ``name:queued`` where the portal has not numbered it yet."""
        number = self.metadata.version
        return f"{self.metadata.name}:v{number}" if number else f"{self.metadata.name}:queued"

    @property
    def manifest(self) -> ArtifactManifest:
        """Its files and references, asked for once.

        Raises :class:`NotCached` offline where they never were asked for online.
        """
        with self._lock:
            if self.known_manifest is None:
                self.known_manifest = self._ask_manifest()
            return self.known_manifest

    def _ask_manifest(self) -> ArtifactManifest:
        client, mine = self.origin.client, self.metadata
        if client is None:
            raise NotCached(f"The files of {self.label} were never listed online on this machine.")
        listing = client.get_files(
            mine.name, mine.version, artifact_type=mine.type, team=mine.owner
        )
        if self.detail is not None:
            remember(client.url, self.detail, files=listing, seen_at=self.seen_at)
        return ArtifactManifest.from_payload(listing)

    def download(
        self,
        target_dir: str | Path | None,
        transfer: Transfer,
        *,
        files: str | Sequence[str] | None = None,
        link: bool = False,
    ) -> Path:
        """Fetch ``files``, or everything, into ``target_dir``, or into a new folder."""
        chosen = None if self.origin.is_hollow else files
        entries = choose_files(self.manifest.files, chosen)
        folder = Path(target_dir) if target_dir else self._make_dir()
        self._download(entries, folder, transfer, link=link)
        self._downloaded_to = folder
        return folder

    def _download(
        self, entries: Sequence[FileEntry], folder: Path, transfer: Transfer, *, link: bool = False
    ) -> list[Path]:
        origin = self.origin
        sources = Sources(origin.client, open_cache(), origin.pools, is_linked=link)
        return download_files(origin.client, self.metadata, entries, folder, transfer, sources)

    def fetch(self, entry: FileEntry, transfer: Transfer) -> Path:
        """Fetch one file into a folder of our own, unless the last download still has it."""
        if self._downloaded_to is not None:
            path = safe_target(self._downloaded_to, entry.path)
            if is_intact(path, entry, transfer):
                return path
        with self._lock:
            folder = self._own_dir = self._own_dir or self._make_dir()
        return self._download([entry], folder, transfer)[0]

    def verify(self, folder: str | Path | None, transfer: Transfer) -> Verification:
        """Compare the files in ``folder``, or where they were downloaded to, with the version's."""
        where = Path(folder) if folder else self._downloaded_to
        if where is None:
            raise RuntimeError(f"{self.label} was not downloaded here: say in which folder it is.")
        return verify_folder(self.manifest.files, where, transfer)

    def diff(self, other: str) -> Comparison:
        """Ask what changed from ``other``, a version of this or another artifact, to this one."""
        client, mine = self._require_client("compare it"), self.metadata
        full_name = f"{mine.owner}/{mine.type}/{mine.name}"
        is_spec = ":" in other.partition("@")[0] or "/" in other  # a time has colons too
        spec = parse_spec(other if is_spec else f"{full_name}:{other}")
        ref = spec.ref
        if spec.at is not None:
            alias = client.get_alias(spec.name, spec.ref, **spec.whose, at=spec.at)
            ref = f"v{alias['version']}"
        pair = Pair(spec.name, ref, f"v{mine.version}", **spec.whose, other=full_name)
        return client.comparisons.versions(pair)

    def find_runs(self, edge_type: str) -> list[RunRef]:
        """Ask which runs used it (``uses``) or made it (``produces``)."""
        if self.origin.is_hollow:
            return []
        client, mine = self._require_client("ask for its runs"), self.metadata
        graph = client.get_lineage(
            mine.name, mine.version, max_depth=1, artifact_type=mine.type, team=mine.owner
        )
        if graph.get("truncated"):
            logger.warning("%s has more runs around it than the portal lists", self.label)
        return _runs_beside(graph, edge_type)

    def _require_client(self, purpose: str) -> Client:
        if self.origin.client is None:
            raise NeedsPortal(
                f"{self.label}: to {purpose} takes the portal; this run is not online"
            )
        return self.origin.client

    def _make_dir(self) -> Path:
        return make_download_dir(f"runicorn_{self.metadata.name}_v{self.metadata.version}_")


def _runs_beside(graph: payloads.Lineage, edge_type: str) -> list[RunRef]:
    """Return the runs at the other end of the edges of one kind at the root."""
    root, near, far = graph["root_artifact"], "source", "target"
    if edge_type == "produces":
        near, far = far, near
    edges = [dict(edge) for edge in graph["edges"] if edge["edge_type"] == edge_type]
    ids = {edge[far] for edge in edges if edge[near] == root}
    return [RunRef.from_node(node) for node in graph["nodes"] if node["node_id"] in ids]
