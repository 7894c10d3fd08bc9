"""The setup code: what the server prints where a portal in team mode has no admin yet.

Whoever types it on the first page becomes the admin; a stranger on the network, who cannot read
what the server prints, does not. It lives in the memory of this process and of the workers forked
from it, is another one at each start, and worth one admin: once somebody has become one, with it
or in another way, it is spent, also when all admins go later. The audit log tells all workers so.
"""

import secrets

from django.conf import settings

from accounts.models import AuditEvent
from accounts.roles import Role

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without what looks alike: 0 and O, 1, I and L."""
GROUPS, GROUP_CHARACTERS = 4, 4


def make_setup_code() -> str:
    """Draw a code (79 bits) that holds from now on; ``serve`` calls it before it forks."""
    drawn = [secrets.choice(ALPHABET) for _ in range(GROUPS * GROUP_CHARACTERS)]
    code = "-".join("".join(drawn[at::GROUPS]) for at in range(GROUPS))
    last = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first()
    settings.SETUP_CODE, settings.SETUP_CODE_AFTER_EVENT = code, last or 0
    return code


def has_setup_code() -> bool:
    """Whether one was drawn at the start that still holds.

    Not where something else than ``serve`` runs us.
    """
    return bool(settings.SETUP_CODE) and not _is_spent()


def _is_spent() -> bool:
    later = AuditEvent.objects.filter(id__gt=settings.SETUP_CODE_AFTER_EVENT)
    made = later.filter(action__in=("user.create", "user.change"), after__role=Role.ADMIN.label)
    return made.exists()


def is_setup_code(typed: str) -> bool:
    """Whether ``typed`` is the code; small letters, blanks and dashes do not matter."""
    asked, known = _plain(typed), _plain(settings.SETUP_CODE)
    is_same = secrets.compare_digest(asked.encode(errors="replace"), known.encode())
    return bool(known) and is_same and not _is_spent()


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").upper()
