"""Django's ``manage.py createsuperuser``, which writes down here what it did."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.db import transaction

from accounts.access import SYSTEM
from accounts.audit import record
from accounts.models import User
from accounts.roles import Role


class Command(createsuperuser.Command):
    """``createadmin`` does the same, and may be run again."""

    def handle(self, *args: Any, **options: Any) -> Any:
        """Make the account, as Django does, and its row of the log."""
        known = set(User.objects.values_list("pk", flat=True))
        with transaction.atomic():
            said = super().handle(*args, **options)
            for user in User.objects.filter(is_superuser=True).exclude(pk__in=known):
                after = {"username": user.username, "role": Role.ADMIN.label}
                record("user.create", caller=SYSTEM, obj=user, after=after)
        return said
