"""Aliases on the page of their artifact, their history, and which of them are protected."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.base import EMPTY, ModelForm, PortalAdmin, PortalInline
from accounts.web.language import translated
from artifacts.errors import VersionNotFound
from artifacts.models import Alias, AliasEvent, Artifact, ProtectedAlias, Version
from artifacts.names import MAX_COMMENT_CHARACTERS, check_alias
from artifacts.services.aliases import move_alias, remove_alias
from artifacts.services.patterns import delete_pattern, save_pattern


class AliasForm(ModelForm):
    """Where an alias points. ``seen`` is where it did when the page was made."""

    number = forms.IntegerField(label="version", min_value=1, help_text="Its number: 3 for v3.")
    comment = forms.CharField(
        required=False, max_length=MAX_COMMENT_CHARACTERS, help_text="Why it moves or goes."
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Alias
        fields = ("name", "is_protected")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            number = self.instance.version.number
            self.fields["number"].initial = self.fields["seen"].initial = number
            self.fields["name"].disabled = True

    def clean_name(self) -> str:
        """Only what an alias may be called."""
        try:
            return check_alias(self.cleaned_data["name"])
        except ValueError as error:
            raise ValidationError(translated(str(error))) from None


class AliasInline(PortalInline):
    """The aliases of an artifact: moved, added and removed by the service alone."""

    may_add = may_change = may_delete = True
    model = Alias
    form = AliasForm
    fields = ("name", "number", "is_protected", "comment", "updated_by", "updated_at", "seen")
    readonly_fields = ("updated_by", "updated_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alias]:
        """With what a row shows."""
        rows: QuerySet[Alias] = super().get_queryset(request)
        return rows.select_related("version", "updated_by").order_by("name")


def save_aliases(formset: Any, artifact: Artifact, saved_by: Any) -> None:
    """Do with the aliases of ``artifact`` what the rows of the page ask for.

    Raises what the services of aliases raise, VersionNotFound (404).
    """
    for form in formset.deleted_forms:
        if form.instance.pk is not None:
            remove_alias(
                artifact=artifact, name=form.instance.name, removed_by=saved_by,
                comment=form.cleaned_data.get("comment", ""),
            )  # fmt: skip
    for form in formset.forms:
        if form.has_changed() and form not in formset.deleted_forms:
            _move(form.cleaned_data, artifact, saved_by)


def _move(wanted: dict[str, Any], artifact: Artifact, moved_by: Any) -> None:
    move_alias(
        artifact=artifact,
        name=wanted["name"],
        version=_version(artifact, wanted["number"]),
        moved_by=moved_by,
        expected=wanted["seen"],
        is_protected=wanted["is_protected"],
        comment=wanted["comment"],
    )


def _version(artifact: Artifact, number: int) -> Version:
    found: Version | None = artifact.versions.remaining().numbered(number).first()
    if found is None:
        raise VersionNotFound(artifact.name, f"v{number}")
    return found


@admin.register(AliasEvent)
class AliasEventAdmin(PortalAdmin):
    """Every move there was, to look at."""

    list_display = ("at", "artifact", "name", "moved_from", "moved_to", "by", "comment")
    list_filter = ("artifact__type", "artifact__team")
    list_select_related = ("artifact__team", "by")
    search_fields = ("=name", "artifact__name", "by__username", "comment")
    date_hierarchy = "at"
    ordering = ("-id",)

    @admin.display(description="from", ordering="from_number")
    def moved_from(self, event: AliasEvent) -> str:
        """The version it pointed at."""
        return _number(event.from_number)

    @admin.display(description="to", ordering="to_number")
    def moved_to(self, event: AliasEvent) -> str:
        """The version it points at since."""
        return _number(event.to_number)


def _number(number: int | None) -> str:
    return EMPTY if number is None else f"v{number}"


@admin.register(ProtectedAlias)
class ProtectedAliasAdmin(PortalAdmin):
    """Patterns of aliases that only maintainers move or remove."""

    may_add = may_change = may_delete = True
    list_display = ("pattern", "needs_comment")
    list_filter = ("needs_comment",)
    search_fields = ("pattern",)
    ordering = ("pattern",)

    def save_model(
        self,
        request: HttpRequest,
        obj: ProtectedAlias,
        form: Any,
        change: bool,  # noqa: FBT001
    ) -> None:
        """Save through the service."""
        save_pattern(pattern=obj, saved_by=request.user)

    def delete_model(self, request: HttpRequest, obj: ProtectedAlias) -> None:
        """Delete through the service."""
        delete_pattern(pattern=obj, deleted_by=request.user)
