"""A token is revoked while one is made with it: none that it makes outlives it."""

from contextlib import suppress
from functools import partial

import pytest
from django.db import transaction

from accounts.errors import AccessDenied
from accounts.models import ApiToken, User
from accounts.roles import Role
from accounts.tokens import create_token, revoke_token
from tests.concurrency.threads import PATIENCE_SECONDS, run_together, start, wait_until_blocked
from tests.people import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(db: None) -> User:
    return make_user("ada", Role.CONTRIBUTOR)


def with_token(user: User, token: ApiToken) -> User:
    """The user as a request knows him that comes with ``token``."""
    found = User.objects.get(pk=user.pk)
    found.token = ApiToken.objects.get(pk=token.pk)
    return found


def make(user: User, name: str) -> ApiToken:
    return create_token(user=user, name=name, created_by=user)[0]


def usable() -> list[str]:
    return list(ApiToken.objects.filter(revoked_at=None).values_list("name", flat=True))


def test_what_is_being_made_goes_with_the_token_it_is_made_with(ada: User) -> None:
    first = make(ada, "first")
    with transaction.atomic():
        make(with_token(ada, first), "second")
        late = start(partial(revoke_token, token=first, revoked_by=ada))
        wait_until_blocked()
    late.result(PATIENCE_SECONDS)
    assert usable() == []


def test_a_token_that_is_being_revoked_makes_none(ada: User) -> None:
    first = make(ada, "first")
    caller = with_token(ada, first)
    with transaction.atomic():
        revoke_token(token=first, revoked_by=ada)
        late = start(partial(make, caller, "second"))
        wait_until_blocked()
    with pytest.raises(AccessDenied, match="revoked"):
        late.result(PATIENCE_SECONDS)
    assert list(ApiToken.objects.values_list("name", flat=True)) == ["first"]


def test_a_grandchild_that_is_being_made_goes_too(ada: User) -> None:
    first = make(ada, "first")
    second = make(with_token(ada, first), "second")
    with transaction.atomic():
        make(with_token(ada, second), "third")
        late = start(partial(revoke_token, token=first, revoked_by=ada))
        wait_until_blocked()
    late.result(PATIENCE_SECONDS)
    assert usable() == []


def test_whoever_is_first_none_is_left(ada: User) -> None:
    for number in range(10):
        token = make(ada, f"first {number}")
        caller = with_token(ada, token)

        def make_or_not(caller: User = caller, name: str = f"second {number}") -> None:
            with suppress(AccessDenied):
                make(caller, name)

        run_together(make_or_not, partial(revoke_token, token=token, revoked_by=ada))
        assert usable() == []
