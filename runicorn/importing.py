"""A portal elsewhere as the target of an import (:mod:`runicorn.legacy`): over its API."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from runicorn.api import Client
from runicorn.errors import (
    AccessDenied,
    AuthenticationRequired,
    QuotaExceeded,
    RunicornError,
    RunNotFound,
    ServerError,
    ServerUnavailable,
    SourceChanged,
    StorageFull,
)
from runicorn.hashing import SourceFile, hash_file
from runicorn.imports import StandingInfo
from runicorn.legacy.files import open_plain, why_not, why_unreadable
from runicorn.legacy.target import Lost, Refused, Standing, Taken, TakenFiles
from runicorn.legacy.values import PastFile, PastRun, PastVersion, RunLink, Tombstone
from runicorn.payloads import RunInfo
from runicorn.rules import EVERYONE
from runicorn.transfer import Reporter, Transfer
from runicorn.upload import DIGESTS_PER_QUESTION, upload_missing

FATAL = (AccessDenied, AuthenticationRequired, ServerError, ServerUnavailable, StorageFull)
"""What stops an import: with the next version it would be no other."""

T = TypeVar("T")


class RemotePortal:
    """The portal that ``client`` talks to; ``root`` is that of the store that is taken over."""

    def __init__(self, client: Client, root: Path, reporter: Reporter | None = None) -> None:
        self._client = client
        self._root = root
        self._reporter = reporter

    @property
    def label(self) -> str:
        """Its address."""
        return self._client.url

    def look(self, past: PastVersion) -> Standing:
        """What stands at the number."""
        return self._import(past, version_body(past) | {"dry_run": True})

    def commit(self, past: PastVersion, lost: Lost) -> Standing:
        """Make the version."""
        return self._import(past, version_body(past) | {"lost": sorted(lost)})

    def _import(self, past: PastVersion, body: dict[str, Any]) -> Standing:
        found = _ask(lambda: self._client.imports.version(past.line.name, body))
        return _standing(found)

    def bury(self, tombstone: Tombstone) -> None:
        """Note the number."""
        line, purged_at = tombstone.line, tombstone.purged_at or time.time()
        body = {
            "type": line.type, "team": line.team or EVERYONE, "version": tombstone.number,
            "run": tombstone.run or None, "created_at": tombstone.created_at or purged_at,
            "purged_at": purged_at,
        }  # fmt: skip
        _ask(lambda: self._client.imports.version(line.name, body))

    def has_run(self, run: PastRun) -> bool:
        """Whether it is there."""
        found = _ask(lambda: self._find_run(run.id))
        if found is None:
            return False
        if (found["project"], found["name"]) != (run.project, run.name):
            whose = f"project {found['project']!r}, name {found['name']!r}"
            raise Refused(f"Run {run.id} exists: {whose}.")
        return True

    def _find_run(self, run_id: str) -> RunInfo | None:
        try:
            return self._client.get_run(run_id)
        except RunNotFound:
            return None

    def add_run(self, run: PastRun) -> tuple[bool, list[tuple[RunLink, str]]]:
        """Make the run with its links."""
        found, is_new = _ask(lambda: self._client.imports.run(run.id, run_body(run)))
        missing = set(found["missing"])
        left_out = [link for link in run.used if f"{_named(link)}:v{link.number}" in missing]
        return is_new, [(link, "the portal has no such version") for link in left_out]

    # Contents -------------------------------------------------------------------------------------

    def take(self, past: PastVersion, files: Sequence[PastFile], *, dry_run: bool) -> TakenFiles:
        """Hash each content where it lies; send what the portal lacks."""
        transfer = Transfer(self._reporter)
        transfer.start(f"Hashing {past}", sum(one.size for one in files))
        looked = transfer.run([partial(self._find, file, transfer) for file in files])
        lost = {file.digest: why for file, (source, why) in zip(files, looked, strict=True)
                if source is None}  # fmt: skip
        repaired = {file.digest: why for file, (source, why) in zip(files, looked, strict=True)
                    if source is not None and why}  # fmt: skip
        sources = [source for source, _ in looked if source is not None]
        if not dry_run:
            self._send(past, sources, transfer)
        size_bytes = sum(one.size for one in sources)
        way = Taken("found" if dry_run else "there or sent", len(sources), size_bytes)
        held = self._held_among(lost)
        lost = {digest: why for digest, why in lost.items() if digest not in held}
        return TakenFiles(lost, repaired, [way] if sources else [], held)

    def _held_among(self, lost: Lost) -> Lost:
        """Those of ``lost`` that the portal has."""
        digests, missing = list(lost), set[str]()
        for start in range(0, len(digests), DIGESTS_PER_QUESTION):
            batch = digests[start : start + DIGESTS_PER_QUESTION]
            missing.update(_ask(partial(self._client.find_missing, batch)))
        return {digest: why for digest, why in lost.items() if digest not in missing}

    def _find(self, file: PastFile, transfer: Transfer) -> tuple[SourceFile | None, str]:
        """The first of its places that holds it, and why those before do not."""
        first = ""
        for place in file.places:
            try:
                with open_plain(self._root, place):
                    pass
                found = hash_file(place, transfer.advance)
                why = why_not((found.digest, found.size), file.digest, file.size)
            except SourceChanged:
                why = "changes while it is read"
            except OSError as error:
                why = why_unreadable(error)
            if not why:
                return found, first
            first = first or why
        return None, first or "is missing"

    def _send(self, past: PastVersion, sources: Iterable[SourceFile], transfer: Transfer) -> None:
        line = past.line
        name = "/".join((line.team or EVERYONE, line.type, line.name))
        _ask(
            lambda: upload_missing(
                self._client, sources, name, transfer, num_files=len(past.files)
            )
        )  # fmt: skip


def _ask(call: Callable[[], T]) -> T:
    """The portal's answer; what concerns one version alone is Refused."""
    try:
        return call()
    except QuotaExceeded as error:
        raise Refused(str(error)) from None
    except FATAL:
        raise
    except RunicornError as error:
        raise Refused(str(error)) from None


