"""Who gets to see which page below ``/settings``, and what every one of them has in common."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from accounts.models import ApiToken, AuditEvent, Team, User
from accounts.roles import Role
from accounts.web.urls import urlpatterns as of_accounts
from artifacts.models import ProtectedAlias
from artifacts.web.urls import urlpatterns as of_artifacts
from tests.people import client_of, make_token, make_user

pytestmark = pytest.mark.django_db

EVERYBODYS = ["settings", "password_change", "tokens", "members", "teams", "protected_aliases"]
IN_A_TEAM = ["team"]
ADMINS = [
    "audit", "member_new", "member", "member_password", "team_new", "team_delete",
    "team_member_remove", "pattern_remove",
]  # fmt: skip
OF_OTHERS = ["token_revoke"]
POSTS_ALONE = ["team_members", "pattern_change"]
MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def people() -> dict[str, User]:
    """Somebody of every kind, and one of each thing the pages are about."""
    found = {
        "admin": make_user("boss", Role.ADMIN),
        "member": make_user("ada", Role.CONTRIBUTOR, {"vision": Role.MAINTAINER}),
        "stranger": make_user("eve", Role.MAINTAINER),
        "nobody": make_user("none"),
    }
    make_token(found["admin"], name="first")
    ProtectedAlias.objects.create(pattern="production")
    return found


def path_of(name: str) -> str:
    """The page ``name``, of whatever it can be about."""
    known = {
        "token_id": ApiToken.objects.values_list("pk", flat=True).first(),
        "username": "ada",
        "team": "vision",
        "pattern_id": ProtectedAlias.objects.values_list("pk", flat=True).first(),
    }
    for wanted in (
        (),
        ("token_id",),
        ("team",),
        ("username",),
        ("pattern_id",),
        ("team", "username"),
    ):
        try:
            return reverse(name, kwargs={key: known[key] for key in wanted})
        except NoReverseMatch:
            continue
    raise AssertionError(name)


def statuses(client: Client, names: list[str]) -> set[int]:
    return {client.get(path_of(name)).status_code for name in names}


def test_every_page_below_settings_is_in_one_of_these_lists() -> None:
    routes = [one for one in [*of_accounts, *of_artifacts] if "settings" in str(one.pattern)]
    names = {str(getattr(one, "name", "")) for one in routes}
    assert names == {*EVERYBODYS, *IN_A_TEAM, *ADMINS, *OF_OTHERS, *POSTS_ALONE}


def test_who_sees_what_in_team_mode(team: None, people: dict[str, User]) -> None:
    everything = [*EVERYBODYS, *IN_A_TEAM, *ADMINS, *OF_OTHERS]
    assert statuses(client_of(people["admin"]), everything) == {200}
    for name in ("member", "stranger"):
        assert statuses(client_of(people[name]), EVERYBODYS) == {200}
        assert statuses(client_of(people[name]), OF_OTHERS) == {404}
    assert statuses(client_of(people["member"]), [*IN_A_TEAM]) == {200}
    assert statuses(client_of(people["member"]), ADMINS) == {403}
    assert statuses(client_of(people["nobody"]), everything) == {403}


def test_a_team_that_one_is_not_in_is_absent(team: None, people: dict[str, User]) -> None:
    Team.objects.create(name="nothere").delete()
    client = client_of(people["stranger"])
    for page in ("", "/delete", "/members/ada/remove"):
        texts = [client.get(f"/settings/teams/{name}{page}") for name in ("vision", "nothere")]
        assert [one.status_code for one in texts] == [404, 404]
        bodies = [one.content.decode().replace("nothere", "vision") for one in texts]
        assert without_tokens(bodies[0]) == without_tokens(bodies[1])


def without_tokens(text: str) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value|X-CSRFToken": ?)[^>}]*', "", text)


@pytest.mark.parametrize("how", ["get", "post"])
def test_without_a_login_every_page_leads_to_it(
    team: None, people: dict[str, User], client: Client, how: str
) -> None:
    for name in [*EVERYBODYS, *IN_A_TEAM, *ADMINS, *OF_OTHERS, *POSTS_ALONE]:
        answer = getattr(client, how)(path_of(name))
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/login"), name


def test_who_may_not_is_refused_whatever_the_form_says(team: None, people: dict[str, User]) -> None:
    client = client_of(people["member"])
    before = AuditEvent.objects.count()
    for name in [*ADMINS[1:], "team", "team_members", "protected_aliases", "pattern_change"]:
        for form in ({}, {"username": "ada", "role": "30", "name": "x", "pattern": "x"}):
            answer = client.post(path_of(name), form)
            assert answer.status_code == 403, name
            assert "admin" in answer.content.decode()
    assert AuditEvent.objects.count() == before


def test_who_may_not_sees_no_buttons(team: None, people: dict[str, User]) -> None:
    client = client_of(people["member"])
    for name in ("members", "teams", "team", "protected_aliases"):
        page = client.get(path_of(name)).content.decode()
        main = page[page.index("<main") :]
        assert "<button" not in main.replace('<noscript><button type="submit">Apply</button>', "")
        assert "/new-" not in main
        assert "audit" not in main


def test_in_open_mode_the_pages_say_what_holds_there(
    people: dict[str, User], client: Client
) -> None:
    for name in ("settings", "tokens", "members", "teams"):
        answer = client.get(path_of(name))
        assert answer.status_code == 200
        assert "RUNICORN_ACCESS=team" in answer.content.decode()
    assert client.get("/settings/tokens").content.decode().count("<tr>") == 0
    assert client.get("/settings/audit").status_code == 200
    assert statuses(client, ADMINS[1:5]) == {403}
    assert client.get("/settings/password")["Location"].startswith("/login")


def test_nobody_in_particular_makes_no_token(people: dict[str, User], client: Client) -> None:
    answer = client.post("/settings/tokens", {"name": "x", "scope": "read", "days": "7"})
    assert answer.status_code == 409
    assert ApiToken.objects.count() == 1


def test_hostile_text_is_text(team: None, people: dict[str, User]) -> None:
    boss = people["admin"]
    make_token(boss, name=MARKUP)
    User.objects.filter(username="ada").update(first_name=MARKUP)
    Team.objects.update(description=MARKUP)
    ProtectedAlias.objects.update(pattern=MARKUP)
    AuditEvent.objects.create(action="user.change", object=MARKUP, before={MARKUP: MARKUP})
    client = client_of(boss)
    for name in [*EVERYBODYS, *IN_A_TEAM, *ADMINS, *OF_OTHERS]:
        page = client.get(path_of(name)).content.decode()
        assert "<script>alert" not in page, name
    for query in ("members?q=", "audit?user=", "tokens?user="):
        assert "<script>alert" not in client.get(f"/settings/{query}{MARKUP}").content.decode()


@pytest.mark.parametrize("name", ["members", "teams", "team", "tokens", "audit"])
def test_a_longer_list_takes_no_more_queries(
    team: None, people: dict[str, User], name: str
) -> None:
    client = client_of(people["admin"])
    counts = []
    for is_last in (False, True):
        with CaptureQueriesContext(connection) as captured:
            assert (
                client.get(path_of(name), {"user": "*"} if name == "tokens" else {}).status_code
                == 200
            )
        counts.append(len(captured))
        for number in range(0 if is_last else 4):
            in_teams = {"vision": Role.VIEWER, f"team-{number}": Role.VIEWER}
            make_token(make_user(f"user-{number}", Role.VIEWER, in_teams))
    assert counts[0] == counts[1]
