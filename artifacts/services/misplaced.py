"""Folders of versions that stand where their artifact was: a crash while it went to a team.

The row says whose the version is, and its folder is made there; what is left at the old place still
shows the content. It goes only where the version it shows is elsewhere, whole: a folder that no row
knows may be all that is left of a version, and is what ``rebuild_database`` reads.
"""

import logging
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from django.db import transaction

from artifacts.models import Artifact, Version
from artifacts.services.store import current_store
from artifacts.services.trees import build_version_tree, built_folder, folder_of
from artifacts.storage import tree
from artifacts.storage.layout import Store, folder_name
from artifacts.storage.steps import reached

logger = logging.getLogger(__name__)


def folders_on_disk(store: Store) -> Iterator[Path]:
    """Every folder that looks like a version's, everyone's and then the teams'."""
    for folder in sorted(store.artifacts.glob("*/*/v*")):
        if not folder.relative_to(store.artifacts).parts[0].startswith("."):
            yield folder
    yield from sorted(store.teams.glob("*/*/*/v*"))


def version_in(folder: Path) -> Version | None:
    """The version whose folder this is, by its row."""
    return next((one for one in _namesakes(folder) if folder_of(one) == folder), None)


def _namesakes(folder: Path) -> list[Version]:
    """The versions of this type, name and number, whoever owns them."""
    type_, name = folder.parent.parent.name, folder.parent.name
    digits = folder.name.removeprefix("v")
    if not (digits.isascii() and digits.isdecimal()):
        return []
    rows = Version.objects.numbered(int(digits)).filter(artifact__type=type_)
    found = rows.select_related("artifact__team").order_by("pk")
    return [one for one in found if folder_name(one.artifact.name) == name]


def moved_from(folder: Path) -> Version | None:
    """The version that ``folder`` shows, where no row has its folder there and it stands elsewhere.

    None: it is a version's folder, or nobody knows what it is.
    """
    namesakes = _namesakes(folder)
    manifest = tree.read_manifest(folder)
    if manifest is None or any(folder_of(one) == folder for one in namesakes):
        return None
    shown = sha256(manifest).hexdigest()
    same = (one for one in namesakes if one.manifest_sha256 == shown and built_folder(one))
    return next(same, None)


def remove_misplaced() -> int:
    """Remove the folders that their versions have left; returns how many."""
    store = current_store()
    left = [folder for folder in folders_on_disk(store) if moved_from(folder)]
    return sum(_remove(store, folder) for folder in left)


def _remove(store: Store, folder: Path) -> bool:
    """Whether it was misplaced still. With the artifact's lock: it might be on its way back."""
    version = moved_from(folder)
    if version is None:
        return False
    with transaction.atomic():
        Artifact.objects.select_for_update(no_key=True).get(pk=version.artifact_id)
        is_left = moved_from(folder) == version
        if is_left:
            tree.remove_tree(store, folder)
            reached("misplaced.removed")
            logger.info("misplaced folder removed folder=%s", folder.relative_to(store.artifacts))
    _build_newcomer(folder)
    return is_left


def _build_newcomer(folder: Path) -> None:
    """Another artifact of that name may have got its folder there while we looked."""
    newcomer = version_in(folder)
    if newcomer is not None:
        build_version_tree(newcomer.pk)
