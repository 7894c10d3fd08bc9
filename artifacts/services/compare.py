"""Two versions side by side, of one artifact or of two.

Whoever calls has found both through ``visible_to``; nothing here reaches beyond them. How many
queries it takes depends on nothing, and what is listed is limited, with the totals beside it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from artifacts.models import Version
from artifacts.services.aliases import aliases_of
from artifacts.services.entries import content_of
from artifacts.services.file_changes import (
    DIFFERENCES,
    KINDS,
    FileChange,
    FileChangeKind,
    FileTotals,
    list_file_changes,
    total_file_changes,
)
from artifacts.services.metadata_changes import MetadataChanges, compare_metadata
from artifacts.services.reference_changes import ReferenceChanges, compare_references

MAX_ROWS = 1_000


@dataclass(frozen=True)
class WordChanges:
    """Tags or aliases: what only the one, only the other, and both have; each in its order."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True)
class FileChanges:
    """``rows`` are those from ``offset`` on of ``num_rows``, which are of ``kind`` (None: any)."""

    totals: FileTotals
    rows: tuple[FileChange, ...]
    num_rows: int
    offset: int
    limit: int
    kind: FileChangeKind | None


@dataclass(frozen=True)
class Comparison:
    """What differs between ``before`` and ``after``; added is what only ``after`` has."""

    before: Version
    after: Version
    files: FileChanges
    metadata: MetadataChanges
    references: ReferenceChanges
    tags: WordChanges
    aliases: WordChanges

    @property
    def has_other_description(self) -> bool:
        """Whether the two are described differently."""
        return self.before.description != self.after.description

    @property
    def is_same_content(self) -> bool:
        """Whether files and references are the same: so are the manifests then."""
        return not self.files.totals.num_changes and not self.references.num_changes


def compare_versions(
    *,
    before: Version,
    after: Version,
    kind: FileChangeKind | None = None,
    limit: int = MAX_ROWS,
    offset: int = 0,
    with_unchanged: bool = False,
) -> Comparison:
    """What differs between two versions that the caller may read, ``artifact`` loaded on both.

    ``with_unchanged`` lists also the files and the metadata that do not differ; ``kind``, ``limit``
    and ``offset`` choose among the files. Of metadata and references the first MAX_ROWS are listed.

    Raises ContentDeleted (410).
    """
    content_of(before), content_of(after)
    totals = total_file_changes(before=before, after=after)
    kinds = [kind] if kind else KINDS if with_unchanged else DIFFERENCES
    rows = list_file_changes(before=before, after=after, kinds=kinds, limit=limit, offset=offset)
    num_rows = sum(totals.of(one).num_files for one in kinds)
    aliases = aliases_of([before.pk, after.pk])
    return Comparison(
        before=before,
        after=after,
        files=FileChanges(totals, rows, num_rows, offset, limit, kind),
        metadata=compare_metadata(
            before.metadata, after.metadata, limit=MAX_ROWS, with_unchanged=with_unchanged
        ),
        references=compare_references(before=before, after=after, limit=MAX_ROWS),
        tags=_words(before.tags, after.tags),
        aliases=_words(aliases.get(before.pk, ()), aliases.get(after.pk, ())),
    )


def _words(before: Iterable[str], after: Iterable[str]) -> WordChanges:
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    return WordChanges(
        added=tuple(word for word in new if word not in old),
        removed=tuple(word for word in old if word not in new),
        kept=tuple(word for word in new if word in old),
    )
