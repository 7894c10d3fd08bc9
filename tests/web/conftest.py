"""What the tests of pages share: the cast, and clients that speak for it."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from accounts.roles import Role
from tests.people import make_user

Enter = Callable[[User], Client]
As = Callable[..., Client]


@pytest.fixture
def browser() -> Client:
    """Somebody without a login."""
    return Client()


@pytest.fixture
def enter() -> Enter:
    """Log somebody in."""

    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def maintainer(db: None) -> User:
    """May purge what belongs to everyone."""
    return make_user("maintainer", Role.MAINTAINER)


@pytest.fixture
def viewer(db: None) -> User:
    """May read what belongs to everyone, and no more."""
    return make_user("viewer", Role.VIEWER)


@pytest.fixture
def as_role(team: None, db: None) -> As:
    """The browser of somebody with a role everywhere, or in teams; the portal is in team mode."""

    def log_in(role: Role | None, username: str = "ada", **teams: Role) -> Client:
        found = User.objects.filter(username=username).first()
        client = Client()
        client.force_login(found or make_user(username, role, teams))
        return client

    return log_in
