"""Who gets into the admin: those whose role everywhere is admin, logged in, and nobody else."""

import pytest
from django.contrib import admin
from django.test import Client

from accounts.models import AuditEvent, User
from accounts.roles import Role
from tests.admin.conftest import list_url, text_of
from tests.people import make_user, token_client

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def person(role: Role | None, **fields: object) -> User:
    user = make_user("ada", role, {"vision": Role.MAINTAINER})
    user.set_password(PASSWORD)
    for name, value in fields.items():
        setattr(user, name, value)
    user.save()
    return user


def log_in(user: User) -> Client:
    client = Client()
    client.post("/admin/login/", {"username": user.username, "password": PASSWORD})
    return client


@pytest.mark.parametrize("access", ["team", "open"])
def test_an_admin_logs_in_without_the_mark_of_staff(settings: object, access: str) -> None:
    settings.RUNICORN_ACCESS = access  # type: ignore[attr-defined]
    user = person(Role.ADMIN)
    assert not user.is_staff
    answer = log_in(user).get("/admin/")
    assert (answer.status_code, "Runicorn Portal" in text_of(answer)) == (200, True)


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.CONTRIBUTOR, Role.MAINTAINER])
@pytest.mark.parametrize("access", ["team", "open"])
def test_nobody_else_does_whatever_django_thinks_of_him(
    settings: object, access: str, role: Role | None
) -> None:
    settings.RUNICORN_ACCESS = access  # type: ignore[attr-defined]
    user = person(role, is_staff=True)
    assert log_in(user).get("/admin/").status_code == 302
    assert AuditEvent.objects.get().action == "user.login_refused"


def test_the_right_password_of_somebody_else_is_answered_like_a_wrong_one(team: None) -> None:
    person(Role.MAINTAINER)
    texts = []
    for password in (PASSWORD, "wrong"):
        answer = Client().post("/admin/login/", {"username": "ada", "password": password})
        assert answer.status_code == 200
        texts.append(text_of(answer))
    assert texts[0] == texts[1]
    assert "not the name and the password of an admin" in texts[0]
    events = AuditEvent.objects.order_by("pk").values_list("action", "username", "object")
    assert list(events) == [
        ("user.login_refused", "ada", "ada"), ("user.login_failed", "", "ada"),
    ]  # fmt: skip


@pytest.mark.parametrize("fields", [{"is_active": False}, {"is_service": True}])
def test_neither_does_an_account_that_is_off_or_a_programs(
    team: None, fields: dict[str, bool]
) -> None:
    user = person(Role.ADMIN, **fields)
    assert log_in(user).get("/admin/").status_code == 302
    client = Client()
    client.force_login(user)
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("access", ["team", "open"])
def test_without_a_login_every_page_leads_to_it(settings: object, access: str) -> None:
    settings.RUNICORN_ACCESS = access  # type: ignore[attr-defined]
    for model in admin.site._registry:
        answer = Client().get(list_url(model))
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/admin/login/")


def test_a_token_is_no_way_in(team: None) -> None:
    assert token_client(person(Role.ADMIN)).get("/admin/").status_code == 302


def test_who_loses_the_role_is_out_at_once(team: None) -> None:
    user = person(Role.ADMIN)
    client = log_in(user)
    user.groups.clear()
    assert client.get("/admin/").status_code == 302


def test_the_first_page_has_every_list_and_what_happened_last(desk: Client, boss: User) -> None:
    desk.post("/admin/accounts/team/add/", {
        "name": "vision", "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0,
    })  # fmt: skip
    text = text_of(desk.get("/admin/"))
    for name in ("Users", "Teams", "API tokens", "Artifacts", "Versions", "Blobs", "Runs"):
        assert name in text
    assert "team.create vision boss" in text
    assert "Groups" not in text


def test_ones_own_new_password_is_in_the_audit_log(team: None) -> None:
    client = log_in(person(Role.ADMIN))
    new = {"new_password1": "another horse battery", "new_password2": "another horse battery"}
    client.post("/admin/password_change/", {"old_password": "wrong", **new})
    assert not AuditEvent.objects.filter(action="user.password").exists()
    client.post("/admin/password_change/", {"old_password": PASSWORD, **new})
    event = AuditEvent.objects.get(action="user.password")
    assert (event.username, event.object, event.before, event.after) == ("ada", "ada", None, None)
    assert User.objects.get().check_password("another horse battery")


@pytest.mark.parametrize("path", ["", "password_change/", "accounts/user/", "artifacts/blob/"])
def test_pages_carry_no_script_and_no_style_of_their_own(desk: Client, path: str) -> None:
    page = desk.get(f"/admin/{path}").content.decode()
    assert "<style" not in page
    assert " style=" not in page
    assert "onclick" not in page
    assert all("src=" in tag for tag in page.split("<script")[1:] if "json" not in tag[:60])
