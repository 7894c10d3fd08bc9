"""``/settings/teams``: made, changed, filled and deleted by admins, looked at by members."""

from typing import Any

import pytest

from accounts.errors import Conflict
from accounts.models import AuditEvent, Membership, Team, User
from accounts.roles import Role
from accounts.services import save_membership
from accounts.size_field import SizeField
from accounts.sizes import exact_size
from artifacts.models import Artifact
from tests.people import client_of, make_user

pytestmark = pytest.mark.usefixtures("team", "db")

URL = "/settings/teams"


@pytest.fixture
def boss() -> User:
    return make_user("boss", Role.ADMIN)


def written() -> list[tuple[str, str]]:
    rows = AuditEvent.objects.exclude(action="user.login").order_by("pk")
    return list(rows.values_list("action", "object"))


def send(boss: User, path: str, **form: Any) -> Any:
    return client_of(boss).post(path, form)


def test_a_team_is_made_and_changed(boss: User) -> None:
    form = {"name": "vision", "description": "all that sees", "quota_bytes": "1.5 GiB"}
    answer = send(boss, "/settings/new-team", **form)
    assert (answer.status_code, answer["Location"]) == (303, f"{URL}/vision")
    assert Team.objects.get().quota_bytes == 3 << 29
    page = client_of(boss).get(f"{URL}/vision").content.decode()
    assert 'value="1536 MiB"' in page
    answer = send(boss, f"{URL}/vision", description="x", quota_bytes="", name="other")
    assert answer.status_code == 303
    assert Team.objects.values_list("name", "description", "quota_bytes").get() == (
        "vision", "x", None,
    )  # fmt: skip
    assert written() == [("team.create", "vision"), ("team.change", "vision")]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": "everyone"}, "name"),
        ({"name": "Vision"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "taken"}, "name"),
        ({"quota_bytes": "lots"}, "quota_bytes"),
        ({"quota_bytes": "-1"}, "quota_bytes"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    boss: User, form: dict[str, str], field: str
) -> None:
    Team.objects.create(name="taken")
    answer = send(boss, "/settings/new-team", **{"name": "new", "description": "kept", **form})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert "kept" in answer.content.decode()
    assert Team.objects.count() == 1


@pytest.mark.parametrize("name", ["everyone", "Vision", "a b", "-x", "团队", "a/b"])
def test_of_a_bad_name_it_is_said_what_is_allowed(boss: User, name: str) -> None:
    answer = send(boss, "/settings/new-team", name=name)
    said = answer.context["form"].errors["name"]
    assert len(said) == 1
    assert "small letters a to z, digits, - and _" in said[0]


@pytest.mark.parametrize("name", ["v", "7", "every-one", "everyone2", "a_b-c", "a" * 63])
def test_a_good_name_is_taken(boss: User, name: str) -> None:
    assert send(boss, "/settings/new-team", name=name).status_code == 303


@pytest.mark.parametrize(
    ("typed", "quota"), [("8191 PiB", 8191 << 50), (str((1 << 63) - 1), (1 << 63) - 1)]
)
def test_the_largest_quotas_are_taken(boss: User, typed: str, quota: int) -> None:
    assert send(boss, "/settings/new-team", name="new", quota_bytes=typed).status_code == 303
    assert Team.objects.get().quota_bytes == quota


@pytest.mark.parametrize("typed", ["8192 PiB", "99999999 PiB", str(1 << 63), "9" * 400])
def test_of_a_quota_that_is_too_large_the_largest_is_said(boss: User, typed: str) -> None:
    answer = send(boss, "/settings/new-team", name="new", quota_bytes=typed)
    said = answer.context["form"].errors["quota_bytes"]
    assert (answer.status_code, list(said)) == (400, ["Too large: at most 8191 PiB."])


def test_people_are_taken_in_given_another_role_and_taken_out(boss: User) -> None:
    Team.objects.create(name="vision")
    make_user("ada", Role.VIEWER)
    members = f"{URL}/vision/members"
    assert send(boss, members, username="ada", role="20").status_code == 303
    assert send(boss, members, username="ada", role="30").status_code == 303
    assert Membership.objects.get().role == Role.MAINTAINER
    page = client_of(boss).get(f"{members}/ada/remove").content.decode()
    assert "Take ada out of the team vision?" in page
    assert send(boss, f"{members}/ada/remove").status_code == 303
    assert not Membership.objects.exists()
    assert [action for action, _ in written()] == [
        "membership.create", "membership.change", "membership.delete",
    ]  # fmt: skip
    assert send(boss, f"{members}/ada/remove").status_code == 404


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"username": "nobody", "role": "20"}, "username"),
        ({"username": "ada", "role": "40"}, "role"),
        ({}, "username"),
    ],
)
def test_a_wrong_member_is_said_on_the_page_of_the_team(
    boss: User, form: dict[str, str], field: str
) -> None:
    Team.objects.create(name="vision", description="all that sees")
    make_user("ada")
    answer = send(boss, f"{URL}/vision/members", **form)
    assert answer.status_code == 400
    assert field in answer.context["member_form"].errors
    assert "all that sees" in answer.content.decode()
    assert not Membership.objects.exists()


