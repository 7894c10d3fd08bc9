"""Who may enter and who may touch what: the one place where that is decided.

In ``open`` mode (the default on loopback) there is no login and everybody may do everything, as
in Runicorn. In ``team`` mode everyone has a role, from Django's groups and permissions, and perhaps
a higher one in some teams; a token may lower both. What belongs to a team exists only for its
members and for admins; the rest is for all who have a role.
"""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Permission
from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Greatest
from rest_framework.permissions import BasePermission

from accounts.errors import AccessDenied
from accounts.models import Membership, Team, User
from accounts.roles import HIGHEST_ROLE, PERMISSIONS, Access, Role, Scope
from accounts.sentences import say

if TYPE_CHECKING:  # rest_framework.views imports this module, by its name in the settings
    from rest_framework.request import Request
    from rest_framework.views import APIView

Caller = User | AnonymousUser


DO_THIS = say("do this")
NO_ROLE = say("Your account has no role here yet: ask an admin of the portal.")

NOBODY = Access()
ANYBODY = Access(role=Role.ADMIN, sees_all=True)
"""In open mode."""


SYSTEM = User(username="(manage.py)", is_superuser=True)
"""Whoever runs a command on the server may do everything. Never saved.

In the audit log he is no account: none can have brackets in its name.
"""

SETUP = User(username="(setup code)", is_superuser=True)
"""Whoever makes the first admin with the code that the server has printed. Never saved."""


def is_open() -> bool:
    """Whether the portal needs no login (``RUNICORN_ACCESS=open``)."""
    return bool(settings.RUNICORN_ACCESS == "open")


def access_of(caller: Caller) -> Access:
    """What ``caller`` may do; in up to three queries, then remembered on the user object."""
    if is_open():
        return ANYBODY
    if not isinstance(caller, User) or not caller.is_active:
        return NOBODY
    if caller.known_access is None:
        caller.known_access = _find_access(caller)
    return caller.known_access


def _find_access(user: User) -> Access:
    role = role_everywhere(user)
    cap = _cap_of(user)
    if role == Role.ADMIN:
        return Access(role=role, cap=cap, sees_all=True)
    pairs = Membership.objects.filter(user=user.pk).values_list("team_id", "role")
    return Access(role=role, team_roles={team: Role(in_team) for team, in_team in pairs}, cap=cap)


def _cap_of(user: User) -> Role:
    return HIGHEST_ROLE[Scope(user.token.scope)] if user.token else Role.ADMIN


def role_everywhere(user: User) -> Role | None:
    """The role that groups and permissions give; a superuser is an admin."""
    if user.is_superuser:
        return Role.ADMIN
    held = user.get_all_permissions()
    roles = [role for role, (name, _) in PERMISSIONS.items() if f"accounts.{name}" in held]
    return max(roles, default=None)


def with_roles(users: QuerySet[User]) -> QuerySet[Any]:
    """``users``, each with ``held_role``: what :func:`role_everywhere` says of him while active."""
    grants = [
        When(codename=name, then=Value(role.value)) for role, (name, _) in PERMISSIONS.items()
    ]
    ours = Permission.objects.filter(content_type__app_label="accounts")
    known = ours.annotate(role=Case(*grants)).exclude(role=None).order_by("-role").values("role")
    own = Subquery(known.filter(user=OuterRef("pk"))[:1])
    of_groups = Subquery(known.filter(group__user=OuterRef("pk"))[:1])
    superuser = When(is_superuser=True, then=Value(Role.ADMIN.value))
    return users.annotate(held_role=Case(superuser, default=Greatest(own, of_groups)))


def is_admin(caller: Caller) -> bool:
    """Whether ``caller`` may change people, teams and the tokens of others, in either mode.

    All that outlives open mode, where everybody may do everything else: so he is logged in, his
    role everywhere is admin, and the token he came with, if any, leaves it.
    """
    if not isinstance(caller, User) or not caller.is_active:
        return False
    return _cap_of(caller) == role_everywhere(caller) == Role.ADMIN


def people_seen_by(caller: Caller) -> QuerySet[User]:
    """The accounts that ``caller`` sees: his own and those of his teams, admins all."""
    if is_admin_here(caller):
        return User.objects.all()
    mine = Membership.objects.filter(team__in=sorted(access_of(caller).team_roles))
    return User.objects.filter(Q(pk=caller.pk) | Q(pk__in=mine.values("user")))


def teams_seen_by(caller: Caller) -> QuerySet[Team]:
    """The teams that ``caller`` sees: those he is in, admins all."""
    if is_admin_here(caller):
        return Team.objects.all()
    return Team.objects.filter(pk__in=sorted(access_of(caller).team_roles))


def require_admin(caller: Caller, what: str = DO_THIS) -> None:
    """Raise AccessDenied (403) unless :func:`is_admin`: "Only admins {what}"."""
    if not is_admin(caller):
        raise AccessDenied(say("Only admins {what}.", what=what), needs=Role.ADMIN.label)


def has_admin() -> bool:
    """Whether there is a person, whose account is on, who may run the portal."""
    people = User.objects.filter(is_active=True, is_service=False)
    return with_roles(people).filter(held_role=Role.ADMIN).exists()


def needs_first_admin() -> bool:
    """Whether the portal asks for logins and nobody could run it: the first page makes one."""
    return not is_open() and not has_admin()


def may_run_admin_pages(caller: Caller) -> bool:
    """Whether ``caller`` gets into Django's admin: an admin, and a person, no program."""
    return isinstance(caller, User) and is_admin(caller) and not caller.is_service


def is_admin_here(caller: Caller) -> bool:
    """Whether ``caller`` may do what ends with open mode as admins may: there anybody."""
    return access_of(caller).role_on(None) == Role.ADMIN


def can_enter(caller: Caller) -> bool:
    """Whether ``caller`` may use the portal at all: with a role, be it in one team."""
    return access_of(caller).highest is not None


def user_or_none(caller: Caller) -> User | None:
    """The account behind ``caller``, or None for somebody who came in without a login."""
    return caller if isinstance(caller, User) and caller.pk else None


class MayEnter(BasePermission):
    """Lets in whom :func:`can_enter` lets in; 401 without a login, 403 without a role."""

    message = NO_ROLE

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        """Ask :func:`can_enter` about the user of ``request``."""
        return can_enter(request.user)
