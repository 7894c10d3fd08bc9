"""What the store takes: for whom, of what, since when; and in what condition it is."""

from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from typing import Any, cast

from django.core.paginator import Paginator
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.access import Caller, access_of
from accounts.web.pages import Page
from artifacts.models import Artifact, Version
from artifacts.querysets import ArtifactQuerySet
from artifacts.services.condition import cache_state, count_corrupted, scrub_state
from artifacts.services.discarded import find_discarded
from artifacts.services.freed import (
    Freed,
    artifacts_by_freed,
    can_rank,
    freed_by_artifacts,
    freed_by_trash,
)
from artifacts.services.growth import measure_growth
from artifacts.services.owners import measure_owners
from artifacts.services.statistics import measure_store
from artifacts.web.growth import SPANS, draw_growth

OF_ARTIFACTS = {"name": "name", "type": "type"}
OF_VERSIONS = {"versions": Count("pk"), "size": Sum("size_bytes")}
SORTS = {*OF_ARTIFACTS, *OF_VERSIONS}
BY_FREED = ("freed", "-freed")
LARGEST_FIRST = "-size"
PER_PAGE = 25


class StorageOverview(Page):
    """``/storage``; htmx asks for another page of its list of artifacts alone."""

    template_name = "artifacts/storage.html"
    fragment_name = "artifacts/_storage_artifacts.html"
    extra_context = {"place": "storage"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The list; the rest only for the whole page."""
        rows = ArtifactSpaces(self.caller, self.sort, self._asked("type"), self._asked("team"))
        pages = Paginator(cast("QuerySet[Any]", rows), PER_PAGE)
        context = super().get_context_data(
            page=pages.get_page(self._asked("page")), sort=self.sort,
            type=rows.type_, team=rows.team, ranks_freed=self.ranks_freed,
            sees_all=access_of(self.caller).sees_all, **kwargs,
        )  # fmt: skip
        return context if self.is_fragment else context | self.measure()

    @cached_property
    def sort(self) -> str:
        """``name`` or ``-name``; the largest first, for what cannot be sorted by."""
        asked = self._asked("sort")
        is_known = asked in BY_FREED if self.ranks_freed else False
        return asked if is_known or asked.removeprefix("-") in SORTS else LARGEST_FIRST

    @cached_property
    def ranks_freed(self) -> bool:
        """Whether the list may be sorted by what would come free."""
        return can_rank(self.caller)

    def measure(self) -> dict[str, Any]:
        """All that is above and beside the list."""
        trash = find_discarded(self.caller).aggregate(
            count=Count("pk"), bytes=Coalesce(Sum("size_bytes"), 0),
            files=Coalesce(Sum("num_files"), 0),
        )  # fmt: skip
        today = timezone.now().astimezone(UTC).date()
        growth = measure_growth(self.caller)
        return {
            "size": measure_store(self.caller),
            "chart": draw_growth(growth, today=today, asked=self._asked("span")),
            "spans": SPANS,
            "owners": measure_owners(self.caller, first=self._asked("team")),
            "trash": {**trash, "freed": freed_by_trash(self.caller, trash["files"])},
            "scrub": scrub_state(self.caller),
            "cache": cache_state(self.caller),
            "corrupted": count_corrupted(self.caller),
        }

    def _asked(self, name: str) -> str:
        return self.request.GET.get(name, "").replace("\0", "")


@dataclass(frozen=True)
class ArtifactSpaces:
    """The artifacts that the caller sees, for a paginator: rows are made for one page only.

    ``type_`` and ``team`` choose among them; "" means any.
    """

    caller: Caller
    sort: str
    type_: str
    team: str

    def count(self) -> int:
        """How many there are."""
        return self._chosen().count()

    def __getitem__(self, part: slice) -> list[Any]:
        """Artifacts with ``num_versions``, ``total_bytes`` of these and ``freed``."""
        freed = self._by_freed(part) if self.sort in BY_FREED else self._by_column(part)
        rows = self._sized(self._chosen().filter(pk__in=freed)).in_bulk()
        found = [rows[pk] for pk in freed if pk in rows]
        for row in found:
            row.freed = freed[row.pk]
        return found

    def _by_freed(self, part: slice) -> dict[int, Freed]:
        return dict(
            artifacts_by_freed(
                self.caller, sort=self.sort, type_=self.type_, team=self.team,
                offset=part.start, limit=part.stop - part.start,
            )
        )  # fmt: skip

    def _by_column(self, part: slice) -> dict[int, Freed]:
        name = self.sort.removeprefix("-")
        ids = self._by_versions(name) if name in OF_VERSIONS else self._by_artifact(name)
        return freed_by_artifacts(list(ids[part]), self.caller)

    def _by_artifact(self, name: str) -> "QuerySet[Any]":
        order = self._ordered(F(OF_ARTIFACTS[name]))
        return self._chosen().order_by(order, "-pk").values_list("pk", flat=True)

    def _by_versions(self, name: str) -> "QuerySet[Any]":
        """Summed up from versions alone, and artifacts looked at for one page only."""
        versions = Version.objects.visible_to(self.caller).remaining()
        if self.type_ or self.team:
            versions = versions.filter(artifact__in=self._chosen().order_by())
        sums = versions.order_by().values("artifact").annotate(key=OF_VERSIONS[name])
        ordered = sums.order_by(self._ordered(F("key")), "-artifact")
        found: QuerySet[Any] = ordered.values_list("artifact", flat=True)
        return found

    def _ordered(self, column: F) -> OrderBy:
        return column.desc() if self.sort.startswith("-") else column.asc()

    def _chosen(self) -> ArtifactQuerySet:
        found = Artifact.objects.visible_to(self.caller).with_remaining().order_by("-pk")
        if self.type_:
            found = found.filter(type=self.type_)
        return found.owned_by(self.team) if self.team else found

    def _sized(self, artifacts: ArtifactQuerySet) -> "QuerySet[Any]":
        """Purged versions are counted by neither: they have no bytes."""
        counted: QuerySet[Any] = artifacts.select_related("team").annotate(
            num_versions=Count("versions", filter=Q(versions__purged_at=None)),
            total_bytes=Coalesce(Sum("versions__size_bytes"), 0),
        )
        return counted
