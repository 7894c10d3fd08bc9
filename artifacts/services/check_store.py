"""Do rows and disk tell the same story? Both ways, without reading content, changing nothing.

Each finding is a sentence that says what is wrong, and what mends it where something does.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from django.db.models import Exists, OuterRef

from artifacts.errors import Corrupted
from artifacts.models import Blob, BlobBase, ManifestEntry, Version
from artifacts.services.compact import recipe_reader
from artifacts.services.contents import places_of_bases
from artifacts.services.materialize import find_orphaned_copies
from artifacts.services.misplaced import folders_on_disk, moved_from, version_in
from artifacts.services.store import verified_store
from artifacts.services.strays import find_strays
from artifacts.services.trees import folder_of, read_manifest
from artifacts.storage import pool, sweep, tree
from artifacts.storage.content import has_bytes
from artifacts.storage.layout import EXTENTS, FILE, REMAINS, Place, Store
from artifacts.storage.recipe import Range, Recipe, intersect_ranges

BATCH = 1000

ReadRecipe = Callable[[Place], Recipe]


def check_store(*, leftovers_older_than: timedelta) -> Iterator[str]:
    """Every finding, as it is found; what is being written, or was lately, is none.

    Raises StoreUnavailable (503) before anything is judged, when the disk is not this store's.
    """
    store = verified_store()
    yield from _check_rows()
    yield from _check_files(store)
    yield from (
        f"stray: {stray} has no row that names it (harmless; collect frees it)"
        for stray in find_strays(store)
    )
    yield from _check_versions()
    yield from _check_folders(store)
    yield from _check_leftovers(store, leftovers_older_than)


def _check_rows() -> Iterator[str]:
    listed = Exists(ManifestEntry.objects.filter(blob=OuterRef("pk")))
    for blob in Blob.objects.filter(listed, layout=REMAINS).order_by("pk"):
        yield f"lost: {blob} is listed by a version, and only remains are left of it"
    for blob in Blob.objects.exclude(damaged_at=None).order_by("pk"):
        yield f"damaged: {blob} (upload the same content again to heal it)"
    for blob in Blob.objects.exclude(layout=EXTENTS).filter(bases__isnull=False).distinct():
        yield f"bases: {blob} keeps bytes in others by its rows, and is no extents"


def _check_files(store: Store) -> Iterator[str]:
    read = recipe_reader(store)
    for blob in Blob.objects.healthy().order_by("pk").iterator(chunk_size=BATCH):
        problems = _problems_of(store, blob, read)
        # Looked at once more: a compaction or a heal may have given it another file meanwhile.
        again = Blob.objects.healthy().filter(pk=blob.pk).first() if problems else None
        if again is not None:
            yield from _problems_of(store, again, recipe_reader(store))


def _problems_of(store: Store, blob: Blob, read: ReadRecipe) -> list[str]:
    file = blob.place.pool_file
    found = pool.size_of_file(store, file)
    if found is None:
        return [f"missing: {blob} has no file {file.name}"]
    if found != blob.physical_bytes:
        return [f"torn: {file.name} has {found} bytes of {blob.physical_bytes}"]
    if blob.layout == FILE:
        return []
    try:
        recipe = read(blob.place)
    except Corrupted as error:
        return [f"torn: {file.name}: {error.detail}"]
    problems = _recipe_problems(store, blob, recipe, read)
    return [f"recipe: {file.name} {problem}" for problem in problems]


def _recipe_problems(store: Store, blob: Blob, recipe: Recipe, read: ReadRecipe) -> Iterator[str]:
    if recipe.size_bytes != blob.size_bytes:
        yield f"is of {recipe.size_bytes} bytes, its row of {blob.size_bytes}"
    if blob.layout == EXTENTS:
        if not recipe.is_whole:
            yield "has holes, its row says it is whole"
        yield from _base_problems(store, blob, recipe, read)


def _base_problems(store: Store, blob: Blob, recipe: Recipe, read: ReadRecipe) -> Iterator[str]:
    rows = BlobBase.objects.filter(blob=blob).values_list("base__sha256", "bytes")
    known, asked = dict(rows), recipe.bases
    for owner in sorted(known.keys() | asked.keys()):
        if known.get(owner, 0) != asked.get(owner, 0):
            yield (
                f"takes {asked.get(owner, 0)} bytes of sha256:{owner}, "
                f"the rows say {known.get(owner, 0)}"
            )
    damaged = set(_damaged_bases(blob))
    for owner, place in sorted(places_of_bases([blob.pk]).get(blob.pk, {}).items()):
        needed = recipe.extents_into(owner)
        if owner in damaged and not has_bytes(store, place):
            yield f"takes bytes of sha256:{owner}, whose file is missing or torn"
        elif not _holds(place, needed, read):
            yield f"takes bytes of sha256:{owner} that do not lie in its file"


def _damaged_bases(blob: Blob) -> Iterable[str]:
    """Their files are not looked at otherwise."""
    damaged = Blob.objects.exclude(damaged_at=None).filter(dependents__blob=blob)
    return damaged.values_list("sha256", flat=True)


def _holds(place: Place, needed: tuple[Range, ...], read: ReadRecipe) -> bool:
    if place.layout == FILE:
        return all(one.end <= place.size_bytes for one in needed)
    try:
        literals = read(place).literals
    except Corrupted:
        return True  # that the base is torn is a finding of its own
    return intersect_ranges(literals, needed) == needed


def _check_versions() -> Iterator[str]:
    damaged = Exists(Blob.objects.all().damaged_in_version(OuterRef("pk")))
    unpurged = Version.objects.remaining().select_related("artifact__team").order_by("pk")
    for version in unpurged.filter(damaged, corrupted_at=None):
        yield f"version: {version.full_name} holds damaged content and is not corrupted"
    for version in unpurged.filter(~damaged).exclude(corrupted_at=None):
        yield f"version: {version.full_name} is corrupted without damage"
    for version in unpurged.iterator(chunk_size=BATCH):
        if read_manifest(version).digest != version.manifest_sha256:
            yield f"version: {version.full_name} does not list what its manifest digest says"


def _check_folders(store: Store) -> Iterator[str]:
    known = set()
    versions = Version.objects.select_related("artifact__team").order_by("pk")
    for version in versions.iterator(chunk_size=BATCH):
        folder = folder_of(version)
        known.add(folder)
        problem = _folder_problem(version, folder)
        if problem:
            yield f"folder: {problem}"
    for folder in folders_on_disk(store):
        if folder not in known and version_in(folder) is None:
            yield f"folder: {folder.relative_to(store.artifacts)} {_whose(folder)}"


def _whose(folder: Path) -> str:
    moved = moved_from(folder)
    if moved is None:
        return "is no version's"
    return f"was left when {moved.full_name} went to others (rebuild_trees removes it)"


def _folder_problem(version: Version, folder: Path) -> str:
    name = version.full_name
    if version.purged_at:
        is_left = folder.is_dir()
        return f"that of the purged {name} is there (collect removes it)" if is_left else ""
    manifest = tree.read_manifest(folder)
    if manifest is None and version.corrupted_at:
        return ""  # there is nothing to link to; that its content is damaged was said
    if manifest is None:
        return f"that of {name} is missing (rebuild_trees makes it)"
    if sha256(manifest).hexdigest() != version.manifest_sha256:
        return f"that of {name} has another manifest (rebuild_trees makes it anew)"
    return ""


def _check_leftovers(store: Store, older_than: timedelta) -> Iterator[str]:
    for path in sweep.old_leftovers(store, older_than.total_seconds()):
        yield f"leftover: {path.relative_to(store.artifacts)} (collect removes it)"
    for gone in find_orphaned_copies():
        yield f"leftover: a materialized copy of sha256:{gone}, which is gone (collect removes it)"
    for path in sorted(store.trash.iterdir()):
        with suppress(FileNotFoundError):  # a collection has just finished
            path.lstat()
            yield f"leftover: {path.relative_to(store.artifacts)} (collect decides about it)"
