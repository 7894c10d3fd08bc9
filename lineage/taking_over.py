"""This portal as the target of an import: what ``runicorn.legacy`` asks for, by the services."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TypeVar

from accounts.access import SYSTEM
from accounts.errors import AccessDenied
from accounts.names import EVERYONE
from artifacts.descriptions import as_stored
from artifacts.errors import DomainError, StorageFull, StoreUnavailable
from artifacts.names import ArtifactName
from artifacts.services import importing as services
from artifacts.services.adopting import Source, adopt_files, stored_among
from artifacts.storage.manifest import Manifest, ManifestEntry, ManifestReference
from lineage.importing import PastRun as ImportedRun
from lineage.importing import PastUse, has_run, import_run
from runicorn.legacy.files import hash_stream, open_plain, why_not, why_unreadable
from runicorn.legacy.target import Lost, Refused, Standing, Taken, TakenFiles
from runicorn.legacy.values import PastFile, PastRun, PastVersion, RunLink, Tombstone

FATAL = (AccessDenied, StorageFull, StoreUnavailable)
"""What stops an import: with the next version it would be no other."""

T = TypeVar("T")


class Portal:
    """The portal of this process; ``root`` is that of the store that is taken over."""

    label = "this portal"

    def __init__(
        self, root: Path, *, may_link: bool = True, may_clone: bool = True, must_link: bool = False
    ) -> None:
        self._root = root
        self._ways = {"may_link": may_link, "may_clone": may_clone, "must_link": must_link}
        self._hashed: dict[tuple[int, int, int, int], str] = {}

    def look(self, past: PastVersion) -> Standing:
        """What stands at the number."""
        found = _ask(
            lambda: services.look_at_number(
                type_=past.line.type, name=past.line.name, team=past.line.team or EVERYONE,
                past=_past(past, {}), asked_by=SYSTEM,
            )
        )  # fmt: skip
        return _standing(found, past)

    def commit(self, past: PastVersion, lost: Lost) -> Standing:
        """Make the version."""
        found = _ask(
            lambda: services.import_version(
                type_=past.line.type, name=past.line.name, team=past.line.team or EVERYONE,
                past=_past(past, lost), imported_by=SYSTEM,
            )
        )  # fmt: skip
        return _standing(found, past)

    def bury(self, tombstone: Tombstone) -> None:
        """Note the number."""
        past = services.PastTombstone(
            tombstone.number, tombstone.run, maybe_moment(tombstone.created_at),
            maybe_moment(tombstone.purged_at),
        )  # fmt: skip
        line = tombstone.line
        _ask(
            lambda: services.import_tombstone(
                type_=line.type, name=line.name, team=line.team or EVERYONE, past=past,
                imported_by=SYSTEM,
            )
        )  # fmt: skip

    def has_run(self, run: PastRun) -> bool:
        """Whether it is there."""
        return _ask(
            lambda: has_run(
                run_id=run.id, project=run.project, name=run.name, asked_by=SYSTEM
            )
        )  # fmt: skip

    def add_run(self, run: PastRun) -> tuple[bool, list[tuple[RunLink, str]]]:
        """Make the run with its links."""
        uses = {_use(link): link for link in run.used}
        past = ImportedRun(
            id=run.id, project=run.project, name=run.name, status=run.status,
            created_at=moment(run.created_at), updated_at=maybe_moment(run.updated_at),
            finished_at=maybe_moment(run.finished_at), user=run.user, used=list(uses),
        )  # fmt: skip
        made = _ask(lambda: import_run(past=past, imported_by=SYSTEM))
        return made.is_new, [(uses[one], "the portal has no such version") for one in made.missing]

    # Contents -------------------------------------------------------------------------------------

    def take(self, past: PastVersion, files: Sequence[PastFile], *, dry_run: bool) -> TakenFiles:
        """Hash each content where it lies; store what is not stored yet."""
        stored = set() if dry_run else stored_among(_sha256(one.digest) for one in files)
        taking = _Taking(self._take_turn, files, stored, dry_run=dry_run)
        return taking.run()

    def _take_turn(
        self, sources: Sequence[Source], stored: set[str], *, dry_run: bool
    ) -> list[tuple[Source, str, str]]:
        """(source, how, why not) of each: what is stored is only hashed."""
        wanted = [one for one in sources if one.sha256 not in stored and not dry_run]
        known = [one for one in sources if one.sha256 in stored or dry_run]
        results = [(one, "found" if dry_run else "known", self._check(one)) for one in known]
        adopted = adopt_files(wanted, self._open, **self._ways)
        for source, one in _ask(lambda: list(adopted)):
            results.append((source, one.how, one.why))
        return results

    def _open(self, path: Path, stack: ExitStack) -> BinaryIO:
        return stack.enter_context(open_plain(self._root, path))

    def _check(self, source: Source) -> str:
        """Why the file does not hold what it must; the same inode is read once."""
        try:
            with open_plain(self._root, source.path) as file:
                key = _identity(file)
                digest = f"sha256:{source.sha256}"
                if self._hashed.get(key) == digest:
                    return ""
                found = hash_stream(file)
        except OSError as error:
            return why_unreadable(error)
        self._hashed[key] = found[0]
        return why_not(found, digest, source.size_bytes)


def _identity(file: BinaryIO) -> tuple[int, int, int, int]:
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class _Taking:
    """The contents of one version: the likeliest places first, then the others."""

    def __init__(
        self,
        turn: Callable[..., list[tuple[Source, str, str]]],
        files: Sequence[PastFile],
        stored: set[str],
        *,
        dry_run: bool,
    ) -> None:
        self._turn = turn
        self._files = files
        self._stored = stored
        self._dry_run = dry_run
        self._why: Lost = {}
        self._ways: dict[str, list[int]] = {}

    def run(self) -> TakenFiles:
        pending = list(self._files)
        for number in range(max((len(one.places) for one in pending), default=0)):
            pending = self._try(pending, number)
        missing = {one.digest: self._why.get(one.digest, "is missing") for one in pending}
        repaired = {digest: why for digest, why in self._why.items() if digest not in missing}
        ways = [Taken(how, len(sizes), sum(sizes)) for how, sizes in self._ways.items()]
        stored = stored_among(map(_sha256, missing))
        held = {digest: why for digest, why in missing.items() if _sha256(digest) in stored}
        lost = {digest: why for digest, why in missing.items() if digest not in held}
        return TakenFiles(lost, repaired, ways, held)

    def _try(self, pending: list[PastFile], number: int) -> list[PastFile]:
        """Look for each in its place of that number; returns those that are not there."""
        sources = [
            Source(one.places[number], _sha256(one.digest), one.size)
            for one in pending
            if number < len(one.places)
        ]
        done = set()
        for source, how, why in self._turn(sources, self._stored, dry_run=self._dry_run):
            if why:
                self._why.setdefault(f"sha256:{source.sha256}", why)
            else:
                done.add(source.sha256)
                self._ways.setdefault(how, []).append(source.size_bytes)
        return [one for one in pending if _sha256(one.digest) not in done]


def _ask(call: Callable[[], T]) -> T:
    """The answer of a service; what concerns one version alone is Refused."""
    try:
        return call()
    except FATAL:
        raise
    except DomainError as error:
        raise Refused(error.detail) from None


def _standing(found: services.Standing, past: PastVersion) -> Standing:
    version = found.version
    if version is None:
        return Standing(found.outcome, manifest_digest=f"sha256:{found.manifest_sha256}")
    return Standing(
        found.outcome, version.status, f"sha256:{version.manifest_sha256}",
        tuple(services.alias_names_at(version)), found.differs,
    )  # fmt: skip


def manifest_of(past: PastVersion) -> Manifest:
    """The manifest as the portal keeps it."""
    return Manifest(
        entries=tuple(
            ManifestEntry(one.path, _sha256(one.digest), one.size, one.modified_at)
            for one in past.files
        ),
        references=tuple(
            ManifestReference(one.uri, one.checksum, one.size, one.name, as_stored(one.metadata))
            for one in past.references
        ),
    )


def _past(past: PastVersion, lost: Lost) -> services.PastVersion:
    return services.PastVersion(
        number=past.number, manifest=manifest_of(past), created_at=moment(past.created_at),
        updated_at=moment(past.updated_at), run_id=past.run, user=past.user,
        description=past.description, tags=past.tags, metadata=past.metadata,
        deleted_at=maybe_moment(past.deleted_at), deleted_by=past.deleted_by,
        aliases=[
            services.ImportedAlias(one.name, one.is_protected, maybe_moment(one.updated_at))
            for one in past.aliases
        ],
        lost=frozenset(map(_sha256, lost)),
        artifact_created_at=maybe_moment(past.artifact_created_at),
        artifact_updated_at=maybe_moment(past.artifact_updated_at),
        last_number=past.last_number,
    )  # fmt: skip


def _use(link: RunLink) -> PastUse:
    line = link.line
    name = ArtifactName(line.type, line.name, line.team or EVERYONE)
    return PastUse(name, link.number, maybe_moment(link.at))


def _sha256(digest: str) -> str:
    return digest.removeprefix("sha256:")


def moment(seconds: float) -> datetime:
    """Epoch seconds as a time."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def maybe_moment(seconds: float | None) -> datetime | None:
    """Epoch seconds as a time; None stays None."""
    return None if seconds is None else moment(seconds)
