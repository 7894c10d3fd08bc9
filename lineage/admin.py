"""Runs in Django's admin, to look at: programs begin and end them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.admin.base import SHOWN_ROWS, PortalAdmin, links
from artifacts.models import Version
from lineage.models import Run


@admin.register(Run)
class RunAdmin(PortalAdmin):
    """What ran, what it used and what it made."""

    list_display = (
        "id", "project", "name", "status", "created_by", "created_at", "finished_at",
        "number_of_inputs", "number_of_outputs",
    )  # fmt: skip
    list_filter = ("status",)
    list_select_related = ("created_by",)
    search_fields = ("id", "project", "name", "created_by__username")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-id")
    fields = (
        "id", "project", "name", "status", "created_by", "created_at", "updated_at",
        "finished_at", "inputs", "outputs",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With how much each used and made."""
        runs: QuerySet[Any] = Run.objects.visible_to(request.user).with_counts(request.user)
        return runs.order_by(*self.ordering)

    @admin.display(description="inputs", ordering="num_used")
    def number_of_inputs(self, run: Any) -> int:
        """How many versions it used."""
        return int(run.num_used)

    @admin.display(description="outputs", ordering="num_made")
    def number_of_outputs(self, run: Any) -> int:
        """How many versions it made."""
        return int(run.num_made)

    @admin.display
    def inputs(self, run: Any) -> SafeString | str:
        """The versions it used."""
        return _versions(Version.objects.filter(uses__run=run), total=run.num_used)

    @admin.display
    def outputs(self, run: Any) -> SafeString | str:
        """The versions it made."""
        return _versions(Version.objects.filter(created_by_run=run.pk), total=run.num_made)


def _versions(rows: QuerySet[Version], *, total: int) -> SafeString | str:
    return links(rows.select_related("artifact__team").order_by("-id")[:SHOWN_ROWS], total=total)
