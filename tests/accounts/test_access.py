"""Roles: from groups and permissions, higher in a team, lower through a token."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission

from accounts.access import SYSTEM, access_of, can_enter, role_everywhere, user_or_none
from accounts.models import Team, User
from accounts.roles import Access, Role, Scope
from accounts.tokens import find_token
from tests.people import fresh, make_token, make_user

pytestmark = pytest.mark.usefixtures("team", "db")


def test_there_is_a_group_for_each_role_that_may_what_those_below_may() -> None:
    held = {
        group.name: set(group.permissions.values_list("codename", flat=True))
        for group in Group.objects.all()
    }
    assert list(held) == ["viewer", "contributor", "maintainer", "admin"]
    assert held["viewer"] < held["contributor"] < held["maintainer"] < held["admin"]


@pytest.mark.parametrize("role", Role)
def test_a_group_gives_its_role(role: Role) -> None:
    user = make_user("ada", role)
    assert role_everywhere(user) == role
    assert access_of(fresh(user)) == Access(role=role, sees_all=role == Role.ADMIN)


def test_a_permission_of_ones_own_gives_a_role_too() -> None:
    user = make_user("ada")
    user.user_permissions.add(Permission.objects.get(codename="log_artifacts"))
    assert role_everywhere(fresh(user)) == Role.CONTRIBUTOR


def test_a_superuser_is_an_admin_without_a_group() -> None:
    root = User.objects.create_superuser("root")
    assert (role_everywhere(root), access_of(root).sees_all) == (Role.ADMIN, True)
    assert (access_of(SYSTEM).sees_all, user_or_none(SYSTEM)) == (True, None)


def test_without_a_role_nobody_gets_in() -> None:
    assert not can_enter(AnonymousUser())
    assert not can_enter(make_user("ada"))


def test_who_may_not_log_in_any_more_has_no_role() -> None:
    user = make_user("ada", Role.ADMIN)
    user.is_active = False
    assert not can_enter(user)


@pytest.mark.parametrize(
    ("everywhere", "in_team", "there"),
    [
        (None, Role.VIEWER, Role.VIEWER),
        (Role.VIEWER, Role.MAINTAINER, Role.MAINTAINER),
        (Role.MAINTAINER, Role.VIEWER, Role.MAINTAINER),
        (Role.CONTRIBUTOR, Role.CONTRIBUTOR, Role.CONTRIBUTOR),
    ],
)
def test_of_two_roles_the_higher_counts(
    everywhere: Role | None, in_team: Role, there: Role
) -> None:
    access = access_of(make_user("ada", everywhere, {"vision": in_team}))
    vision = Team.objects.get()
    assert access.role_on(vision.pk) == there
    assert access.role_on(None) == everywhere
    assert access.role_on(vision.pk + 1) is None


def test_a_role_everywhere_is_none_in_a_team_of_others() -> None:
    vision = Team.objects.create(name="vision")
    assert access_of(make_user("ada", Role.MAINTAINER)).role_on(vision.pk) is None
    assert access_of(make_user("root", Role.ADMIN)).role_on(vision.pk) == Role.ADMIN


@pytest.mark.parametrize(
    ("scope", "role"),
    [(Scope.READ, Role.VIEWER), (Scope.WRITE, Role.MAINTAINER), (Scope.ADMIN, Role.ADMIN)],
)
def test_a_token_may_no_more_than_its_scope(scope: Scope, role: Role) -> None:
    token = find_token(make_token(make_user("root", Role.ADMIN), scope))
    assert token
    token.user.token = token
    access = access_of(token.user)
    assert (access.role_on(None), access.highest, access.sees_all) == (role, role, True)


def test_a_token_gives_no_role() -> None:
    token = find_token(make_token(make_user("ada", Role.VIEWER), Scope.ADMIN))
    assert token
    token.user.token = token
    assert access_of(token.user).role_on(None) == Role.VIEWER


def test_in_open_mode_everybody_may_everything(settings: Any) -> None:
    settings.RUNICORN_ACCESS = "open"
    assert access_of(AnonymousUser()).role_on(None) == Role.ADMIN


def test_it_is_asked_once_for_each_user_object(django_assert_num_queries: Any) -> None:
    user = fresh(make_user("ada", Role.VIEWER, {"vision": Role.MAINTAINER}))
    with django_assert_num_queries(3):
        access_of(user)
    with django_assert_num_queries(0):
        access_of(user)
