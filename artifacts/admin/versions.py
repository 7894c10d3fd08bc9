"""Versions: read, described, soft-deleted, restored, and purged after a look."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.admin.base import EMPTY, SHOWN_ROWS, PortalAdmin, lines, link_to
from accounts.admin.seen import SeenByAdmins
from accounts.audit import Values
from accounts.sizes import human_size
from accounts.web.language import translated
from artifacts.admin.base import short, size
from artifacts.descriptions import MAX_DESCRIPTION_CHARACTERS, check_metadata, check_tags
from artifacts.errors import AliasProtected, DomainError
from artifacts.models import ManifestEntry, Version
from artifacts.querysets import READY
from artifacts.services.exclusive import exclusive_bytes
from artifacts.services.protection import refuse_protected
from artifacts.services.purge import purge_versions
from artifacts.services.versions import describe_version, restore_version, soft_delete_versions

T = TypeVar("T")

DESCRIBED = ("description", "tags", "metadata")
STATUSES = {
    "ready": READY,
    "deleted": Q(purged_at=None, deleted_at__isnull=False),
    "corrupted": Q(purged_at=None, deleted_at=None, corrupted_at__isnull=False),
    "purged": Q(purged_at__isnull=False),
}


ANY = "any"


class StatusFilter(admin.SimpleListFilter):
    """By how it stands; what was purged is shown when it is asked for."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The ways it may stand."""
        return [*((name, name) for name in STATUSES), (ANY, "any, purged too")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """The first is what is shown when nothing is chosen."""
        first, *others = super().choices(changelist)
        yield {**first, "display": "all but purged"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those that stand so."""
        wanted = self.value()
        if wanted == ANY:
            return queryset
        return queryset.filter(STATUSES.get(wanted or "", Q(purged_at=None)))


class TagsField(forms.CharField):
    """Tags, one a line."""

    widget = forms.Textarea(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        """A line for each."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """The lines that say something."""
        return [line.strip() for line in (value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether they are others, or in another order."""
        return bool(self.to_python(data) != (initial or []))


class VersionForm(SeenByAdmins):
    """What may change of a version, held to the limits of the API."""

    description = forms.CharField(
        widget=forms.Textarea, required=False, max_length=MAX_DESCRIPTION_CHARACTERS, strip=False
    )
    tags = TagsField(required=False, help_text="One a line.")
    metadata = forms.JSONField(
        required=False, encoder=None, widget=forms.Textarea(attrs={"rows": 12}),
        help_text="A JSON object.",
    )  # fmt: skip

    class Meta:
        model = Version
        fields = DESCRIBED

    def state(self, row: Version) -> Values:
        """What is said of it."""
        return {name: getattr(row, name) for name in DESCRIBED}

    def clean_tags(self) -> list[str]:
        """Each once."""
        return _checked(check_tags, self.cleaned_data["tags"])

    def clean_metadata(self) -> dict[str, Any]:
        """An object that the database can hold; nothing is an empty one."""
        return _checked(check_metadata, self.cleaned_data["metadata"] or {})


def _checked(check: Callable[[Any], T], value: Any) -> T:
    try:
        return check(value)
    except ValueError as error:
        raise ValidationError(translated(str(error))) from None


@admin.register(Version)
class VersionAdmin(PortalAdmin):
    """Content never changes, and what goes, goes through the services."""

    form = VersionForm
    list_display = ("full_name", "status", "created_at", "created_by", "total_size", "run")
    list_filter = (StatusFilter, "artifact__type", "artifact__team")
    search_fields = ("artifact__name", "=created_by_run", "created_by__username")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    actions = ("soft_delete", "restore", "purge")
    change_form_template = "admin/artifacts/version/change_form.html"
    readonly_fields = (
        "artifact_link", "number", "status", "aliases", "created_at", "created_by", "run",
        "total_size", "num_references", "manifest_digest", "deleted_at", "deleted_by",
        "corrupted_at", "purged_at", "files",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": DESCRIBED}),
        ("What it is", {"fields": readonly_fields}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Every one, tombstones too."""
        rows = Version.objects.visible_to(request.user).order_by(*self.ordering)
        return rows.select_related("artifact__team", "created_by", "deleted_by")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Over what it is written, besides, where something can be."""
        if not self.has_change_permission(request, obj):
            return self.fieldsets
        return ((None, {"fields": (*DESCRIBED, "seen")}), *self.fieldsets[1:])

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is deleted is only looked at."""
        may = super().has_view_permission(request, obj)
        return may and (obj is None or (obj.deleted_at is None and obj.purged_at is None))

    @admin.display(description="version", ordering="artifact__name")
    def full_name(self, version: Version) -> str:
        """As people write it."""
        return version.full_name

    @admin.display
    def status(self, version: Version) -> str:
        """How it stands."""
        return version.status

    @admin.display(description="size", ordering="size_bytes")
    def total_size(self, version: Version) -> str:
        """Of its files."""
        return size(version.size_bytes)

    @admin.display(ordering="created_by_run")
    def run(self, version: Version) -> str:
        """The run that made it."""
        return version.created_by_run or EMPTY

    @admin.display(description="artifact")
    def artifact_link(self, version: Version) -> SafeString | str:
        """The line it is in."""
        return link_to(version.artifact)

    @admin.display
    def aliases(self, version: Version) -> str:
        """Those that point at it."""
        return ", ".join(version.aliases.order_by("name").values_list("name", flat=True)) or EMPTY

    @admin.display
    def manifest_digest(self, version: Version) -> str:
        """The digest of what it holds."""
        return f"sha256:{version.manifest_sha256}" if version.manifest_sha256 else EMPTY

    @admin.display
    def files(self, version: Version) -> SafeString | str:
        """Its files, with their blobs."""
        entries = version.entries.select_related("blob").order_by("path")[:SHOWN_ROWS]
        return lines([_file(entry) for entry in entries], total=version.num_files)

    def audit_name(self, obj: Version) -> str:
        """With its type and team."""
        return obj.full_name

    def save_model(self, request: HttpRequest, obj: Version, form: Any, change: bool) -> None:  # noqa: FBT001
        """Describe it through the service."""
        changes = {name: form.cleaned_data[name] for name in DESCRIBED if name in form.changed_data}
        if changes:
            describe_version(
                version=obj, changes=changes, changed_by=request.user, seen_at=obj.updated_at
            )

    @admin.action(description="Soft-delete the chosen versions")
    def soft_delete(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Hide them; they can be restored."""

        def hide(versions: Sequence[Version]) -> str:
            soft_delete_versions(versions=versions, by=request.user)
            return "Soft-deleted"

        self._do(request, queryset, hide)

    @admin.action(description="Restore the chosen versions")
    def restore(self, request: HttpRequest, queryset: QuerySet[Version]) -> None:
        """Bring soft-deleted ones back."""

        def bring_back(versions: Sequence[Version]) -> str:
            for version in versions:
                restore_version(version=version, restored_by=request.user)
            return "Restored"

        self._do(request, queryset, bring_back)

    @admin.action(description="Purge the chosen versions …")
    def purge(self, request: HttpRequest, queryset: QuerySet[Version]) -> HttpResponse | None:
        """Show what would go, and after a yes purge it."""
        if "confirmed" not in request.POST:
            return self._preview(request, queryset)

        def remove(versions: Sequence[Version]) -> str:
            freed = purge_versions(versions=versions, by=request.user)
            return f"Freed {human_size(freed)}: purged"

        self._do(request, queryset, remove)
        return None

    def _do(
        self,
        request: HttpRequest,
        queryset: QuerySet[Version],
        deed: Callable[[Sequence[Version]], str],
    ) -> None:
        """Do it to the versions of each artifact, all of them or none, and say how it went."""
        for versions in by_artifact(queryset):
            try:
                done = deed(versions)
            except DomainError as refusal:
                messages.error(request, translated(refusal.detail))
            else:
                names = ", ".join(version.full_name for version in versions)
                messages.success(request, f"{done} {names}.")

    def _preview(self, request: HttpRequest, queryset: QuerySet[Version]) -> HttpResponse:
        versions = [one for some in by_artifact(queryset) for one in some]
        going = [version for version in versions if version.purged_at is None]
        context = {
            **self.admin_site.each_context(request),
            "title": "Purge these versions?",
            "opts": self.opts,
            "media": self.media,
            "versions": [(version, _alias_names(version)) for version in going],
            "protected": _protected(going),
            "freed_bytes": exclusive_bytes(versions=going, asked_by=request.user),
            "size_bytes": sum(version.size_bytes for version in going),
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/artifacts/version/purge.html", context)


def _file(entry: ManifestEntry) -> SafeString:
    blob = entry.blob
    return format_html("{} ({}) {}", entry.path, size(blob.size_bytes), link_to(blob, short(blob)))


def by_artifact(queryset: QuerySet[Version]) -> Iterable[list[Version]]:
    """The versions of each artifact together, by number."""
    rows = queryset.select_related("artifact__team").prefetch_related("aliases")
    ordered = rows.order_by("artifact_id", "number")
    return [list(some) for _, some in groupby(ordered, key=lambda version: version.artifact_id)]


def _alias_names(version: Version) -> str:
    return ", ".join(sorted(alias.name for alias in version.aliases.all())) or EMPTY


def _protected(versions: Sequence[Version]) -> list[str]:
    """The aliases for which the service would refuse."""
    try:
        refuse_protected(versions)
    except AliasProtected as refusal:
        return list(refusal.extra["aliases"])
    return []
