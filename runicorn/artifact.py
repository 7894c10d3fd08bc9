"""The artifact as users hold it: first a list of what to log, then a version that is stored."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.comparisons import Comparison
from runicorn.drafts import Draft, carried_over
from runicorn.models import ArtifactManifest, ArtifactMetadata, ArtifactType, ReferenceEntry, RunRef
from runicorn.progress import reporting
from runicorn.specs import Spec, parse_spec
from runicorn.staging import StagedFiles
from runicorn.stored import Origin, StoredVersion
from runicorn.transfer import Reporter, Transfer
from runicorn.verifying import Verification

logger = logging.getLogger(__name__)


class Artifact:
    """A named thing with versions: a model, a dataset, a config, code or something else.

    Make one, add files and references, and give it to ``run.log_artifact``; or get one that is
    stored from ``run.use_artifact`` and ``download()`` it. ``name`` is unique within ``type`` and
    ``team``.

    >>> model = rn.Artifact("resnet50-model", type="model", description="Trained on ImageNet")
    >>> model.add_file("model.pth").add_metadata({"val_accuracy": 0.95}).add_tags("baseline")
    <Artifact resnet50-model type=model (unstaged)>
    >>> with rn.init(project="vision", name="train") as run:
    ...     version = run.log_artifact(model, aliases=["production"])
    >>> model.full_name
    'resnet50-model:v1'

    ``team`` is whose it is to be: a team's, and then hidden from all others, or ``everyone``'s.
    None: that of ``RUNICORN_TEAM``, else what the server takes the name for: what of that name
    there is in your teams, else everyone's.
    """

    def __init__(
        self,
        name: str,
        type: str | ArtifactType = ArtifactType.MODEL,  # noqa: A002 the name users know
        description: str = "",
        metadata: Mapping[str, Any] | None = None,  # the user's own
        *,
        team: str | None = None,
    ) -> None:
        self.team = rules.check_optional_team(team)
        self.name = rules.check_name(name)
        self.type = rules.check_type(str(type))
        self.description = description
        self.metadata: dict[str, Any] = dict(metadata or {})
        self._tags: list[str] = []
        self._staged = StagedFiles()
        self._staged_references: list[ReferenceEntry] = []
        self._base: Spec | None = None
        self._removed: list[str] = []
        self._stored: StoredVersion | None = None

    @property
    def version(self) -> int | None:
        """The version's number; None before it is logged, 0 while it waits in the queue."""
        return self._stored.metadata.version if self._stored else None

    @property
    def as_of(self) -> datetime | None:
        """Offline: when this was last seen online, or logged; None for what the portal says now."""
        return self._stored.origin.as_of if self._stored else None

    @property
    def base(self) -> Spec | None:
        """The version that this one starts from: :meth:`new_version_from`."""
        return self._base

    @property
    def is_loaded(self) -> bool:
        """Whether this is a stored version: it was used, or logged."""
        return self._stored is not None

    @property
    def full_name(self) -> str:
        """``name:v3``, ``name:unstaged`` before it is logged, ``name:queued`` before it is sent."""
        return self._stored.label if self._stored else f"{self.name}:unstaged"

    @property
    def tags(self) -> list[str]:
        """The tags, in the order they were added."""
        return list(self._tags)

    def add_file(self, path: str | Path, name: str | None = None) -> "Artifact":
        """Add one file, as ``name`` or else under its own name. A name that is taken is skipped.

        Raises ``FileNotFoundError``; ``ValueError`` for a folder or a name outside the rules.
        """
        source = Path(path).absolute()
        if not source.exists():
            raise FileNotFoundError(f"File not found: {path}")
        if not source.is_file():
            raise ValueError(f"Not a file (use add_dir for directories): {path}")
        target = rules.check_path(name or source.name)
        if not self._staged.add(source, target):
            logger.warning("%s has a file %s already; %s is skipped", self.name, target, path)
        return self

    def add_dir(
        self,
        path: str | Path,
        name: str | None = None,
        exclude_patterns: Sequence[str] | None = None,
    ) -> "Artifact":
        """Add every file below a folder, under the folder ``name`` if one is given.

        ``exclude_patterns`` are globs: ``*.log`` at any depth, ``cache/`` a whole folder. Links
        are followed, not in circles. Files whose name is taken are skipped, and warned about.

        Raises ``FileNotFoundError``; ``ValueError`` for a file or a name outside the rules.
        """
        folder = Path(path).absolute()
        if not folder.exists():
            raise FileNotFoundError(f"Directory not found: {path}")
        if not folder.is_dir():
            raise ValueError(f"Not a directory: {path}")
        prefix = f"{rules.check_path(name.rstrip('/'))}/" if name else ""
        if not self._staged.add_folder(folder, prefix, exclude_patterns or ()):
            logger.warning("No files found in directory: %s", path)
        return self

    def new_version_from(self, base: str) -> "Artifact":
        """Start from a version that is stored: what is added now is changed on top of it.

        The files and references of ``base`` are carried over without being downloaded or sent, its
        description and metadata where this artifact says nothing else. :meth:`add_file` replaces a
        file of that path, :meth:`remove_file` leaves one out. The run that logs it also uses
        ``base``. Two who start from the same version do not see each other's changes: the later
        version has its own alone.

        >>> with rn.init(project="vision", name="label") as run:
        ...     photos = rn.Artifact("photos", type="dataset").add_dir("data")
        ...     first = run.log_artifact(photos)
        ...     more = rn.Artifact("photos", type="dataset").new_version_from("photos:latest")
        ...     version = run.log_artifact(more.add_file("extra.csv").remove_file("points.csv"))
        >>> [entry.path for entry in more.get_manifest().files]
        ['extra.csv', 'val/labels.csv']

        Raises ``ValueError`` for a spec outside the rules.
        """
        spec = parse_spec(base)
        is_own = spec.name == self.name and spec.artifact_type is None
        self._base = parse_spec(base, self.type) if is_own else spec
        return self

    def remove_file(self, path: str) -> "Artifact":
        """Leave files of the version out that this one starts from.

        ``path`` is that of a file, else a glob: ``*.log`` at any depth, ``cache/`` a whole folder.

        Raises ``RuntimeError`` without :meth:`new_version_from`; that there is no such file is
        found when it is logged.
        """
        if self._base is None:
            raise RuntimeError(
                "remove_file leaves out files of a version: new_version_from() first"
            )
        self._removed.append(path)
        return self

    def add_reference(
        self,
        uri: str,
        checksum: str | None = None,
        size: int | None = None,
        name: str | None = None,
        **metadata: Any,  # the user's own
    ) -> "Artifact":
        """Add data that stays where it is: only its address, and what you say about it, is kept.

        ``size`` is in bytes; it is shown, and counted nowhere.
        """
        if not uri:
            raise ValueError("A reference needs a URI, e.g. s3://bucket/data")
        if size is not None and size < 0:
            raise ValueError(f"The size of {uri} must not be negative: {size}")
        plain = rules.check_metadata(metadata, f"metadata of {uri}")
        self._staged_references.append(ReferenceEntry(uri, checksum, size, plain, name))
        return self

    def add_metadata(self, metadata: Mapping[str, Any]) -> "Artifact":
        """Add to the metadata; keys that exist get the new value."""
        rules.check_metadata(dict(metadata))
        self.metadata.update(metadata)
        return self

    def add_tags(self, *tags: str) -> "Artifact":
        """Add tags; what is empty or there already is skipped."""
        for tag in tags:
            if tag and tag not in self._tags:
                self._tags.append(tag)
        return self

    def get_metadata(self) -> ArtifactMetadata | None:
        """Return what is known about the stored version; None before it is logged."""
        return self._stored.metadata if self._stored else None

    def get_manifest(self) -> ArtifactManifest | None:
        """Return the files and references of the stored version; None before it is logged."""
        return self._stored.manifest if self._stored else None

    def get_references(self) -> list[ReferenceEntry]:
        """Return the references: the stored version's, or those added so far."""
        found = self._stored.manifest.references if self._stored else self._staged_references
        return list(found)

    def download(
        self,
        target_dir: str | Path | None = None,
        *,
        files: str | Sequence[str] | None = None,
        workers: int | None = None,
        link: bool = False,
        progress: Reporter | None = None,
    ) -> Path:
        """Fetch the files into ``target_dir`` (default: a new temporary folder); return it.

        Below ``RUNICORN_HOME`` such a temporary folder goes once this process has ended and another
        one makes its own. ``files`` chooses some of them: paths, or globs (``*.json`` at any depth,
        ``val/`` a whole folder). ``workers`` is how many are fetched at a time, 1 to 64 (default:
        4). Files that are there with the right content are kept, others of those names replaced.
        What is in the cache is not fetched again; what broke off, even with its process, goes on
        where it broke off.

        With ``link`` the files are read-only links into the cache where the filesystem can, which
        take no room; without it they are yours to change.

        >>> with rn.init(project="vision", name="evaluate") as run:
        ...     folder = run.use_artifact("resnet50-model:production").download("models")
        >>> (folder / "model.pth").stat().st_size
        1000

        Raises ``RuntimeError`` before it is logged or used, :class:`IntegrityError` for bytes
        that are not the version's, :class:`VersionFileNotFound` for ``files`` that name none,
        :class:`NotCached` offline.
        """
        stored = self._require_stored()
        with reporting(progress, stored.label) as reporter:
            transfer = Transfer(reporter, workers=workers)
            return stored.download(target_dir, transfer, files=files, link=link)

    def verify(
        self, folder: str | Path | None = None, *, progress: Reporter | None = None
    ) -> Verification:
        """Hash the files in ``folder`` (default: where they were downloaded to last).

        The answer lists what is intact, missing, changed, and what the version does not have.

        >>> model = rn.Api().artifact("resnet50-model:production")
        >>> folder = model.download("checked")
        >>> model.verify().is_whole
        True
        >>> (folder / "model.pth").unlink()
        >>> model.verify(folder).missing
        ['model.pth']

        Raises ``RuntimeError`` before it is logged or used, or where it is not said where to look.
        """
        stored = self._require_stored()
        with reporting(progress, stored.label) as reporter:
            return stored.verify(folder, Transfer(reporter))

    def used_by(self) -> list[RunRef]:
        """Return the runs that used this version.

        >>> sorted(run.name for run in rn.Api().artifact("resnet50-model:v1").used_by())
        ['evaluate']
        """
        return self._require_stored().find_runs("uses")

    def logged_by(self) -> RunRef | None:
        """Return the run that logged this version; None where there was none, or it is hidden.

        >>> rn.Api().artifact("resnet50-model:v1").logged_by().name
        'train'
        """
        return next(iter(self._require_stored().find_runs("produces")), None)

    def get_file_path(self, file_path: str) -> Path | None:
        """Return where one file is, fetching it if need be; None if there is no such file.

        Raises ``ValueError`` for a path outside the rules, ``RuntimeError`` before it is logged.
        """
        stored = self._require_stored()
        entry = stored.manifest.find(rules.check_path(file_path))
        if entry is None:
            return None
        with reporting(None, stored.label) as reporter:
            return stored.fetch(entry, Transfer(reporter))

    def diff(self, other: "str | Artifact") -> Comparison:
        """Return what changed from ``other`` to this version: files, metadata, tags, inputs …

        ``other`` is another version of this artifact (``"v2"``, ``"production"``), or of any
        (``"model/name:v2"``), or an artifact that is loaded.

        >>> changed = rn.Api().artifact("photos:latest").diff("v1")
        >>> sorted((one["change"], one["path"]) for one in changed["files"]["rows"])
        [('added', 'extra.csv'), ('removed', 'points.csv')]

        Raises ``RuntimeError`` before both are logged or used, ``ValueError`` for what is no
        version.
        """
        stored = self._require_stored()
        return stored.diff(other if isinstance(other, str) else other._spec())  # noqa: SLF001 our own

    def _spec(self) -> str:
        found = self._require_stored().metadata
        return f"{found.owner}/{found.type}/{found.name}:v{found.version}"

    def draft(
        self,
        aliases: Sequence[str],
        run_id: str | None,
        default_team: str | None = None,
        *,
        comment: str = "",
        base: "Artifact | None" = None,
        if_unchanged: str = "new",
    ) -> Draft:
        """Return what is to be logged, for ``default_team`` where it has no team of its own.

        ``base`` is the version of :meth:`new_version_from`, loaded.

        Raises ``ValueError`` where there is nothing in it, or a comment and no alias it explains.
        """
        if comment and not aliases:
            raise ValueError("A comment says why aliases move to the version: name one")
        if if_unchanged not in {"new", "reuse"}:
            raise ValueError(f"if_unchanged must be new or reuse, not {if_unchanged!r}")
        if not (self._staged.pairs or self._staged_references or self._base):
            raise ValueError(f"Artifact {self.name} has no files or references to save")
        draft = Draft(
            name=self.name,
            artifact_type=self.type,
            files=list(self._staged.pairs),
            references=list(self._staged_references),
            metadata=self.metadata,
            tags=self.tags,
            description=self.description,
            aliases=aliases,
            comment=comment,
            run_id=run_id,
            team=self.team or default_team,
            if_unchanged=if_unchanged,
        )
        known = base.get_metadata() if base else None
        manifest = base.get_manifest() if base else None
        return carried_over(draft, known, manifest, self._removed) if known and manifest else draft

    def mark_stored(self, client: Client, detail: payloads.VersionDetail) -> None:
        """Become the version ``detail`` tells of; its files are asked for when needed."""
        metadata = ArtifactMetadata.from_payload(detail)
        self.become(StoredVersion(metadata, Origin(client), detail=detail))
        self.team = metadata.owner

    def become(self, stored: StoredVersion) -> None:
        """Become a version that is stored somewhere."""
        self._stored = stored

    @classmethod
    def from_detail(cls, client: Client, detail: payloads.VersionDetail) -> "Artifact":
        """Make the artifact of a stored version."""
        metadata = ArtifactMetadata.from_payload(detail)
        stored = StoredVersion(metadata, Origin(client), detail=detail)
        return cls.from_stored(stored, metadata.owner)

    @classmethod
    def from_stored(cls, stored: StoredVersion, team: str | None) -> "Artifact":
        """Make the artifact of a version that is stored somewhere; ``team`` None: not known yet."""
        said = stored.metadata
        artifact = cls(said.name, said.type, said.description or "", said.metadata, team=team)
        artifact.add_tags(*said.tags).become(stored)
        return artifact

    def _require_stored(self) -> "StoredVersion":
        if self._stored is None:
            raise RuntimeError(f"Artifact {self.name} is not loaded. Use run.use_artifact() first.")
        return self._stored

    def __repr__(self) -> str:
        """Show name, version and type."""
        if self._stored:
            return f"<Artifact {self.full_name} type={self.type}>"
        return f"<Artifact {self.name} type={self.type} (unstaged)>"

    def __str__(self) -> str:
        """Show the full name."""
        return self.full_name
