"""Teams and who is in them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from accounts.admin.base import EMPTY, ModelForm, PortalAdmin, PortalInline
from accounts.admin.seen import SeenByAdmins
from accounts.audit import Values
from accounts.models import Membership, Team
from accounts.roles import Role
from accounts.services import (
    delete_team,
    remove_membership,
    save_membership,
    save_team,
    team_state,
)
from accounts.size_field import SizeField
from accounts.sizes import human_size


class MembershipForm(ModelForm):
    """Of somebody who is in the team only the role can change.

    So that a row which is there costs no query, its user or team is the only choice it has.
    ``seen_role`` is what the page showed: a row that nobody touched undoes no later change.
    """

    seen_role = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Membership
        fields = ("team", "user", "role")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            return
        self.initial["seen_role"] = self.instance.role
        for name in {"team", "user"} & set(self.fields):
            chosen = getattr(self.instance, name)
            self.fields[name].widget = forms.Select(choices=[(chosen.pk, str(chosen))])
            self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        """The role that is there by now, where another was seen and none was chosen.

        A ValidationError where both was: two admins are at it.
        """
        said = super().clean() or self.cleaned_data
        seen, now = said.get("seen_role"), self.instance.role
        if self.instance.pk is None or seen in {None, now} or "role" not in said:
            return said
        if said["role"] != seen:
            self.data = {**dict(self.data.items()), self.add_prefix("seen_role"): now}
            raise forms.ValidationError(
                f"It was changed by somebody else meanwhile: {Role(now).label} by now. "
                "Saving once more puts yours in its place."
            )
        return said | {"role": now, "seen_role": now}


class TeamForm(SeenByAdmins):
    """The quota in a unit for people."""

    quota_bytes = SizeField(
        label="Quota", required=False,
        help_text="What its artifacts may take on disk, such as 500 GiB; empty: without end.",
    )  # fmt: skip

    class Meta:
        model = Team
        fields = ("name", "description", "quota_bytes")

    def state(self, row: Team) -> Values:
        """As the service has it."""
        return team_state(row)


class MembershipInline(PortalInline):
    """Who is in a team, and in which teams somebody is."""

    may_add = may_change = may_delete = True
    model = Membership
    form = MembershipForm
    autocomplete_fields = ("team", "user")
    verbose_name = "membership"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """With what a row shows."""
        rows: QuerySet[Membership] = super().get_queryset(request)
        return rows.select_related("team", "user").order_by("team__name", "user__username")


class WithMemberships:
    """Saves the memberships on a page through the service."""

    def save_formset(
        self,
        request: HttpRequest,
        form: Any,
        formset: Any,
        change: bool,  # noqa: FBT001
    ) -> None:
        """Those that were added, changed or removed."""
        seen = {one.instance.pk: one.cleaned_data["seen_role"] for one in formset.initial_forms}
        for membership in formset.save(commit=False):
            save_membership(
                membership=membership, saved_by=request.user, seen_role=seen.get(membership.pk)
            )
        for membership in formset.deleted_objects:
            remove_membership(membership=membership, removed_by=request.user)


@admin.register(Team)
class TeamAdmin(WithMemberships, PortalAdmin):
    """A team's name is part of paths on disk and stays as it is."""

    may_add = may_change = may_delete = True
    form = TeamForm
    inlines = [MembershipInline]
    list_display = ("name", "description", "number_of_members", "quota", "created_at")
    search_fields = ("name", "description")
    ordering = ("name",)
    fields = ("name", "description", "quota_bytes", "seen")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        """With how many are in each."""
        teams: QuerySet[Team] = super().get_queryset(request)
        return teams.annotate(member_count=Count("memberships"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The name, once there is one."""
        return ("name",) if obj else ()

    @admin.display(ordering="member_count", description="members")
    def number_of_members(self, team: Any) -> int:
        """How many are in it."""
        return int(team.member_count)

    @admin.display(ordering="quota_bytes")
    def quota(self, team: Team) -> str:
        """In a unit for people."""
        return EMPTY if team.quota_bytes is None else human_size(team.quota_bytes)

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:  # noqa: FBT001
        """Save through the service."""
        save_team(team=obj, saved_by=request.user, seen=form.cleaned_data["seen"])

    def delete_model(self, request: HttpRequest, obj: Team) -> None:
        """Delete through the service."""
        delete_team(team=obj, deleted_by=request.user)
