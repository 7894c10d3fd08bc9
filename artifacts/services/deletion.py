"""Many versions of one artifact go at once: chosen by number or by filter, all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db.models import Exists, OuterRef

from accounts.access import Caller
from accounts.roles import Role
from accounts.sentences import say
from artifacts.errors import Conflict, Invalid, VersionNotFound
from artifacts.models import Alias, Artifact, Version
from artifacts.querysets import VersionQuerySet
from artifacts.services.access import require_on, require_to_delete, role_on
from artifacts.services.exclusive import exclusive_bytes
from artifacts.services.protection import refuse_protected
from artifacts.services.purge import purge_versions
from artifacts.services.versions import soft_delete_versions


@dataclass(frozen=True)
class Selection:
    """Which versions are meant: those that meet all that is given.

    ``keep_last`` spares the newest so many that are not soft-deleted, and all that are newer than
    the oldest of these; ``is_without_aliases`` spares ``latest`` too.
    """

    numbers: tuple[int, ...] | None = None
    keep_last: int | None = None
    created_before: datetime | None = None
    is_without_aliases: bool = False
    is_deleted_only: bool = False


@dataclass(frozen=True)
class Deletion:
    """What was deleted, or would be: ``exclusive_bytes`` a permanent delete of these frees.

    None: the caller is not told. ``aliases`` are those that point at one of these, by name, with
    the number of the version.
    """

    versions: tuple[Version, ...]
    aliases: tuple[tuple[str, int], ...]
    exclusive_bytes: int | None
    freed_bytes: int


def delete_versions(
    *,
    artifact: Artifact,
    selection: Selection,
    deleted_by: Caller,
    permanent: bool = False,
    dry_run: bool = False,
) -> Deletion:
    """Soft-delete the versions that ``selection`` means, or remove them for ever.

    With ``dry_run`` nothing changes. A soft delete leaves those alone that are deleted already.

    Raises AccessDenied (403), Invalid (400) for a selection of everything or nothing,
    VersionNotFound (404), AliasProtected (409), Conflict (409) when one of the chosen does not
    meet the selection any more by the time it is locked.
    """
    _check_selection(selection, permanent=permanent)
    chosen = choose_versions(artifact=artifact, selection=selection, permanent=permanent)
    _require_role(artifact, chosen, deleted_by, permanent=permanent)
    refuse_protected(chosen)
    exclusive, aliases = _preview(artifact, chosen, deleted_by), _aliases_at(chosen)
    freed = 0
    if chosen and not dry_run:
        recheck = partial(_recheck, artifact, selection, permanent=permanent)
        if permanent:
            freed = purge_versions(versions=chosen, by=deleted_by, recheck=recheck)
        else:
            soft_delete_versions(versions=chosen, by=deleted_by, recheck=recheck)
    return Deletion(tuple(chosen), aliases, exclusive, freed)


def _require_role(
    artifact: Artifact, chosen: Sequence[Version], deleted_by: Caller, *, permanent: bool
) -> None:
    require_on(deleted_by, Role.MAINTAINER if permanent else Role.CONTRIBUTOR, artifact)
    for version in chosen:
        require_to_delete(deleted_by, version)


def _preview(artifact: Artifact, chosen: Sequence[Version], asked_by: Caller) -> int | None:
    """None for those who cannot delete for ever."""
    role = role_on(asked_by, artifact)
    is_told = role is not None and role >= Role.MAINTAINER
    return exclusive_bytes(versions=chosen, asked_by=asked_by) if is_told else None


def _aliases_at(chosen: Sequence[Version]) -> tuple[tuple[str, int], ...]:
    """All that ends with these versions, or with a soft delete stops to resolve."""
    rows = Alias.objects.filter(version__in=chosen).order_by("name")
    return tuple(rows.values_list("name", "version__number"))


def _check_selection(selection: Selection, *, permanent: bool) -> None:
    if selection == Selection():
        raise Invalid({"versions": [say("name versions, or at least one filter")]})
    if selection.is_deleted_only and not permanent:
        raise Invalid({"deleted_only": [say("these are deleted already; say permanent too")]})


def choose_versions(
    *, artifact: Artifact, selection: Selection, permanent: bool = True
) -> list[Version]:
    """The versions that ``selection`` means, by number.

    Raises VersionNotFound (404) where it names one that is not there, or purged.
    """
    versions = Version.objects.remaining().filter(artifact=artifact)
    chosen = _named(artifact, versions, selection.numbers)
    if selection.created_before is not None:
        chosen = chosen.filter(created_at__lt=selection.created_before)
    if selection.is_deleted_only:
        chosen = chosen.exclude(deleted_at=None)
    elif not permanent:
        chosen = chosen.live()
    if selection.is_without_aliases:
        chosen = _without_aliases(artifact, chosen)
    if selection.keep_last is not None:
        chosen = _older_than_newest(versions, chosen, selection.keep_last)
    return [_of(artifact, version) for version in chosen.order_by("number")]


def _named(
    artifact: Artifact, versions: VersionQuerySet, numbers: Sequence[int] | None
) -> VersionQuerySet:
    if numbers is None:
        return versions
    found = versions.filter(number__in=numbers)
    missing = sorted(set(numbers) - set(found.values_list("number", flat=True)))
    if missing:
        raise VersionNotFound(artifact.name, f"v{missing[0]}")
    return found


def _without_aliases(artifact: Artifact, chosen: VersionQuerySet) -> VersionQuerySet:
    latest = Version.objects.filter(artifact=artifact).latest_of_each().values("pk")
    aliases = Alias.objects.filter(version=OuterRef("pk"))
    return chosen.filter(~Exists(aliases)).exclude(pk__in=latest)


def _older_than_newest(
    versions: VersionQuerySet, chosen: VersionQuerySet, count: int
) -> VersionQuerySet:
    if count == 0:
        return chosen
    newest = list(versions.live().order_by("-number").values_list("number", flat=True)[:count])
    return chosen.filter(number__lt=newest[-1]) if len(newest) == count else chosen.none()


def _of(artifact: Artifact, version: Version) -> Version:
    version.artifact = artifact
    return version


def _recheck(
    artifact: Artifact, selection: Selection, locked: Sequence[Version], *, permanent: bool
) -> None:
    """Ask the filters again under the locks: an alias may have moved since."""
    now = choose_versions(artifact=artifact, selection=selection, permanent=permanent)
    lost = {version.pk for version in locked} - {version.pk for version in now}
    changed = [str(version) for version in locked if version.pk in lost]
    if changed:
        raise Conflict(
            say("{version} has changed meanwhile; look again what is to go.", version=changed[0])
        )
