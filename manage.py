#!/usr/bin/env python
"""Django's command line for the portal."""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.db import OperationalError
from environs.exceptions import EnvValidationError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "runicorn_site.settings")
    if sys.argv[1:2] != ["serve"]:  # a pool would go on trying where a command should say no
        os.environ.setdefault("RUNICORN_DATABASE_POOL", "0")
    try:
        settings.INSTALLED_APPS  # noqa: B018 (reads the environment)
    except EnvValidationError as error:  # its text has the reasons as a list of Python's
        name, is_invalid, _ = str(error).partition(" invalid: ")
        said = error.error_messages
        reasons = said if isinstance(said, str) else " ".join(map(str, said))
        sys.exit(f"Error: {name}{is_invalid}{reasons}")
    except ValueError as error:
        sys.exit(f"Error: {error}")
    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        sys.exit(f"Error: the database does not answer; `make run` starts the portal's. {error}")
