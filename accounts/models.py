"""People. Custom from the first migration on, so that it can grow without surgery."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """Somebody who may log in."""
