"""Aliases move; every move is kept with who, when and why, in the same transaction."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from django.db import transaction
from django.utils import timezone

from accounts.access import Caller, user_or_none
from accounts.audit import record_all
from accounts.models import AuditEvent
from accounts.roles import Role
from accounts.sentences import say
from artifacts.errors import AliasMoved, AliasNotFound, Conflict, Invalid, VersionNotReady
from artifacts.models import Alias, AliasEvent, Artifact, Version
from artifacts.names import check_comment
from artifacts.services.access import require_on
from artifacts.services.journal import alias_event
from artifacts.services.protection import require_to_move

logger = logging.getLogger(__name__)

Anywhere = Literal["anywhere"]
ANYWHERE: Anywhere = "anywhere"


@dataclass(frozen=True)
class Move:
    """An alias goes from one version number to another; None: there is no alias."""

    artifact: Artifact
    name: str
    before: int | None
    after: int | None
    by: Caller
    comment: str


@dataclass(frozen=True)
class Pointed:
    """What became of an alias; ``events`` are for the log of who did what."""

    alias: Alias
    is_new: bool
    events: Sequence[AuditEvent]


def move_alias(
    *,
    artifact: Artifact,
    name: str,
    version: Version,
    moved_by: Caller,
    expected: int | Anywhere | None = ANYWHERE,
    is_protected: bool | None = None,
    comment: str = "",
) -> tuple[Alias, bool]:
    """Point ``name`` at ``version``; returns the alias and whether it is new.

    ``expected`` is the number the caller saw it point at, None if he saw none, or ``ANYWHERE`` to
    overwrite blindly. ``is_protected`` None leaves the flag as it is.

    Raises AccessDenied (403), CommentNeeded (400), AliasMoved (409), VersionNotReady (409), Invalid
    (400) for a comment outside the rules.
    """
    require_on(moved_by, Role.CONTRIBUTOR, artifact)
    why = checked_comment(comment)
    with transaction.atomic():
        lock_artifact(artifact)
        require_to_move(artifact=artifact, names=[name], moved_by=moved_by, comment=why)
        _require_expected(artifact, name, expected)
        _require_ready(version)
        pointed = point_alias(
            artifact=artifact, name=name, version=version, moved_by=moved_by, comment=why
        )
        flagged: list[AuditEvent] = []
        if is_protected not in {None, pointed.alias.is_protected}:
            flagged = [_flip_flag(artifact, pointed.alias, moved_by)]
        record_all([*pointed.events, *flagged])
    return pointed.alias, pointed.is_new


def lock_artifact(artifact: Artifact) -> None:
    """Have all writes to the aliases and versions of ``artifact`` wait for this transaction."""
    Artifact.objects.select_for_update(no_key=True).get(pk=artifact.pk)


def checked_comment(comment: str) -> str:
    """``comment`` as it is kept. Raises Invalid (400) for one outside the rules."""
    try:
        return check_comment(comment)
    except ValueError as error:
        raise Invalid({"comment": [str(error)]}) from None


def _require_expected(artifact: Artifact, name: str, expected: int | Anywhere | None) -> None:
    current = current_target(artifact, name)
    if expected not in {ANYWHERE, current}:
        raise AliasMoved(name, current)


def _require_ready(version: Version) -> None:
    found = Version.objects.select_related("artifact").get(pk=version.pk)
    if found.status != "ready":
        raise VersionNotReady(
            say(
                "{version} is {status}, an alias needs a ready version.",
                version=found,
                status=say(found.status),
            )
        )


def _flip_flag(artifact: Artifact, alias: Alias, flipped_by: Caller) -> AuditEvent:
    """Protect ``alias``, or not any more. Raises AccessDenied (403)."""
    what = say("Protecting an alias, or not any more,")
    require_on(flipped_by, Role.MAINTAINER, artifact, what=what)
    before = {"protected": alias.is_protected}
    alias.is_protected = not alias.is_protected
    alias.save(update_fields=["is_protected"])
    action = "alias.protect" if alias.is_protected else "alias.unprotect"
    after = {"protected": alias.is_protected}
    return alias_event(action, artifact, alias.name, flipped_by, before=before, after=after)


def current_target(artifact: Artifact, name: str) -> int | None:
    """The version number ``name`` resolves to; None where it resolves to nothing."""
    found = artifact.aliases.resolving().filter(name=name)
    return found.values_list("version__number", flat=True).first()


def point_alias(
    *,
    artifact: Artifact,
    name: str,
    version: Version,
    moved_by: Caller,
    comment: str = "",
    action: str = "alias.move",
) -> Pointed:
    """Make or move the row and write the event; where it is there already, neither.

    The caller holds the artifact's lock.

    He has asked ``protection.require_to_move`` under it, and records the events of what this
    returns.
    """
    row = _find_row(artifact, name)
    before = row.version.number if row else None
    if row is not None and before == version.number:
        return Pointed(row, is_new=False, events=[])
    moved = {
        "version": version,
        "updated_at": timezone.now(),
        "updated_by": user_or_none(moved_by),
    }
    alias, created = Alias.objects.update_or_create(artifact=artifact, name=name, defaults=moved)
    move = Move(artifact, name, before, version.number, moved_by, comment)
    return Pointed(alias, created, [_write_event(move, action)])


def _find_row(artifact: Artifact, name: str) -> Alias | None:
    """The alias, of a deleted version too."""
    rows = Alias.objects.filter(artifact=artifact, name=name).select_related("version")
    found: Alias | None = rows.first()
    return found


def remove_alias(
    *,
    artifact: Artifact,
    name: str,
    removed_by: Caller,
    expected: int | Anywhere | None = ANYWHERE,
    comment: str = "",
) -> None:
    """Remove ``name``, also from a deleted version; its history stays.

    ``expected`` as for :func:`move_alias`.

    Raises AccessDenied (403), CommentNeeded (400), AliasMoved (409), AliasNotFound (404) with the
    aliases there are.
    """
    require_on(removed_by, Role.CONTRIBUTOR, artifact)
    why = checked_comment(comment)
    with transaction.atomic():
        lock_artifact(artifact)
        require_to_move(artifact=artifact, names=[name], moved_by=removed_by, comment=why)
        alias = _find_row(artifact, name)
        if alias is None:
            raise AliasNotFound(artifact.name, name, existing=alias_names(artifact))
        _require_expected(artifact, name, expected)
        alias.delete()
        move = Move(artifact, name, alias.version.number, None, removed_by, why)
        record_all([_write_event(move, "alias.remove")])


def remove_aliases_of(version: Version, removed_by: Caller) -> list[AuditEvent]:
    """Remove the aliases of a version that goes; the caller holds the lock of its artifact.

    He has seen to it that none is protected, and records the events that this returns.
    """
    names = list(version.aliases.order_by("name").values_list("name", flat=True))
    AliasEvent.objects.bulk_create(
        AliasEvent(
            artifact=version.artifact,
            name=name,
            from_number=version.number,
            by=user_or_none(removed_by),
        )
        for name in names
    )
    Alias.objects.filter(version=version).delete()
    before, after = {"version": version.number}, {"version": None}
    return [
        alias_event("alias.remove", version.artifact, name, removed_by, before=before, after=after)
        for name in names
    ]


def roll_back_alias(
    *,
    artifact: Artifact,
    name: str,
    rolled_back_by: Caller,
    expected: int | Anywhere | None = ANYWHERE,
    comment: str = "",
) -> Alias:
    """Point ``name`` at where it was before its last move; one that was removed comes back.

    So a second roll-back undoes the first. ``expected`` as for :func:`move_alias`.

    Raises AccessDenied (403), CommentNeeded (400), AliasNotFound (404) for one that never was,
    AliasMoved (409), Conflict (409) where there is nothing before, VersionNotReady (409) where that
    is deleted or damaged.
    """
    require_on(rolled_back_by, Role.CONTRIBUTOR, artifact)
    why = checked_comment(comment)
    with transaction.atomic():
        lock_artifact(artifact)
        require_to_move(artifact=artifact, names=[name], moved_by=rolled_back_by, comment=why)
        _require_expected(artifact, name, expected)
        version = _previous_target(artifact, name)
        pointed = point_alias(
            artifact=artifact, name=name, version=version, moved_by=rolled_back_by, comment=why,
            action="alias.rollback",
        )  # fmt: skip
        record_all(pointed.events)
    return pointed.alias


def _previous_target(artifact: Artifact, name: str) -> Version:
    last = AliasEvent.objects.filter(artifact=artifact, name=name).order_by("-id").first()
    if last is None:
        raise AliasNotFound(artifact.name, name, existing=alias_names(artifact))
    if last.from_number is None:
        raise Conflict(
            say(
                "{name}:{alias} has been nowhere but at v{to_number}.",
                name=artifact.name,
                alias=name,
                to_number=last.to_number,
            )
        )
    # A rebuild of the database knows the move, but not a version whose folder was lost.
    version: Version | None = artifact.versions.filter(number=last.from_number).first()
    status = version.status if version else "purged"
    if version is None or status != "ready":
        status = say(status)
        where = f"v{last.from_number}"
        raise VersionNotReady(
            say(
                "{name}:{alias} was at {where}, which is {status}.",
                name=artifact.name,
                alias=name,
                where=where,
                status=status,
            )
        )
    return version


def resolve_alias(*, artifact: Artifact, name: str) -> Version:
    """The version that ``name`` points at; ``latest`` is the highest ready one.

    Raises AliasNotFound (404), which says why and which aliases there are.
    """
    if name == "latest":
        found: Version | None = artifact.versions.ready().order_by("-number").first()
    else:
        alias = _find_row(artifact, name)
        found = alias.version if alias else None
    if found is None or found.deleted_at:
        why = say("its version v{number} is deleted", number=found.number) if found else ""
        raise AliasNotFound(artifact.name, name, existing=alias_names(artifact), why=why)
    found.artifact = artifact
    return found


def alias_names(artifact: Artifact) -> list[str]:
    """The aliases that resolve now, ``latest`` first."""
    names = list(artifact.aliases.resolving().values_list("name", flat=True))
    return ["latest", *names] if artifact.versions.ready().exists() else names


def _write_event(move: Move, action: str) -> AuditEvent:
    """Keep ``move`` in the history; returns what the log of who did what shall say."""
    AliasEvent.objects.create(
        artifact=move.artifact,
        name=move.name,
        from_number=move.before,
        to_number=move.after,
        by=user_or_none(move.by),
        comment=move.comment,
    )
    logger.info(
        "alias moved artifact=%s alias=%s from=%s to=%s",
        move.artifact, move.name, move.before, move.after,
    )  # fmt: skip
    after = {"version": move.after} | ({"comment": move.comment} if move.comment else {})
    before = {"version": move.before}
    return alias_event(action, move.artifact, move.name, move.by, before=before, after=after)


def aliases_by_version(artifact: Artifact) -> dict[int, list[str]]:
    """Version id → the aliases that resolve to it, ``latest`` first."""
    found: dict[int, list[str]] = defaultdict(list)
    latest = artifact.versions.ready().order_by("-number").values_list("pk", flat=True).first()
    if latest is not None:
        found[latest].append("latest")
    for pk, name in artifact.aliases.resolving().values_list("version_id", "name"):
        found[pk].append(name)
    return found


def aliases_of(version_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Version id → the aliases that resolve to it, ``latest`` first; in two queries."""
    ids = list(version_ids)
    found: dict[int, list[str]] = defaultdict(list)
    latest = Version.objects.filter(pk__in=ids).latest_of_each()
    for pk in latest.values_list("pk", flat=True):
        found[pk].append("latest")
    aliases = Alias.objects.resolving().filter(version__in=ids)
    for pk, name in aliases.values_list("version_id", "name"):
        found[pk].append(name)
    return {pk: tuple(names) for pk, names in found.items()}
