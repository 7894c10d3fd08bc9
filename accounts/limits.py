"""How often is too often: counted in the database, so that all worker processes count together.

Fixed windows of a minute: one statement a request, at the price that twice the limit may come
within a minute, around the full one. In open mode nothing is counted but logins.
"""

import secrets
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from rest_framework.exceptions import Throttled
from rest_framework.permissions import SAFE_METHODS
from rest_framework.throttling import BaseThrottle

from accounts.access import is_open, user_or_none
from accounts.models import RequestCount
from accounts.origin import client_address

if TYPE_CHECKING:  # rest_framework.views imports this module, by its name in the settings
    from django.http import HttpRequest
    from rest_framework.request import Request
    from rest_framework.views import APIView

MINUTE_SECONDS = 60
WRONG_TOKENS_PER_MINUTE = 30
LOGINS_PER_MINUTE = 30
FORGET_AFTER_MINUTES = 10
FORGET_ONE_IN = 1000

_COUNT = """
INSERT INTO accounts_requestcount AS known (key, minute, count) VALUES (%(key)s, %(minute)s, 1)
ON CONFLICT (key) DO UPDATE SET minute = excluded.minute,
    count = CASE WHEN known.minute = excluded.minute THEN known.count + 1 ELSE 1 END
RETURNING count
"""


def count_request(key: str) -> int:
    """Count one more request under ``key``; returns how many there were in this minute."""
    minute = int(time.time()) // MINUTE_SECONDS
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"key": key, "minute": minute})
        (count,) = cursor.fetchone()
    if not secrets.randbelow(FORGET_ONE_IN):
        forget_counts(minute)
    return int(count)


def forget_counts(minute: int) -> None:
    """Remove what was counted long before ``minute``: addresses come and never again."""
    RequestCount.objects.filter(minute__lt=minute - FORGET_AFTER_MINUTES).delete()


def seconds_left() -> int:
    """How long this minute goes on, at least one second."""
    return MINUTE_SECONDS - int(time.time()) % MINUTE_SECONDS


def may_write(request: "HttpRequest | Request") -> bool:
    """Count a write of a user, be it by the API or on a page; False: too many in this minute."""
    limit: int = settings.RUNICORN_WRITES_PER_MINUTE
    if request.method in SAFE_METHODS or is_open() or not limit:
        return True
    user = user_or_none(request.user)
    return user is None or count_request(f"writes:{user.pk}") <= limit


class WriteLimit(BaseThrottle):
    """At most ``RUNICORN_WRITES_PER_MINUTE`` writes of one user; 429 with ``Retry-After``."""

    def allow_request(self, request: "Request", view: "APIView") -> bool:
        """Count a write."""
        return may_write(request)

    def wait(self) -> float:
        """Until the next minute."""
        return seconds_left()


def count_wrong_token(request: "HttpRequest | Request") -> None:
    """Note that a token was wrong; raises Throttled (429) where too many were, from one address.

    Right ones go on to be let in: guessing 256 bits is hopeless, and an address may be many
    people's. What the limit saves is the log and the database.
    """
    if is_open():
        return
    if count_request(f"wrong-tokens:{client_address(request)}"[:128]) > WRONG_TOKENS_PER_MINUTE:
        raise Throttled(wait=seconds_left(), detail="Too many wrong tokens from your address.")


def may_try_login(request: "HttpRequest") -> bool:
    """Count an attempt to log in, whoever it is for; False: too many came from this address.

    Each costs a slow hash and a row of the log, and guesses for many names lock none of them.
    """
    return count_request(f"logins:{client_address(request)}"[:128]) <= LOGINS_PER_MINUTE
