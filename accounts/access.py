"""Who may enter and who may touch what: the one place where that is decided.

In ``open`` mode (the default on loopback) there is no login and everybody may do everything, as
in Runicorn; in ``team`` mode only a logged-in user may.
"""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from rest_framework.permissions import BasePermission

from accounts.models import User

if TYPE_CHECKING:  # rest_framework.views imports this module, by its name in the settings
    from rest_framework.request import Request
    from rest_framework.views import APIView

Caller = User | AnonymousUser


def is_open() -> bool:
    """Whether the portal needs no login (``RUNICORN_ACCESS=open``)."""
    return bool(settings.RUNICORN_ACCESS == "open")


def can_enter(caller: Caller) -> bool:
    """Whether ``caller`` may use the portal at all."""
    return is_open() or caller.is_authenticated


def user_or_none(caller: Caller) -> User | None:
    """The account behind ``caller``, or None for somebody who came in without a login."""
    return caller if isinstance(caller, User) else None


class MayEnter(BasePermission):
    """Lets in whom :func:`can_enter` lets in; anyone else gets 401."""

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        """Ask :func:`can_enter` about the user of ``request``."""
        return can_enter(request.user)
