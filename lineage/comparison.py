"""What two versions were made from, side by side: the inputs of the runs that made them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from accounts.access import Caller
from artifacts.models import Version
from lineage.models import RunInput

MAX_ROWS = 1_000

InputChangeKind = Literal["added", "removed", "moved"]


@dataclass(frozen=True)
class InputChange:
    """An input that came, went, or was used in another version (``moved``); None: not used.

    The versions have their artifacts loaded.
    """

    kind: InputChangeKind
    before: Version | None
    after: Version | None


@dataclass(frozen=True)
class InputComparison:
    """The first inputs that are not the same, of ``num_changes``; and how many are.

    The run ids are those of what made the versions, empty where no run did.
    """

    before_run: str
    after_run: str
    rows: tuple[InputChange, ...]
    num_changes: int
    num_kept: int


def compare_inputs(*, before: Version, after: Version, asked_by: Caller) -> InputComparison:
    """What the runs that made the two versions used, as far as ``asked_by`` may know of it.

    Of an artifact that both used, other versions *moved*, the lower numbers to the lower. What is
    hidden counts nowhere. Two queries.
    """
    old, new = _inputs(before, asked_by), _inputs(after, asked_by)
    kept = old.keys() & new.keys()
    rows = _pair(
        [one for pk, one in old.items() if pk not in kept],
        [one for pk, one in new.items() if pk not in kept],
    )
    return InputComparison(
        before.created_by_run, after.created_by_run, tuple(rows[:MAX_ROWS]), len(rows), len(kept)
    )


def _inputs(version: Version, asked_by: Caller) -> dict[int, Version]:
    """Version id → what the run used, by type, name and number."""
    used = RunInput.objects.filter(run=version.created_by_run).values("version_id")
    visible = Version.objects.visible_to(asked_by).filter(pk__in=used)
    rows = visible.select_related("artifact__team").defer("metadata", "description", "tags")
    ordered = rows.order_by("artifact__type", "artifact__name", "artifact_id", "number")
    return {one.pk: one for one in ordered}


def _pair(before: list[Version], after: list[Version]) -> list[InputChange]:
    old, new = _by_artifact(before), _by_artifact(after)
    return [
        _change(one, other)
        for artifact_id in {**old, **new}
        for one, other in zip_longest(old[artifact_id], new[artifact_id])
    ]


def _by_artifact(versions: Iterable[Version]) -> dict[int, list[Version]]:
    found: dict[int, list[Version]] = defaultdict(list)
    for version in versions:
        found[version.artifact_id].append(version)
    return found


def _change(before: Version | None, after: Version | None) -> InputChange:
    if before is None:
        return InputChange("added", None, after)
    return InputChange("moved" if after else "removed", before, after)
