"""The invariants of docs/storage.md as one question: what is broken, and what is only untidy?"""

import hashlib
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine
from django.core.management import call_command
from django.db.models import Exists, OuterRef

from artifacts.errors import Corrupted
from artifacts.models import Blob, BlobBase, ManifestEntry, Version
from artifacts.services.contents import open_blob
from artifacts.services.trees import built_folder, folder_of, path_on_disk
from artifacts.storage import pool
from artifacts.storage.content import verify_own
from artifacts.storage.layout import EXTENTS, FILE, Store, physical_path, pool_file_path
from artifacts.storage.recipe import read_recipe
from artifacts.storage.tree import read_manifest
from tests.conftest import sha256_of


def broken(store: Store) -> list[str]:
    """What would be a loss of data; empty at every moment, whatever crashed before."""
    return [
        *_lost_entries(store),
        *_wrong_pool_files(store),
        *_wrong_bases(store),
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


def files_of(store: Store, content: bytes) -> list[Path]:
    """Every file of the pool that is named after this content: whole, or its own bytes."""
    whole = store.pool_path(sha256_of(content))
    return sorted(whole.parent.glob(f"{whole.name}*"))


def damage(store: Store, content: bytes) -> None:
    """Let the disk turn a byte of stored content over; the size stays.

    It is the last byte of a whole file, and the first of a ``.d`` file: of its own bytes if it has
    any, else of its recipe.
    """
    for path in files_of(store, content):
        turn_over(path, 0 if ".d" in path.name else path.stat().st_size - 1)


def turn_over(path: Path, offset: int) -> None:
    """Let the disk turn over the byte at ``offset`` of a read-only file."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(offset)
        before = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([before ^ 0xFF]))
    path.chmod(0o444)


class _Nowhere:
    def write(self, text: str) -> None:
        """Say nothing."""


def _lost_entries(store: Store) -> Iterator[str]:
    entries = ManifestEntry.objects.filter(blob=OuterRef("pk"))
    for blob in Blob.objects.healthy().filter(Exists(entries)):
        if not _reads_right(blob):
            yield f"lost: {blob}"


def _reads_right(blob: Blob) -> bool:
    """Whether a client gets the content, from whatever files it lies in."""
    digest = hashlib.sha256()
    try:
        with open_blob(blob) as reader:
            while piece := reader.read(1 << 20):
                digest.update(piece)
    except Corrupted:
        return False
    return digest.hexdigest() == blob.sha256


def _wrong_pool_files(store: Store) -> Iterator[str]:
    vouched = {blob.place.pool_file: blob.place for blob in Blob.objects.healthy()}
    for file, _size in pool.iter_pool(store):
        path = pool_file_path(store, file)
        if file in vouched and not verify_own(store, vouched[file]):
            yield f"not what its name says: {file.name}"
        if stat.S_IMODE(path.stat().st_mode) != 0o444:
            yield f"writable: {file.name}"


def _wrong_bases(store: Store) -> Iterator[str]:
    """The rows that keep bases alive are those that the recipes on disk ask for."""
    kept: dict[int, dict[str, int]] = {}
    for one in BlobBase.objects.select_related("base"):
        kept.setdefault(one.blob_id, {})[one.base.sha256] = one.bytes
    for blob in Blob.objects.healthy():
        path = physical_path(store, blob.place)
        if blob.layout == EXTENTS and not path.exists():
            continue  # in the trash: a matter for those that ask whether an entry lost its bytes
        asked = read_recipe(path).bases if blob.layout == EXTENTS else {}
        if kept.get(blob.pk, {}) != asked:
            yield f"its bases are not those of its recipe: {blob}"


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
        _is_right_or_left_out(entry, path_on_disk(folder, entry.path))
        for entry in version.entries.all()
    )


def _is_right_or_left_out(entry: ManifestEntry, path: Path) -> bool:
    """Content that lies in several files has no file in the folder."""
    if entry.blob.layout != FILE and not path.exists():
        return True
    return pool.has_content(path, entry.blob.sha256, entry.blob.size_bytes)


def _rows_and_files_apart(store: Store) -> Iterator[str]:
    rows = {(blob.place.pool_file, blob.physical_bytes) for blob in Blob.objects.all()}
    files = set(pool.iter_pool(store))
    yield from (f"a row without its file: {file.name}" for file, _ in rows - files)
    yield from (f"a file without its row: {file.name}" for file, _ in files - rows)
    if Blob.objects.all().physical_bytes() != pool_bytes(store):
        yield "the rows and the disk do not add up to the same"


def _folders_unlike_rows() -> Iterator[str]:
    for version in Version.objects.select_related("artifact"):
        if folder_of(version).is_dir() == bool(version.purged_at):
            yield f"the folder of {version} ({version.status})"
