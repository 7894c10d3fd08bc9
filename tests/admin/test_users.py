"""Users in the admin: roles, service accounts, passwords, teams, and what the audit log keeps."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.access import role_everywhere, with_roles
from accounts.models import AuditEvent, Membership, Team, User
from accounts.roles import Role
from tests.admin.conftest import (
    add_url,
    form_of,
    list_url,
    messages_of,
    page_url,
    send,
    text_of,
    written,
)
from tests.people import fresh, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def event(action: str) -> AuditEvent:
    return AuditEvent.objects.get(action=action)


def add(desk: Client, **fields: Any) -> Any:
    return send(desk, add_url(User), **{"username": "ada", **fields})


def test_a_new_user_has_a_role_and_a_password(desk: Client, boss: User) -> None:
    add(desk, email="a@example.org", role="20", password1=PASSWORD, password2=PASSWORD)
    ada = User.objects.get(username="ada")
    assert role_everywhere(ada) == Role.CONTRIBUTOR
    assert (ada.check_password(PASSWORD), ada.is_staff) == (True, False)
    made = event("user.create")
    assert (made.username, made.user_id, made.object) == ("boss", boss.pk, "ada")
    assert made.after["role"] == "contributor"
    assert PASSWORD not in str(made.after)
    assert "pbkdf2" not in str(made.after)


@pytest.mark.parametrize("password", ["", PASSWORD])
def test_a_service_account_has_no_password_whatever_is_typed(desk: Client, password: str) -> None:
    add(desk, is_service="on", role="20", password1=password, password2=password)
    ada = User.objects.get(username="ada")
    assert (ada.is_service, ada.has_usable_password()) == (True, False)


def test_a_service_account_cannot_get_a_password(desk: Client) -> None:
    robot = make_user("robot", Role.VIEWER)
    User.objects.filter(pk=robot.pk).update(is_service=True)
    url = f"/admin/accounts/user/{robot.pk}/password/"
    both = {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    answer = desk.post(url, both, follow=True)
    assert not fresh(robot).has_usable_password()
    assert "has tokens, no password" in messages_of(answer)[0]


def test_somebody_who_becomes_a_service_account_loses_the_password(desk: Client) -> None:
    ada = make_user("ada", Role.VIEWER)
    ada.set_password(PASSWORD)
    ada.save()
    send(desk, page_url(ada), is_service="on")
    assert not fresh(ada).has_usable_password()
    assert event("user.change").after == {"is_service": True}


def test_a_password_given_by_an_admin_is_in_the_audit_log(desk: Client) -> None:
    ada = make_user("ada", Role.VIEWER)
    url = f"/admin/accounts/user/{ada.pk}/password/"
    desk.post(url, {"password1": PASSWORD, "password2": "other", "usable_password": "true"})
    assert not written().exists()
    desk.post(url, {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"})
    assert fresh(ada).check_password(PASSWORD)
    assert (event("user.password").username, event("user.password").object) == ("boss", "ada")


@pytest.mark.parametrize("role", [None, *Role])
def test_a_role_is_given_by_its_group(desk: Client, role: Role | None) -> None:
    ada = make_user("ada", Role.CONTRIBUTOR)
    send(desk, page_url(ada), role=str(role.value) if role else "")
    assert role_everywhere(fresh(ada)) == role
    assert [group.name for group in ada.groups.all()] == ([role.label] if role else [])


def test_what_changed_is_kept_and_nothing_else(desk: Client) -> None:
    ada = make_user("ada", Role.VIEWER)
    send(desk, page_url(ada), role="30", first_name="Ada")
    changed = event("user.change")
    assert changed.before == {"first_name": "", "role": "viewer"}
    assert changed.after == {"first_name": "Ada", "role": "maintainer"}
    send(desk, page_url(ada))
    assert AuditEvent.objects.filter(object="ada").count() == 1


def test_a_role_takes_the_superusers_away(desk: Client) -> None:
    root = User.objects.create_superuser("root")
    send(desk, page_url(root), role="10")
    assert (fresh(root).is_superuser, role_everywhere(fresh(root))) == (False, Role.VIEWER)


def test_a_role_from_elsewhere_is_said_and_nothing_changes(desk: Client) -> None:
    ada = make_user("ada", Role.VIEWER)
    ada.user_permissions.add(Permission.objects.get(codename="maintain_artifacts"))
    answer = send(desk, page_url(ada), role="20", first_name="Ada")
    assert "role maintainer from a group or permission" in messages_of(answer)[0]
    assert fresh(ada).first_name == ""


@pytest.mark.parametrize(
    "change", [{"role": "30"}, {"is_active": None}, {"is_service": "on"}], ids=str
)
def test_the_last_admin_stays_one(desk: Client, boss: User, change: dict[str, Any]) -> None:
    answer = send(desk, page_url(boss), **change)
    assert "Nobody would be left" in messages_of(answer)[0]
    assert desk.get("/admin/").status_code == 200
    make_user("second", Role.ADMIN)
    send(desk, page_url(boss), **change)
    assert desk.get("/admin/").status_code == 302


def test_an_account_that_is_off_says_so_and_keeps_its_role(desk: Client) -> None:
    ada = make_user("ada", Role.MAINTAINER)
    send(desk, page_url(ada), is_active=None)
    assert event("user.change").after == {"is_active": False}
    assert "maintainer" in text_of(desk.get(list_url(User) + "?role=30"))


@pytest.mark.parametrize("active", [None, "on"])
def test_who_is_switched_off_keeps_the_role_when_the_page_is_saved(
    desk: Client, active: str | None
) -> None:
    ada = make_user("ada", Role.MAINTAINER)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    send(desk, page_url(ada), first_name="Ada", is_active=active)
    assert event("user.change").after == {"first_name": "Ada"} | (
        {"is_active": True} if active else {}
    )
    assert with_roles(User.objects.filter(pk=ada.pk)).get().held_role == Role.MAINTAINER


def stale(desk: Client, url: str, **changes: Any) -> Any:
    """Saves the page at ``url`` with ``changes``, of which one admin has an old copy."""
    old = form_of(desk, url)
    send(desk, url, **changes)
    return old


def test_a_page_that_is_old_undoes_nothing_and_says_what_is_there(desk: Client) -> None:
    ada = make_user("ada", Role.MAINTAINER)
    old = stale(desk, page_url(ada), role="10", last_name="L")
    answer = desk.post(page_url(ada), {**old, "first_name": "Ada"})
    text = text_of(answer)
    assert "changed by somebody else meanwhile" in text
    assert "Role: viewer" in text
    assert "Last name: L" in text
    assert answer.context["adminform"].form["first_name"].value() == "Ada"
    assert (role_everywhere(fresh(ada)), fresh(ada).first_name) == (Role.VIEWER, "")


def test_the_same_page_sent_once_more_is_saved(desk: Client) -> None:
    ada = make_user("ada", Role.MAINTAINER)
    old = stale(desk, page_url(ada), role="10")
    answer = desk.post(page_url(ada), {**old, "first_name": "Ada"})
    seen = answer.context["adminform"].form["seen"].value()
    again = desk.post(page_url(ada), {**old, "first_name": "Ada", "seen": seen}, follow=True)
    assert "changed successfully" in messages_of(again)[0]
    assert (role_everywhere(fresh(ada)), fresh(ada).first_name) == (Role.MAINTAINER, "Ada")


def test_a_membership_that_nobody_touched_stays_as_another_left_it(desk: Client) -> None:
    ada = make_user("ada", None, {"vision": Role.VIEWER})
    old = stale(desk, page_url(ada), **{"memberships-0-role": "30"})
    desk.post(page_url(ada), {**old, "first_name": "Ada"})
    assert (Membership.objects.get().role, fresh(ada).first_name) == (Role.MAINTAINER, "Ada")


def test_a_role_in_a_team_that_two_change_is_asked_for_again(desk: Client) -> None:
    ada = make_user("ada", None, {"vision": Role.VIEWER})
    old = stale(desk, page_url(ada), **{"memberships-0-role": "30"})
    sent = {**old, "memberships-0-role": "20"}
    assert "maintainer by now" in text_of(desk.post(page_url(ada), sent))
    assert Membership.objects.get().role == Role.MAINTAINER
    desk.post(page_url(ada), {**sent, "memberships-0-seen_role": "30"})
    assert Membership.objects.get().role == Role.CONTRIBUTOR


def test_nobody_is_deleted(desk: Client) -> None:
    ada = make_user("ada")
    assert desk.post(page_url(ada, "delete"), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in desk.get(list_url(User)).content.decode()


def test_memberships_are_added_changed_and_removed(desk: Client) -> None:
    ada = make_user("ada", None, {"vision": Role.VIEWER, "speech": Role.VIEWER})
    text = Team.objects.create(name="text")
    send(desk, page_url(ada), **{
        "memberships-TOTAL_FORMS": 3, "memberships-0-DELETE": "on",
        "memberships-1-role": Role.MAINTAINER.value,
        "memberships-2-team": text.pk, "memberships-2-role": Role.CONTRIBUTOR.value,
        "memberships-2-user": ada.pk,
    })  # fmt: skip
    roles = {row.team.name: Role(row.role) for row in Membership.objects.all()}
    assert roles == {"vision": Role.MAINTAINER, "text": Role.CONTRIBUTOR}
    kept = {one.action: (one.object, one.team, one.before, one.after) for one in _memberships()}
    assert kept == {
        "membership.delete": ("ada in speech", "speech", {"role": "viewer"}, None),
        "membership.change": (
            "ada in vision", "vision", {"role": "viewer"}, {"role": "maintainer"},
        ),
        "membership.create": ("ada in text", "text", None, {"role": "contributor"}),
    }  # fmt: skip


def _memberships() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action__startswith="membership."))


def test_of_a_membership_only_the_role_changes(desk: Client) -> None:
    ada = make_user("ada", None, {"vision": Role.VIEWER})
    other = Team.objects.create(name="speech")
    send(desk, page_url(ada), **{"memberships-0-team": other.pk})
    assert Membership.objects.get().team.name == "vision"


@pytest.mark.parametrize("shown", ["10", "none", "40", "x"])
def test_the_list_can_be_asked_for_a_role(desk: Client, shown: str) -> None:
    make_user("ada", Role.VIEWER)
    make_user("bob")
    found = {"10": "ada", "none": "bob", "40": "boss"}.get(shown)
    answer = desk.get(f"{list_url(User)}?role={shown}")
    names = [user.username for user in answer.context["cl"].result_list] if found else []
    assert names == ([found] if found else [])


def test_a_name_that_differs_only_in_case_is_refused(desk: Client) -> None:
    make_user("Ada")
    answer = add(desk, role="", password1=PASSWORD, password2=PASSWORD)
    assert "already exists" in text_of(answer)


def test_the_button_history_leads_to_the_audit_log(desk: Client) -> None:
    ada = make_user("ada", Role.VIEWER)
    send(desk, page_url(ada), first_name="Ada")
    answer = desk.get(page_url(ada, "history"), follow=True)
    assert [row.object for row in answer.context["cl"].result_list] == ["ada"]
    assert form_of(desk, page_url(ada))["first_name"] == "Ada"
