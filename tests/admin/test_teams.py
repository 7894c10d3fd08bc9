"""Teams in the admin: members, quota, and a name that stays."""

from typing import Any

import pytest
from django.test import Client

from accounts.errors import Conflict
from accounts.models import Membership, Team
from accounts.roles import Role
from accounts.services import delete_team
from artifacts.models import Artifact
from tests.admin.conftest import add_url, form_of, list_url, page_url, send, text_of, written
from tests.people import make_user

pytestmark = pytest.mark.django_db


def kept() -> dict[str, Any]:
    """Action → what it was about, before and after."""
    return {event.action: (event.object, event.before, event.after) for event in written().all()}


def test_a_team_is_made_with_its_members(desk: Client) -> None:
    ada = make_user("ada")
    send(desk, add_url(Team), **{
        "name": "vision", "quota_bytes": "1000", "memberships-TOTAL_FORMS": 1,
        "memberships-0-user": ada.pk, "memberships-0-role": Role.MAINTAINER.value,
    })  # fmt: skip
    membership = Membership.objects.select_related("team", "user").get()
    assert str(membership) == "ada in vision"
    assert Role(membership.role) == Role.MAINTAINER
    assert kept() == {
        "team.create": ("vision", None, {"name": "vision", "description": "", "quota_bytes": 1000}),
        "membership.create": ("ada in vision", None, {"role": "maintainer"}),
    }


@pytest.mark.parametrize("name", ["everyone", "Vision", "a b", "", "-x", "a/b"])
def test_a_name_that_fits_no_path_is_refused(desk: Client, name: str) -> None:
    answer = send(desk, add_url(Team), name=name)
    assert answer.status_code == 200
    assert not Team.objects.exists()


def test_the_name_stays_and_the_quota_changes(desk: Client) -> None:
    team = Team.objects.create(name="vision", quota_bytes=1000)
    send(desk, page_url(team), name="speech", quota_bytes="")
    assert Team.objects.get().name == "vision"
    assert kept() == {"team.change": ("vision", {"quota_bytes": 1000}, {"quota_bytes": None})}


def test_a_negative_quota_is_refused(desk: Client) -> None:
    team = Team.objects.create(name="vision")
    assert "errornote" in send(desk, page_url(team), quota_bytes="-1").content.decode()


def test_nobody_is_in_a_team_twice(desk: Client) -> None:
    ada = make_user("ada", None, {"vision": Role.VIEWER})
    answer = send(desk, page_url(Team.objects.get()), **{
        "memberships-TOTAL_FORMS": 2, "memberships-1-user": ada.pk, "memberships-1-role": "10",
    })  # fmt: skip
    assert "correct the duplicate" in text_of(answer)
    assert Membership.objects.count() == 1


@pytest.mark.parametrize("role", [Role.ADMIN.value, 11, "x"])
def test_a_team_gives_no_role_but_its_own(desk: Client, role: object) -> None:
    make_user("ada", None, {"vision": Role.VIEWER})
    send(desk, page_url(Team.objects.get()), **{"memberships-0-role": role})
    assert Membership.objects.get().role == Role.VIEWER


def test_a_team_goes_with_its_memberships(desk: Client) -> None:
    make_user("ada", None, {"vision": Role.VIEWER})
    desk.post(page_url(Team.objects.get(), "delete"), {"post": "yes"}, follow=True)
    assert not Membership.objects.exists()
    name, before, after = kept()["team.delete"]
    assert (name, before["members"], after) == ("vision", {"ada": "viewer"}, None)


def test_a_team_with_artifacts_stays(desk: Client, boss: Any) -> None:
    team = Team.objects.create(name="vision")
    Artifact.objects.create(name="m", type="model", team=team)
    answer = desk.post(page_url(team, "delete"), {"post": "yes"}, follow=True)
    assert "vision/model/m" in text_of(answer)
    with pytest.raises(Conflict, match="Artifacts belong to vision"):
        delete_team(team=team, deleted_by=boss)
    assert Team.objects.exists()
    assert kept() == {}


def test_the_list_says_how_many_are_in_each(desk: Client) -> None:
    for name in ("ada", "bob"):
        make_user(name, None, {"vision": Role.VIEWER})
    Team.objects.update(quota_bytes=2 << 30)
    text = text_of(desk.get(list_url(Team)))
    assert "vision - 2 2.0 GiB" in text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("10 GiB", 10 << 30), ("1.5 mib", 3 << 19), ("1500", 1500), ("", None), ("0", 0)],
)
def test_a_quota_is_typed_in_a_unit_for_people(desk: Client, typed: str, kept: int | None) -> None:
    send(desk, add_url(Team), name="speech", quota_bytes=typed)
    assert Team.objects.get(name="speech").quota_bytes == kept


def test_a_page_that_is_old_gives_no_quota_back(desk: Client) -> None:
    team = Team.objects.create(name="speech", quota_bytes=1000)
    old = form_of(desk, page_url(team))
    send(desk, page_url(team), quota_bytes="10 GiB")
    answer = desk.post(page_url(team), {**old, "description": "x"})
    assert "Quota: 10 GiB" in text_of(answer)
    team.refresh_from_db()
    assert (team.description, team.quota_bytes) == ("", 10 << 30)


@pytest.mark.parametrize("typed", ["10 GB", "-1", "much", "1e9", "99999999 PiB", "\u0663"])
def test_what_is_no_size_is_said(desk: Client, typed: str) -> None:
    answer = send(desk, add_url(Team), name="speech", quota_bytes=typed)
    assert answer.context["adminform"].form.errors.keys() == {"quota_bytes"}
    assert not Team.objects.filter(name="speech").exists()


@pytest.mark.parametrize(("quota", "shown"), [(10 << 30, "10 GiB"), (1500, "1500 B"), (0, "0 B")])
def test_a_quota_is_shown_so_that_it_stays_what_it_is(desk: Client, quota: int, shown: str) -> None:
    team = Team.objects.create(name="speech", quota_bytes=quota)
    form = desk.get(page_url(team)).context["adminform"].form
    assert f'value="{shown}"' in str(form["quota_bytes"])
    send(desk, page_url(team), description="x", quota_bytes=shown)
    team.refresh_from_db()
    assert (team.description, team.quota_bytes) == ("x", quota)
    assert kept()["team.change"][2] == {"description": "x"}
