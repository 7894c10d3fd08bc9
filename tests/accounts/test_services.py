"""Users, teams and memberships change through services, which ask for the role admin first."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.core.exceptions import ValidationError

from accounts.access import SYSTEM, is_admin, may_run_admin_pages, role_everywhere, with_roles
from accounts.errors import AccessDenied, Conflict, Invalid
from accounts.models import ApiToken, AuditEvent, Membership, Team, User
from accounts.roles import Role, Scope
from accounts.services import (
    delete_team,
    recording_password,
    remove_membership,
    save_membership,
    save_team,
    save_user,
)
from tests.people import group_of, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("team")]


def writes() -> dict[str, Callable[[User], Any]]:
    """Every write, by its name: what it does for a caller."""
    ada = make_user("ada", None, {"vision": Role.VIEWER})
    membership = Membership.objects.select_related("team").get(user=ada)
    return {
        "user": lambda caller: save_user(user=ada, role=Role.VIEWER, saved_by=caller),
        "team": lambda caller: save_team(team=Team(name="new"), saved_by=caller),
        "membership": lambda caller: save_membership(membership=membership, saved_by=caller),
        "removal": lambda caller: remove_membership(membership=membership, removed_by=caller),
        "deletion": lambda caller: delete_team(team=membership.team, deleted_by=caller),
    }


@pytest.mark.parametrize("write", ["user", "team", "membership", "removal", "deletion"])
@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.CONTRIBUTOR, Role.MAINTAINER])
def test_only_an_admin_may(write: str, role: Role | None) -> None:
    caller = make_user("caller", role, {"speech": Role.MAINTAINER})
    with pytest.raises(AccessDenied):
        writes()[write](caller)
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("write", ["user", "team", "removal", "deletion"])
def test_what_an_admin_writes_is_kept(write: str) -> None:
    writes()[write](make_user("boss", Role.ADMIN))
    assert AuditEvent.objects.get().username == "boss"


def test_a_refused_change_is_undone_with_its_row_of_the_log() -> None:
    boss = make_user("boss", Role.ADMIN)
    boss.email = "new@example.org"
    with pytest.raises(Conflict, match="Nobody would be left"):
        save_user(user=boss, role=Role.VIEWER, saved_by=SYSTEM)
    assert User.objects.get().email == ""
    assert role_everywhere(User.objects.get()) == Role.ADMIN
    assert not AuditEvent.objects.exists()


def test_a_service_account_is_nobody_who_could_run_the_portal() -> None:
    boss = make_user("boss", Role.ADMIN)
    robot = make_user("robot", Role.ADMIN)
    save_user(user=User(username="x", is_service=True), role=None, saved_by=boss)
    User.objects.filter(pk=robot.pk).update(is_service=True)
    with pytest.raises(Conflict, match="Nobody would be left"):
        save_user(user=boss, role=None, saved_by=boss)


def test_groups_of_another_kind_stay() -> None:
    ada = make_user("ada", Role.VIEWER)
    ada.groups.add(Group.objects.create(name="lunch"))
    save_user(user=ada, role=Role.MAINTAINER, saved_by=SYSTEM)
    assert sorted(group.name for group in ada.groups.all()) == ["lunch", "maintainer"]


@pytest.mark.parametrize(("password", "kept"), [("new", 1), (None, 0)])
def test_a_password_is_kept_in_the_log_when_it_is_another(password: str | None, kept: int) -> None:
    ada = make_user("ada")
    with recording_password(user=ada, changed_by=SYSTEM):
        if password:
            other = User.objects.get()
            other.set_password(password)
            other.save()
    assert AuditEvent.objects.filter(action="user.password").count() == kept


def own(user: User, codename: str) -> None:
    user.user_permissions.add(Permission.objects.get(codename=codename))


def test_the_roles_of_a_list_are_those_of_each() -> None:
    for role in Role:
        user = make_user(f"group-{role}", role)
        own(user, "log_artifacts")
        own(make_user(f"own-{role}"), PERMISSION[role])
    both = make_user("both", Role.VIEWER)
    both.groups.add(group_of(Role.MAINTAINER), Group.objects.create(name="lunch"))
    own(make_user("other"), "add_user")
    User.objects.create_superuser("root")
    listed = {user: user.held_role for user in with_roles(User.objects.all())}
    assert listed == {user: role_everywhere(user) for user in User.objects.all()}
    assert len(set(listed.values())) == len(Role) + 1


PERMISSION = {
    Role.VIEWER: "read_artifacts",
    Role.CONTRIBUTOR: "log_artifacts",
    Role.MAINTAINER: "maintain_artifacts",
    Role.ADMIN: "administer_portal",
}


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("access", ["team", "open"])
def test_an_admin_is_one_by_his_role_in_either_mode(
    settings: Any, role: Role | None, access: str
) -> None:
    settings.RUNICORN_ACCESS = access
    ada = make_user("ada", role, {"vision": Role.MAINTAINER})
    assert is_admin(ada) is may_run_admin_pages(ada) is (role == Role.ADMIN)


@pytest.mark.parametrize("scope", [*Scope])
def test_of_a_token_only_one_of_scope_admin_leaves_the_role(scope: Scope) -> None:
    ada = make_user("ada", Role.ADMIN)
    ada.token = ApiToken(scope=scope)
    assert is_admin(ada) is (scope == Scope.ADMIN)


def test_a_program_has_the_role_and_no_pages() -> None:
    robot = make_user("robot", Role.ADMIN)
    robot.is_service = True
    assert (is_admin(robot), may_run_admin_pages(robot)) == (True, False)


def test_in_open_mode_nobody_in_particular_changes_no_people(settings: Any) -> None:
    settings.RUNICORN_ACCESS = "open"
    with pytest.raises(AccessDenied):
        save_team(team=Team(name="new"), saved_by=AnonymousUser())


def test_the_name_of_a_team_never_changes() -> None:
    team = save_team(team=Team(name="vision"), saved_by=SYSTEM)
    team.name, team.description = "speech", "new"
    with pytest.raises(Invalid, match="never changes"):
        save_team(team=team, saved_by=SYSTEM)
    kept = Team.objects.get()
    assert (kept.name, kept.description) == ("vision", "")
    assert AuditEvent.objects.count() == 1


def test_nobody_can_be_called_as_the_server_is_in_the_log() -> None:
    with pytest.raises(ValidationError, match="valid username"):
        User(username=SYSTEM.username, password="x").full_clean()


def test_who_makes_an_account_that_is_there_by_now_hears_of_it() -> None:
    make_user("ada")
    with pytest.raises(Conflict, match="There is an account ada already"):
        save_user(user=User(username="ada"), role=Role.VIEWER, saved_by=SYSTEM)
    assert (User.objects.count(), AuditEvent.objects.count()) == (1, 0)


def test_a_membership_is_removed_once_and_the_log_has_what_it_was() -> None:
    make_user("ada", None, {"vision": Role.VIEWER})
    seen = Membership.objects.get()
    Membership.objects.update(role=Role.MAINTAINER)
    remove_membership(membership=seen, removed_by=SYSTEM)
    with pytest.raises(Conflict, match="meanwhile"):
        remove_membership(membership=seen, removed_by=SYSTEM)
    assert AuditEvent.objects.get().before == {"role": "maintainer"}
