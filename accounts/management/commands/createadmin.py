"""``manage.py createadmin NAME``: the first person who may run the portal."""

import sys
from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from environs import FileAwareEnv

from accounts.access import SYSTEM, may_run_admin_pages
from accounts.models import User
from accounts.roles import Role
from accounts.services import save_user

env = FileAwareEnv(strip_whitespace=True)


class Command(BaseCommand):
    """May be run again: somebody who is an admin already stays as he is."""

    help = "Make an account with the role admin, for the admin pages and for all else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who."""
        parser.add_argument("username")
        parser.add_argument("--email", default="")

    def handle(self, *args: Any, username: str, email: str, **options: Any) -> None:
        """Make the account, or say that it is there."""
        found = User.objects.filter(username=username).first()
        if found is not None:
            self._say_it_exists(found)
            return
        user = User(username=username, email=email)
        password = env.str("RUNICORN_ADMIN_PASSWORD", "") or _ask_for_password()
        user.set_password(password)
        try:
            user.full_clean()
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        save_user(user=user, role=Role.ADMIN, saved_by=SYSTEM)
        self.stdout.write(f"{username} may run the portal now: log in at /login.")

    def _say_it_exists(self, user: User) -> None:
        if not may_run_admin_pages(user):
            text = f"{user} exists and is no admin: an admin can change that at /admin/."
            raise CommandError(text)
        self.stdout.write(f"{user} exists and is an admin already; nothing was changed.")


def _ask_for_password() -> str:
    if not sys.stdin.isatty():
        text = "No terminal to ask for the password in: set RUNICORN_ADMIN_PASSWORD, or …_FILE."
        raise CommandError(text)
    password = getpass("Password: ")
    if getpass("Password (again): ") != password:
        raise CommandError("These were two different passwords.")
    return password
