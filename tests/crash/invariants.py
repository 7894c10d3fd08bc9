"""The invariants of docs/storage.md as one question: what is broken, and what is only untidy?"""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine
from django.core.management import call_command
from django.db.models import Exists, OuterRef

from artifacts.models import Blob, ManifestEntry, Version
from artifacts.services.trees import built_folder, folder_of, path_on_disk
from artifacts.storage import pool
from artifacts.storage.layout import Store
from artifacts.storage.tree import read_manifest
from tests.conftest import sha256_of


def broken(store: Store) -> list[str]:
    """What would be a loss of data; empty at every moment, whatever crashed before."""
    return [
        *_lost_entries(store),
        *_wrong_pool_files(store),
        *_ready_versions_with_damage(),
        *_wrong_folders(),
    ]


def untidy(store: Store) -> list[str]:
    """What a crash may leave, and :func:`tidy` must clear away."""
    return [
        *(f"in the trash: {path.name}" for path in store.trash.iterdir()),
        *(f"staged: {path.name}" for path in store.staging.iterdir()),
        *_rows_and_files_apart(store),
        *_folders_unlike_rows(),
    ]


def tidy(store: Store) -> None:
    """What the operator does: collect and rebuild, when what lies about is old enough."""
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2)):
        call_command("collect", min_age_hours=0, stdout=_Nowhere())
    call_command("rebuild_trees", stdout=_Nowhere())


def pool_bytes(store: Store) -> int:
    """What the files of the pool add up to."""
    return sum(path.stat().st_size for path in store.pool.glob("*/*"))


def damage(store: Store, content: bytes) -> None:
    """Let the disk turn the last byte of stored content over; the size stays."""
    path = store.pool_path(sha256_of(content))
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(bytes([content[-1] ^ 0xFF]))
    path.chmod(0o444)


class _Nowhere:
    def write(self, text: str) -> None:
        """Say nothing."""


def _lost_entries(store: Store) -> Iterator[str]:
    entries = ManifestEntry.objects.filter(blob=OuterRef("pk"))
    for blob in Blob.objects.healthy().filter(Exists(entries)):
        if not pool.verify_blob(store, blob.sha256, blob.size_bytes):
            yield f"lost: {blob}"


def _wrong_pool_files(store: Store) -> Iterator[str]:
    vouched = set(Blob.objects.healthy().values_list("sha256", flat=True))
    for sha256, size in pool.iter_pool(store):
        path = store.pool_path(sha256)
        if sha256 in vouched and not pool.has_content(path, sha256, size):
            yield f"not what its name says: {sha256}"
        if stat.S_IMODE(path.stat().st_mode) != 0o444:
            yield f"writable: {sha256}"


def _ready_versions_with_damage() -> Iterator[str]:
    damaged = ManifestEntry.objects.filter(version=OuterRef("pk"), blob__damaged_at__isnull=False)
    for version in Version.objects.filter(Exists(damaged), corrupted_at=None):
        yield f"refers to damaged content and is not corrupted: {version}"
    for version in Version.objects.filter(~Exists(damaged)).exclude(corrupted_at=None):
        yield f"corrupted without damage: {version}"


def _wrong_folders() -> Iterator[str]:
    """Folders that are there and not complete; a missing one is only untidy."""
    versions = Version.objects.filter(purged_at=None, corrupted_at=None)
    related = versions.select_related("artifact").prefetch_related("entries__blob")
    for version in related:
        folder = built_folder(version)
        if folder is not None and not _is_complete(version, folder):
            yield f"incomplete folder: {version}"


def _is_complete(version: Version, folder: Path) -> bool:
    manifest = read_manifest(folder)
    return (manifest is not None and sha256_of(manifest) == version.manifest_sha256) and all(
        pool.has_content(path_on_disk(folder, entry.path), entry.blob.sha256, entry.blob.size_bytes)
        for entry in version.entries.all()
    )


def _rows_and_files_apart(store: Store) -> Iterator[str]:
    rows = set(Blob.objects.values_list("sha256", "physical_bytes"))
    files = set(pool.iter_pool(store))
    yield from (f"a row without its file: {sha256}" for sha256, _ in rows - files)
    yield from (f"a file without its row: {sha256}" for sha256, _ in files - rows)
    if Blob.objects.all().physical_bytes() != pool_bytes(store):
        yield "the rows and the disk do not add up to the same"


def _folders_unlike_rows() -> Iterator[str]:
    for version in Version.objects.select_related("artifact"):
        if folder_of(version).is_dir() == bool(version.purged_at):
            yield f"the folder of {version} ({version.status})"
