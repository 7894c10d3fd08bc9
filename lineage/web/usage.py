"""The page of what became of a version: the runs that used it, and what each of them made."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db.models import Count, Window
from django.db.models.functions import RowNumber

from accounts.access import Caller
from accounts.web.paging import page_of
from artifacts.models import Version
from artifacts.web.pages import VersionPage
from lineage.models import RunInput

SHOWN_MADE = 10
"""Of what one run made."""


class VersionUsage(VersionPage):
    """``/artifacts/{type}/{name}/v3/usage``: the newest use first, 50 a page."""

    template_name = "lineage/usage.html"
    fragment_name = "lineage/_usage.html"
    tab = "usage"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The uses of one page, each with what its run made; how much that is, whoever may see."""
        uses = RunInput.objects.filter(version=self.version).select_related("run__created_by")
        page = page_of(uses.order_by("-created_at", "-id"), self.request)
        run_ids = [use.run_id for use in page]
        made, visible = _made_by(run_ids, self.caller), _count_visible(run_ids, self.caller)
        total = _count(Version.objects.all(), run_ids)
        for use in page:
            use.made = made[use.run_id]
            use.num_more = visible.get(use.run_id, 0) - len(use.made)
            use.num_hidden = total.get(use.run_id, 0) - visible.get(use.run_id, 0)
        return super().get_context_data(page=page, **kwargs)


def _made_by(run_ids: Collection[str], caller: Caller) -> dict[str, list[Version]]:
    """Run id → the first ten of the versions it made that ``caller`` may see."""
    place = Window(RowNumber(), partition_by="created_by_run", order_by="id")
    rows = Version.objects.visible_to(caller).filter(created_by_run__in=run_ids)
    first = rows.annotate(place=place).filter(place__lte=SHOWN_MADE).order_by("id")
    found: dict[str, list[Version]] = defaultdict(list)
    for version in first.select_related("artifact__team").defer("metadata", "description", "tags"):
        found[version.created_by_run].append(version)
    return found


def _count_visible(run_ids: Collection[str], caller: Caller) -> dict[str, int]:
    return _count(Version.objects.visible_to(caller), run_ids)


def _count(versions: Any, run_ids: Collection[str]) -> dict[str, int]:
    """Run id → how many of ``versions`` it made."""
    made = versions.filter(created_by_run__in=run_ids).order_by().values("created_by_run")
    return dict(made.annotate(num=Count("pk")).values_list("created_by_run", "num"))
