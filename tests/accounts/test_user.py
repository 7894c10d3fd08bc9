"""The custom user model."""

import os

import pytest

from accounts.models import User


@pytest.mark.django_db
def test_password_is_stored_hashed() -> None:
    user = User.objects.create_user("owner", password="a long enough password")
    assert user.password != "a long enough password"
    assert user.check_password("a long enough password")


def test_database_is_the_embedded_one_or_the_named_one() -> None:
    assert os.environ["DATABASE_URL"]
