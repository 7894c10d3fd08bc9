"""``/settings/teams``: who shares what is private. Admins change them, members look at theirs."""

from functools import cached_property
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import access_of, require_admin, teams_seen_by
from accounts.errors import NotFound
from accounts.models import Membership, Team, User
from accounts.roles import TEAM_ROLES, Role
from accounts.sentences import say
from accounts.services import delete_team, remove_membership, save_membership, save_team
from accounts.web.forms import ROLE_NAMES, TeamForm, TeamMember, role_name
from accounts.web.members import AdminFormPage
from accounts.web.paging import page_of
from accounts.web.settings import ConfirmPage, FormPage, SettingsPage

MEMBERS_PER_PAGE = 200


class Teams(SettingsPage):
    """The teams that the caller sees, by name."""

    template_name = "accounts/teams.html"
    tab = "teams"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """A page of them, with how many are in each and what one is there oneself."""
        access = access_of(self.caller)
        rows = teams_seen_by(self.caller).annotate(member_count=Count("memberships"))
        page: Any = page_of(rows.order_by("name"), self.request)
        for team in page:
            team.own_role = role_name(access.role_on(team.pk))
        return super().get_context_data(page=page, **kwargs)


class AddTeam(AdminFormPage):
    """``/settings/new-team``."""

    template_name = "accounts/team_new.html"
    tab = "teams"

    def make_form(self, data: Any = None) -> TeamForm:
        """An empty one."""
        return TeamForm(data)

    def save(self, form: TeamForm) -> HttpResponse:
        """Make the team."""
        team = save_team(team=form.save(commit=False), saved_by=self.caller)
        text = _("The team %(name)s is here: take people into it.") % {"name": team.name}
        return self.go_on(reverse("team", args=[team.name]), text)


class OneTeam:
    """What pages about one team share. One of those the caller does not see is not there."""

    kwargs: dict[str, Any]
    caller: Any

    @cached_property
    def one_team(self) -> Team:
        """The team that the path names. Raises NotFound (404)."""
        name = self.kwargs["team"].replace("\0", "")
        found = teams_seen_by(self.caller).filter(name=name).first()
        if found is None:
            raise NotFound(say("There is no team {name}, or you are not in it", name=name))
        return found

    @property
    def team_url(self) -> str:
        """Its page."""
        return reverse("team", args=[self.one_team.name])


class TeamDetail(OneTeam, FormPage):
    """``/settings/teams/{team}``: what it is, and who is in it."""

    template_name = "accounts/team.html"
    tab = "teams"

    def require(self) -> None:
        """Whoever is in it looks; admins change. A stranger hears that it is not there."""
        require_admin(self.caller, say("change the team {team}", team=self.one_team))

    def make_form(self, data: Any = None) -> Any:
        """What can change of it."""
        return TeamForm(data, instance=Team.objects.get(pk=self.one_team.pk))

    def save(self, form: Any) -> HttpResponse:
        """Change it."""
        seen = form.cleaned_data["seen"]
        save_team(team=form.save(commit=False), saved_by=self.caller, seen=seen)
        return self.go_on(self.team_url, _("The team is saved."))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Its members, and a form to take somebody in."""
        rows = self.one_team.memberships.select_related("user").order_by("user__username")
        page: Any = page_of(rows, self.request, MEMBERS_PER_PAGE)
        for row in page:
            row.role_name = role_name(row.role)
        kwargs.setdefault("member_form", TeamMember(initial={"role": Role.CONTRIBUTOR.value}))
        return super().get_context_data(
            one_team=self.one_team,
            page=page,
            roles=[(role.value, ROLE_NAMES[role]) for role in TEAM_ROLES],
            own_role=role_name(access_of(self.caller).role_on(self.one_team.pk)),
            **kwargs,
        )


class SetTeamMember(TeamDetail):
    """``/settings/teams/{team}/members``: takes somebody in, or gives him another role there."""

    http_method_names = ["post"]

    def make_form(self, data: Any = None) -> Any:
        """Who and as what, as it was sent; else the team's own, for the page that says no."""
        return super().make_form() if data is None else TeamMember(data)

    def save(self, form: TeamMember) -> HttpResponse:
        """Save the membership."""
        user = User.objects.get(username=form.cleaned_data["username"])
        found = self.one_team.memberships.filter(user=user).first()
        membership = found or Membership(team=self.one_team, user=user)
        membership.role, seen = (form.cleaned_data[name] for name in ("role", "seen_role"))
        save_membership(membership=membership, saved_by=self.caller, seen_role=seen)
        said = {"name": user.username, "role": role_name(membership.role)}
        return self.go_on(self.team_url, _("%(name)s is %(role)s here now.") % said)

    def look_again(self, form: TeamMember) -> None:
        """The list above tells the role by now; over that it is written the next time."""
        rows = self.one_team.memberships.filter(user__username=form.cleaned_data["username"])
        role = rows.values_list("role", flat=True).first()
        form.data = {**dict(form.data.items()), "seen_role": role}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The whole page of the team again, with what is wrong beside the member."""
        sent = kwargs.pop("form")
        return super().get_context_data(member_form=sent, **kwargs)


class ConfirmTeamPage(OneTeam, ConfirmPage):
    """Asks an admin once more."""

    tab = "teams"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask. A stranger hears that the team is not there, a member that he may not."""
        require_admin(self.caller, say("change the team {team}", team=self.one_team))
        return super().get(request, *args, **kwargs)


class RemoveTeamMember(ConfirmTeamPage):
    """``/settings/teams/{team}/members/{username}/remove``."""

    @cached_property
    def membership(self) -> Membership:
        """Somebody's in the team. Raises NotFound (404)."""
        name = self.kwargs["username"].replace("\0", "")
        rows = self.one_team.memberships.select_related("team", "user")
        found = rows.filter(user__username=name).first()
        if found is None:
            raise NotFound(say("{name} is not in the team {team}", name=name, team=self.one_team))
        return found

    def question(self) -> dict[str, Any]:
        """What he loses."""
        said = {"name": self.membership.user.username, "team": self.one_team.name}
        return {
            "title": _("Take %(name)s out of the team %(team)s?") % said,
            "text": _("What belongs to the team will not be there for this account any more."),
            "button": _("Take out"),
            "back": self.team_url,
        }

    def act(self) -> HttpResponse:
        """Remove the membership."""
        remove_membership(membership=self.membership, removed_by=self.caller)
        said = {"name": self.membership.user.username}
        return self.go_on(self.team_url, _("%(name)s is not in the team any more.") % said)


class DeleteTeam(ConfirmTeamPage):
    """``/settings/teams/{team}/delete``."""

    def question(self) -> dict[str, Any]:
        """What goes."""
        members = self.one_team.memberships.select_related("user").order_by("user__username")
        shown = members[:MEMBERS_PER_PAGE]
        return {
            "title": _("Delete the team %(team)s?") % {"team": self.one_team.name},
            "text": _("This works only when no artifact belongs to it any more."),
            "lines_title": _("Who is in it"),
            "lines": [row.user.username for row in shown],
            "button": _("Delete"),
            "back": self.team_url,
        }

    def act(self) -> HttpResponse:
        """Delete it."""
        delete_team(team=self.one_team, deleted_by=self.caller)
        said = {"team": self.one_team.name}
        return self.go_on(reverse("teams"), _("The team %(team)s is deleted.") % said)
