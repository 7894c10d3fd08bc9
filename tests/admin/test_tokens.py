"""Tokens in the admin: shown once, revoked, and neither secret nor hash on any page."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, AuditEvent, User
from accounts.roles import Role, Scope
from accounts.tokens import create_token, find_token
from tests.admin.conftest import (
    act,
    add_url,
    list_url,
    messages_of,
    page_url,
    send,
    text_of,
)
from tests.people import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def robot(db: None) -> User:
    return make_user("robot", Role.CONTRIBUTOR)


def shown_in(page: str) -> str:
    return re.findall(r"rn_[\w-]{43}", page)[0]


def test_a_token_is_made_and_shown_once(desk: Client, boss: User, robot: User) -> None:
    answer = send(desk, add_url(ApiToken), user=robot.pk, name="ci", scope="read")
    text = shown_in(answer.content.decode())
    token = find_token(text)
    assert token is not None
    assert (token.user, token.name, token.scope) == (robot, "ci", Scope.READ)
    assert "no-store" in answer["Cache-Control"]
    assert text not in str(desk.cookies)
    event = AuditEvent.objects.get(action="token.create")
    assert (event.username, event.object) == ("boss", "robot/ci")
    for url in (list_url(ApiToken), page_url(token), "/admin/", page_url(event)):
        page = desk.get(url).content.decode()
        assert text[8:] not in page
        assert token.sha256 not in page


def test_an_expiry_can_be_given(desk: Client, robot: User) -> None:
    when = {"expires_at_0": "2030-01-02", "expires_at_1": "03:04:05"}
    send(desk, add_url(ApiToken), user=robot.pk, name="ci", scope="write", **when)
    expires = ApiToken.objects.get().expires_at
    assert expires is not None
    assert expires.isoformat() == "2030-01-02T03:04:05+00:00"


def test_two_of_one_name_are_refused_until_one_is_revoked(desk: Client, robot: User) -> None:
    token, _ = create_token(user=robot, name="ci", created_by=robot)
    answer = send(desk, add_url(ApiToken), user=robot.pk, name="ci", scope="read")
    assert "ci" in messages_of(answer)[0]
    act(desk, "revoke", token)
    answer = send(desk, add_url(ApiToken), user=robot.pk, name="ci", scope="read")
    assert find_token(shown_in(answer.content.decode())) is not None


def test_revoking_is_for_good_and_kept_once(desk: Client, robot: User) -> None:
    tokens = [create_token(user=robot, name=name, created_by=robot) for name in "ab"]
    answer = act(desk, "revoke", *(token for token, _ in tokens))
    assert messages_of(answer) == ["2 tokens were revoked."]
    assert [find_token(text) for _, text in tokens] == [None, None]
    assert messages_of(act(desk, "revoke", tokens[0][0])) == ["0 tokens were revoked."]
    events = AuditEvent.objects.filter(action="token.revoke").order_by("object")
    assert [event.object for event in events] == ["robot/a", "robot/b"]


def test_a_token_is_neither_changed_nor_deleted(desk: Client, robot: User) -> None:
    token, _ = create_token(user=robot, name="ci", created_by=robot)
    assert desk.post(page_url(token), {"name": "x", "scope": "admin"}).status_code == 403
    assert desk.post(page_url(token, "delete"), {"post": "yes"}).status_code == 403
    assert ApiToken.objects.get().name == "ci"


@pytest.mark.parametrize("state", ["usable", "expired", "revoked"])
def test_the_list_says_and_filters_the_state(desk: Client, robot: User, state: str) -> None:
    now = timezone.now()
    create_token(user=robot, name="usable", created_by=robot)
    create_token(user=robot, name="expired", created_by=robot)
    ApiToken.objects.filter(name="expired").update(expires_at=now)
    create_token(user=robot, name="revoked", created_by=robot)
    ApiToken.objects.filter(name="revoked").update(revoked_at=now)
    answer = desk.get(f"{list_url(ApiToken)}?state={state}")
    assert [token.name for token in answer.context["cl"].result_list] == [state]
    assert text_of(answer).count(state) >= 3


def test_the_history_of_a_token_is_in_the_audit_log(desk: Client, robot: User) -> None:
    token, _ = create_token(user=robot, name="ci", created_by=robot)
    answer = desk.get(page_url(token, "history"), follow=True)
    assert [event.action for event in answer.context["cl"].result_list] == ["token.create"]
