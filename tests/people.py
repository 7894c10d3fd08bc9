"""The cast: users with a role, in teams or everywhere, and API clients that speak for them."""

from collections.abc import Mapping

from django.contrib.auth.models import Group, Permission
from rest_framework.test import APIClient

from accounts.models import Membership, Team, User
from accounts.roles import PERMISSIONS, Role, Scope
from accounts.tokens import create_token


def group_of(role: Role) -> Group:
    """The group of a role; made anew where a test has emptied the tables."""
    group, _ = Group.objects.get_or_create(name=role.label)
    names = [name for one, (name, _) in PERMISSIONS.items() if one <= role]
    group.permissions.set(Permission.objects.filter(codename__in=names))
    return group


def make_user(
    username: str, role: Role | None = None, teams: Mapping[str, Role] | None = None
) -> User:
    """Somebody with ``role`` everywhere (None: nowhere) and roles in teams, made at need."""
    user = User.objects.create_user(username)
    if role is not None:
        user.groups.add(group_of(role))
    for name, in_team in (teams or {}).items():
        team, _ = Team.objects.get_or_create(name=name)
        Membership.objects.create(team=team, user=user, role=in_team)
    return user


def fresh(user: User) -> User:
    """The user as the next request knows him: with the roles he has now."""
    return User.objects.get(pk=user.pk)


def client_of(user: User) -> APIClient:
    """A client in the session of ``user``."""
    client = APIClient()
    client.force_login(user)
    return client


def make_token(user: User, scope: Scope = Scope.WRITE, name: str = "test") -> str:
    """A token of the user's."""
    _, text = create_token(user=user, name=name, scope=scope, created_by=user)
    return text


def token_client(user: User, scope: Scope = Scope.WRITE) -> APIClient:
    """A program with a token of the user's."""
    token = make_token(user, scope, name=f"test-{scope}")
    return APIClient(headers={"authorization": f"Bearer {token}"})
