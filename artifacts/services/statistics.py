"""How much there is, and how much of it dedup saved."""

from dataclasses import dataclass
from functools import cached_property

from accounts.access import Caller
from artifacts.models import Version
from artifacts.querysets import LIVE
from artifacts.services.space import pool_bytes


@dataclass(frozen=True)
class TypeSize:
    """What the live versions of one type are; ``size_bytes`` is logical."""

    type: str
    artifacts: int
    versions: int
    files: int
    size_bytes: int


@dataclass(frozen=True)
class StoreSize:
    """What a caller may see: ``logical_bytes`` of all files, ``physical_bytes`` on disk."""

    by_type: tuple[TypeSize, ...]
    physical_bytes: int

    @cached_property
    def artifacts(self) -> int:
        """Those with a live version."""
        return sum(one.artifacts for one in self.by_type)

    @cached_property
    def versions(self) -> int:
        """The live ones."""
        return sum(one.versions for one in self.by_type)

    @cached_property
    def files(self) -> int:
        """Of all versions, equal ones too."""
        return sum(one.files for one in self.by_type)

    @cached_property
    def logical_bytes(self) -> int:
        """What plain copies would take."""
        return sum(one.size_bytes for one in self.by_type)

    @property
    def saved_bytes(self) -> int:
        """What they would take more than the store does."""
        return max(0, self.logical_bytes - self.physical_bytes)

    @property
    def saved_share(self) -> float:
        """``saved_bytes`` of ``logical_bytes``, 0 to 1."""
        return self.saved_bytes / self.logical_bytes if self.logical_bytes else 0.0


def measure_store(caller: Caller) -> StoreSize:
    """Everything that ``caller`` may see, by type in the order of their names; in two queries."""
    rows = Version.objects.visible_to(caller).filter(LIVE).sizes_by_type()
    sizes = [
        TypeSize(
            row["artifact__type"], row["artifacts"], row["versions"], row["files"], row["bytes"]
        )
        for row in rows
    ]
    return StoreSize(tuple(sorted(sizes, key=lambda one: one.type)), pool_bytes(caller))
