"""What a page shows of one file in two versions: tensors, a picture, text, or its size."""

from dataclasses import dataclass
from typing import Any

from accounts.web.language import translated
from artifacts.errors import DomainError
from artifacts.formats.images import Image
from artifacts.formats.tensor_changes import TensorChange
from artifacts.formats.tensors import is_tensor_file
from artifacts.models import ManifestEntry
from artifacts.services.compare_contents import (
    FilePair,
    diff_tensors,
    diff_text,
    find_image_of,
)
from lineage.web.parts import part_of

MAX_LINES = 500
MAX_TENSORS = 200


@dataclass(frozen=True)
class Picture:
    """A file that is an image."""

    entry: ManifestEntry
    image: Image


def view_file(files: FilePair, *, start: int, with_unchanged: bool) -> dict[str, Any]:
    """What the template shows, from the row ``start`` on: ``tensors``, ``pictures`` or ``diff``.

    ``why`` is there instead where the file cannot be compared, or is damaged.

    Raises StoreUnavailable (503).
    """
    try:
        if _has_tensors(files):
            return _tensors(files, start, with_unchanged=with_unchanged)
        pictures = _pictures(files)
        return {"pictures": pictures} if pictures else _diff(files, start)
    except DomainError as error:
        if error.status >= 500:  # it is not about this file
            raise
        return {"why": translated(error.detail)}


def _has_tensors(files: FilePair) -> bool:
    return all(one is not None and is_tensor_file(one.path) for one in (files.before, files.after))


def _tensors(files: FilePair, start: int, *, with_unchanged: bool) -> dict[str, Any]:
    found = diff_tensors(files, with_unchanged=with_unchanged)
    part = part_of(found.rows, start, max_rows=MAX_TENSORS, text_of=_tensor_text)
    return {"tensors": found, "part": part, "is_cut": found.num_rows > len(found.rows)}


def _tensor_text(change: TensorChange) -> str:
    shapes = [one.shape for one in (change.before, change.after) if one]
    return f"{change.name}{shapes}"


def _pictures(files: FilePair) -> list[Picture | None]:
    """Both sides, None where the file is not there; nothing where one is no picture."""
    found: list[Picture | None] = []
    for entry in (files.before, files.after):
        image = find_image_of(entry) if entry else None
        if entry and not image:
            return []
        found.append(Picture(entry, image) if entry and image else None)
    return found


def _diff(files: FilePair, start: int) -> dict[str, Any]:
    found = diff_text(files)
    part = part_of(found.lines, start, max_rows=MAX_LINES, text_of=lambda line: line.text)
    return {"diff": found, "part": part, "is_cut": found.num_lines > len(found.lines)}
