"""What stands above every tab of a version: its aliases, its state, what may be done with it."""

from dataclasses import dataclass
from typing import Any

from accounts.access import Caller
from accounts.roles import Role
from artifacts.errors import AliasNotFound
from artifacts.models import ManifestEntry, Version
from artifacts.services.access import has_on, role_to_delete
from artifacts.services.aliases import resolve_alias
from artifacts.services.protection import Patterns, is_protected

MAX_DAMAGED = 10


@dataclass(frozen=True)
class AliasChip:
    """An alias as it is shown; those that are protected have a lock."""

    name: str
    is_protected: bool = False


@dataclass(frozen=True)
class Head:
    """``damaged`` are the paths of damaged files, the first ten of ``num_damaged``.

    ``can_…``: what the caller may do, as far as his role goes.
    """

    aliases: tuple[AliasChip, ...]
    damaged: tuple[str, ...]
    num_damaged: int
    can_describe: bool
    can_delete: bool
    can_restore: bool

    @property
    def protected(self) -> list[str]:
        """The aliases that keep it from being deleted."""
        return [alias.name for alias in self.aliases if alias.is_protected]


def head_of(version: Version, caller: Caller) -> Head:
    """What ``caller`` sees above the tabs of ``version``."""
    damaged = _damaged(version)
    is_deleted = version.deleted_at is not None
    return Head(
        aliases=tuple(_chips(version)),
        damaged=tuple(damaged[:MAX_DAMAGED]),
        num_damaged=damaged.count(),
        can_describe=not is_deleted and has_on(caller, Role.CONTRIBUTOR, version.artifact),
        can_delete=not is_deleted
        and has_on(caller, role_to_delete(caller, version), version.artifact),
        can_restore=is_deleted and has_on(caller, Role.MAINTAINER, version.artifact),
    )


def _chips(version: Version) -> list[AliasChip]:
    """``latest`` first; of a deleted version those that come back with it."""
    patterns = Patterns()
    rows = version.aliases.order_by("name")
    chips = [AliasChip(alias.name, is_protected(alias, patterns)) for alias in rows]
    return [AliasChip("latest"), *chips] if _is_latest(version) else chips


def _is_latest(version: Version) -> bool:
    try:
        latest = resolve_alias(artifact=version.artifact, name="latest")
    except AliasNotFound:
        return False
    return latest.pk == version.pk


def _damaged(version: Version) -> Any:
    """Asked only of a version that is known to be damaged."""
    entries = version.entries if version.corrupted_at else ManifestEntry.objects.none()
    damaged = entries.exclude(blob__damaged_at=None).order_by("path")
    return damaged.values_list("path", flat=True)
