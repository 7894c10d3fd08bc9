"""The version folders: plain files on the server's disk, hard links into the pool.

They are derived data: built after the commit, rebuilt at need, removed with the version. Content
that leans on other contents has no file to link to, and none in the folder.
"""

import logging
from pathlib import Path

from django.db import transaction

from artifacts.errors import Corrupted
from artifacts.models import Artifact, Version
from artifacts.services.store import current_store
from artifacts.storage import tree
from artifacts.storage.layout import FILE, file_path, version_folder
from artifacts.storage.manifest import Manifest, ManifestEntry, ManifestReference

logger = logging.getLogger(__name__)


def read_manifest(version: Version) -> Manifest:
    """The manifest of ``version`` from its rows, entries in the order of their paths' bytes."""
    entries = version.entries.order_by("path").values_list(
        "path", "blob__sha256", "blob__size_bytes"
    )
    references = version.references.order_by("position")
    return Manifest(
        entries=tuple(
            ManifestEntry(path=path, sha256=sha256, size_bytes=size)
            for path, sha256, size in entries.iterator(chunk_size=10_000)
        ),
        references=tuple(
            ManifestReference(
                uri=one.uri, checksum=one.checksum, size_bytes=one.size_bytes, name=one.name,
                metadata=one.metadata,
            )
            for one in references
        ),
    )  # fmt: skip


def build_after_commit(version_id: int) -> None:
    """Build the folder when the outermost transaction has committed.

    A failure is logged and is nobody's error: the version is committed, and ``rebuild_trees``
    makes up for it. (A lambda, because Django's log line asks the hook for its name.)
    """
    transaction.on_commit(lambda: build_version_tree(version_id), robust=True)


def build_version_tree(version_id: int) -> None:
    """Build the folder of a version that is not purged; an equal one stays.

    A purge may pass between our look at the row and our rename: it is looked at once more, and
    the folder of a version purged meanwhile is taken away again.

    Raises Corrupted (422) when content of it is gone or torn, StorageFull (507), StoreUnavailable
    (503).
    """
    version = _unpurged(version_id)
    if version is None:
        return
    try:
        _build_tree(version)
    except Corrupted:
        if _unpurged(version_id) is not None:
            raise
    if _unpurged(version_id) is None:
        remove_version_tree(version.artifact, version.number)


def _build_tree(version: Version) -> None:
    """Content may have moved from a whole file to extents since we asked: then ask once more."""
    manifest, folder = read_manifest(version), folder_of(version)
    asked = None
    while True:
        leaning = _leaning(version)
        try:
            return tree.build_tree(current_store(), folder, manifest, without=leaning)
        except Corrupted:
            if leaning == asked:
                raise
            asked = leaning


def _leaning(version: Version) -> frozenset[str]:
    """The contents of ``version`` that lie in no one file."""
    found = version.entries.exclude(blob__layout=FILE)
    return frozenset(found.values_list("blob__sha256", flat=True))


def remove_version_tree(artifact: Artifact, number: int) -> None:
    """Take the folder of a version away; it may be absent."""
    store = current_store()
    tree.remove_tree(store, _folder(artifact, number))


def remove_purged_trees() -> int:
    """Remove folders of purged versions, which crashes in a purge or a build leave; how many."""
    purged = Version.objects.exclude(purged_at=None).select_related("artifact__team")
    left = [version for version in purged.iterator() if built_folder(version)]
    for version in left:
        remove_version_tree(version.artifact, version.number)
    return len(left)


def folder_of(version: Version) -> Path:
    """Where the folder of ``version`` is, or would be."""
    return _folder(version.artifact, version.number)


def _folder(artifact: Artifact, number: int) -> Path:
    team = artifact.team.name if artifact.team else ""
    return version_folder(current_store(), artifact.type, artifact.name, number, team)


def built_folder(version: Version) -> Path | None:
    """The folder of ``version`` if it is there; a folder that exists is complete."""
    folder = folder_of(version)
    return folder if folder.is_dir() else None


def path_on_disk(folder: Path, path: str) -> Path:
    """Where the file ``path`` lies in the version folder ``folder``."""
    return file_path(folder, path)


def _unpurged(version_id: int) -> Version | None:
    found = Version.objects.select_related("artifact__team").filter(pk=version_id, purged_at=None)
    return found.first()
