"""The rows anew from the store alone: for a database that is lost while the disk is not.

The version folders say what was committed, the pool what is stored; what neither knows comes from
an export (``restore``). No byte of content is read: a scrub does that afterwards.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import Team
from accounts.names import EVERYONE
from accounts.sentences import say
from artifacts.errors import Conflict, Corrupted
from artifacts.models import Artifact, Blob, StoreIdentity, Version
from artifacts.names import MAX_NAME_CHARACTERS, TYPES, check_name, check_team
from artifacts.services.rebuild_blobs import rebuild_blobs
from artifacts.services.report import RebuildReport
from artifacts.services.versions import insert_entries, insert_references
from artifacts.storage import pool
from artifacts.storage.durable import move
from artifacts.storage.layout import Store, artifact_folder, folder_name
from artifacts.storage.manifest import Manifest
from artifacts.storage.store import open_store
from artifacts.storage.tree import read_manifest

MARK_CHARACTERS = 17

Names = Mapping[tuple[str, str, str], str]
"""(team, type, folder of the artifact) → its name, as an export knows it."""


class Line(NamedTuple):
    """Which artifact: ``team`` is empty for everyone's, ``folder`` may be a shortened name."""

    team: str
    type_: str
    folder: str

    def __str__(self) -> str:
        return "/".join(filter(None, self))


@dataclass(frozen=True)
class Folder:
    """A version folder."""

    path: Path
    line: Line
    number: int

    def __str__(self) -> str:
        return f"{self.line}:v{self.number}"

    def read(self) -> Manifest:
        """Its manifest; raises Corrupted (422) when that is gone or damaged."""
        data = read_manifest(self.path)
        if data is None:
            raise Corrupted(say("It has no manifest.json."))
        return Manifest.from_bytes(data)

    @property
    def made_at(self) -> datetime:
        """When the manifest was written: about when the version was made."""
        return datetime.fromtimestamp((self.path / "manifest.json").stat().st_mtime, tz=UTC)


def require_empty() -> Store:
    """The store whose rows may be made; Conflict (409) where the database has content or another.

    Raises StoreUnavailable (503).
    """
    if Artifact.objects.exists() or Blob.objects.exists():
        raise Conflict(say("The database has content; only an empty one is rebuilt."))
    store, known = _store(), StoreIdentity.objects.first()
    if known is not None and known.store_id != store.id:
        raise Conflict(
            say(
                "The database belongs to the store {known}; the one at {root} is {id}.",
                known=known,
                root=store.root,
                id=store.id,
            )
        )
    return store


def _store() -> Store:
    return open_store(settings.RUNICORN_STORAGE_ROOT)


def put_trash_back() -> None:
    """Put all content in the trash back into the pool.

    Without the rows nobody can say what of it was to go; ``collect`` decides again.
    """
    store = _store()
    for path, _ in list(pool.trashed(store)):
        pool.put_back(store, path)


def rebuild_rows(*, names: Names) -> RebuildReport:
    """Make the rows of all that lies in the store; ``names`` tells what shortened folders mean.

    Runs inside the caller's transaction, in a database that is empty.

    Raises StoreUnavailable (503).
    """
    store = _store()
    StoreIdentity.objects.get_or_create(store_id=store.id)
    report = RebuildReport()
    rebuild_blobs(store=store, needed=_needed(store), report=report)
    for line, versions in groupby(_version_folders(store), key=_line_of):
        try:
            team = _make_team(line)
        except ValueError as error:
            report.losses.append(f"{line}: {error}")
            continue
        name = names.get(line) or _guess_name(store, line, report)
        if name is not None:
            _make_artifact(Artifact(team=team, type=line.type_, name=name), versions, report)
    return report


def _version_folders(store: Store) -> Iterator[Folder]:
    """Every ``{type}/{name}/v{N}``, those of one artifact together and in order; then the teams'.

    What is not everyone's stays a team's, also where nobody knows any more who is in it.
    """
    for team, home in _homes(store):
        for type_ in TYPES:
            for artifact in sorted(_subfolders(home / type_)):
                numbers = [_number_of(path) for path in _subfolders(artifact)]
                for number in sorted(filter(None, numbers)):
                    line = Line(team, type_, artifact.name)
                    yield Folder(artifact / f"v{number}", line, number)


