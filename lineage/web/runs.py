"""The pages of runs: the list, and one run with what it used and made."""

from functools import cached_property
from typing import Any

from accounts.access import access_of
from accounts.web.pages import Page
from accounts.web.paging import page_of
from artifacts.models import Version
from artifacts.services.aliases import aliases_of
from lineage.models import Run, RunQuerySet
from lineage.services import find_run
from lineage.web.forms import RunSearch

SHOWN_VERSIONS = 200
SHOWN_PROJECTS = 200


class RunList(Page):
    """``/runs``: every run, the newest first, 50 a page."""

    template_name = "lineage/runs.html"
    fragment_name = "lineage/_runs.html"
    extra_context = {"place": "runs"}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The rows; the form and the projects only for the whole page."""
        rows = self.find_runs().newest_first().with_counts(self.caller)
        context = super().get_context_data(page=page_of(rows, self.request), **kwargs)
        if not self.is_fragment:
            visible = Run.objects.visible_to(self.caller)
            context |= {
                "form": RunSearch(self.request.GET),
                "projects": visible.projects()[:SHOWN_PROJECTS],
            }
        return context

    def find_runs(self) -> RunQuerySet:
        """Those that the query asks for; what no run can be is asked for in vain."""
        found = Run.objects.visible_to(self.caller)
        asked = {key: str(text).replace("\0", "") for key, text in self.request.GET.items()}
        if project := asked.get("project"):
            found = found.filter(project=project)
        if status := asked.get("status"):
            found = found.filter(status=status)
        return found.search(asked["q"]) if asked.get("q") else found


class RunDetail(Page):
    """``/runs/{id}``: one run."""

    template_name = "lineage/run.html"
    extra_context = {"place": "runs"}

    @cached_property
    def run(self) -> Run:
        """The run that the path names. Raises RunNotFound (404)."""
        return find_run(run_id=self.kwargs["run_id"], asked_by=self.caller)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What it used and what it made, each in order."""
        visible = Version.objects.visible_to(self.caller)
        rows = visible.select_related("artifact__team").defer("metadata", "description")
        used = list(rows.filter(uses__run=self.run).order_by("uses__id")[: SHOWN_VERSIONS + 1])
        made = list(rows.filter(created_by_run=self.run.id).order_by("id")[: SHOWN_VERSIONS + 1])
        aliases = aliases_of({version.pk for version in [*used, *made]})
        for version in [*used, *made]:
            version.alias_names = aliases.get(version.pk, ())
        return super().get_context_data(
            run=self.run,
            used=used[:SHOWN_VERSIONS],
            made=made[:SHOWN_VERSIONS],
            is_more_used=len(used) > SHOWN_VERSIONS,
            is_more_made=len(made) > SHOWN_VERSIONS,
            sees_all=access_of(self.caller).sees_all,
            **kwargs,
        )