def _standing(found: StandingInfo) -> Standing:
    return Standing(
        found["outcome"], found["status"] or "", found["manifest_digest"] or "",
        tuple(found["aliases"]), tuple(found.get("differs", ())),
    )  # fmt: skip


def version_body(past: PastVersion) -> dict[str, Any]:
    """A version as the portal's import takes it."""
    return {
        "type": past.line.type, "team": past.line.team or EVERYONE, "version": past.number,
        "created_at": past.created_at, "updated_at": past.updated_at, "run": past.run or None,
        "user": past.user or None, "description": past.description, "tags": list(past.tags),
        "metadata": dict(past.metadata), "deleted_at": past.deleted_at,
        "deleted_by": past.deleted_by or None,
        "artifact_created_at": past.artifact_created_at,
        "artifact_updated_at": past.artifact_updated_at, "last_number": past.last_number,
        "aliases": [
            {"alias": one.name, "protected": one.is_protected, "updated_at": one.updated_at}
            for one in past.aliases
        ],
        "files": [
            {"path": one.path, "digest": one.digest, "size": one.size,
             "modified_at": one.modified_at}
            for one in past.files
        ],
        "references": [
            {"uri": one.uri, "checksum": one.checksum, "size": one.size, "name": one.name,
             "metadata": dict(one.metadata)}
            for one in past.references
        ],
    }  # fmt: skip


def run_body(run: PastRun) -> dict[str, Any]:
    """A run as the portal's import takes it."""
    return {
        "project": run.project, "name": run.name, "status": run.status,
        "created_at": run.created_at, "updated_at": run.updated_at,
        "finished_at": run.finished_at, "user": run.user or None,
        "used": [_use(link) for link in run.used],
    }  # fmt: skip


def _use(link: RunLink) -> Mapping[str, Any]:
    line = link.line
    return {
        "type": line.type, "name": line.name, "team": line.team or EVERYONE,
        "version": link.number, "used_at": link.at,
    }  # fmt: skip


def _named(link: RunLink) -> str:
    return "/".join((link.line.team or EVERYONE, link.line.type, link.line.name))
