"""Fetching the files of a version: from the cache, else from the server, verified on the way.

The paths the server names are checked here again: none leads out of the target. What comes from the
server goes into the cache and is copied (or cloned, or linked) out of it; without a cache, or where
it has no room, it goes beside its target. Both ways, what came stays for the next attempt.
"""

import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from runicorn.api import Client
from runicorn.bundle import choose_bundled, fetch_bundled
from runicorn.cache import Cache, CannotLink, NotThere
from runicorn.errors import NotCached
from runicorn.fetching import Fetch, is_disk_trouble
from runicorn.models import ArtifactMetadata, FileEntry
from runicorn.partial import open_partial
from runicorn.placing import Placement, safe_targets
from runicorn.transfer import Advancing, Quiet, Tally, Transfer

logger = logging.getLogger(__name__)

LOOK_AT_ONCE = 64
LINE_FROM_BYTES = 8 << 20
"""Smaller files are not shown one by one."""


@dataclass(frozen=True)
class Sources:
    """Where content may come from: ``pools`` are looked at first, and ``cache`` keeps what comes.

    Without a ``client``: offline. ``is_linked`` makes the files read-only links into the cache.
    """

    client: Client | None = None
    cache: Cache | None = None
    pools: Sequence[Cache] = ()
    is_linked: bool = False

    @property
    def kept(self) -> list[Cache]:
        """Everything on this machine."""
        return [*self.pools, *([self.cache] if self.cache else [])]


def download_files(
    client: Client | None,
    version: ArtifactMetadata,
    entries: Sequence[FileEntry],
    target_dir: Path,
    transfer: Transfer,
    sources: Sources | None = None,
) -> list[Path]:
    """Fetch ``entries`` of ``version`` into ``target_dir``; return where they are.

    A file that is there with the right content is kept as it is. Raises
    :class:`IntegrityError` for content or paths that are not what they should be,
    :class:`NotCached` offline.
    """
    targets = safe_targets(target_dir, [entry.path for entry in entries])
    planned = [Placement(entry, targets[entry.path]) for entry in entries]
    target_dir.mkdir(parents=True, exist_ok=True)
    transfer.start("Downloading", sum(entry.size for entry in entries))
    _Download(sources or Sources(client), version, transfer).run(planned)
    return [one.target for one in planned]


