"""Tokens: found by a hash, shown once, worthless when revoked, expired or their owner has left."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.errors import Conflict
from accounts.models import ApiToken, AuditEvent, User
from accounts.roles import Role
from accounts.tokens import create_token, find_token, hash_token, revoke_token
from tests.people import make_user


@pytest.fixture
def ada(db: None) -> User:
    return make_user("ada", Role.CONTRIBUTOR)


def test_only_the_hash_is_kept(ada: User) -> None:
    token, text = create_token(user=ada, name="laptop", created_by=ada)
    assert text.startswith("rn_")
    assert len(text) == 3 + 43  # 32 bytes in base64
    assert (token.sha256, token.hint) == (hash_token(text), text[:8])
    assert all(text not in str(value) for value in ApiToken.objects.values_list().get())


def test_it_is_found_by_its_text_in_one_query(ada: User, django_assert_num_queries: Any) -> None:
    token, text = create_token(user=ada, name="laptop", created_by=ada)
    find_token(text)
    with django_assert_num_queries(1):
        assert find_token(text) == token
    assert find_token(text[:-1]) is None
    assert find_token("") is None
    assert find_token(token.sha256) is None


def test_the_last_use_is_written_once_a_minute(ada: User) -> None:
    token, text = create_token(user=ada, name="laptop", created_by=ada)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        uses = []
        for seconds in (0, 59, 1):
            clock.shift(seconds)
            find_token(text)
            token.refresh_from_db()
            uses.append(token.last_used_at)
    assert uses[0] == uses[1]
    assert uses[2] == uses[0] + timedelta(seconds=60)


def test_revoked_for_good(ada: User) -> None:
    token, text = create_token(user=ada, name="laptop", created_by=ada)
    revoke_token(token=token, revoked_by=ada)
    revoke_token(token=token, revoked_by=ada)
    assert find_token(text) is None
    assert AuditEvent.objects.filter(action="token.revoke").count() == 1


def test_expired(ada: User) -> None:
    soon = timezone.now() + timedelta(hours=1)
    _, text = create_token(user=ada, name="laptop", created_by=ada, expires_at=soon)
    assert find_token(text)
    with time_machine.travel(soon):
        assert find_token(text) is None


def test_its_owner_has_left(ada: User) -> None:
    _, text = create_token(user=ada, name="laptop", created_by=ada)
    User.objects.update(is_active=False)
    assert find_token(text) is None


def test_a_name_is_free_again_once_its_token_is_revoked(ada: User) -> None:
    token, _ = create_token(user=ada, name="laptop", created_by=ada)
    with pytest.raises(Conflict, match="'laptop'"):
        create_token(user=ada, name="laptop", created_by=ada)
    revoke_token(token=token, revoked_by=ada)
    create_token(user=ada, name="laptop", created_by=ada)


def test_the_log_says_who_made_it_and_not_what_it_is(ada: User) -> None:
    _, text = create_token(user=ada, name="laptop", created_by=ada)
    event = AuditEvent.objects.get()
    assert (event.action, event.username, event.object) == ("token.create", "ada", "ada/laptop")
    assert text not in str(AuditEvent.objects.values().get())
