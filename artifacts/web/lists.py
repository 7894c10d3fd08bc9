"""The list of artifacts: search, filters, order, pages; all of it in the URL."""

from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from accounts.web.language import translated
from accounts.web.pages import Page
from accounts.web.paging import page_of
from artifacts.errors import Invalid
from artifacts.filters import ArtifactFilter, VersionFilter, filter_artifacts
from artifacts.models import Artifact, Version
from artifacts.querysets import ArtifactQuerySet, VersionQuerySet
from artifacts.services.protection import Patterns
from artifacts.services.statistics import measure_store
from artifacts.web.forms import ArtifactSearch

SORTS = {
    "name": "name",
    "type": "type",
    "versions": "num_versions",
    "size": "size_bytes",
    "updated": "updated_at",
}
NEWEST_FIRST = "-updated"
MAX_CHIPS = 40
"""More than there are filters that are answered: of what is refused, only so much is shown."""

FIRST_VERSION = "first-version"
"""The id of what waits for the first version."""


class ArtifactList(Page):
    """``/artifacts``: every artifact the reader may see, 50 a page."""

    template_name = "artifacts/list.html"
    fragment_name = "artifacts/_list.html"
    extra_context = {"place": "artifacts"}
    form_class = ArtifactSearch

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The list. A filter that is wrong is told above it, and stays in its field."""
        if self.request.htmx.trigger == FIRST_VERSION:
            return self._answer_waiting()
        try:
            return super().get(request, *args, **kwargs)
        except Invalid as refusal:
            if self.is_fragment:
                raise
            page = page_of(Artifact.objects.none(), request)
            context = self._whole_page(
                page=page, sort=self.sort, refusal=translated(refusal.detail)
            )
            return self.render_to_response(context, status=refusal.status)

    def _answer_waiting(self) -> HttpResponse:
        """Nothing until there is something: then the page is shown anew, with its figures."""
        if not Artifact.objects.visible_to(self.caller).with_ready().exists():
            return HttpResponse(status=204)
        return HttpResponse(headers={"HX-Refresh": "true"})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The rows; the figures and the form only for the whole page."""
        artifacts = self.find_artifacts()
        among = self.find_versions()
        found = filter_artifacts(self.request.GET, artifacts, self.caller, among=among)
        page = page_of(sorted_ids(found, self.sort), self.request)
        page.object_list = rows_of(list(page))
        if self.is_fragment:
            return self._with_filters(page=page, sort=self.sort, **kwargs)
        return self._whole_page(page=page, sort=self.sort, **kwargs)

    def _whole_page(self, **kwargs: Any) -> dict[str, Any]:
        return self._with_filters(size=measure_store(self.caller), **kwargs)

    def _with_filters(self, **kwargs: Any) -> dict[str, Any]:
        active = [name for name in self.request.GET if self._is_active(name)]
        filters = [self._describe(name) for name in active[:MAX_CHIPS]]
        kept = [one for one in filters if one["name"] not in self.form.fields]
        folded = sum(one["name"] not in self.form.shown_always for one in filters)
        return super().get_context_data(
            form=self.form, filters=filters, kept=kept, num_folded=folded, **kwargs
        )

    @cached_property
    def form(self) -> ArtifactSearch:
        """The fields, with what the URL says."""
        return self.form_class(self.request.GET)

    def _is_active(self, name: str) -> bool:
        known = (*self.form.fields, *ArtifactFilter.base_filters, *VersionFilter.base_filters)
        is_filter = name in known or name.startswith("metadata.")
        return is_filter and bool(self.request.GET[name])

    def _describe(self, name: str) -> dict[str, Any]:
        """A filter as a chip shows it: ``query`` is the URL's without it."""
        rest = self.request.GET.copy()
        del rest[name]
        rest.pop("page", None)
        field = self.form.fields.get(name)
        return {
            "name": name, "value": self.request.GET[name], "query": f"?{rest.urlencode()}",
            "label": field.label if field else name,
        }  # fmt: skip

    @property
    def sort(self) -> str:
        """``name`` or ``-name``; the default for what cannot be sorted by."""
        asked = self.request.GET.get("sort", "")
        return asked if asked.removeprefix("-") in SORTS else NEWEST_FIRST

    def find_artifacts(self) -> ArtifactQuerySet:
        """All that the caller may see, before any filter but the simple ones of the row itself."""
        found = Artifact.objects.visible_to(self.caller)
        if type_ := self.asked("type"):
            found = found.filter(type=type_)
        if team := self.asked("team"):
            found = found.owned_by(team)
        return found

    def find_versions(self) -> VersionQuerySet | None:
        """The versions of which one has to meet the filters; None: all that the caller may see."""
        return None

    def asked(self, name: str) -> str:
        """A parameter of the URL, as text that the database can be asked for."""
        return self.request.GET.get(name, "").replace("\0", "\N{REPLACEMENT CHARACTER}")


def sorted_ids(artifacts: ArtifactQuerySet, sort: str) -> "QuerySet[Any]":
    """The ids of those with a ready version, in the order ``sort``.

    Ids alone: what else a row shows is worked out for one page, not for all that it skips.
    """
    column = F(SORTS[sort.removeprefix("-")])
    order = column.desc(nulls_last=True) if sort.startswith("-") else column.asc(nulls_last=True)
    ordered = artifacts.with_ready().with_figures().order_by(order, "-pk")
    return ordered.values_list("pk", flat=True)


def rows_of(ids: list[int]) -> list[dict[str, Any]]:
    """Summaries in the order of ``ids``, with who logged the latest version; in two queries."""
    latest = Version.objects.filter(artifact=OuterRef("pk")).ready().order_by("-number")
    who = Subquery(latest.values("created_by__username")[:1])
    rows = Artifact.objects.filter(pk__in=ids).summaries().annotate(key=F("pk"), logged_by=who)
    found = {row["key"]: row for row in rows}
    protect = Patterns()
    for row in found.values():
        row["aliases"] = [_chip(pair, protect) for pair in row["alias_pairs"]]
    return [found[pk] for pk in ids if pk in found]


def _chip(pair: dict[str, Any], patterns: Patterns) -> dict[str, Any]:
    return {**pair, "is_protected": pair["is_protected"] or patterns.protect(pair["name"])}