def test_a_team_is_deleted_when_nothing_belongs_to_it(boss: User) -> None:
    vision = Team.objects.create(name="vision")
    Artifact.objects.create(type="model", name="m", team=vision)
    answer = send(boss, f"{URL}/vision/delete")
    assert answer.status_code == 409
    assert "give them to others first" in answer.content.decode()
    Artifact.objects.all().delete()
    assert send(boss, f"{URL}/vision/delete")["Location"] == URL
    assert not Team.objects.exists()


def test_a_member_sees_who_is_in_it_and_what_they_are(boss: User) -> None:
    ada = make_user("ada", None, {"vision": Role.MAINTAINER})
    make_user("bob", None, {"vision": Role.VIEWER, "speech": Role.VIEWER})
    client = client_of(ada)
    rows = client.get(f"{URL}/vision").context["page"]
    assert [(row.user.username, row.role_name) for row in rows] == [
        ("ada", "maintainer"), ("bob", "viewer"),
    ]  # fmt: skip
    assert [one.name for one in client.get(URL).context["page"]] == ["vision"]
    assert [one.name for one in client_of(boss).get(URL).context["page"]] == ["speech", "vision"]


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("", None), ("0", 0), ("12", 12), ("12 B", 12), ("1 KiB", 1024), ("1.5mib", 3 << 19),
        ("500 GiB", 500 << 30), ("2tib", 2 << 40), ("1 PiB", 1 << 50),
    ],
)  # fmt: skip
def test_sizes_are_read(text: str, size_bytes: int | None) -> None:
    assert SizeField(required=False).clean(text) == size_bytes


@pytest.mark.parametrize(
    "text", ["x", "-1", "1 XB", "500 GB", "2T", "1.5", "1..5", "9" * 401, "1e9"]
)
def test_what_is_no_size_is_told(text: str) -> None:
    with pytest.raises(Exception, match="Not a size"):
        SizeField(required=False).clean(text)


@pytest.mark.parametrize("size_bytes", [0, 1, 1023, 1024, 1536, 500 << 30, (1 << 50) + 1, 1 << 62])
def test_a_written_size_is_read_as_the_same(size_bytes: int) -> None:
    assert SizeField().clean(exact_size(size_bytes)) == size_bytes


def test_a_form_of_a_team_that_is_old_undoes_nothing(boss: User) -> None:
    Team.objects.create(name="vision", description="old")
    client = client_of(boss)
    seen = client.get(f"{URL}/vision").context["form"]["seen"].value()
    assert send(boss, f"{URL}/vision", description="new", quota_bytes="1 GiB").status_code == 303
    old = {"description": "old", "quota_bytes": "", "seen": seen}
    answer = client.post(f"{URL}/vision", old)
    assert answer.status_code == 409
    assert answer.context["form"].now == [("Description", "new"), ("Quota", "1 GiB")]
    assert answer.context["form"]["description"].value() == "old"
    assert Team.objects.get().quota_bytes == 1 << 30
    now = answer.context["form"]["seen"].value()
    assert client.post(f"{URL}/vision", {**old, "seen": now}).status_code == 303
    assert Team.objects.get().quota_bytes is None


def test_nobody_is_given_a_role_over_one_that_was_not_seen(boss: User) -> None:
    make_user("ada", None, {"vision": Role.CONTRIBUTOR})
    client, members = client_of(boss), f"{URL}/vision/members"
    assert 'name="seen_role" value="20"' in client.get(f"{URL}/vision").content.decode()
    Membership.objects.update(role=Role.VIEWER)
    old = {"username": "ada", "role": "30", "seen_role": "20"}
    answer = client.post(members, old)
    assert answer.status_code == 409
    assert answer.context["member_form"]["role"].value() == "30"
    assert answer.context["member_form"]["seen_role"].value() == Role.VIEWER
    assert Membership.objects.get().role == Role.VIEWER
    assert client.post(members, {**old, "seen_role": "10"}).status_code == 303
    assert Membership.objects.get().role == Role.MAINTAINER


def test_who_was_taken_out_meanwhile_does_not_come_back(boss: User) -> None:
    make_user("ada", None, {"vision": Role.CONTRIBUTOR})
    gone = Membership.objects.get()
    Membership.objects.all().delete()
    answer = send(boss, f"{URL}/vision/members", username="ada", role="30", seen_role="20")
    assert answer.status_code == 409
    with pytest.raises(Conflict, match="changed by somebody else"):
        save_membership(membership=gone, saved_by=boss)
    assert not Membership.objects.exists()
