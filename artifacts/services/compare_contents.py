"""One file in two versions: what changed in its text, and which of its tensors did."""

from contextlib import ExitStack
from dataclasses import dataclass

from accounts.sentences import say
from artifacts.errors import NotComparable
from artifacts.formats.images import Image, find_image
from artifacts.formats.lines import DiffLine, count_lines, diff_texts
from artifacts.formats.source import BoundedReader, Unreadable
from artifacts.formats.tensor_changes import (
    Change,
    OpenTensors,
    TensorChange,
    compare_tensors,
    count_changes,
)
from artifacts.formats.tensors import is_tensor_file, read_tensors
from artifacts.formats.text import decode
from artifacts.models import ManifestEntry, Version
from artifacts.services.contents import open_blob
from artifacts.services.entries import content_of, find_entry, require_entry, require_intact

MAX_TEXT_BYTES = 256 << 10
MAX_TEXT_LINES = 10_000
MAX_DIFF_LINES = 2_000
MAX_HEADER_BYTES = 4 << 20
MAX_TENSOR_BYTES = 128 << 20
"""What is read of each of the two files, at most."""
MAX_TENSORS = 1_000
IMAGE_HEAD_BYTES = 64
MAX_IMAGE_HEADER_BYTES = 64 << 10


@dataclass(frozen=True)
class FilePair:
    """A file in both versions; None: it is not in that one."""

    before: ManifestEntry | None
    after: ManifestEntry | None

    @property
    def is_same_content(self) -> bool:
        """Whether not a byte differs."""
        pair = self.before, self.after
        return None not in pair and len({one.blob_id for one in pair if one}) == 1


@dataclass(frozen=True)
class TextDiff:
    """The first lines of a diff that has ``num_lines``; none where the texts are the same."""

    pair: FilePair
    lines: tuple[DiffLine, ...]
    num_lines: int
    num_added: int
    num_removed: int


@dataclass(frozen=True)
class TensorComparison:
    """The first tensors that were asked for, of ``num_rows``; ``counts`` of all."""

    pair: FilePair
    rows: tuple[TensorChange, ...]
    num_rows: int
    counts: dict[Change, int]


def find_pair(
    *, before: Version, after: Version, path: str, old_path: str | None = None
) -> FilePair:
    """The file ``path`` of ``after`` beside ``old_path`` of ``before``; None: beside ``path``.

    Raises ContentDeleted (410), FileNotFound (404) where neither has it, or ``before`` has no
    ``old_path``.
    """
    content_of(before), content_of(after)
    new = find_entry(after, path)
    if old_path is not None:
        old = require_entry(before, old_path)
        return FilePair(old, new or require_entry(after, path))
    return FilePair(find_entry(before, path) if new else require_entry(before, path), new)


def diff_text(pair: FilePair) -> TextDiff:
    """What changed in the text; a file that is not there counts as an empty one.

    Raises NotComparable (422) where one is no text or is too large, Corrupted (422).
    """
    lines = [] if pair.is_same_content else diff_texts(*map(_read_text, (pair.before, pair.after)))
    return TextDiff(
        pair=pair,
        lines=tuple(lines[:MAX_DIFF_LINES]),
        num_lines=len(lines),
        num_added=sum(line.kind == "added" for line in lines),
        num_removed=sum(line.kind == "removed" for line in lines),
    )


def _read_text(entry: ManifestEntry | None) -> str:
    if entry is None:
        return ""
    blob = require_intact(entry).blob
    if blob.size_bytes > MAX_TEXT_BYTES:
        raise NotComparable(
            say(
                "{path} has more than {most} bytes.",
                path=entry.path,
                most=MAX_TEXT_BYTES,
            )
        )
    with open_blob(blob) as source:
        text = decode(source.read(), is_whole=True)
    if text is None or count_lines(text) > MAX_TEXT_LINES:
        raise NotComparable(
            say(
                "{path} is not text, or has more than {most} lines.",
                path=entry.path,
                most=MAX_TEXT_LINES,
            )
        )
    return text


def diff_tensors(
    pair: FilePair, *, max_bytes: int = MAX_TENSOR_BYTES, with_unchanged: bool = False
) -> TensorComparison:
    """Which tensors changed; at most ``max_bytes`` are read of each file, the rest is *uncompared*.

    ``with_unchanged`` lists also those that did not.

    Raises NotComparable (422) where a version has no such file, or it is none of tensors, or
    damaged; Corrupted (422).
    """
    if pair.before is None or pair.after is None:
        raise NotComparable(say("Tensors are compared where both versions have the file."))
    with ExitStack() as opened:
        before, after = (_open(opened, one, max_bytes) for one in (pair.before, pair.after))
        try:
            found = compare_tensors(before, after, is_same_content=pair.is_same_content)
        except Unreadable as error:
            raise NotComparable(say("{path}: {error}", path=pair.after.path, error=error)) from None
    rows = [one for one in found if with_unchanged or one.change != "unchanged"]
    return TensorComparison(pair, tuple(rows[:MAX_TENSORS]), len(rows), count_changes(found))


def _open(opened: ExitStack, entry: ManifestEntry, max_bytes: int) -> OpenTensors:
    if not is_tensor_file(entry.path):
        raise NotComparable(say("{path} is no .safetensors, .npz or .npy.", path=entry.path))
    source = opened.enter_context(open_blob(require_intact(entry).blob))
    try:
        table = read_tensors(BoundedReader(source, MAX_HEADER_BYTES), entry.path)
    except Unreadable as error:
        raise NotComparable(say("{path}: {error}", path=entry.path, error=error)) from None
    if not table.is_complete:
        raise NotComparable(say("{path} has more tensors than are looked at.", path=entry.path))
    return OpenTensors(BoundedReader(source, max_bytes), table)


def diff_words(before: str, after: str) -> tuple[DiffLine, ...]:
    """What changed between two descriptions, the first MAX_DIFF_LINES of it."""
    return tuple(diff_texts(before, after)[:MAX_DIFF_LINES])


def find_image_of(entry: ManifestEntry) -> Image | None:
    """The picture that a file is, by its first bytes; None where it is none. Corrupted (422)."""
    with open_blob(require_intact(entry).blob) as source:
        reader = BoundedReader(source, MAX_IMAGE_HEADER_BYTES)
        return find_image(reader, reader.read_at(0, IMAGE_HEAD_BYTES))