def _homes(store: Store) -> Iterator[tuple[str, Path]]:
    yield "", store.artifacts
    yield from ((folder.name, folder) for folder in sorted(_subfolders(store.teams)))


def _subfolders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []


def _number_of(folder: Path) -> int:
    digits = folder.name.removeprefix("v")
    is_number = folder.name == f"v{digits}" and digits.isascii() and digits.isdecimal()
    return int(digits) if is_number and str(int(digits)) == digits else 0


def _line_of(folder: Folder) -> Line:
    return folder.line


def _make_team(line: Line) -> Team | None:
    """The team whose the artifact is; None: everyone's. ValueError where no team is called so."""
    if not line.team:
        return None
    if line.team == EVERYONE:
        raise ValueError(f"no team is called {EVERYONE!r}")
    team, _ = Team.objects.get_or_create(name=check_team(line.team))
    return team


def _needed(store: Store) -> dict[str, int]:
    """sha256 → size of every content that a version holds."""
    needed: dict[str, int] = {}
    for folder in _version_folders(store):
        try:
            entries = folder.read().entries
        except Corrupted:
            continue  # reported where its version would be made
        needed.update({entry.sha256: entry.size_bytes for entry in entries})
    return needed


def _guess_name(store: Store, line: Line, report: RebuildReport) -> str | None:
    """What the folder is called, where no export knows better; None where that is no name.

    The name behind a shortened folder cannot be known: the artifact gets another, and its folder
    too, after the commit.
    """
    name = folder = line.folder
    if folder_name(folder) != folder:
        prefix, mark = folder[:-MARK_CHARACTERS], folder[1 - MARK_CHARACTERS :]
        name = f"{prefix[: MAX_NAME_CHARACTERS - MARK_CHARACTERS]}-{mark}"
    try:
        check_name(name)
    except ValueError as error:
        report.losses.append(f"{line}: {error}")
        return None
    if name != folder:
        report.losses.append(f"{line}: a shortened name; the artifact is now {name}")
        new = artifact_folder(store, line.type_, name, line.team)
        transaction.on_commit(partial(move, new.with_name(folder), new))
    return name


def _make_artifact(artifact: Artifact, folders: Iterable[Folder], report: RebuildReport) -> None:
    """Save the artifact, with the versions of its folders."""
    artifact.save()
    made: list[Version] = []
    for folder in folders:
        artifact.last_number = folder.number
        try:
            made.append(_make_version(artifact, folder, report))
        except Corrupted as error:
            report.losses.append(f"{folder}: {error.detail}")
    if made:
        artifact.created_at, artifact.updated_at = made[0].created_at, made[-1].created_at
    artifact.save()
    report.versions += len(made)


def _make_version(artifact: Artifact, folder: Folder, report: RebuildReport) -> Version:
    manifest = folder.read()
    version = Version.objects.create(
        artifact=artifact, number=folder.number, created_at=folder.made_at,
        updated_at=folder.made_at, manifest_sha256=manifest.digest,
        size_bytes=manifest.size_bytes, num_files=len(manifest.entries),
        num_references=len(manifest.references),
    )  # fmt: skip
    sha256s = {entry.sha256 for entry in manifest.entries}
    insert_entries(version, manifest, Blob.objects.in_bulk(sha256s, field_name="sha256"))
    insert_references(version, manifest)
    return version


def mark_corrupted(*, report: RebuildReport) -> None:
    """Say of the versions with damaged content that they are corrupted."""
    damaged = Blob.objects.all().damaged_in_version(OuterRef("pk"))
    versions = Version.objects.filter(Exists(damaged))
    versions.update(corrupted_at=timezone.now())
    for version in versions.select_related("artifact__team").order_by("pk"):
        report.losses.append(f"{version.full_name} is corrupted")
