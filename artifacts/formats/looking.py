"""What a file is, by its first bytes and then by its name, and what of it is worth showing."""

from dataclasses import dataclass
from typing import ClassVar

from artifacts.formats import arrays, documents, images, parquet, pickles, tensors, zips
from artifacts.formats.source import BoundedReader, Unreadable
from artifacts.formats.text import decode, guess_language, suffix_of

HEAD_BYTES = 4096
DUMPED_BYTES = 256
_PICKLES = frozenset({"ckpt", "joblib", "pickle", "pkl", "pt", "pth"})
_PER_LINE = 16


@dataclass(frozen=True)
class Text:
    """Text, or its beginning; ``language`` as highlighters name it, None: plain text."""

    kind: ClassVar = "text"

    text: str
    language: str | None


@dataclass(frozen=True)
class DumpLine:
    """Sixteen bytes: where they stand, in hex, and as ASCII with dots for the rest."""

    offset: int
    hex: str
    ascii: str


@dataclass(frozen=True)
class Binary:
    """The first bytes of what is nothing else."""

    kind: ClassVar = "binary"

    lines: tuple[DumpLine, ...]


Content = (
    Text
    | documents.Json
    | documents.Table
    | images.Image
    | tensors.Tensors
    | pickles.Pickle
    | parquet.Parquet
    | Binary
)


@dataclass(frozen=True)
class Look:
    """What was found; ``is_truncated``: there is more than was looked at. ``notes`` say why."""

    content: Content
    is_truncated: bool = False
    notes: tuple[str, ...] = ()


def look_into(reader: BoundedReader, path: str) -> Look:
    """What the file at ``path`` holds, as far as ``reader`` may read.

    What is not what its name says is told as what it is, with a note. Never raises Unreadable.
    """
    head = reader.read_at(0, min(HEAD_BYTES, reader.left_bytes))
    try:
        found = _by_structure(reader, path, head)
    except Unreadable as error:
        return _plain(reader, path, head, (error.sentence,))
    return found or _plain(reader, path, head)


def _by_structure(reader: BoundedReader, path: str, head: bytes) -> Look | None:
    """What is neither text nor unknown; None where it is one of these. Raises Unreadable."""
    suffix = suffix_of(path)
    if image := images.find_image(reader, head):
        return Look(image)
    if suffix == "safetensors":
        return Look(tensors.read_safetensors(reader))
    if head.startswith(zips.MAGIC):
        return _look_into_zip(reader, suffix)
    if head.startswith(parquet.MAGIC):
        table, notes = parquet.read_parquet(reader)
        return Look(table, table.has_more, notes)
    if suffix in _PICKLES or pickles.is_pickle(head):
        return _look_into_pickle(reader)
    return Look(tensors.read_npy(reader)) if head.startswith(arrays.MAGIC) else None


def _look_into_zip(reader: BoundedReader, suffix: str) -> Look | None:
    if suffix == "npz":
        found = tensors.read_npz(reader)
        return Look(found, is_truncated=not found.is_complete)
    torch = pickles.read_torch(reader)
    return None if torch is None else Look(torch, is_truncated=not torch.is_complete)


def _look_into_pickle(reader: BoundedReader) -> Look:
    raw = reader.read_at(0, min(reader.size_bytes, reader.left_bytes))
    found = pickles.read_pickle(raw, is_whole=len(raw) == reader.size_bytes)
    return Look(found, is_truncated=not found.is_complete)


def _plain(
    reader: BoundedReader, path: str, head: bytes, notes: tuple[str, ...] = ()
) -> Look:  # fmt: skip
    """Text, perhaps with a shape, or else a dump."""
    raw = head
    if len(head) < reader.size_bytes and decode(head, is_whole=False) is not None:
        raw += reader.read_at(len(head), min(reader.size_bytes, reader.left_bytes))
    is_whole = len(raw) == reader.size_bytes
    text = decode(raw, is_whole=is_whole)
    if text is None:
        return Look(_dump(head), len(head) > DUMPED_BYTES, notes)
    try:
        shaped = _shaped(text, suffix_of(path), is_whole=is_whole)
    except Unreadable as error:
        shaped, notes = None, (*notes, error.sentence)
    if isinstance(shaped, documents.Table):
        return Look(shaped, shaped.has_more, notes)
    return Look(shaped or Text(text, guess_language(path)), not is_whole, notes)


def _shaped(text: str, suffix: str, *, is_whole: bool) -> documents.Json | documents.Table | None:
    """The text as what its name says it is; None for text as such. Raises Unreadable."""
    if suffix == "json" and is_whole:
        return documents.parse_json(text)
    if suffix in {"csv", "tsv"}:
        return documents.read_table(text, suffix=suffix, is_whole=is_whole)
    return None


def _dump(head: bytes) -> Binary:
    shown = head[:DUMPED_BYTES]
    rows = range(0, len(shown), _PER_LINE)
    return Binary(tuple(_dump_line(at, shown[at : at + _PER_LINE]) for at in rows))


def _dump_line(offset: int, raw: bytes) -> DumpLine:
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in raw)
    return DumpLine(offset, raw.hex(" "), text)
