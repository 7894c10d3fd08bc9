"""Looking into a file of a version, without running any of it and without reading much."""

from dataclasses import dataclass

from artifacts.formats.looking import Content, look_into
from artifacts.formats.source import BoundedReader
from artifacts.models import ManifestEntry
from artifacts.services.contents import open_blob
from artifacts.services.entries import require_intact

PREVIEW_BYTES = 1 << 20


@dataclass(frozen=True)
class Preview:
    """What a file holds; ``content.kind`` says which of the classes ``content`` is of.

    ``is_truncated``: there is more than was looked at. ``notes`` are sentences about what could not
    be read.
    """

    path: str
    size_bytes: int
    digest: str
    content: Content
    is_truncated: bool
    notes: tuple[str, ...]

    @property
    def kind(self) -> str:
        """text, json, table, parquet, image, tensors, pickle or binary."""
        return self.content.kind


def preview_entry(*, entry: ManifestEntry, max_bytes: int = PREVIEW_BYTES) -> Preview:
    """What the file ``entry`` (with its blob) of a version the caller may read holds.

    At most ``max_bytes`` of it are read. Raises Corrupted (422) for damaged content.
    """
    blob = require_intact(entry).blob
    with open_blob(blob) as source:
        look = look_into(BoundedReader(source, max_bytes), entry.path)
    return Preview(
        path=entry.path,
        size_bytes=blob.size_bytes,
        digest=blob.digest,
        content=look.content,
        is_truncated=look.is_truncated,
        notes=look.notes,
    )