class _Download:
    """The files of one version on their way."""

    def __init__(self, sources: Sources, version: ArtifactMetadata, transfer: Transfer) -> None:
        self._sources = sources
        self._version = version
        self._transfer = transfer
        self._cache = sources.cache

    def run(self, planned: Sequence[Placement]) -> None:
        wanted = self._without(planned, self._is_there)
        wanted = self._without(wanted, self._is_kept) if self._sources.kept else wanted
        if not wanted:
            return
        if self._sources.client is None:
            raise self._not_cached(wanted)
        self._make_room(sum(one.entry.size for one in wanted))
        self._fetch_all(self._sources.client, wanted)
        if self._cache is not None:
            self._cache.prune()

    def _without(
        self, planned: Sequence[Placement], is_done: Callable[[Placement], bool]
    ) -> list[Placement]:
        """Return those that are not done; a job looks at several, as most take no time at all."""

        def left_of(some: Sequence[Placement]) -> list[Placement]:
            return [one for one in some if not is_done(one)]

        size = max(1, min(LOOK_AT_ONCE, len(planned) // self._transfer.workers))
        lots = [planned[start : start + size] for start in range(0, len(planned), size)]
        return [
            one
            for lot in self._transfer.run([partial(left_of, lot) for lot in lots])
            for one in lot
        ]

    def _is_there(self, one: Placement) -> bool:
        """Whether a file is there; a link into the cache becomes a copy unless links are wanted."""
        if not one.is_done(self._transfer):
            return False
        if one.is_linked and not self._sources.is_linked:
            one.copy_over(self._transfer)
        return True

    def _is_kept(self, one: Placement) -> bool:
        return any(self._take_out(pool, one, self._transfer) for pool in self._sources.kept)

    def _take_out(self, pool: Cache, one: Placement, progress: Advancing) -> bool:
        """Have a file from a cache, if it is there and right."""
        try:
            if self._may_link(pool) and self._link_out(pool, one, progress):
                return True
            if pool.has(one.entry.digest):
                self._copy_out(pool, one, progress)
                return True
        except NotThere:
            logger.debug("%s is not in %s any more", one.entry.path, pool.root)
        return False

    def _may_link(self, pool: Cache) -> bool:
        """Never into the queue: what is written to such a link would be sent, or be lost."""
        return self._sources.is_linked and pool not in self._sources.pools

    def _copy_out(self, pool: Cache, one: Placement, progress: Advancing) -> None:
        """Copy a file, under the name that a killed process may have left a part of it."""
        with open_partial(one.partial_path, progress) as part:
            part.start_over()
            with part.open_for_copy() as file:
                pool.copy_to(one.entry.digest, file, progress)
            part.set_times(one.entry.modified_at)
            part.rename(one.target)

    def _link_out(self, pool: Cache, one: Placement, progress: Advancing) -> bool:
        try:
            with one.replacing() as part:
                pool.link_to(one.entry.digest, part, progress)
        except CannotLink:
            return False
        progress.advance(one.entry.size)
        return True

    def _not_cached(self, wanted: Sequence[Placement]) -> NotCached:
        first = wanted[0].entry.path
        others = f" and {len(wanted) - 1} other files are" if wanted[1:] else " is"
        return NotCached(
            f"{self._version.name}:v{self._version.version}: {first}{others} not in the cache. "
            "Download it once while RUNICORN_MODE is online."
        )

    def _make_room(self, size_bytes: int) -> None:
        if self._cache is None:
            return
        if size_bytes > self._cache.max_bytes:
            logger.info("%d bytes are more than the cache may hold: not cached", size_bytes)
            self._cache = None
        else:
            self._cache.prune(self._cache.max_bytes - size_bytes)

    def _fetch_all(self, client: Client, wanted: Sequence[Placement]) -> None:
        bundled = choose_bundled(wanted)
        done = fetch_bundled(client, self._version, bundled, self._transfer, self._keep)
        left = [one for one in wanted if one.entry.path not in done]
        left.sort(key=lambda one: -one.entry.size)
        self._transfer.run([partial(self._fetch, client, one) for one in left])

    def _keep(self, digest: str, content: bytes) -> None:
        """Put a small content into the cache, if that can be."""
        if self._cache is None:
            return
        try:
            self._cache.add(digest, content)
        except OSError as error:
            self._give_up_cache(error)

    def _give_up_cache(self, error: OSError) -> None:
        logger.warning("The cache cannot be written: %s; going on without it", error)
        self._cache = None

    def _fetch(self, client: Client, one: Placement) -> None:
        if one.entry.size < LINE_FROM_BYTES:
            self._fetch_one(client, one, self._transfer)
        else:
            with self._transfer.line(one.entry.path, one.entry.size) as line:
                self._fetch_one(client, one, line)

    def _fetch_one(self, client: Client, one: Placement, progress: Advancing) -> None:
        cache = self._cache
        if cache is None or not self._fetch_by(cache, client, one, progress):
            self._fetch_beside(client, one, progress)

    def _fetch_by(self, cache: Cache, client: Client, one: Placement, progress: Advancing) -> bool:
        """Fetch a file into the cache and take it out of there; False where that cannot be."""
        tally = Tally(progress)
        try:
            self._fetch_into(cache, client, one.entry, tally)
        except OSError as error:
            if not is_disk_trouble(error):
                raise
            with contextlib.suppress(OSError):
                cache.partial_path(one.entry.digest).unlink(missing_ok=True)
            self._give_up_cache(error)
            tally.take_back()
            return False
        is_placed = self._take_out(cache, one, Quiet(progress))  # the target's trouble is raised
        if not is_placed:
            tally.take_back()
        return is_placed

    def _fetch_into(
        self, cache: Cache, client: Client, entry: FileEntry, progress: Advancing
    ) -> None:
        with open_partial(cache.partial_path(entry.digest), progress) as part:
            if cache.has(entry.digest):  # another process fetched it while we waited
                part.drop()
                progress.advance(entry.size)
            else:
                Fetch(client, self._version, entry, part, progress).run()
                cache.publish(part, entry.digest)

    def _fetch_beside(self, client: Client, one: Placement, progress: Advancing) -> None:
        """Fetch a file without a cache."""
        with open_partial(one.partial_path, progress) as part:
            if part.has_waited and one.is_done(progress):
                part.drop()
                return
            Fetch(client, self._version, one.entry, part, progress).run()
            part.set_times(one.entry.modified_at)
            part.rename(one.target)
