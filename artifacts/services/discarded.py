"""The soft-deleted versions of all artifacts: found, restored, and purged, many at once.

Those of one artifact are purged all or none, each artifact for itself: what is refused of one does
not hold back the others, and is told. What happens to one of them meanwhile is found under its
lock: a version that was restored is not purged, one that was purged is not restored.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from accounts.access import Caller
from accounts.roles import Role
from accounts.sentences import say
from artifacts.errors import AliasProtected, DomainError
from artifacts.models import Artifact, Version
from artifacts.querysets import VersionQuerySet
from artifacts.services.access import require_on
from artifacts.services.deletion import Deletion, Selection, delete_versions
from artifacts.services.protection import refuse_protected
from artifacts.services.versions import restore_version

GONE = "not_in_trash"


@dataclass(frozen=True)
class Refusal:
    """These versions stay as they are: ``code`` of the error, or ``GONE``, and its sentence.

    ``aliases`` are those that keep them.
    """

    versions: tuple[Version, ...]
    code: str
    detail: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What was done (or would be) and what not; ``freed_bytes`` by the deed, 0 for a restore."""

    done: tuple[Version, ...]
    refused: tuple[Refusal, ...]
    freed_bytes: int = 0

    @property
    def size_bytes(self) -> int:
        """The logical bytes of what was done."""
        return sum(version.size_bytes for version in self.done)


def find_discarded(asked_by: Caller) -> VersionQuerySet:
    """The soft-deleted versions that ``asked_by`` may see, with what a list of them shows."""
    rows: VersionQuerySet = Version.objects.visible_to(asked_by).remaining()
    return rows.exclude(deleted_at=None).select_related("artifact__team", "deleted_by")


def preview_purge(versions: Iterable[Version], asked_by: Caller) -> Outcome:
    """What :func:`purge_discarded` would do, and free at least: artifacts may share more."""
    return _gather(_preview(artifact, some, asked_by) for artifact, some in _by_artifact(versions))


def purge_discarded(versions: Iterable[Version], purged_by: Caller) -> Outcome:
    """Remove these for ever, those of one artifact all or none.

    A disk that is away is a refusal too: by then others may be gone.

    Raises AccessDenied (403) before anything is done, when not all of them may be purged.
    """
    groups = _allowed(versions, purged_by)
    return _gather(_purge(artifact, some, purged_by) for artifact, some in groups)


def restore_discarded(versions: Iterable[Version], restored_by: Caller) -> Outcome:
    """Bring these back, each for itself.

    Raises AccessDenied (403) before anything is done, when not all of them may be restored.
    """
    groups = _allowed(versions, restored_by)
    return _gather(_restore(one, restored_by) for _, some in groups for one in some)


def _allowed(versions: Iterable[Version], by: Caller) -> list[tuple[Artifact, list[Version]]]:
    groups = list(_by_artifact(versions))
    for artifact, _ in groups:
        require_on(by, Role.MAINTAINER, artifact)
    return groups


def _by_artifact(versions: Iterable[Version]) -> Iterator[tuple[Artifact, list[Version]]]:
    """In one order for all callers, though no locks of two artifacts are ever held together."""
    ordered = sorted(versions, key=lambda version: (version.artifact_id, version.number))
    for _, some in groupby(ordered, key=lambda version: version.artifact_id):
        group = list(some)
        yield group[0].artifact, group


def _gather(outcomes: Iterable[Outcome]) -> Outcome:
    found = list(outcomes)
    return Outcome(
        done=tuple(version for one in found for version in one.done),
        refused=tuple(refusal for one in found for refusal in one.refused),
        freed_bytes=sum(one.freed_bytes for one in found),
    )


def _preview(artifact: Artifact, versions: Sequence[Version], asked_by: Caller) -> Outcome:
    free, refused = _split_protected(versions)
    if not free:
        return Outcome((), refused)
    try:
        deletion = _delete(artifact, free, asked_by, dry_run=True)
    except DomainError as refusal:
        return Outcome((), (*refused, _refused(free, refusal)))
    lost = _lost(free, deletion)
    return Outcome(_done(free, deletion), (*refused, *lost), deletion.exclusive_bytes or 0)


def _split_protected(versions: Sequence[Version]) -> tuple[list[Version], tuple[Refusal, ...]]:
    """Those that no protected alias keeps, and a refusal for each of the others."""
    try:
        refuse_protected(versions)
    except AliasProtected as refusal:
        if len(versions) == 1:
            return [], (_refused(versions, refusal),)
    else:
        return list(versions), ()
    parts = [_split_protected([version]) for version in versions]
    return [one for free, _ in parts for one in free], tuple(
        refusal for _, refused in parts for refusal in refused
    )


def _purge(artifact: Artifact, versions: Sequence[Version], purged_by: Caller) -> Outcome:
    try:
        deletion = _delete(artifact, versions, purged_by, dry_run=False)
    except DomainError as refusal:
        return Outcome((), (_refused(versions, refusal),))
    return Outcome(_done(versions, deletion), _lost(versions, deletion), deletion.freed_bytes)


def _delete(
    artifact: Artifact, versions: Sequence[Version], by: Caller, *, dry_run: bool
) -> Deletion:
    """Only while they are in the trash: so it asks again under the locks."""
    numbers = tuple(version.number for version in versions)
    return delete_versions(
        artifact=artifact, selection=Selection(numbers=numbers, is_deleted_only=True),
        deleted_by=by, permanent=True, dry_run=dry_run,
    )  # fmt: skip


def _done(asked: Sequence[Version], deletion: Deletion) -> tuple[Version, ...]:
    chosen = {version.pk for version in deletion.versions}
    return tuple(version for version in asked if version.pk in chosen)


def _lost(asked: Sequence[Version], deletion: Deletion) -> tuple[Refusal, ...]:
    chosen = {version.pk for version in deletion.versions}
    lost = tuple(version for version in asked if version.pk not in chosen)
    return (Refusal(lost, GONE, say("It was restored meanwhile.")),) if lost else ()


def _restore(version: Version, restored_by: Caller) -> Outcome:
    try:
        restore_version(version=version, restored_by=restored_by)
    except DomainError as refusal:
        return Outcome((), (_refused([version], refusal),))
    return Outcome((version,), ())


def _refused(versions: Sequence[Version], refusal: DomainError) -> Refusal:
    aliases = tuple(refusal.extra.get("aliases", ()))
    return Refusal(tuple(versions), refusal.code, refusal.detail, aliases)
