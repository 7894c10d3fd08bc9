"""This portal as the source of an export: what ``runicorn.legacy`` asks for, from the rows."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path

from artifacts.errors import Corrupted
from artifacts.models import Alias, Artifact, Blob, Version
from artifacts.services.contents import open_blob
from artifacts.services.store import current_store
from artifacts.storage.durable import CANNOT_LINK, try_clone
from artifacts.storage.layout import FILE
from lineage.models import Run, RunInput
from runicorn.legacy.exporting import ExportedArtifact, Withheld
from runicorn.legacy.files import hash_stream
from runicorn.legacy.values import (
    Line,
    PastAlias,
    PastFile,
    PastReference,
    PastRun,
    PastVersion,
    RunLink,
    Tombstone,
)
from runicorn.legacy.writing import Lost, verify_written

PIECE_BYTES = 8 << 20
BATCH = 500


class PortalSource:
    """The artifacts ``chosen``; with ``may_link`` contents are linked, not cloned or copied."""

    def __init__(self, chosen: Iterable[Artifact], *, may_link: bool = False) -> None:
        self._chosen = chosen
        self._may_link = may_link
        self._rows: dict[Line, Artifact] = {}

    @property
    def label(self) -> str:
        """The id of the store."""
        return f"the portal with the store {current_store().id}"

    def artifacts(self) -> Iterator[ExportedArtifact]:
        """Those that have more than tombstones."""
        return map(self._describe, self._chosen)

    def find(self, line: Line) -> ExportedArtifact | None:
        """One that has nothing but tombstones."""
        rows = Artifact.objects.filter(type=line.type, name=line.name).select_related("team")
        owner = {"team__name": line.team} if line.team else {"team": None}
        found = rows.filter(**owner).first()
        return self._describe(found) if found else None

    def _describe(self, artifact: Artifact) -> ExportedArtifact:
        line = line_of(artifact)
        self._rows[line] = artifact
        numbers = artifact.versions.remaining().order_by("number")
        return ExportedArtifact(
            line, epoch(artifact.created_at), epoch(artifact.updated_at),
            artifact.last_number, list(numbers.values_list("number", flat=True)),
            list(_tombstones(line, artifact)),
        )  # fmt: skip

    def version(
        self, artifact: ExportedArtifact, number: int
    ) -> tuple[PastVersion, str] | Withheld | None:
        """A version as its rows have it."""
        row = self._rows[artifact.line]
        rows = row.versions.select_related("created_by", "deleted_by")
        found = rows.filter(number=number, purged_at=None).first()
        if found is None:
            return None
        return _past(found, artifact.line), found.status

    # Contents -------------------------------------------------------------------------------------

    def fetch(self, past: PastVersion, file: PastFile, target: Path) -> str:
        """Write the content, whole, whatever it is put together from."""
        blob = Blob.objects.filter(sha256=file.digest.removeprefix("sha256:")).first()
        if blob is None or blob.damaged_at:
            raise Lost("is damaged in the portal")
        if self._may_link and blob.layout == FILE and _link(blob, target):
            with target.open("rb") as linked:
                if hash_stream(linked) != (file.digest, file.size):
                    raise Lost("has other bytes than its digest says")
            return "linked"
        how = _copy(blob, target)
        verify_written(target, file)
        return how

    # Runs -----------------------------------------------------------------------------------------

    def runs(self) -> Iterator[PastRun]:
        """All of them, oldest first."""
        rows = Run.objects.select_related("created_by").order_by("created_at", "pk")
        waiting = rows.iterator(chunk_size=BATCH)
        while some := list(islice(waiting, BATCH)):
            yield from _runs(some)


def _tombstones(line: Line, artifact: Artifact) -> Iterator[Tombstone]:
    for one in artifact.versions.exclude(purged_at=None).order_by("number"):
        yield Tombstone(
            line, one.number, one.created_by_run, epoch(one.created_at), maybe_epoch(one.purged_at)
        )


def line_of(artifact: Artifact) -> Line:
    """Which artifact, as an export knows it."""
    return Line(artifact.type, artifact.name, artifact.team.name if artifact.team else None)


def _past(version: Version, line: Line) -> PastVersion:
    return PastVersion(
        line=line, number=version.number, created_at=epoch(version.created_at),
        updated_at=epoch(version.updated_at), files=_files(version),
        references=_references(version), run=version.created_by_run,
        user=version.created_by.get_username() if version.created_by else "",
        description=version.description, tags=tuple(version.tags), metadata=version.metadata,
        deleted_at=maybe_epoch(version.deleted_at),
        deleted_by=version.deleted_by.get_username() if version.deleted_by else "",
        aliases=tuple(map(_alias, version.aliases.order_by("name"))),
    )  # fmt: skip


def _files(version: Version) -> tuple[PastFile, ...]:
    rows = version.entries.order_by("path")
    values = rows.values_list("path", "blob__sha256", "blob__size_bytes", "modified_at")
    return tuple(
        PastFile(path, f"sha256:{sha256}", size, maybe_epoch(modified_at))
        for path, sha256, size, modified_at in values.iterator(chunk_size=10_000)
    )


def _references(version: Version) -> tuple[PastReference, ...]:
    return tuple(
        PastReference(one.uri, one.checksum, one.size_bytes, one.metadata, one.name)
        for one in version.references.order_by("position")
    )


def _alias(alias: Alias) -> PastAlias:
    return PastAlias(alias.name, alias.is_protected, epoch(alias.updated_at))


def _link(blob: Blob, target: Path) -> bool:
    try:
        os.link(current_store().pool_path(blob.sha256), target)
    except OSError as error:
        if error.errno in CANNOT_LINK:
            return False
        raise
    return True


def _copy(blob: Blob, target: Path) -> str:
    """Write the content to ``target``: cloned where the filesystem can, else copied."""
    try:
        with open_blob(blob) as source, target.open("xb") as file:
            if blob.layout == FILE and _clone(blob, file.fileno()):
                return "cloned"
            while piece := source.read(PIECE_BYTES):
                file.write(piece)
    except Corrupted as error:
        raise Lost(f"cannot be read: {error.detail}") from None
    return "copied"


def _clone(blob: Blob, fd: int) -> bool:
    with suppress(OSError), current_store().pool_path(blob.sha256).open("rb") as source:
        return try_clone(source, fd)
    return False


def _runs(runs: Sequence[Run]) -> Iterator[PastRun]:
    ids = [run.pk for run in runs]
    rows = Version.objects.select_related("artifact__team").filter(created_by_run__in=ids)
    made: dict[str, list[RunLink]] = defaultdict(list)
    for version in rows.order_by("pk"):
        made[version.created_by_run].append(_run_link(version, version.created_at))
    used: dict[str, list[RunLink]] = defaultdict(list)
    inputs = RunInput.objects.select_related("version__artifact__team").filter(run__in=ids)
    for one in inputs.order_by("pk"):
        used[one.run_id].append(_run_link(one.version, one.created_at))
    for run in runs:
        yield PastRun(
            id=run.pk, project=run.project, name=run.name, status=run.status,
            created_at=epoch(run.created_at), updated_at=epoch(run.updated_at),
            finished_at=maybe_epoch(run.finished_at),
            user=run.created_by.get_username() if run.created_by else "",
            used=tuple(used[run.pk]), made=tuple(made[run.pk]),
        )  # fmt: skip


def _run_link(version: Version, at: datetime) -> RunLink:
    return RunLink(line_of(version.artifact), version.number, epoch(at))


def epoch(moment: datetime) -> float:
    """Seconds since the epoch."""
    return moment.timestamp()


def maybe_epoch(moment: datetime | None) -> float | None:
    """Seconds since the epoch, or None."""
    return None if moment is None else moment.timestamp()
