"""The files of a version, one by one: found by path, and what the version says to be read first."""

from accounts.sentences import say
from artifacts.errors import ContentDeleted, Corrupted, FileNotFound
from artifacts.models import ManifestEntry, Version

READMES = ("README.md", "Readme.md", "readme.md", "README.MD", "README.markdown", "README")
"""In this order: the first that is there."""


def content_of(version: Version) -> Version:
    """``version``, whose content is asked for; ContentDeleted (410) when it is soft-deleted."""
    if version.deleted_at:
        raise ContentDeleted(
            say("{version} is deleted; restore it to read its content.", version=version)
        )
    return version


def find_entry(version: Version, path: str) -> ManifestEntry | None:
    """The entry ``path`` of ``version``, with its blob; PostgreSQL cannot be asked about a NUL."""
    if "\0" in path:
        return None
    return version.entries.select_related("blob").filter(path=path).first()


def require_entry(version: Version, path: str) -> ManifestEntry:
    """As :func:`find_entry`; raises FileNotFound (404)."""
    entry = find_entry(version, path)
    if entry is None:
        raise FileNotFound(say("File not found: {version}/{path}", version=version, path=path))
    return entry


def require_intact(entry: ManifestEntry) -> ManifestEntry:
    """``entry``, whose bytes are to be read; raises Corrupted (422) for damaged content."""
    if entry.blob.damaged_at:
        digest = entry.blob.digest
        raise Corrupted(
            say("{digest} is damaged; upload the same content again to heal it.", digest=digest)
        )
    return entry


def find_readme(version: Version) -> ManifestEntry | None:
    """The entry of what ``version`` says of itself, in its top folder; one query."""
    rows = version.entries.select_related("blob").filter(path__in=READMES)
    return min(rows, key=lambda entry: READMES.index(entry.path), default=None)
