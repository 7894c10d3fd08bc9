"""``/settings/members``: accounts. Admins make and change them, others see those of their teams."""

from functools import cached_property
from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from accounts.access import is_admin, people_seen_by, require_admin, teams_seen_by, with_roles
from accounts.errors import NotFound
from accounts.models import Membership, User
from accounts.roles import Role
from accounts.sentences import say
from accounts.services import change_password, save_user
from accounts.web.forms import (
    ROLE_NAMES,
    Member,
    NewMember,
    NewServiceAccount,
    role_name,
)
from accounts.web.paging import page_of
from accounts.web.settings import FormPage, SettingsPage

NO_ROLE = "none"
KINDS = {
    "person": Q(is_service=False, is_active=True),
    "service": Q(is_service=True, is_active=True),
    "off": Q(is_active=False),
}


class MemberSearch(forms.Form):
    """The filters of the list."""

    q = forms.CharField(label=gettext_lazy("Search"), widget=forms.TextInput({"type": "search"}))
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=[
            ("", gettext_lazy("any")),
            *((str(role.value), ROLE_NAMES[role]) for role in Role),
            (NO_ROLE, gettext_lazy("none")),
        ],
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=[
            ("", gettext_lazy("any")),
            ("person", gettext_lazy("people")),
            ("service", gettext_lazy("service accounts")),
            ("off", gettext_lazy("switched off")),
        ],
    )


class Members(SettingsPage):
    """The accounts that the caller sees, by name."""

    template_name = "accounts/members.html"
    fragment_name = "accounts/_members.html"
    tab = "members"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """A page of them, with roles and those teams that the caller sees."""
        seen = Membership.objects.filter(team__in=teams_seen_by(self.caller))
        in_teams = Prefetch("memberships", seen.select_related("team").order_by("team__name"))
        rows = with_roles(self.find_people()).prefetch_related(in_teams).order_by("username")
        page = page_of(filter_by_role(rows, self.request.GET.get("role", "")), self.request)
        for user in page:
            user.role_name = role_name(user.held_role)
        form = MemberSearch(initial=self.request.GET.dict(), auto_id="filter-%s")
        return super().get_context_data(page=page, form=form, **kwargs)

    def find_people(self) -> QuerySet[User]:
        """Whom the URL asks for, whatever his role."""
        rows = people_seen_by(self.caller)
        text = self.request.GET.get("q", "").replace("\0", "").strip()
        if text:
            named = Q(username__icontains=text) | Q(first_name__icontains=text)
            named |= Q(last_name__icontains=text)
            # Who is shown no addresses does not find out by one either.
            by_email = Q(email__icontains=text) if is_admin(self.caller) else Q()
            rows = rows.filter(named | by_email)
        return rows.filter(KINDS.get(self.request.GET.get("kind", ""), Q()))


def filter_by_role(rows: QuerySet[Any], asked: str) -> QuerySet[Any]:
    """Those who have the role everywhere; all, where ``asked`` is none of the roles."""
    if asked == NO_ROLE:
        return rows.filter(held_role=None)
    known = {str(role.value) for role in Role}
    return rows.filter(held_role=int(asked)) if asked in known else rows


class AdminFormPage(FormPage):
    """A form that is for admins from its first look on."""

    tab = "members"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show it."""
        self.require()
        return super().get(request, *args, **kwargs)

    def require(self) -> None:
        """Admins only, by their role, in open mode too."""
        require_admin(self.caller, say("manage accounts and teams"))


@method_decorator(sensitive_post_parameters(), name="dispatch")
class AddMember(AdminFormPage):
    """``/settings/new-member``."""

    template_name = "accounts/member_new.html"

    @property
    def is_service(self) -> bool:
        """Whether it is to be the account of a program (``?kind=service``)."""
        return self.request.GET.get("kind") == "service"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What is made besides."""
        return super().get_context_data(is_service=self.is_service, **kwargs)

    def make_form(self, data: Any = None) -> NewMember:
        """A person with a password, or a program without."""
        form = NewServiceAccount if self.is_service else NewMember
        return form(data, initial={"role": Role.VIEWER.value})

    def save(self, form: NewMember) -> HttpResponse:
        """Make the account."""
        user = form.save(commit=False)
        save_user(user=user, role=form.cleaned_data["role"], saved_by=self.caller)
        text = _("%(name)s is here now.") % {"name": user.username}
        if self.is_service:
            text = _("%(name)s is here now: make it a token.") % {"name": user.username}
        return self.go_on(reverse("member", args=[user.username]), text)


class MemberPage(AdminFormPage):
    """A page about somebody."""

    @cached_property
    def member(self) -> User:
        """Whom the path names. Raises NotFound (404)."""
        name = self.kwargs["username"].replace("\0", "")
        found = User.objects.filter(username=name).first()
        if found is None:
            raise NotFound(say("There is no account {name}", name=name))
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Him, and his teams."""
        rows = self.member.memberships.select_related("team").order_by("team__name")
        in_teams = [(row.team, role_name(row.role)) for row in rows]
        return super().get_context_data(member=self.member, in_teams=in_teams, **kwargs)


class ChangeMember(MemberPage):
    """``/settings/members/{username}``: role, name, and whether the account is on."""

    template_name = "accounts/member.html"

    def make_form(self, data: Any = None) -> Member:
        """What can change, filled in; on a row of its own, so that the page names who it is."""
        people = with_roles(User.objects.filter(pk=self.member.pk))
        return Member(data, instance=people.get())

    def save(self, form: Member) -> HttpResponse:
        """Change the account."""
        user, said = form.save(commit=False), form.cleaned_data
        save_user(user=user, role=said["role"], saved_by=self.caller, seen=said["seen"])
        return self.go_on(reverse("members"), _("%(name)s is saved.") % {"name": user.username})


@method_decorator(sensitive_post_parameters(), name="dispatch")
class MemberPassword(MemberPage):
    """``/settings/members/{username}/password``: a new one for somebody who forgot his."""

    template_name = "accounts/member_password.html"

    def make_form(self, data: Any = None) -> Any:
        """Twice the new one."""
        return SetPasswordForm(self.member, data)

    def save(self, form: Any) -> HttpResponse:
        """Through the service; his sessions end."""
        password = form.cleaned_data["new_password1"]
        change_password(user=self.member, password=password, changed_by=self.caller)
        text = _("%(name)s has another password now.") % {"name": self.member.username}
        return self.go_on(reverse("member", args=[self.member.username]), text)
