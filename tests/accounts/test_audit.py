"""The log of who did what: the database itself keeps it as it was written."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction

from accounts.audit import record
from accounts.models import AuditEvent
from accounts.origin import Origin, current_origin
from accounts.roles import Role
from accounts.tokens import find_token
from tests.people import make_token, make_user

pytestmark = pytest.mark.django_db


def test_an_event_says_who_with_what_from_where() -> None:
    user = make_user("ada", Role.ADMIN)
    user.token = find_token(make_token(user))
    origin = current_origin.set(Origin("192.0.2.7", "abc"))
    try:
        record("user.change", caller=user, obj=user, before={"a": 1}, after={"a": 2})
    finally:
        current_origin.reset(origin)
    event = AuditEvent.objects.get(action="user.change")
    assert (event.username, event.user_id, event.token) == ("ada", user.pk, str(user.token))
    assert (event.address, event.request_id) == ("192.0.2.7", "abc")
    assert (event.object_type, event.object) == ("user", "ada")
    assert (event.before, event.after) == ({"a": 1}, {"a": 2})


def test_nobody_in_particular_is_nobody() -> None:
    record("run.create", caller=AnonymousUser(), name="r1")
    event = AuditEvent.objects.get()
    assert (event.username, event.user_id, event.token, event.address) == ("", None, "", None)


def test_the_database_refuses_changes_and_deletes() -> None:
    record("run.create", caller=AnonymousUser())
    for change in (
        lambda: AuditEvent.objects.update(action="x"),
        lambda: AuditEvent.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
    assert AuditEvent.objects.get().action == "run.create"
