"""The artifact as users hold it: first a list of what to log, then a version that is stored."""

import logging
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runicorn import payloads, rules
from runicorn.api import Client
from runicorn.commit import Draft
from runicorn.comparisons import Comparison, Pair
from runicorn.download import download_files
from runicorn.models import (
    ArtifactManifest,
    ArtifactMetadata,
    ArtifactType,
    FileEntry,
    ReferenceEntry,
)
from runicorn.placing import is_intact, safe_target
from runicorn.specs import parse_spec
from runicorn.staging import StagedFiles, is_excluded, walk_files
from runicorn.transfer import Reporter, Transfer

logger = logging.getLogger(__name__)


class Artifact:
    """A named thing with versions: a model, a dataset, a config, code or something else.

    Make one, add files and references, and give it to ``run.log_artifact``; or get one that is
    stored from ``run.use_artifact`` and ``download()`` it. ``name`` is unique within ``type`` and
    ``team``.

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
        self._stored: StoredVersion | None = None

    @property
    def version(self) -> int | None:
        """The version's number; None before it is logged."""
        return self._stored.metadata.version if self._stored else None

    @property
    def is_loaded(self) -> bool:
        """Whether this is a stored version: it was used, or logged."""
        return self._stored is not None

    @property
    def full_name(self) -> str:
        """``name:v3``, or ``name:unstaged`` before it is logged."""
        return f"{self.name}:v{self.version}" if self._stored else f"{self.name}:unstaged"

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
        are followed, not in circles.

        Raises ``FileNotFoundError``; ``ValueError`` for a file or a name outside the rules.
        """
        folder = Path(path).absolute()
        if not folder.exists():
            raise FileNotFoundError(f"Directory not found: {path}")
        if not folder.is_dir():
            raise ValueError(f"Not a directory: {path}")
        prefix = f"{rules.check_path(name.rstrip('/'))}/" if name else ""
        if not self._add_files(folder, prefix, exclude_patterns or ()):
            logger.warning("No files found in directory: %s", path)
        return self

    def _add_files(self, folder: Path, prefix: str, exclude_patterns: Sequence[str]) -> int:
        count = 0
        for source in walk_files(folder):
            path = source.relative_to(folder).as_posix()
            if not is_excluded(path, exclude_patterns):
                count += self._staged.add(source, rules.check_path(prefix + path))
        return count

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
        self, target_dir: str | Path | None = None, *, progress: Reporter | None = None
    ) -> Path:
        """Fetch every file into ``target_dir`` (default: a new temporary folder); return it.

        Files that are there with the right content are kept, others of those names replaced.

        Raises ``RuntimeError`` before it is logged or used, :class:`IntegrityError` for bytes
        that are not the version's.
        """
        return self._require_stored().download(target_dir, Transfer(progress))

    def get_file_path(self, file_path: str) -> Path | None:
        """Return where one file is, fetching it if need be; None if there is no such file.

        Raises ``ValueError`` for a path outside the rules, ``RuntimeError`` before it is logged.
        """
        stored = self._require_stored()
        entry = stored.manifest.find(rules.check_path(file_path))
        return stored.fetch(entry, Transfer()) if entry else None

    def diff(self, other: "str | Artifact") -> Comparison:
        """Return what changed from ``other`` to this version: files, metadata, tags, inputs …

        ``other`` is another version of this artifact (``"v2"``, ``"production"``), or of any
        (``"model/name:v2"``), or an artifact that is loaded.

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
    ) -> Draft:
        """Return what is to be logged, for ``default_team`` where it has no team of its own.

        Raises ``ValueError`` where there is nothing in it, or a comment and no alias it explains.
        """
        if comment and not aliases:
            raise ValueError("A comment says why aliases move to the version: name one")
        if not self._staged.pairs and not self._staged_references:
            raise ValueError(f"Artifact {self.name} has no files or references to save")
        return Draft(
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
        )

    def mark_stored(self, client: Client, detail: payloads.VersionDetail) -> None:
        """Become the version ``detail`` tells of; its files are asked for when needed."""
        self._stored = StoredVersion(client, ArtifactMetadata.from_payload(detail))
        self.team = self._stored.metadata.owner

    @classmethod
    def from_detail(cls, client: Client, detail: payloads.VersionDetail) -> "Artifact":
        """Make the artifact of a stored version."""
        artifact = cls(
            detail["name"], detail["type"], detail["description"] or "", detail["metadata"]
        )
        artifact.add_tags(*detail["tags"]).mark_stored(client, detail)
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


class StoredVersion:
    """A version on a server, and where this process has put its files."""

    def __init__(self, client: Client, metadata: ArtifactMetadata) -> None:
        self.metadata = metadata
        self._client = client
        self._manifest: ArtifactManifest | None = None
        self._downloaded_to: Path | None = None
        self._own_dir: Path | None = None
        self._lock = threading.Lock()

    @property
    def manifest(self) -> ArtifactManifest:
        """Its files and references, asked for once."""
        with self._lock:
            if self._manifest is None:
                listing = self._client.get_files(
                    self.metadata.name,
                    self.metadata.version,
                    artifact_type=self.metadata.type,
                    team=self.metadata.owner,
                )
                self._manifest = ArtifactManifest.from_payload(listing)
            return self._manifest

    def download(self, target_dir: str | Path | None, transfer: Transfer) -> Path:
        """Fetch everything into ``target_dir``, or into a new temporary folder."""
        files = self.manifest.files
        folder = Path(target_dir) if target_dir else self._make_temporary_dir()
        download_files(self._client, self.metadata, files, folder, transfer)
        self._downloaded_to = folder
        return folder

    def diff(self, other: str) -> Comparison:
        """Ask what changed from ``other``, a version of this or another artifact, to this one."""
        mine = self.metadata
        full_name = f"{mine.owner}/{mine.type}/{mine.name}"
        is_spec = ":" in other or "/" in other
        spec = parse_spec(other if is_spec else f"{full_name}:{other}")
        ref = spec.ref
        if spec.at is not None:
            alias = self._client.get_alias(spec.name, spec.ref, **spec.whose, at=spec.at)
            ref = f"v{alias['version']}"
        pair = Pair(spec.name, ref, f"v{mine.version}", **spec.whose, other=full_name)
        return self._client.comparisons.versions(pair)

    def fetch(self, entry: FileEntry, transfer: Transfer) -> Path:
        """Fetch one file into a folder of our own, unless the last download still has it."""
        if self._downloaded_to is not None:
            path = safe_target(self._downloaded_to, entry.path)
            if is_intact(path, entry, transfer):
                return path
        with self._lock:
            folder = self._own_dir = self._own_dir or self._make_temporary_dir()
        return download_files(self._client, self.metadata, [entry], folder, transfer)[0]

    def _make_temporary_dir(self) -> Path:
        prefix = f"runicorn_{self.metadata.name}_v{self.metadata.version}_"
        return Path(tempfile.mkdtemp(prefix=prefix))
