"""Aliases move; every move is kept with who and when, in the same transaction."""

import logging
from typing import Literal

from django.db import transaction
from django.utils import timezone

from accounts.access import Caller, user_or_none
from artifacts.errors import AliasMoved, AliasNotFound, VersionNotReady
from artifacts.models import Alias, AliasEvent, Artifact, Version
from artifacts.services.access import require_entry

logger = logging.getLogger(__name__)

Anywhere = Literal["anywhere"]
ANYWHERE: Anywhere = "anywhere"


def move_alias(
    *,
    artifact: Artifact,
    name: str,
    version: Version,
    moved_by: Caller,
    expected: int | Anywhere | None = ANYWHERE,
    is_protected: bool | None = None,
) -> tuple[Alias, bool]:
    """Point ``name`` at ``version``; returns the alias and whether it is new.

    ``expected`` is the number the caller saw it point at, None if he saw none, or ``ANYWHERE`` to
    overwrite blindly. ``is_protected`` None leaves the protection as it is.

    Raises AccessDenied (403), AliasMoved (409), VersionNotReady (409).
    """
    require_entry(moved_by)
    with transaction.atomic():
        Artifact.objects.select_for_update(no_key=True).get(pk=artifact.pk)
        found = Version.objects.select_related("artifact").get(pk=version.pk)
        if found.status != "ready":
            raise VersionNotReady(f"{found} is {found.status}, an alias needs a ready version.")
        current = current_target(artifact, name)
        if expected not in {ANYWHERE, current}:
            raise AliasMoved(name, current)
        alias, created = point_alias(
            artifact=artifact, name=name, version=version, moved_by=moved_by
        )
        if is_protected is not None:
            alias.is_protected = is_protected
            alias.save(update_fields=["is_protected"])
    return alias, created


def current_target(artifact: Artifact, name: str) -> int | None:
    """The version number ``name`` resolves to; None where it resolves to nothing."""
    found = artifact.aliases.resolving().filter(name=name)
    return found.values_list("version__number", flat=True).first()


def point_alias(
    *, artifact: Artifact, name: str, version: Version, moved_by: Caller
) -> tuple[Alias, bool]:
    """Make or move the row and write the event; the caller holds the artifact's lock."""
    row = Alias.objects.filter(artifact=artifact, name=name).select_related("version").first()
    before = row.version.number if row else None
    alias, created = Alias.objects.update_or_create(
        artifact=artifact,
        name=name,
        defaults={
            "version": version,
            "updated_at": timezone.now(),
            "updated_by": user_or_none(moved_by),
        },
    )
    if before != version.number:
        _write_event(artifact, name, before, version.number, moved_by)
    return alias, created


def remove_alias(*, artifact: Artifact, name: str, removed_by: Caller) -> None:
    """Remove ``name``; its history stays.

    Raises AccessDenied (403), AliasNotFound (404) with the aliases there are.
    """
    require_entry(removed_by)
    with transaction.atomic():
        Artifact.objects.select_for_update(no_key=True).get(pk=artifact.pk)
        current = current_target(artifact, name)
        if current is None:
            raise AliasNotFound(artifact.name, name, existing=alias_names(artifact))
        Alias.objects.filter(artifact=artifact, name=name).delete()
        _write_event(artifact, name, current, None, removed_by)


def resolve_alias(*, artifact: Artifact, name: str) -> Version:
    """The version that ``name`` points at; ``latest`` is the highest ready one.

    Raises AliasNotFound (404), which says why and which aliases there are.
    """
    if name == "latest":
        found: Version | None = artifact.versions.ready().order_by("-number").first()
    else:
        alias = Alias.objects.filter(artifact=artifact, name=name).select_related("version").first()
        found = alias.version if alias else None
    if found is None or found.deleted_at:
        why = f" (its version v{found.number} is deleted)" if found else ""
        raise AliasNotFound(artifact.name, name, existing=alias_names(artifact), why=why)
    found.artifact = artifact
    return found


def alias_names(artifact: Artifact) -> list[str]:
    """The aliases that resolve now, ``latest`` first."""
    names = list(artifact.aliases.resolving().values_list("name", flat=True))
    return ["latest", *names] if artifact.versions.ready().exists() else names


def _write_event(
    artifact: Artifact, name: str, before: int | None, after: int | None, moved_by: Caller
) -> None:
    AliasEvent.objects.create(
        artifact=artifact,
        name=name,
        from_number=before,
        to_number=after,
        by=user_or_none(moved_by),
    )
    logger.info("alias moved artifact=%s alias=%s from=%s to=%s", artifact, name, before, after)
