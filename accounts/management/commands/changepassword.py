"""Django's ``manage.py changepassword``, which writes down here what it did."""

from getpass import getuser
from typing import Any

from django.contrib.auth.management.commands import changepassword

from accounts.access import SYSTEM
from accounts.models import User
from accounts.services import recording_password


class Command(changepassword.Command):
    """For somebody who forgot his, and for an admin who locked himself out."""

    def handle(self, *args: Any, **options: Any) -> Any:
        """Ask for the password and set it, as Django does, with its row of the log."""
        user = User.objects.filter(username=options["username"] or getuser()).first()
        if user is None:
            return super().handle(*args, **options)  # which says so
        with recording_password(user=user, changed_by=SYSTEM):
            return super().handle(*args, **options)
