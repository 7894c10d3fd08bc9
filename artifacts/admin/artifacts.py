"""Artifacts: what they are, whose they are, and their aliases."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.base import EMPTY, PortalAdmin, changelist_url
from accounts.names import EVERYONE
from artifacts.admin.aliases import AliasInline, save_aliases
from artifacts.admin.base import size
from artifacts.models import AliasEvent, Artifact, Version
from artifacts.services.teams import assign_team


class ContentsFilter(admin.SimpleListFilter):
    """Those with versions; what is only a name is shown when it is asked for."""

    title = "contents"
    parameter_name = "contents"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What else may be shown."""
        return [("empty", "nothing but purged versions"), ("any", "any")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """The first is what is shown when nothing is chosen."""
        first, *others = super().choices(changelist)
        yield {**first, "display": "with versions"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those that hold so."""
        remaining = Exists(Version.objects.remaining().filter(artifact=OuterRef("pk")))
        match self.value():
            case "any":
                return queryset
            case "empty":
                return queryset.filter(~remaining)
            case _:
                return queryset.filter(remaining)


@admin.register(Artifact)
class ArtifactAdmin(PortalAdmin):
    """Made by logging a version, so not added here; gone when nobody looks, so not deleted."""

    may_change = True
    inlines = [AliasInline]
    list_display = (
        "name", "type", "owner", "number_of_versions", "latest", "latest_size", "updated_at",
    )  # fmt: skip
    list_filter = (ContentsFilter, "type", "team")
    list_select_related = ("team",)
    search_fields = ("name",)
    search_help_text = "The beginnings of words of its name."
    ordering = ("-updated_at", "-id")
    readonly_fields = (
        "name", "type", "number_of_versions", "latest", "latest_size", "created_at", "updated_at",
        "more",
    )  # fmt: skip
    fields = ("name", "type", "team", *readonly_fields[2:])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With their figures."""
        return Artifact.objects.visible_to(request.user).with_figures().order_by(*self.ordering)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """As the list of the API searches."""
        return (queryset.search(search_term) if search_term else queryset), False  # type: ignore[attr-defined]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The team, or everyone; without Django's buttons that change the team itself."""
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "team" and field is not None:
            field.empty_label, field.widget = EVERYONE, field.widget.widget
        return field

    @admin.display(ordering="team__name")
    def owner(self, artifact: Artifact) -> str:
        """Whose it is."""
        return artifact.owner

    @admin.display(ordering="num_versions", description="versions")
    def number_of_versions(self, artifact: Any) -> int:
        """Those that are not deleted."""
        return artifact.num_versions or 0

    @admin.display(ordering="latest_version")
    def latest(self, artifact: Any) -> str:
        """The highest ready version."""
        return f"v{artifact.latest_version}" if artifact.latest_version else EMPTY

    @admin.display(ordering="size_bytes", description="size of the latest")
    def latest_size(self, artifact: Any) -> str:
        """What its files have together."""
        return size(artifact.size_bytes)

    @admin.display
    def more(self, artifact: Artifact) -> SafeString:
        """Where its versions are, and the moves of its aliases."""
        here = {"artifact__id__exact": artifact.pk}
        return format_html(
            '<a href="{}">Its versions</a> · <a href="{}">Every move of its aliases</a>',
            changelist_url(Version, **here), changelist_url(AliasEvent, **here),
        )  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Artifact, form: Any, change: bool) -> None:  # noqa: FBT001
        """Only whose it is can change."""
        if "team" in form.changed_data:
            artifact = Artifact.objects.get(pk=obj.pk)
            assign_team(artifact=artifact, team=obj.team, assigned_by=request.user)

    def save_formset(
        self,
        request: HttpRequest,
        form: Any,
        formset: Any,
        change: bool,  # noqa: FBT001
    ) -> None:
        """Move, add and remove aliases through the service."""
        save_aliases(formset, Artifact.objects.get(pk=form.instance.pk), request.user)
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
