"""What is to become a version."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runicorn.models import ArtifactManifest, ArtifactMetadata, FileEntry, ReferenceEntry
from runicorn.selection import choose_files


@dataclass(frozen=True)
class Draft:
    """What is to become a version; ``files`` pairs a local file with its path in the version.

    ``kept`` are files of a version that is stored. ``if_unchanged``: ``new`` makes a version of
    content that the latest one has already, ``reuse`` takes the latest.
    """

    name: str
    artifact_type: str
    files: Sequence[tuple[Path, str]]
    references: Sequence[ReferenceEntry]
    metadata: dict[str, Any]  # the user's own
    tags: Sequence[str]
    description: str
    aliases: Sequence[str]
    run_id: str | None
    comment: str = ""
    team: str | None = None
    kept: Sequence[FileEntry] = field(default=())
    if_unchanged: str = "new"

    @property
    def full_name(self) -> str:
        """``[team/]type/name``: what the content is for."""
        return "/".join(filter(None, [self.team, self.artifact_type, self.name]))

    @property
    def num_files(self) -> int:
        """How many files the version will have."""
        return len(self.files) + len(self.kept)


def carried_over(
    draft: Draft, base: ArtifactMetadata, manifest: ArtifactManifest, removed: Sequence[str]
) -> Draft:
    """Return ``draft`` on top of the version ``base``, without the files that ``removed`` names.

    Raises :class:`VersionFileNotFound` where one of those names no file, ``ValueError`` where
    nothing is left.
    """
    gone = {entry.path for entry in choose_files(manifest.files, removed)}
    gone |= {path for _, path in draft.files}
    kept = [entry for entry in manifest.files if entry.path not in gone]
    uris = {reference.uri for reference in draft.references}
    references = [one for one in manifest.references if one.uri not in uris]
    if not (kept or draft.files or references or draft.references):
        raise ValueError(f"Nothing is left of {base.name}:v{base.version}: a version has content")
    return replace(
        draft,
        kept=kept,
        references=[*references, *draft.references],
        metadata={**base.metadata, **draft.metadata},
        description=draft.description or base.description,
    )
