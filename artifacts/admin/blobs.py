"""Blobs: what is stored, how it lies there, and whether it was found whole."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from accounts.admin.base import SHOWN_ROWS, PortalAdmin, links
from artifacts.admin.base import short, size
from artifacts.models import Blob, Version

CONDITIONS = {
    "damaged": {"damaged_at__isnull": False},
    "whole": {"damaged_at__isnull": True, "verified_at__isnull": False},
    "unchecked": {"damaged_at__isnull": True, "verified_at__isnull": True},
}


def condition(blob: Blob) -> str:
    """What the last scrub found: one of CONDITIONS."""
    if blob.damaged_at:
        return "damaged"
    return "whole" if blob.verified_at else "unchecked"


class ConditionFilter(admin.SimpleListFilter):
    """By what the last scrub found."""

    title = "condition"
    parameter_name = "condition"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What it may have found."""
        return [(name, name) for name in CONDITIONS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of which it found that."""
        return queryset.filter(**CONDITIONS.get(self.value() or "", {}))


@admin.register(Blob)
class BlobAdmin(PortalAdmin):
    """Nothing here can be changed: content comes by uploads and goes with the last version."""

    list_display = (
        "short_digest", "content_size", "on_disk", "layout", "condition", "verified_at",
        "created_at",
    )  # fmt: skip
    list_filter = (ConditionFilter, "layout")
    search_fields = ("sha256__startswith",)
    search_help_text = "The first digits of a digest."
    date_hierarchy = "created_at"
    ordering = ("-id",)
    fields = (
        "digest", "content_size", "on_disk", "layout", "generation", "condition", "verified_at",
        "damaged_at", "created_at", "last_seen_at", "versions", "bases", "dependents",
    )  # fmt: skip
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """With or without ``sha256:`` before the digits."""
        wanted = search_term.strip().lower().removeprefix("sha256:")
        return super().get_search_results(request, queryset, wanted)

    @admin.display(description="digest", ordering="sha256")
    def short_digest(self, blob: Blob) -> str:
        """Enough of it to tell it apart."""
        return short(blob)

    @admin.display(description="size", ordering="size_bytes")
    def content_size(self, blob: Blob) -> str:
        """Of the content."""
        return size(blob.size_bytes)

    @admin.display(ordering="physical_bytes")
    def on_disk(self, blob: Blob) -> str:
        """Of its own file."""
        return size(blob.physical_bytes)

    @admin.display
    def condition(self, blob: Blob) -> str:
        """What the last scrub found."""
        return condition(blob)

    @admin.display
    def versions(self, blob: Blob) -> SafeString | str:
        """Those that hold it."""
        holding = Version.objects.holding([blob.pk]).select_related("artifact__team")
        return links(holding.order_by("-id")[:SHOWN_ROWS], total=holding.count())

    @admin.display(description="bytes kept in")
    def bases(self, blob: Blob) -> SafeString | str:
        """The blobs that it keeps bytes in."""
        found = Blob.objects.filter(dependents__blob=blob)
        return links(found.order_by("-id")[:SHOWN_ROWS], total=found.count())

    @admin.display(description="bytes kept for")
    def dependents(self, blob: Blob) -> SafeString | str:
        """The blobs that keep bytes in it."""
        found = Blob.objects.filter(bases__base=blob)
        return links(found.order_by("-id")[:SHOWN_ROWS], total=found.count())
