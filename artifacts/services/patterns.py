"""Which aliases are protected: patterns that hold for every artifact."""

from typing import Any

from django.db import IntegrityError, transaction

from accounts.access import Caller
from accounts.audit import record
from accounts.roles import Role
from accounts.sentences import say
from artifacts.errors import Conflict
from artifacts.models import ProtectedAlias
from artifacts.services.access import require_everywhere


def save_pattern(*, pattern: ProtectedAlias, saved_by: Caller) -> ProtectedAlias:
    """Protect the aliases that ``pattern`` means, or protect them in another way.

    Raises AccessDenied (403), Conflict (409) where it was added by somebody else meanwhile.
    """
    require_everywhere(saved_by, Role.ADMIN)
    try:
        return _save_pattern(pattern, saved_by)
    except IntegrityError:
        raise Conflict(say("{pattern} is protected already.", pattern=pattern)) from None


def _save_pattern(pattern: ProtectedAlias, saved_by: Caller) -> ProtectedAlias:
    with transaction.atomic():
        found = ProtectedAlias.objects.filter(pk=pattern.pk).first()
        before = _values(found) if found else None
        pattern.save()
        if before != _values(pattern):
            verb = "change" if found else "create"
            record(
                f"protected_alias.{verb}", caller=saved_by, obj=pattern,
                before=before, after=_values(pattern),
            )  # fmt: skip
    return pattern


def delete_pattern(*, pattern: ProtectedAlias, deleted_by: Caller) -> None:
    """Protect them no more.

    Raises AccessDenied (403), Conflict (409) where it was removed by somebody else meanwhile.
    """
    require_everywhere(deleted_by, Role.ADMIN)
    with transaction.atomic():
        locked = ProtectedAlias.objects.select_for_update().filter(pk=pattern.pk).first()
        if locked is None:
            raise Conflict(say("The pattern {pattern} was removed meanwhile.", pattern=pattern))
        before = _values(locked)
        locked.delete()
        record("protected_alias.delete", caller=deleted_by, obj=pattern, before=before)


def _values(pattern: ProtectedAlias) -> dict[str, Any]:
    return {"pattern": pattern.pattern, "needs_comment": pattern.needs_comment}
