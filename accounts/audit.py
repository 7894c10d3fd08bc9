"""The log of who did what: one row for each write and login, in the transaction of the deed."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import models

from accounts.models import AuditEvent, User
from accounts.origin import current_origin

Values = dict[str, Any]


def record(
    action: str,
    *,
    caller: User | AnonymousUser,
    obj: models.Model | None = None,
    name: str = "",
    team: str = "",
    before: Values | None = None,
    after: Values | None = None,
) -> None:
    """Write down that ``caller`` did ``action`` (``noun.verb``) to ``obj``.

    Call it last in the transaction of the deed: both are kept or none. ``name`` is how people call
    the object, where its text is not; ``team`` whose it is; ``before`` and ``after`` hold what
    changed, never a secret.
    """
    record_all(
        [
            make_event(
                action, caller=caller, obj=obj, name=name, team=team, before=before, after=after
            )
        ]
    )


def record_all(events: Iterable[AuditEvent]) -> None:
    """Write down several deeds of one transaction, in one query; see :func:`record`."""
    AuditEvent.objects.bulk_create(events)


def make_event(
    action: str,
    *,
    caller: User | AnonymousUser,
    obj: models.Model | None = None,
    name: str = "",
    team: str = "",
    before: Values | None = None,
    after: Values | None = None,
) -> AuditEvent:
    """What :func:`record` writes, not written yet: for :func:`record_all`."""
    origin = current_origin.get()
    token = getattr(caller, "token", None)
    return AuditEvent(
        action=action,
        username=caller.get_username(),
        user_id=caller.pk,
        token=str(token) if token else "",
        address=origin.address,
        request_id=origin.request_id,
        object_type=obj._meta.model_name or "" if obj is not None else "",  # noqa: SLF001
        object=name or (str(obj) if obj is not None else ""),
        team=team,
        before=before,
        after=after,
    )
