"""Paths for those who want a file: content that leans on others is made whole beside the pool.

What is made is a cache of bounded size (``storage.materialized``), never part of the pool, and not
counted as stored.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from accounts.access import Caller, access_of
from accounts.roles import Role
from accounts.sentences import say
from artifacts.errors import Corrupted, Gone, TooLarge
from artifacts.known import sql_values
from artifacts.models import Blob, Version
from artifacts.services.access import require_on
from artifacts.services.connections import release_connection
from artifacts.services.contents import bases_of, locate
from artifacts.services.seen import seen_sizes
from artifacts.services.store import current_store
from artifacts.services.trees import build_version_tree, built_folder, folder_of, path_on_disk
from artifacts.storage import materialized
from artifacts.storage.layout import FILE, REMAINS

ATTEMPTS = 3


@dataclass(frozen=True)
class FilePath:
    """A file of a version, and where a program on this machine can open it."""

    path: str
    on_disk: Path


def materialize_version(*, version: Version, asked_by: Caller) -> list[FilePath]:
    """Make every file of ``version`` a file on disk; returns where they are, by path.

    They stay until others take their room, and until the version is deleted. Idempotent.

    Raises AccessDenied (403), Corrupted (422) for damaged content, TooLarge (413) when the version
    takes more than ``RUNICORN_MATERIALIZED_BYTES``, StorageFull (507), StoreUnavailable (503).
    """
    require_on(asked_by, Role.CONTRIBUTOR, version.artifact)
    rows = version.entries.select_related("blob").order_by("path")
    entries = [(entry.path, entry.blob) for entry in rows]
    _refuse_damaged(version, entries)
    _refuse_too_large(version, entries, asked_by)
    if built_folder(version) is None:
        build_version_tree(version.pk)
    return [FilePath(path, _file_of(version, path, blob)) for path, blob in entries]


def _refuse_damaged(version: Version, entries: list[tuple[str, Blob]]) -> None:
    damaged = [path for path, blob in entries if blob.damaged_at]
    if damaged:
        raise Corrupted(
            say(
                "{version} is damaged: {damaged}.", version=version, damaged=", ".join(damaged[:10])
            )
        )


def _refuse_too_large(version: Version, entries: list[tuple[str, Blob]], asked_by: Caller) -> None:
    """All of it at once: else the last file would push the first one out."""
    blobs = {blob.pk: blob for _, blob in entries}
    sizes = {pk: blobs[pk].size_bytes for pk in _not_whole(blobs, asked_by)}
    size_bytes, limit_bytes = sum(sizes.values()), settings.RUNICORN_MATERIALIZED_BYTES
    if size_bytes > limit_bytes:
        raise TooLarge(
            say(
                "{version}: {size_bytes} bytes would have to be made whole; "
                "the server keeps at most {limit_bytes} (RUNICORN_MATERIALIZED_BYTES).",
                version=version,
                size_bytes=size_bytes,
                limit_bytes=limit_bytes,
            )
        )


def _not_whole(blobs: Mapping[int, Blob], asked_by: Caller) -> list[int]:
    """Which have no file of their own with all of it, as far as ``asked_by`` may know."""
    if access_of(asked_by).sees_all:
        return [pk for pk, blob in blobs.items() if blob.layout != FILE]
    seen = seen_sizes(blobs, sql_values(asked_by))
    return [pk for pk, (_, lent_bytes) in seen.items() if lent_bytes]


def _file_of(version: Version, path: str, blob: Blob) -> Path:
    if blob.layout == FILE:
        return path_on_disk(folder_of(version), path)
    for _ in range(ATTEMPTS - 1):
        try:
            return _make_whole(path, blob)
        except Gone:  # a compaction, a heal: its bytes moved; or it was purged
            blob = Blob.objects.filter(pk=blob.pk).first() or blob
    return _make_whole(path, blob)


def _make_whole(path: str, blob: Blob) -> Path:
    found = locate(blob)
    bases = bases_of(found)
    release_connection()
    limit_bytes = settings.RUNICORN_MATERIALIZED_BYTES
    made = materialized.add(current_store(), found.place, bases, _name_of(path), limit_bytes)
    if not _readable([blob.sha256]):
        # A collection that passed while it was made has looked for a copy too early.
        materialized.remove(current_store(), blob.sha256)
        raise Gone(say("The content {digest} is gone from the store.", digest=blob.digest))
    return made


def _readable(sha256s: Collection[str]) -> set[str]:
    """Those of these that are stored contents, by their rows."""
    rows = Blob.objects.with_digests(sha256s).exclude(layout=REMAINS)
    return set(rows.values_list("sha256", flat=True))


def find_orphaned_copies() -> list[str]:
    """The sha256 of each content that has gone and is still materialized, as crashes leave it."""
    copies = materialized.contents(current_store())  # first: a copy is younger than its row
    readable = _readable(copies)
    return [sha256 for sha256 in copies if sha256 not in readable]


def remove_orphaned_copies() -> int:
    """Remove them; returns how many."""
    orphaned = find_orphaned_copies()
    for sha256 in orphaned:
        materialized.remove(current_store(), sha256)
    return len(orphaned)


def _name_of(path: str) -> str:
    return path.rpartition("/")[2]


def find_materialized(*, path: str, sha256: str) -> Path | None:
    """Where the content of the file ``path`` lies as a whole; None: nobody has asked for it."""
    return materialized.find(current_store(), sha256, _name_of(path))


def materialized_bytes() -> int:
    """What the cache takes now."""
    return materialized.used_bytes(current_store())
